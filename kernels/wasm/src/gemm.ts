/** Generates matrix products, specialized on shape, strides and what becomes of the sums. */
import type { FunctionReference } from "./FunctionBuilder.ts"
import { clearSums, combine, packPanels } from "./gemmBlock.ts"
import type { Driver } from "./gemmDriver.ts"
import { depthLoop, driverParameters, makeDriver, rowLoop, takeAllRows } from "./gemmDriver.ts"
import type { GemmSpec } from "./gemmPlan.ts"
import { fillTables } from "./gemmWalk.ts"
import { plan } from "./gemmPlan.ts"
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
 * The function may read, and ignore, up to 32 bytes behind the last element of B.
 *
 * **Numerics** Sums have the element type. They run through k in order; if both operands have their depth side by
 * side and there are at most four rows or a single column, in several chains. Whether each step rounds once or twice
 * depends on `isRelaxed` and, with it, on the machine. Ranges do not change results.
 */
export const gemm = (module: ModuleBuilder, spec: GemmSpec): Gemm => {
  if (spec.m === 0 || spec.n === 0) return empty(module, spec)
  return spec.n === 1 && spec.m > 1 ? asRow(module, spec) : asGiven(module, spec)
}

/** The types of the parameters of a product's function. */
const parametersFor = ({ epilogue }: GemmSpec): ReadonlyArray<"i32"> =>
  Array.from({ length: driverParameters + epilogue.parameters }, () => "i32")

/** A product without elements. */
const empty = (module: ModuleBuilder, spec: GemmSpec): Gemm => ({
  function: module.function({ name: "gemm_empty", parameters: parametersFor(spec) }),
  scratchBytes: 0,
  units: 0,
  unitRows: 1,
  panels: 0,
  panelColumns: 1
})

/** A product with a single column, as `Cᵀ = Bᵀ · Aᵀ`: its lanes are rows. */
const asRow = (module: ModuleBuilder, spec: GemmSpec): Gemm => {
  const { m, a, b, epilogue } = spec
  const transposed = asGiven(module, {
    ...spec,
    m: 1,
    n: m,
    a: { rowStride: 0, depthStride: b.depthStride, walk: b.walk },
    b: { depthStride: a.depthStride, columnStride: a.rowStride, walk: a.walk },
    epilogue: {
      key: `${epilogue.key} transposed`,
      parameters: epilogue.parameters,
      lane: (code, { row, column, ...rest }) => epilogue.lane(code, { ...rest, row: column, column: row })
    }
  })
  const code = module.function({ name: "gemm_column", parameters: parametersFor(spec) })
  const [left, right, scratch, unitFrom, unitTo, panelFrom, panelTo, ...others] = code.parameters
  for (const argument of [right, left, scratch, panelFrom, panelTo, unitFrom, unitTo, ...others]) code.get(argument)
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
  const driver = makeDriver(module, spec, decided)
  const { code, unitFrom, unitTo, panelFrom, panelTo } = driver
  code.get(unitFrom).get(unitTo).op("i32.ge_u").get(panelFrom).get(panelTo).op("i32.ge_u").op("i32.or")
  code.if(() => code.return())
  fillTables(driver)
  if (decided.depthBlocks === 1) wholeDepth(driver)
  else if (decided.order === "rowsOuter") rowsOuter(driver)
  else depthOuter(driver)
  return {
    function: code,
    scratchBytes: decided.scratch.end,
    units: decided.rows.units,
    unitRows: decided.rows.tileRows,
    panels: decided.columns.panels,
    panelColumns: decided.columns.columns
  }
}

const wholeDepth = (driver: Driver): void => {
  const { k } = driver.spec
  driver.code.i32(k).set(driver.depth)
  if (driver.plan.order !== "stream" && k > 0) packPanels(driver)
  rowLoop(driver, () => combine(driver, "whole"))
}

const depthOuter = (driver: Driver): void => {
  takeAllRows(driver)
  clearSums(driver)
  depthLoop(driver, (phase) => {
    if (driver.plan.order === "depthOuter") packPanels(driver)
    rowLoop(driver, () => combine(driver, phase))
  })
}

const rowsOuter = (driver: Driver): void => {
  depthLoop(driver, () => packPanels(driver))
  rowLoop(driver, () => {
    clearSums(driver)
    depthLoop(driver, (phase) => combine(driver, phase))
  })
}
