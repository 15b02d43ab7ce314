/**
 * Micro-kernels of the matrix product: a tile of sums held in registers.
 *
 * One function `(a, b, sums, depth, row, column, scratch, start, ...)` computes `rows` × `vectors` sums over `depth`
 * steps. At each step it loads the vectors of B and, row by row, one element of A into all lanes of a vector. `start` is
 * the number of the first step: tables in scratch memory tell where operands are that are walked through.
 */
import type { FunctionReference, Local } from "./FunctionBuilder.ts"
import { dotProducts } from "./gemmDot.ts"
import type { Epilogue } from "./gemmEpilogue.ts"
import type { Kernel, KernelBuilder } from "./gemmFinish.ts"
import { finish } from "./gemmFinish.ts"
import type { FloatType } from "./gemmVector.ts"
import { arithmetic, multiplyAdd } from "./gemmVector.ts"
import type { ModuleBuilder } from "./Module.ts"

/** A micro-kernel. */
export interface MicroSpec {
  readonly dtype: FloatType
  /** Whether products are added with one rounding, by relaxed SIMD. */
  readonly isRelaxed: boolean
  /** Whether to keep pairs of vectors together, so that the engine may join them. */
  readonly isWide: boolean
  readonly rows: number
  /** Vectors of sums in each row. */
  readonly vectors: number
  /** Columns that exist; those up to the end of the last vector hold anything. */
  readonly columns: number
  /** Bytes between rows of a tile of A, and between steps of depth. */
  readonly a: { readonly rowBytes: number; readonly depthBytes: number; readonly walk?: Tables }
  /** Bytes between steps of depth of B; its columns lie side by side. */
  readonly b: { readonly depthBytes: number; readonly walk?: Tables }
  /** Present if instead B has its depth side by side, and so has the one row of A. Both are read as vectors then. */
  readonly dot?: { readonly depth: number; readonly columnBytes: number }
  /** Bytes between rows of sums in scratch memory. */
  readonly sumsBytes: number
  /** Whether sums start from scratch memory rather than from zero. */
  readonly isContinued: boolean
  /** Whether there is any depth to sum over. */
  readonly hasDepth: boolean
  /** Steps in each round of the loop; divides every depth that the kernel is called with. */
  readonly steps: number
  /** What to do with the sums; put them into scratch memory if absent. */
  readonly epilogue: Epilogue | undefined
}

/** How many parameters a micro-kernel has before those of its epilogue. */
export const microParameters = 8

/** Where in scratch memory the tables of an operand lie that is read in place although it does not step evenly. */
export interface Tables {
  readonly places: number
  readonly steps: number
}

/** The micro-kernel with this specification, made at the first call. */
export const microKernel = (module: ModuleBuilder, spec: MicroSpec): FunctionReference => {
  const key = JSON.stringify({ ...spec, epilogue: spec.epilogue?.key ?? null })
  return module.shared(`gemm micro ${key}`, () => emit(module, spec))
}

const emit = (module: ModuleBuilder, spec: MicroSpec): FunctionReference => {
  const { rows, vectors, dot } = spec
  const code: KernelBuilder = module.function({
    name: `gemm_${rows}x${vectors}`,
    parameters: Array.from({ length: microParameters + (spec.epilogue?.parameters ?? 0) }, () => "index" as const)
  })
  const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => code.local("v128")))
  const kernel: Kernel = { module, code, spec, sums }
  if (spec.isContinued) loadSums(kernel)
  if (spec.hasDepth && dot === undefined) depthLoop(kernel)
  if (spec.hasDepth && dot !== undefined) dotProducts(code, sums.flat(), { ...spec, ...dot })
  finish(kernel)
  return code
}

const loadSums = ({ code, spec, sums }: Kernel): void => {
  const [, , memory] = code.parameters
  sums.forEach((row, i) =>
    row.forEach((sum, j) =>
      code
        .get(memory)
        .op("v128.load", i * spec.sumsBytes + j * 16)
        .set(sum)
    )
  )
}

const depthLoop = ({ code, spec, sums }: Kernel): void => {
  const { a, b } = spec
  const [left, right, , depth, , , scratch, start] = code.parameters
  const vectors = Array.from({ length: spec.vectors }, () => code.local("v128"))
  const element = code.local("v128")
  // Where the present step stands in the tables.
  const steps = code.local("index")
  if (a.walk !== undefined || b.walk !== undefined) {
    code.get(scratch).get(start).whole(code.indexBytes).op("index.mul").op("index.add").set(steps)
  }
  const rows = rowsOf(code, spec)
  const columns = b.walk === undefined ? undefined : code.local("index")
  code.loop((again) => {
    for (let step = 0; step < spec.steps; step += 1) {
      if (b.walk !== undefined && columns !== undefined) {
        code
          .get(steps)
          .op("index.load", b.walk.steps + code.indexBytes * step)
          .get(right)
          .op("index.add")
          .set(columns)
      }
      vectors.forEach((vector, j) =>
        code
          .get(columns ?? right)
          .op("v128.load", (columns === undefined ? step * b.depthBytes : 0) + j * 16)
          .set(vector)
      )
      const push = rows(step, steps)
      sums.forEach((row, i) => {
        push(i)
        code.set(element)
        row.forEach((sum, j) => multiplyAdd(code, spec, { x: element, y: vectors[j], sum }))
      })
    }
    if (a.walk === undefined) code.advance(left, spec.steps * a.depthBytes)
    if (b.walk === undefined) code.advance(right, spec.steps * b.depthBytes)
    if (a.walk !== undefined || b.walk !== undefined) code.advance(steps, code.indexBytes * spec.steps)
    code.get(depth).whole(spec.steps).op("index.sub").tee(depth).isSet().brIf(again)
  })
}

/** What pushes the elements of A at a step of the present round, row by row, each in all lanes. */
const rowsOf = (code: KernelBuilder, { a, dtype, rows }: MicroSpec) => {
  const [left, , , , row, , scratch] = code.parameters
  const { splat } = arithmetic[dtype]
  const { walk } = a
  if (walk === undefined) {
    // Offsets are unsigned: with a negative stride the pointer goes to the last row.
    const shift = Math.min(0, (rows - 1) * a.rowBytes)
    code.advance(left, shift)
    return (step: number, _steps: Local<"index">) => (i: number) =>
      code.get(left).op(splat, step * a.depthBytes + i * a.rowBytes - shift)
  }
  const [place, at] = [code.local("index"), code.local("index")]
  code.get(scratch).get(row).whole(code.indexBytes).op("index.mul").op("index.add").set(place)
  const pointers = Array.from({ length: rows }, (_, i) => {
    const pointer = code.local("index")
    code
      .get(place)
      .op("index.load", walk.places + code.indexBytes * i)
      .get(left)
      .op("index.add")
      .set(pointer)
    return pointer
  })
  return (step: number, steps: Local<"index">) => {
    code
      .get(steps)
      .op("index.load", walk.steps + code.indexBytes * step)
      .set(at)
    return (i: number) => code.get(pointers[i]).get(at).op("index.add").op(splat)
  }
}
