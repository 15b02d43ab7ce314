/**
 * Micro-kernels of the matrix product: a tile of sums held in registers.
 *
 * One function `(a, b, sums, depth, row, column, ...)` computes `rows` × `vectors` sums over `depth` steps. At each
 * step it loads the vectors of B and, row by row, one element of A into all lanes of a vector.
 */
import type { FunctionBuilder, FunctionReference, Local } from "./FunctionBuilder.ts"
import type { Epilogue, FloatType, Lane } from "./gemmEpilogue.ts"
import { sizeOf } from "./gemmEpilogue.ts"
import type { ModuleBuilder } from "./Module.ts"

/** What micro-kernels of one product have in common. */
export interface MicroFamily {
  readonly dtype: FloatType
  /** Whether products are added with one rounding, by relaxed SIMD. */
  readonly isRelaxed: boolean
  /** Whether to keep pairs of vectors together, so that the engine may join them. */
  readonly isWide: boolean
  /** Bytes between rows of a tile of A, and between steps of depth. */
  readonly a: { readonly rowBytes: number; readonly depthBytes: number }
  /** Bytes between rows of sums in scratch memory. */
  readonly sumsBytes: number
}

/** One micro-kernel. */
export interface MicroSpec extends MicroFamily {
  readonly rows: number
  /** Vectors of B at each step, `depthBytes` further each time. */
  readonly b: { readonly vectors: number; readonly depthBytes: number }
  /** Columns that exist; those up to the end of the last vector hold anything. */
  readonly columns: number
  /** Whether sums start from scratch memory rather than from zero. */
  readonly isContinued: boolean
  /** Whether there is any depth to sum over. */
  readonly hasDepth: boolean
  /** What to do with the sums; put them into scratch memory if absent. */
  readonly epilogue: Epilogue | undefined
}

/** How many parameters a micro-kernel has before those of its epilogue. */
export const microParameters = 6

/** The micro-kernel with this specification, made at the first call. */
export const microKernel = (module: ModuleBuilder, spec: MicroSpec): FunctionReference => {
  const key = JSON.stringify({ ...spec, epilogue: spec.epilogue?.key ?? null })
  return module.shared(`gemm micro ${key}`, () => emit(module, spec))
}

const emit = (module: ModuleBuilder, spec: MicroSpec): FunctionReference => {
  const { rows, b, columns, dtype, epilogue, sumsBytes } = spec
  const lanes = 16 / sizeOf(dtype)
  const extra = epilogue?.parameters ?? 0
  const code: FunctionBuilder<ReadonlyArray<"i32">> = module.function({
    name: `gemm_${rows}x${b.vectors}`,
    parameters: Array.from({ length: microParameters + extra }, () => "i32" as const)
  })
  const [, , sums, , row, column, ...parameters] = code.parameters
  const accumulators = grid(rows, b.vectors, () => code.local("v128"))
  if (spec.isContinued) {
    each(accumulators, (sum, i, j) => code.get(sums).op("v128.load", i * sumsBytes + j * 16).set(sum))
  }
  if (spec.hasDepth) depthLoop(code, spec, accumulators)
  const whole = epilogue === undefined ? 0 : Math.floor(columns / lanes)
  // A pair that is not stored together would stay two vectors, and all that it depends on with it.
  const direct = spec.isWide ? whole - (whole % 2) : whole
  if (epilogue === undefined || columns > direct * lanes) {
    each(accumulators, (sum, i, j) => {
      if (j >= direct) code.get(sums).get(sum).op("v128.store", i * sumsBytes + j * 16)
    })
  }
  if (epilogue === undefined) return code
  const finish = (from: number, to: number, first: Local<"i32">) => {
    const chosen = accumulators.map((vectors) => vectors.slice(from, to))
    epilogue.tile(code, { row, column: first, parameters, accumulators: chosen })
  }
  if (direct > 0) finish(0, direct, column)
  if (direct < whole) {
    each(accumulators, (sum, i, j) => {
      // By halves, as V8 would replace a load of the whole by the vector that was stored.
      const offset = i * sumsBytes + j * 16
      if (j !== direct) return
      code.get(sums).get(sums).op("v128.load64_zero", offset).op("v128.load64_lane", 1, offset + 8).set(sum)
    })
    const first = code.local("i32")
    code.get(column).i32(direct * lanes).op("i32.add").set(first)
    finish(direct, whole, first)
  }
  if (columns > whole * lanes) restOfColumns(code, { spec, epilogue, from: whole * lanes, parameters })
  return code
}

const depthLoop = (
  code: FunctionBuilder<ReadonlyArray<"i32">>,
  { a, b, dtype, isRelaxed }: MicroSpec,
  accumulators: ReadonlyArray<ReadonlyArray<Local<"v128">>>
): void => {
  const [left, right, , depth] = code.parameters
  const rowsOfB = Array.from({ length: b.vectors }, () => code.local("v128"))
  const element = code.local("v128")
  // Offsets are unsigned: with a negative stride the pointer goes to the last row.
  const shift = Math.min(0, (accumulators.length - 1) * a.rowBytes)
  code.advance(left, shift)
  code.loop((again) => {
    rowsOfB.forEach((vector, j) => code.get(right).op("v128.load", j * 16).set(vector))
    accumulators.forEach((sums, i) => {
      code.get(left).op(dtype === "f32" ? "v128.load32_splat" : "v128.load64_splat", i * a.rowBytes - shift).set(element)
      for (const [j, sum] of sums.entries()) {
        if (isRelaxed) code.get(element).get(rowsOfB[j]).get(sum).op(`${shapeOf(dtype)}.relaxed_madd`).set(sum)
        else code.get(sum).get(element).get(rowsOfB[j]).op(`${shapeOf(dtype)}.mul`).op(`${shapeOf(dtype)}.add`).set(sum)
      }
    })
    code.advance(left, a.depthBytes).advance(right, b.depthBytes)
    code.get(depth).i32(1).op("i32.sub").tee(depth).brIf(again)
  })
}

/** Runs the epilogue on columns that do not fill a vector, element by element; their sums lie in scratch memory. */
const restOfColumns = (
  code: FunctionBuilder<ReadonlyArray<"i32">>,
  { spec, epilogue, from, parameters }: {
    readonly spec: MicroSpec
    readonly epilogue: Epilogue
    readonly from: number
    readonly parameters: Lane["parameters"]
  }
): void => {
  const [, , sums, , row, column] = code.parameters
  const size = sizeOf(spec.dtype)
  const count = spec.columns - from
  const [lastRow, lastColumn, current] = [code.local("i32"), code.local("i32"), code.local("i32")]
  const value = code.local(spec.dtype)
  code.get(row).i32(spec.rows).op("i32.add").set(lastRow)
  code.get(column).i32(spec.columns).op("i32.add").set(lastColumn)
  code.forLoop({ local: row, to: lastRow, step: 1, isNonEmpty: true }, () => {
    code.get(column).i32(from).op("i32.add").set(current)
    code.forLoop({ local: current, to: lastColumn, step: 1, isNonEmpty: true }, () => {
      code.get(sums).op(`${spec.dtype}.load`, from * size).set(value)
      epilogue.lane(code, { row, column: current, value, parameters })
      code.advance(sums, size)
    })
    code.advance(sums, spec.sumsBytes - count * size)
  })
}

/** The lanes of a vector of this element type. */
export const shapeOf = (dtype: FloatType): "f32x4" | "f64x2" => (dtype === "f32" ? "f32x4" : "f64x2")

const grid = <A>(rows: number, columns: number, make: () => A): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, make))

const each = <A>(rows: ReadonlyArray<ReadonlyArray<A>>, visit: (value: A, row: number, column: number) => void): void =>
  rows.forEach((row, i) => row.forEach((value, j) => visit(value, i, j)))
