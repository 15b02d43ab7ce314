/** Runs the micro-kernels of one panel of columns over a range of rows. */
import type { FunctionReference } from "./FunctionBuilder.ts"
import type { Epilogue } from "./gemmEpilogue.ts"
import type { MicroSpec } from "./gemmMicro.ts"
import { microKernel } from "./gemmMicro.ts"
import type { RowPlan } from "./gemmPlan.ts"
import { sizeOf } from "./gemmVector.ts"
import type { ModuleBuilder } from "./Module.ts"

/** A sweep: what its micro-kernels have in common, and the rows it may meet. */
export interface SweepSpec {
  readonly micro: Omit<MicroSpec, "rows" | "epilogue">
  readonly rows: RowPlan
  /** Whether A is packed into tiles, each with rows side by side at every step of depth. */
  readonly isPacked: boolean
  /** Whether each row has sums of its own in scratch memory, rather than each tile the same. */
  readonly keepsSums: boolean
}

/** How many parameters a sweep has before those of the epilogue. */
export const sweepParameters = 9

/**
 * The function `(a, b, sums, depth, unitFrom, unitTo, column, scratch, start, ...)`, made at the first call. `a` and
 * `sums` belong to the first unit of rows; where A is walked through, `a` is all of it.
 */
export const sweep = (module: ModuleBuilder, spec: SweepSpec, epilogue: Epilogue | undefined): FunctionReference =>
  module.shared(`gemm sweep ${JSON.stringify(spec)} ${epilogue?.key ?? ""}`, () => emit(module, spec, epilogue))

const emit = (
  module: ModuleBuilder,
  { micro, rows, isPacked, keepsSums }: SweepSpec,
  epilogue: Epilogue | undefined
): FunctionReference => {
  const size = sizeOf(micro.dtype)
  const kernel = (count: number) => {
    const a = isPacked ? { rowBytes: size, depthBytes: count * size } : micro.a
    return microKernel(module, { ...micro, a, rows: count, epilogue })
  }
  const kernels = new Map([rows.tileRows, ...rows.tails].map((count) => [count, kernel(count)]))
  const code = module.function({
    name: "gemm_sweep",
    parameters: Array.from({ length: sweepParameters + (epilogue?.parameters ?? 0) }, () => "index" as const)
  })
  const [a, b, sums, depth, unitFrom, unitTo, column, scratch, start, ...parameters] = code.parameters
  const row = code.local("index")
  const tile = (count: number) => {
    for (const argument of [a, b, sums, depth, row, column, scratch, start, ...parameters]) code.get(argument)
    code.call(kernels.get(count) ?? kernel(count))
    code.advance(row, count)
    if (keepsSums) code.advance(sums, count * micro.sumsBytes)
    if (isPacked)
      code
        .get(a)
        .get(depth)
        .whole(count * size)
        .op("index.mul")
        .op("index.add")
        .set(a)
    else if (micro.a.walk === undefined) code.advance(a, count * micro.a.rowBytes)
  }
  code.get(unitFrom).whole(rows.tileRows).op("index.mul").set(row)
  if (rows.fullTiles > 0) {
    const end = code.local("index")
    code.get(unitTo).whole(rows.fullTiles).get(unitTo).whole(rows.fullTiles).op("index.lt_u").select().set(end)
    code.forLoop({ local: unitFrom, to: end, step: 1 }, () => tile(rows.tileRows))
  }
  if (rows.tails.length > 0)
    code
      .get(unitTo)
      .whole(rows.fullTiles)
      .op("index.gt_u")
      .if(() => rows.tails.forEach(tile))
  return code
}
