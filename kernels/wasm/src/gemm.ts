/** Generates matrix products, specialized on shape, strides and what becomes of the sums. */
import type { FunctionBuilder, FunctionReference, Local } from "./FunctionBuilder.ts"
import type { Epilogue } from "./gemmEpilogue.ts"
import { packPanel, packTile } from "./gemmPack.ts"
import type { GemmSpec, Plan } from "./gemmPlan.ts"
import { plan } from "./gemmPlan.ts"
import type { SweepSpec } from "./gemmSweep.ts"
import { sweep } from "./gemmSweep.ts"
import { lanesOf, sizeOf } from "./gemmVector.ts"
import type { ModuleBuilder } from "./Module.ts"

/** A matrix product that was added to a module. */
export interface Gemm {
  /**
   * `(a, b, scratch, unitFrom, unitTo, panelFrom, panelTo, ...)`, all i32, without result. The ranges select rows and
   * columns: calls that share none may run at the same time, each with scratch memory of its own.
   */
  readonly function: FunctionReference
  /** Bytes of scratch memory; nothing need be in it, and it should be aligned to 64. */
  readonly scratchBytes: number
  /** How many units of rows there are; unit `i` starts at row `i · unitRows`, and the last may have more or fewer. */
  readonly units: number
  readonly unitRows: number
  /** How many panels of columns there are; all but the last have `panelColumns`. */
  readonly panels: number
  readonly panelColumns: number
}

/**
 * Adds the function of a matrix product to a module, and what it needs, unless products before brought it along.
 *
 * **Numerics** Sums over k run in order; partial sums have the element type. Whether each step rounds once or twice
 * depends on `isRelaxed` and, with it, on the machine. Ranges do not change results.
 */
export const gemm = (module: ModuleBuilder, spec: GemmSpec): Gemm =>
  spec.n === 1 && spec.m > 1 ? asRow(module, spec) : asGiven(module, spec)

/** A product with a single column, as `Cᵀ = Bᵀ · Aᵀ`: its lanes are rows. */
const asRow = (module: ModuleBuilder, spec: GemmSpec): Gemm => {
  const { m, a, b, epilogue } = spec
  const transposed = asGiven(module, {
    ...spec,
    m: 1,
    n: m,
    a: { rowStride: 0, depthStride: b.depthStride },
    b: { depthStride: a.depthStride, columnStride: a.rowStride },
    epilogue: {
      key: `${epilogue.key} transposed`,
      parameters: epilogue.parameters,
      lane: (code, { row, column, ...rest }) => epilogue.lane(code, { ...rest, row: column, column: row })
    }
  })
  const parameters = Array.from({ length: driverParameters + epilogue.parameters }, () => "i32" as const)
  const code = module.function({ name: "gemm_column", parameters })
  const [left, right, memory, unitFrom, unitTo, panelFrom, panelTo, ...others] = code.parameters
  for (const argument of [right, left, memory, panelFrom, panelTo, unitFrom, unitTo, ...others]) code.get(argument)
  code.call(transposed.function)
  return {
    function: code,
    scratchBytes: transposed.scratchBytes,
    units: transposed.panels,
    unitRows: transposed.panelColumns,
    panels: 1,
    panelColumns: 1
  }
}

const asGiven = (module: ModuleBuilder, spec: GemmSpec): Gemm => {
  const decided = plan(spec)
  const { rows, columns, scratch } = decided
  return {
    function: emit(module, spec, decided),
    scratchBytes: scratch.end,
    units: rows.units,
    unitRows: rows.tileRows,
    panels: columns.panels,
    panelColumns: columns.columns
  }
}

/** Which blocks of depth a sweep sums over: all at once, one that others follow, or the last. */
type Phase = "whole" | "accumulate" | "last"

/** Everything that the pieces of the driver need. */
interface Driver {
  readonly module: ModuleBuilder
  readonly spec: GemmSpec
  readonly plan: Plan
  readonly code: FunctionBuilder<ReadonlyArray<"i32">>
  readonly size: number
  /** The step of depth at which the block starts, and the block's depth. */
  readonly start: Local<"i32">
  readonly depth: Local<"i32">
  /** The units of rows of the block. */
  readonly from: Local<"i32">
  readonly to: Local<"i32">
  readonly panel: Local<"i32">
}

type Width = Plan["columns"]["last"] & {}

const driverParameters = 7

const emit = (module: ModuleBuilder, spec: GemmSpec, decided: Plan): FunctionReference => {
  const parameters = Array.from({ length: driverParameters + spec.epilogue.parameters }, () => "i32" as const)
  const code = module.function({ name: "gemm", parameters })
  const [, , , unitFrom, unitTo, panelFrom, panelTo] = code.parameters
  const local = () => code.local("i32")
  const driver: Driver = {
    module,
    spec,
    plan: decided,
    code,
    size: sizeOf(spec.dtype),
    start: local(),
    depth: local(),
    from: local(),
    to: local(),
    panel: local()
  }
  code.get(unitFrom).get(unitTo).op("i32.ge_u").get(panelFrom).get(panelTo).op("i32.ge_u").op("i32.or")
  code.if(() => code.return())
  if (decided.depthBlocks === 1) wholeDepth(driver)
  else if (decided.order === "rowsOuter") rowsOuter(driver)
  else depthOuter(driver)
  return code
}

const wholeDepth = (driver: Driver): void => {
  const {
    code,
    spec: { k },
    plan: { order },
    depth
  } = driver
  code.i32(k).set(depth)
  if (order !== "stream" && k > 0) packPanels(driver)
  rowLoop(driver, () => block(driver, "whole"))
}

const depthOuter = (driver: Driver): void => {
  wholeRange(driver)
  clearSums(driver)
  depthLoop(driver, (phase) => {
    if (driver.plan.order === "depthOuter") packPanels(driver)
    rowLoop(driver, () => block(driver, phase))
  })
}

const rowsOuter = (driver: Driver): void => {
  depthLoop(driver, () => packPanels(driver))
  rowLoop(driver, () => {
    clearSums(driver)
    depthLoop(driver, (phase) => block(driver, phase))
  })
}

/** Pushes `base + constant + Σ factor · local`. */
const address = (
  { code }: Driver,
  base: Local<"i32">,
  constant: number,
  terms: ReadonlyArray<readonly [factor: number, local: Local<"i32">]>
): void => {
  code.get(base)
  if (constant !== 0) code.i32(constant).op("i32.add")
  for (const [factor, local] of terms) {
    if (factor !== 0) code.get(local).i32(factor).op("i32.mul").op("i32.add")
  }
}

/** Sets `target` to the smaller of a local plus an amount and a limit. */
const setSmaller = (code: FunctionBuilder, target: Local<"i32">, sum: () => void, limit: () => void): void => {
  sum()
  code.tee(target)
  limit()
  code.get(target)
  limit()
  code.op("i32.lt_u").select().set(target)
}

/** Runs `body` for every block of depth: in a loop over all but the last, then for that. */
const depthLoop = (
  { code, spec, plan: { depthBlock, depthBlocks }, start, depth }: Driver,
  body: (phase: Phase) => void
) => {
  const last = (depthBlocks - 1) * depthBlock
  code.i32(depthBlock).set(depth)
  code.forLoop({ local: start, from: 0, to: last, step: depthBlock }, () => body("accumulate"))
  code.i32(spec.k - last).set(depth)
  body("last")
}

const wholeRange = ({ code, from, to }: Driver): void => {
  const [, , , unitFrom, unitTo] = code.parameters
  code.get(unitFrom).set(from).get(unitTo).set(to)
}

const rowLoop = (driver: Driver, body: () => void): void => {
  const {
    code,
    plan: { order, blockUnits, rows },
    from,
    to
  } = driver
  const [, , , unitFrom, unitTo] = code.parameters
  if (order === "stream" || blockUnits >= rows.units) {
    wholeRange(driver)
    body()
    return
  }
  code.forLoop({ local: from, from: unitFrom, to: unitTo, step: blockUnits, isNonEmpty: true }, () => {
    setSmaller(
      code,
      to,
      () => code.get(from).i32(blockUnits).op("i32.add"),
      () => code.get(unitTo)
    )
    body()
  })
}

/** Runs `body` for every panel of the range: in a loop over those of full width, then for the last one. */
const panelLoop = ({ code, plan: { columns }, panel }: Driver, body: (width: Width) => void): void => {
  const [, , , , , panelFrom, panelTo] = code.parameters
  if (columns.fullPanels > 0) {
    const end = code.borrow("i32")
    setSmaller(
      code,
      end,
      () => code.get(panelTo),
      () => code.i32(columns.fullPanels)
    )
    code.forLoop({ local: panel, from: panelFrom, to: end, step: 1 }, () => body(columns))
    code.release(end)
  }
  const { last } = columns
  if (last === undefined) return
  code
    .get(panelTo)
    .i32(columns.fullPanels)
    .op("i32.gt_u")
    .if(() => {
      code.i32(columns.fullPanels).set(panel)
      body(last)
    })
}

/** Pushes the address of a packed panel. */
const packedPanel = (driver: Driver, width: Width): void => {
  const {
    code,
    plan: { order, columns, scratch, sumsBytes },
    panel,
    start,
    depth
  } = driver
  const [, , memory] = code.parameters
  const depthTerm = [order === "rowsOuter" ? columns.panels * sumsBytes : 0, start] as const
  address(driver, memory, scratch.b, [depthTerm])
  if (order !== "stream") code.get(panel).get(depth).op("i32.mul").i32(sumsBytes).op("i32.mul").op("i32.add")
}

/** Pushes the address of a panel of B as it was given. */
const givenPanel = (driver: Driver): void => {
  const {
    code,
    spec: { b },
    plan: { columns },
    size,
    panel,
    start
  } = driver
  const [, matrix] = code.parameters
  address(driver, matrix, 0, [
    [b.depthStride * size, start],
    [columns.columns * b.columnStride * size, panel]
  ])
}

const packOne = (driver: Driver, width: Width): void => {
  const {
    module,
    code,
    spec: { b, dtype },
    size,
    depth
  } = driver
  givenPanel(driver)
  packedPanel(driver, width)
  const strides = { depthBytes: b.depthStride * size, columnBytes: b.columnStride * size }
  code.get(depth).call(packPanel(module, { dtype, vectors: width.vectors, columns: width.columns, ...strides }))
}

const packPanels = (driver: Driver): void => panelLoop(driver, (width) => packOne(driver, width))

/** Packs the rows of the block. */
const packRows = (driver: Driver): void => {
  const {
    module,
    code,
    spec: { a, dtype },
    plan: { rows, scratch },
    size,
    start,
    depth,
    from,
    to
  } = driver
  const [matrix, , memory] = code.parameters
  const [source, target, unit, end] = [code.borrow("i32"), code.borrow("i32"), code.borrow("i32"), code.borrow("i32")]
  const pack = (count: number) => {
    const strides = { rowBytes: a.rowStride * size, depthBytes: a.depthStride * size }
    code
      .get(source)
      .get(target)
      .get(depth)
      .call(packTile(module, { dtype, rows: count, ...strides }))
    code.advance(source, count * strides.rowBytes)
    code
      .get(target)
      .get(depth)
      .i32(count * size)
      .op("i32.mul")
      .op("i32.add")
      .set(target)
  }
  address(driver, matrix, 0, [
    [a.depthStride * size, start],
    [a.rowStride * rows.tileRows * size, from]
  ])
  code.set(source).get(memory).i32(scratch.a).op("i32.add").set(target)
  setSmaller(
    code,
    end,
    () => code.get(to),
    () => code.i32(rows.fullTiles)
  )
  if (rows.fullTiles > 0) code.forLoop({ local: unit, from, to: end, step: 1 }, () => pack(rows.tileRows))
  if (rows.tails.length > 0)
    code
      .get(to)
      .i32(rows.fullTiles)
      .op("i32.gt_u")
      .if(() => rows.tails.forEach(pack))
  code.release(source, target, unit, end)
}

/** Pushes the address of the sums of the panel's rows from `from` on. */
const sumsOf = (driver: Driver): void => {
  const {
    code,
    plan: { order, rows, scratch, sumsRows, sumsBytes },
    from,
    panel
  } = driver
  const [, , memory] = code.parameters
  const isKept = sumsRows > 0
  address(driver, memory, scratch.sums, [
    [isKept ? sumsRows * sumsBytes : 0, panel],
    [isKept && order !== "rowsOuter" ? rows.tileRows * sumsBytes : 0, from]
  ])
}

/** Sets the sums of the block to zero, unless the first kernels start from zero. Beyond the full tiles there is one more to clear: the tails may need it. */
const clearSums = (driver: Driver): void => {
  const {
    code,
    plan: { rows, sumsBytes, depthBlocks },
    from,
    to
  } = driver
  if (depthBlocks === 2) return
  panelLoop(driver, () => {
    sumsOf(driver)
    code
      .i32(0)
      .get(to)
      .get(from)
      .op("i32.sub")
      .i32(1)
      .op("i32.add")
      .i32(rows.tileRows * sumsBytes)
      .op("i32.mul")
    code.memoryFill()
  })
}

/** Combines the rows of the block with all panels. */
const block = (driver: Driver, phase: Phase): void => {
  const {
    plan: { order, packsA, packsB },
    spec
  } = driver
  const hasDepth = spec.k > 0
  if (packsA && hasDepth) packRows(driver)
  panelLoop(driver, (width) => {
    if (packsB && order === "stream" && hasDepth) packOne(driver, width)
    sweepPanel(driver, width, phase)
  })
}

const sweepPanel = (driver: Driver, width: Width, phase: Phase): void => {
  const {
    module,
    code,
    spec,
    plan: { rows, columns, packsA, packsB, scratch },
    size,
    start,
    depth,
    from,
    to,
    panel
  } = driver
  const [matrix, , memory, , , , , ...parameters] = code.parameters
  const epilogue: Epilogue | undefined = phase === "accumulate" ? undefined : spec.epilogue
  if (packsA) code.get(memory).i32(scratch.a).op("i32.add")
  else
    address(driver, matrix, 0, [
      [spec.a.depthStride * size, start],
      [spec.a.rowStride * size * rows.tileRows, from]
    ])
  if (packsB) packedPanel(driver, width)
  else givenPanel(driver)
  sumsOf(driver)
  code.get(depth).get(from).get(to).get(panel).i32(columns.columns).op("i32.mul")
  if (epilogue !== undefined) for (const parameter of parameters) code.get(parameter)
  const micro = microOf(driver, width, phase)
  code.call(sweep(module, { micro, rows, isPacked: packsA, keepsSums: phase !== "whole" }, epilogue))
}

/** What the micro-kernels of a sweep have in common. */
const microOf = ({ spec, plan, size }: Driver, width: Width, phase: Phase): SweepSpec["micro"] => {
  const { dtype, isRelaxed, a, b } = spec
  const { packsB, isDot, depthBlocks, sumsBytes } = plan
  return {
    dtype,
    isRelaxed,
    isWide: spec.isWide && !isDot,
    vectors: width.vectors,
    // Padding matters only to the epilogue.
    columns: phase === "accumulate" ? width.vectors * lanesOf(dtype) : width.columns,
    a: { rowBytes: a.rowStride * size, depthBytes: a.depthStride * size },
    b: { depthBytes: packsB ? width.vectors * 16 : b.depthStride * size },
    ...(isDot ? { dot: { depth: spec.k, columnBytes: b.columnStride * size } } : {}),
    sumsBytes,
    isContinued: phase === "last" || (phase === "accumulate" && depthBlocks > 2),
    hasDepth: spec.k > 0,
    steps: plan.steps
  }
}
