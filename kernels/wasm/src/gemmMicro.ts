/**
 * Micro-kernels of the matrix product: a tile of sums held in registers.
 *
 * One function `(a, b, sums, depth, row, column, ...)` computes `rows` × `vectors` sums over `depth` steps. At each
 * step it loads the vectors of B and, row by row, one element of A into all lanes of a vector.
 */
import type { FunctionReference } from "./FunctionBuilder.ts"
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
  readonly a: { readonly rowBytes: number; readonly depthBytes: number }
  /** Bytes between steps of depth of B; its columns lie side by side. */
  readonly b: { readonly depthBytes: number }
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
export const microParameters = 6

/** The micro-kernel with this specification, made at the first call. */
export const microKernel = (module: ModuleBuilder, spec: MicroSpec): FunctionReference => {
  const key = JSON.stringify({ ...spec, epilogue: spec.epilogue?.key ?? null })
  return module.shared(`gemm micro ${key}`, () => emit(module, spec))
}

const emit = (module: ModuleBuilder, spec: MicroSpec): FunctionReference => {
  const { rows, vectors, dot } = spec
  const code: KernelBuilder = module.function({
    name: `gemm_${rows}x${vectors}`,
    parameters: Array.from({ length: microParameters + (spec.epilogue?.parameters ?? 0) }, () => "i32" as const)
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
  const { a, b, dtype } = spec
  const [left, right, , depth] = code.parameters
  const vectors = Array.from({ length: spec.vectors }, () => code.local("v128"))
  const element = code.local("v128")
  const { splat } = arithmetic[dtype]
  // Offsets are unsigned: with a negative stride the pointer goes to the last row.
  const shift = Math.min(0, (spec.rows - 1) * a.rowBytes)
  code.advance(left, shift)
  code.loop((again) => {
    for (let step = 0; step < spec.steps; step += 1) {
      const offset = { a: step * a.depthBytes, b: step * b.depthBytes }
      vectors.forEach((vector, j) =>
        code
          .get(right)
          .op("v128.load", offset.b + j * 16)
          .set(vector)
      )
      sums.forEach((row, i) => {
        code
          .get(left)
          .op(splat, offset.a + i * a.rowBytes - shift)
          .set(element)
        row.forEach((sum, j) => multiplyAdd(code, spec, { x: element, y: vectors[j], sum }))
      })
    }
    code.advance(left, spec.steps * a.depthBytes).advance(right, spec.steps * b.depthBytes)
    code.get(depth).i32(spec.steps).op("i32.sub").tee(depth).brIf(again)
  })
}
