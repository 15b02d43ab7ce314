/** Generates matrix products, specialized on shape, strides and what becomes of the sums. */
import type { FunctionReference } from "./FunctionBuilder.ts"
import { clearSums, combine, packPanels, prepare } from "./gemmBlock.ts"
import type { Driver } from "./gemmDriver.ts"
import { depthLoop, driverParameters, makeDriver, makePreparation, rowLoop, takeAllRows } from "./gemmDriver.ts"
import { lanesOf } from "./gemmVector.ts"
import type { Epilogue } from "./gemmEpilogue.ts"
import { transposed } from "./gemmTransposed.ts"
import type { GemmSpec, Plan } from "./gemmPlan.ts"
import { isBetterTransposed } from "./gemmCost.ts"
import { plan } from "./gemmPlan.ts"
import type { ModuleBuilder } from "./Module.ts"

/** A matrix product that was added to a module. */
export interface Gemm {
  /**
   * `(a, b, scratch, unitFrom, unitTo, panelFrom, panelTo, ...)`, all indices, without result. The ranges select rows and
   * columns: calls that share none may run at the same time, each with scratch memory of its own.
   */
  readonly function: FunctionReference
  /**
   * Must be called first, if there is one, as `(a, b, scratch)`; then any number of calls of the product with the same
   * scratch memory may follow. Of operands that are not fixed it reads nothing.
   */
  readonly prepare?: FunctionReference
  /** Whether each call packs A, or B, anew, whatever columns, or rows, it is asked for. */
  readonly packsRows: boolean
  readonly packsColumns: boolean
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
  return (spec.tuning?.isTransposed ?? isBetterTransposed(spec)) ? asTransposed(module, spec) : asGiven(module, spec)
}

/** The types of the parameters of a product's function. */
const parametersFor = ({ epilogue }: GemmSpec): ReadonlyArray<"index"> =>
  Array.from({ length: driverParameters + epilogue.parameters }, () => "index")

/** A product without elements. */
const empty = (module: ModuleBuilder, spec: GemmSpec): Gemm => ({
  function: module.function({ name: "gemm_empty", parameters: parametersFor(spec) }),
  packsRows: false,
  packsColumns: false,
  scratchBytes: 0,
  units: 0,
  unitRows: 1,
  panels: 0,
  panelColumns: 1
})

const lanesOnly = ({ key, parameters, lane }: Epilogue): Epilogue => ({ key, parameters, lane })

/** A product as `Cᵀ = Bᵀ · Aᵀ`: its lanes are rows. */
const asTransposed = (module: ModuleBuilder, spec: GemmSpec): Gemm => {
  const { m, n, a, b, epilogue } = spec
  const { rowStride, ...left } = a
  const { columnStride, ...right } = b
  const swapped = asGiven(module, {
    ...spec,
    m: n,
    n: m,
    a: { ...right, rowStride: columnStride },
    b: { ...left, columnStride: rowStride },
    epilogue: transposed(n < lanesOf(spec.dtype) ? lanesOnly(epilogue) : epilogue, spec.dtype)
  })
  return {
    ...exchanged(module, spec, swapped),
    ...(swapped.prepare === undefined ? {} : { prepare: flipped(module, swapped.prepare) })
  }
}

/** `(b, a, scratch)` as `(a, b, scratch)`. */
const flipped = (module: ModuleBuilder, prepare: FunctionReference): FunctionReference => {
  const code = module.function({ name: "gemm_prepare_transposed", parameters: ["index", "index", "index"] })
  const [a, b, scratch] = code.parameters
  code.get(b).get(a).get(scratch).call(prepare)
  return code
}

const exchanged = (module: ModuleBuilder, spec: GemmSpec, swapped: Gemm): Gemm => {
  const code = module.function({ name: "gemm_transposed", parameters: parametersFor(spec) })
  const [left, right, scratch, unitFrom, unitTo, panelFrom, panelTo, ...others] = code.parameters
  for (const argument of [right, left, scratch, panelFrom, panelTo, unitFrom, unitTo, ...others]) code.get(argument)
  code.call(swapped.function)
  return {
    function: code,
    packsRows: swapped.packsColumns,
    packsColumns: swapped.packsRows,
    scratchBytes: swapped.scratchBytes,
    units: swapped.panels,
    unitRows: swapped.panelColumns,
    panels: swapped.units,
    panelColumns: swapped.unitRows
  }
}

const asGiven = (module: ModuleBuilder, spec: GemmSpec): Gemm => {
  const decided = plan(spec, module.indexBytes)
  const driver = makeDriver(module, spec, decided)
  const { code, unitFrom, unitTo, panelFrom, panelTo } = driver
  code.get(unitFrom).get(unitTo).op("index.ge_u").get(panelFrom).get(panelTo).op("index.ge_u").op("i32.or")
  code.if(() => code.return())
  if (decided.depthBlocks === 1) wholeDepth(driver)
  else if (decided.order === "rowsOuter") rowsOuter(driver)
  else depthOuter(driver)
  return {
    function: code,
    ...preparation(module, spec, decided),
    packsRows: decided.packsA && !decided.preparesA,
    packsColumns: decided.packsB && !decided.preparesB,
    scratchBytes: decided.scratch.end,
    units: decided.rows.units,
    unitRows: decided.rows.tileRows,
    panels: decided.columns.panels,
    panelColumns: decided.columns.columns
  }
}

const preparation = (module: ModuleBuilder, spec: GemmSpec, decided: Plan): Pick<Gemm, "prepare"> => {
  const { preparesA, preparesB } = decided
  if (spec.a.walk === undefined && spec.b.walk === undefined && !preparesA && !preparesB) return {}
  const driver = makePreparation(module, spec, decided)
  prepare(driver)
  return { prepare: driver.code }
}

const wholeDepth = (driver: Driver): void => {
  const { k } = driver.spec
  driver.code.whole(k).set(driver.depth)
  if (driver.plan.order !== "stream" && !driver.plan.preparesB && k > 0) packPanels(driver)
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
