/** The end of a micro-kernel: hands its sums over to the epilogue, or puts them into scratch memory. */
import type { FunctionBuilder, Local } from "./FunctionBuilder.ts"
import type { Epilogue } from "./gemmEpilogue.ts"
import type { MicroSpec } from "./gemmMicro.ts"
import { lanesOf, sizeOf } from "./gemmVector.ts"
import type { ModuleBuilder } from "./Module.ts"

/** The builder of a micro-kernel; all its parameters are indices. */
export type KernelBuilder = FunctionBuilder<ReadonlyArray<"index">>

/** A micro-kernel under construction, with its sums: rows × vectors. */
export interface Kernel {
  readonly module: ModuleBuilder
  readonly code: KernelBuilder
  readonly spec: MicroSpec
  readonly sums: ReadonlyArray<ReadonlyArray<Local<"v128">>>
}

/** Emits the end. */
export const finish = (kernel: Kernel): void => {
  const {
    code,
    spec: { columns, dtype, epilogue, isWide }
  } = kernel
  const [, , , , , column] = code.parameters
  const lanes = lanesOf(dtype)
  if (epilogue === undefined) return storeSums(kernel, 0)
  if (epilogue.block !== undefined) {
    storeSums(kernel, 0)
    return callBlock(kernel, epilogue, epilogue.block)
  }
  const whole = epilogue.tile === undefined ? 0 : Math.floor(columns / lanes)
  // V8 joins vectors in pairs from the stores on. One that were stored without its neighbour would keep itself and all
  // that it depends on from being joined, so it takes a detour through memory, in which it has a neighbour.
  const direct = isWide ? whole - (whole % 2) : whole
  if (columns > direct * lanes) storeSums(kernel, direct)
  if (direct > 0) handOver(kernel, epilogue, { from: 0, to: direct, column })
  if (direct < whole) {
    loadHalves(kernel, direct)
    const first = code.local("index")
    code
      .get(column)
      .whole(direct * lanes)
      .op("index.add")
      .set(first)
    handOver(kernel, epilogue, { from: direct, to: whole, column: first })
  }
  if (columns > whole * lanes) restOfColumns(kernel, epilogue, whole * lanes)
}

/** Calls the function that runs the epilogue on sums in memory, whatever the rows of the tile. */
const callBlock = (
  { code, module, spec }: Kernel,
  { key, parameters: count }: Epilogue,
  emit: NonNullable<Epilogue["block"]>
): void => {
  const { columns, rows, sumsBytes } = spec
  const block = module.shared(`gemm epilogue ${columns} ${sumsBytes} ${key}`, () => {
    const own = module.function({
      name: "gemm_epilogue",
      parameters: Array.from({ length: 4 + count }, () => "index" as const)
    })
    const [sums, row, end, column, ...parameters] = own.parameters
    emit(own, { sums, row, end, column, columns, sumsBytes, parameters })
    return own
  })
  const [, , memory, , row, column, , , ...parameters] = code.parameters
  code.get(memory).get(row).get(row).whole(rows).op("index.add").get(column)
  for (const parameter of parameters) code.get(parameter)
  code.call(block)
}

/** Stores the sums from the vector `from` on. */
const storeSums = ({ code, spec, sums }: Kernel, from: number): void => {
  const [, , memory] = code.parameters
  sums.forEach((row, i) =>
    row.forEach((sum, j) => {
      if (j >= from)
        code
          .get(memory)
          .get(sum)
          .op("v128.store", i * spec.sumsBytes + j * 16)
    })
  )
}

/** Loads a vector of each row again; by halves, as V8 would replace a load of the whole by what was stored. */
const loadHalves = ({ code, spec, sums }: Kernel, vector: number): void => {
  const [, , memory] = code.parameters
  sums.forEach((row, i) => {
    const offset = i * spec.sumsBytes + vector * 16
    code
      .get(memory)
      .get(memory)
      .op("v128.load64_zero", offset)
      .op("v128.load64_lane", 1, offset + 8)
      .set(row[vector])
  })
}

const handOver = (
  { code, sums }: Kernel,
  epilogue: Epilogue,
  { from, to, column }: { readonly from: number; readonly to: number; readonly column: Local<"index"> }
): void => {
  const [, , , , row, , , , ...parameters] = code.parameters
  epilogue.tile?.(code, { row, column, parameters, accumulators: sums.map((vectors) => vectors.slice(from, to)) })
}

/** Runs the epilogue on the columns from `from` on, element by element; their sums lie in scratch memory. */
const restOfColumns = ({ code, spec }: Kernel, epilogue: Epilogue, from: number): void => {
  const [, , memory, , row, column, , , ...parameters] = code.parameters
  const size = sizeOf(spec.dtype)
  const count = spec.columns - from
  const [lastRow, lastColumn, current] = [code.local("index"), code.local("index"), code.local("index")]
  const value = code.local(spec.dtype)
  code.get(row).whole(spec.rows).op("index.add").set(lastRow)
  code.get(column).whole(spec.columns).op("index.add").set(lastColumn)
  code.forLoop({ local: row, to: lastRow, step: 1, isNonEmpty: true }, () => {
    code.get(column).whole(from).op("index.add").set(current)
    code.forLoop({ local: current, to: lastColumn, step: 1, isNonEmpty: true }, () => {
      code
        .get(memory)
        .op(`${spec.dtype}.load`, from * size)
        .set(value)
      epilogue.lane(code, { row, column: current, value, parameters })
      code.advance(memory, size)
    })
    code.advance(memory, spec.sumsBytes - count * size)
  })
}
