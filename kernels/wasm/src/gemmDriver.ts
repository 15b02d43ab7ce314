/** The function of a matrix product under construction: its parameters, its variables and its loops over blocks. */
import type { FunctionBuilder, Local } from "./FunctionBuilder.ts"
import type { GemmSpec, Plan } from "./gemmPlan.ts"
import { sizeOf } from "./gemmVector.ts"
import type { ModuleBuilder } from "./Module.ts"

type Index = Local<"index">

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
  const parameters = Array.from({ length: driverParameters + spec.epilogue.parameters }, () => "index" as const)
  const code = module.function({ name: "gemm", parameters })
  const [a, b, scratch, unitFrom, unitTo, panelFrom, panelTo, ...others] = code.parameters
  const given = { a, b, scratch, unitFrom, unitTo, panelFrom, panelTo, others }
  return { module, spec, plan, code, size: sizeOf(spec.dtype), ...given, ...variables(code) }
}

const variables = (code: FunctionBuilder): Pick<Driver, "start" | "depth" | "from" | "to" | "panel" | "column"> => {
  const [start, depth, from, to, panel, column] = Array.from({ length: 6 }, () => code.local("index"))
  return { start, depth, from, to, panel, column }
}

/** A function `(a, b, scratch)` for what calls of the product have in common: all rows, columns and steps of depth. */
export const makePreparation = (module: ModuleBuilder, spec: GemmSpec, plan: Plan): Driver => {
  const code = module.function({ name: "gemm_prepare", parameters: ["index", "index", "index"] })
  const [a, b, scratch] = code.parameters
  const [unitFrom, unitTo, panelFrom, panelTo] = Array.from({ length: 4 }, () => code.local("index"))
  code.whole(plan.rows.units).set(unitTo).whole(plan.columns.panels).set(panelTo)
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
  if (constant !== 0) code.whole(constant).op("index.add")
  for (const [factor, local] of terms) {
    if (factor !== 0) code.get(local).whole(factor).op("index.mul").op("index.add")
  }
}

/** Sets `target` to the smaller of two values that `first` and `second` push. */
const setSmaller = (code: FunctionBuilder, target: Index, first: () => void, second: () => void): void => {
  first()
  code.tee(target)
  second()
  code.get(target)
  second()
  code.op("index.lt_u").select().set(target)
}

/** Sets `target` to the smaller of a local and a constant. */
export const setAtMost = (code: FunctionBuilder, target: Index, value: Index, limit: number): void =>
  setSmaller(
    code,
    target,
    () => code.get(value),
    () => code.whole(limit)
  )

/** Runs `body` for every block of depth: in a loop over all but the last, then for that. */
export const depthLoop = ({ code, spec, plan, start, depth }: Driver, body: (phase: Phase) => void): void => {
  const { depthBlock, depthBlocks } = plan
  const last = (depthBlocks - 1) * depthBlock
  code.whole(depthBlock).set(depth)
  code.forLoop({ local: start, from: 0, to: last, step: depthBlock }, () => body("accumulate"))
  code.whole(spec.k - last).set(depth)
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
      () => code.get(from).whole(blockUnits).op("index.add"),
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
    const end = code.borrow("index")
    setAtMost(code, end, panelTo, fullPanels)
    code.forLoop({ local: panel, from: panelFrom, to: end, step: 1 }, () => {
      code.get(panel).whole(columns.columns).op("index.mul").set(column)
      body(columns)
    })
    code.release(end)
  }
  if (last === undefined) return
  code.get(panelTo).whole(fullPanels).op("index.gt_u")
  code.if(() => {
    code.whole(fullPanels).set(panel)
    code.whole(fullPanels * columns.columns).set(column)
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
  const at = code.local("index")
  code.forLoop({ local: panel, from: panelFrom, to: panelTo, step: 1 }, () => {
    code.get(panel).whole(each).op("index.rem_u").tee(at).whole(columns.columns).op("index.mul")
    code.get(panel).whole(each).op("index.div_u").whole(runColumns).op("index.mul").op("index.add").set(column)
    if (last === undefined) body(columns)
    else if (fullPanels === 0) body(last)
    else
      code
        .get(at)
        .whole(fullPanels)
        .op("index.lt_u")
        .if(
          () => body(columns),
          () => body(last)
        )
  })
}
