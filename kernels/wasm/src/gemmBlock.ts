/** What happens to one block of a matrix product: packing, clearing of sums, and the sweeps over its panels. */
import type { Driver, Phase, Width } from "./gemmDriver.ts"
import { panelLoop, pushAddress, setAtMost, takeAllRows } from "./gemmDriver.ts"
import { packPanel, packTile } from "./gemmPack.ts"
import { fillTables, packWalked, pushWalk } from "./gemmWalk.ts"
import type { SweepSpec } from "./gemmSweep.ts"
import { sweep } from "./gemmSweep.ts"
import { lanesOf } from "./gemmVector.ts"

/** Combines the rows of the block with all panels. */
export const combine = (driver: Driver, phase: Phase): void => {
  const { plan, spec } = driver
  const hasDepth = spec.k > 0
  if (plan.packsA && !plan.preparesA && hasDepth) packRows(driver)
  panelLoop(driver, (width) => {
    if (plan.packsB && plan.order === "stream" && hasDepth) packOne(driver, width)
    sweepPanel(driver, width, phase)
  })
}

/** Writes tables, and packs operands that are the same in all calls. */
export const prepare = (driver: Driver): void => {
  const { code, plan, spec } = driver
  fillTables(driver)
  if (spec.k === 0) return
  code.whole(spec.k).set(driver.depth)
  takeAllRows(driver)
  if (plan.preparesA) packRows(driver)
  if (plan.preparesB) packPanels(driver)
}

/** Packs all panels of the block. */
export const packPanels = (driver: Driver): void => panelLoop(driver, (width) => packOne(driver, width))

/**
 * Sets the sums of the block to zero, unless the first kernels start from zero. Beyond the full tiles there is one
 * more to clear: the tails may need it.
 */
export const clearSums = (driver: Driver): void => {
  const { code, plan, from, to } = driver
  if (plan.depthBlocks === 2) return
  panelLoop(driver, () => {
    pushSums(driver)
    code.i32(0).get(to).get(from).op("index.sub").whole(1).op("index.add")
    code
      .whole(plan.rows.tileRows * plan.sumsBytes)
      .op("index.mul")
      .memoryFill()
  })
}

/** Pushes the address of a panel of B as it was given. */
const pushGivenPanel = ({ code, spec, plan, size, b, scratch, start, column }: Driver): void => {
  if (spec.b.walk !== undefined) {
    pushAddress(code, scratch, 0, [[code.indexBytes, column]])
    code.op("index.load", plan.scratch.tables.b).get(b).op("index.add")
    return
  }
  pushAddress(code, b, 0, [
    [spec.b.depthStride * size, start],
    [spec.b.columnStride * size, column]
  ])
}

/** Pushes the address of a packed panel. */
const pushPackedPanel = ({ code, plan, scratch, start, depth, panel }: Driver): void => {
  const { order, columns, sumsBytes } = plan
  // A row of a packed panel is as long as a row of its sums.
  pushAddress(code, scratch, plan.scratch.b, [[order === "rowsOuter" ? columns.panels * sumsBytes : 0, start]])
  if (order !== "stream") code.get(panel).get(depth).op("index.mul").whole(sumsBytes).op("index.mul").op("index.add")
}

const packOne = (driver: Driver, { vectors, columns }: Width): void => {
  const { module, code, spec, size, depth } = driver
  if (spec.b.walk !== undefined) {
    pushWalk(driver, "b", () => code.get(driver.column))
    pushPackedPanel(driver)
    code.get(depth).call(packWalked(module, { dtype: spec.dtype, count: columns, vectors }))
    return
  }
  const strides = { depthBytes: spec.b.depthStride * size, columnBytes: spec.b.columnStride * size }
  pushGivenPanel(driver)
  pushPackedPanel(driver)
  code.get(depth).call(packPanel(module, { dtype: spec.dtype, vectors, columns, ...strides }))
}

/** Packs the rows of the block. */
const packRows = (driver: Driver): void => {
  const { module, code, spec, plan, size, a, scratch, start, depth, from, to } = driver
  const { tileRows, fullTiles, tails } = plan.rows
  const strides = { rowBytes: spec.a.rowStride * size, depthBytes: spec.a.depthStride * size }
  const [source, target, unit, end] = Array.from({ length: 4 }, () => code.borrow("index"))
  const pack = (rows: number) => {
    if (spec.a.walk === undefined) {
      code
        .get(source)
        .get(target)
        .get(depth)
        .call(packTile(module, { dtype: spec.dtype, rows, ...strides }))
      code.advance(source, rows * strides.rowBytes)
    } else {
      pushWalk(driver, "a", () => code.get(source))
      code
        .get(target)
        .get(depth)
        .call(packWalked(module, { dtype: spec.dtype, count: rows }))
      code.advance(source, rows)
    }
    code
      .get(target)
      .get(depth)
      .whole(rows * size)
      .op("index.mul")
      .op("index.add")
      .set(target)
  }
  // The address of a row, or its number where the operand is walked through.
  if (spec.a.walk !== undefined) code.get(from).whole(tileRows).op("index.mul")
  else
    pushAddress(code, a, 0, [
      [strides.depthBytes, start],
      [strides.rowBytes * tileRows, from]
    ])
  code.set(source)
  pushAddress(code, scratch, plan.scratch.a, [])
  code.set(target)
  setAtMost(code, end, to, fullTiles)
  if (fullTiles > 0) code.forLoop({ local: unit, from, to: end, step: 1 }, () => pack(tileRows))
  if (tails.length > 0)
    code
      .get(to)
      .whole(fullTiles)
      .op("index.gt_u")
      .if(() => tails.forEach(pack))
  code.release(source, target, unit, end)
}

/** Pushes the address of the sums of the panel's rows from `from` on. */
const pushSums = ({ code, plan, scratch, from, panel }: Driver): void => {
  const { sumsRows, sumsBytes, order, rows } = plan
  const keepsAllRows = sumsRows > 0 && order !== "rowsOuter"
  pushAddress(code, scratch, plan.scratch.sums, [
    [sumsRows * sumsBytes, panel],
    [keepsAllRows ? rows.tileRows * sumsBytes : 0, from]
  ])
}

const sweepPanel = (driver: Driver, width: Width, phase: Phase): void => {
  const { module, code, spec, plan, size, a, scratch, others, start, depth, from, to, column } = driver
  const { packsA, packsB, rows } = plan
  const epilogue = phase === "accumulate" ? undefined : spec.epilogue
  const tileBytes = spec.a.rowStride * size * rows.tileRows
  if (packsA) pushAddress(code, scratch, plan.scratch.a, [[plan.preparesA ? rows.tileRows * spec.k * size : 0, from]])
  else if (spec.a.walk !== undefined) code.get(a)
  else
    pushAddress(code, a, 0, [
      [spec.a.depthStride * size, start],
      [tileBytes, from]
    ])
  if (packsB) pushPackedPanel(driver)
  else pushGivenPanel(driver)
  pushSums(driver)
  code.get(depth).get(from).get(to).get(column).get(scratch).get(start)
  if (epilogue !== undefined) for (const parameter of others) code.get(parameter)
  const micro = microOf(driver, width, phase)
  code.call(sweep(module, { micro, rows, isPacked: packsA, keepsSums: phase !== "whole" }, epilogue))
}

/** What the micro-kernels of a sweep have in common. */
const microOf = (
  { code: { indexBytes }, spec, plan, size }: Driver,
  width: Width,
  phase: Phase
): SweepSpec["micro"] => {
  const { dtype, isRelaxed, a, b } = spec
  const { packsA, packsB, isDot, depthBlocks, sumsBytes, steps } = plan
  const { tables } = plan.scratch
  return {
    dtype,
    isRelaxed,
    isWide: spec.isWide && !isDot,
    vectors: width.vectors,
    // Padding matters only to the epilogue.
    columns: phase === "accumulate" ? width.vectors * lanesOf(dtype) : width.columns,
    a: {
      rowBytes: a.rowStride * size,
      depthBytes: a.depthStride * size,
      ...(a.walk === undefined || packsA ? {} : { walk: { places: tables.a, steps: tables.a + indexBytes * spec.m } })
    },
    b: {
      depthBytes: packsB ? width.vectors * 16 : b.depthStride * size,
      ...(b.walk === undefined || packsB ? {} : { walk: { places: tables.b, steps: tables.b + indexBytes * spec.n } })
    },
    ...(isDot ? { dot: { depth: spec.k, columnBytes: b.columnStride * size } } : {}),
    sumsBytes,
    isContinued: phase === "last" || (phase === "accumulate" && depthBlocks > 2),
    hasDepth: spec.k > 0,
    steps
  }
}
