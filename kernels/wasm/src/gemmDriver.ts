/** The function of a matrix product under construction: its parameters, its variables and its loops over blocks. */
import type { FunctionBuilder, Local } from "./FunctionBuilder.ts"
import type { GemmSpec, Plan } from "./gemmPlan.ts"
import { sizeOf } from "./gemmVector.ts"
import type { ModuleBuilder } from "./Module.ts"

type Index = Local<"i32">

/** What the function is called with. */
export interface DriverParameters {
  readonly a: Index
  readonly b: Index
  readonly scratch: Index
  readonly unitFrom: Index
  readonly unitTo: Index
  readonly panelFrom: Index
  readonly panelTo: Index
  /** The epilogue's. */
  readonly others: ReadonlyArray<Index>
}

/** Everything that the pieces of the function need. */
export interface Driver extends DriverParameters {
  readonly module: ModuleBuilder
  readonly spec: GemmSpec
  readonly plan: Plan
  readonly code: FunctionBuilder
  /** Bytes of an element. */
  readonly size: number
  /** The step of depth at which the present block starts, and the block's depth. */
  readonly start: Index
  readonly depth: Index
  /** The units of rows of the present block. */
  readonly from: Index
  readonly to: Index
  /** The present panel, and its first column. */
  readonly panel: Index
  readonly column: Index
}

/** Vectors and columns of a panel. */
export interface Width {
  readonly vectors: number
  readonly columns: number
}

/** Which blocks of depth are summed over: all at once, one that others follow, or the last. */
export type Phase = "whole" | "accumulate" | "last"

/** How many parameters the function has before those of the epilogue. */
export const driverParameters = 7

/** An empty function. */
export const makeDriver = (module: ModuleBuilder, spec: GemmSpec, plan: Plan): Driver => {
  const parameters = Array.from({ length: driverParameters + spec.epilogue.parameters }, () => "i32" as const)
  const code = module.function({ name: "gemm", parameters })
  const [a, b, scratch, unitFrom, unitTo, panelFrom, panelTo, ...others] = code.parameters
  const given = { a, b, scratch, unitFrom, unitTo, panelFrom, panelTo, others }
  return { module, spec, plan, code, size: sizeOf(spec.dtype), ...given, ...variables(code) }
}

const variables = (code: FunctionBuilder): Pick<Driver, "start" | "depth" | "from" | "to" | "panel" | "column"> => {
  const [start, depth, from, to, panel, column] = Array.from({ length: 6 }, () => code.local("i32"))
  return { start, depth, from, to, panel, column }
}

/** A function `(a, b, scratch)` for what calls of the product have in common: all rows, columns and steps of depth. */
export const makePreparation = (module: ModuleBuilder, spec: GemmSpec, plan: Plan): Driver => {
  const code = module.function({ name: "gemm_prepare", parameters: ["i32", "i32", "i32"] })
  const [a, b, scratch] = code.parameters
  const [unitFrom, unitTo, panelFrom, panelTo] = Array.from({ length: 4 }, () => code.local("i32"))
  code.i32(plan.rows.units).set(unitTo).i32(plan.columns.panels).set(panelTo)
  const given = { a, b, scratch, unitFrom, unitTo, panelFrom, panelTo, others: [] }
  return { module, spec, plan, code, size: sizeOf(spec.dtype), ...given, ...variables(code) }
}

/** Pushes `base + constant + Σ factor · local`. */
export const pushAddress = (
  code: FunctionBuilder,
  base: Index,
  constant: number,
  terms: ReadonlyArray<readonly [factor: number, local: Index]>
): void => {
  code.get(base)
  if (constant !== 0) code.i32(constant).op("i32.add")
  for (const [factor, local] of terms) {
    if (factor !== 0) code.get(local).i32(factor).op("i32.mul").op("i32.add")
  }
}

/** Sets `target` to the smaller of two values that `first` and `second` push. */
const setSmaller = (code: FunctionBuilder, target: Index, first: () => void, second: () => void): void => {
  first()
  code.tee(target)
  second()
  code.get(target)
  second()
  code.op("i32.lt_u").select().set(target)
}

/** Sets `target` to the smaller of a local and a constant. */
export const setAtMost = (code: FunctionBuilder, target: Index, value: Index, limit: number): void =>
  setSmaller(
    code,
    target,
    () => code.get(value),
    () => code.i32(limit)
  )

/** Runs `body` for every block of depth: in a loop over all but the last, then for that. */
export const depthLoop = ({ code, spec, plan, start, depth }: Driver, body: (phase: Phase) => void): void => {
  const { depthBlock, depthBlocks } = plan
  const last = (depthBlocks - 1) * depthBlock
  code.i32(depthBlock).set(depth)
  code.forLoop({ local: start, from: 0, to: last, step: depthBlock }, () => body("accumulate"))
  code.i32(spec.k - last).set(depth)
  body("last")
}

/** Takes all rows that were asked for as one block. */
export const takeAllRows = ({ code, from, to, unitFrom, unitTo }: Driver): void =>
  void code.get(unitFrom).set(from).get(unitTo).set(to)

/** Runs `body` for every block of rows. */
export const rowLoop = (driver: Driver, body: () => void): void => {
  const { code, plan, from, to, unitFrom, unitTo } = driver
  const { blockUnits, rows } = plan
  if (blockUnits >= rows.units) {
    takeAllRows(driver)
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

/** Runs `body` for every panel that was asked for. */
export const panelLoop = (driver: Driver, body: (width: Width) => void): void =>
  driver.plan.columns.runs === 1 ? panelsInOrder(driver, body) : panelsOfRuns(driver, body)

/** In a loop over panels of full width, then for the last one. */
const panelsInOrder = (
  { code, plan, panel, column, panelFrom, panelTo }: Driver,
  body: (width: Width) => void
): void => {
  const { columns } = plan
  const { fullPanels, last } = columns
  if (fullPanels > 0) {
    const end = code.borrow("i32")
    setAtMost(code, end, panelTo, fullPanels)
    code.forLoop({ local: panel, from: panelFrom, to: end, step: 1 }, () => {
      code.get(panel).i32(columns.columns).op("i32.mul").set(column)
      body(columns)
    })
    code.release(end)
  }
  if (last === undefined) return
  code.get(panelTo).i32(fullPanels).op("i32.gt_u")
  code.if(() => {
    code.i32(fullPanels).set(panel)
    code.i32(fullPanels * columns.columns).set(column)
    body(last)
  })
}

/** Each run of columns has panels of full width and perhaps a last one. */
const panelsOfRuns = (
  { code, plan, panel, column, panelFrom, panelTo }: Driver,
  body: (width: Width) => void
): void => {
  const { columns } = plan
  const { fullPanels, last, runs, panels, runColumns } = columns
  const each = panels / runs
  const at = code.local("i32")
  code.forLoop({ local: panel, from: panelFrom, to: panelTo, step: 1 }, () => {
    code.get(panel).i32(each).op("i32.rem_u").tee(at).i32(columns.columns).op("i32.mul")
    code.get(panel).i32(each).op("i32.div_u").i32(runColumns).op("i32.mul").op("i32.add").set(column)
    if (last === undefined) body(columns)
    else if (fullPanels === 0) body(last)
    else
      code
        .get(at)
        .i32(fullPanels)
        .op("i32.lt_u")
        .if(
          () => body(columns),
          () => body(last)
        )
  })
}
