/**
 * Products of matrices by cuBLASLt. It stores matrices column by column, so that a product of ours, `[rows, columns]` row
 * by row, is one of its own with the operands exchanged: then its bias of rows is ours of columns.
 */
import type { Epilogue, Matrix, Product, ProductType } from "../Plan.ts"
import type { Call } from "./Commands.ts"
import type { Session } from "./Session.ts"

/** Where the matrices of a product are. */
export interface Places {
  readonly a: number
  readonly b: number
  readonly result: number
}

/** A product that is ready to be started. */
export interface Prepared {
  /** Sets the bias: the second argument is the address of a word that holds its address. */
  readonly bias: (pointer: number) => Call
  readonly multiply: (at: Places) => Call
}

/** Products of one session. Its functions throw `CudaError`. */
export interface Products {
  /** `product`, whose operands and result are at multiples of `alignments` bytes. */
  readonly prepare: (product: Product, alignments: Places) => Prepared
  readonly close: () => void
}

/** Numbers of cuBLASLt's interface. */
const dataTypes: Readonly<Record<ProductType, number>> = { f32: 0, f64: 1, f16: 2, bf16: 14 }
const computeTypes = { f32: 68, f64: 70, tf32: 77 }
const attributes = { transposeA: 3, transposeB: 4, epilogue: 7, bias: 8, biasType: 26 }
const layoutAttributes = { batch: 5, stride: 6 }
const preferences = { workspaceBytes: 1, alignmentA: 5, alignmentB: 6, alignmentC: 7, alignmentD: 8 }
/** A result of the heuristic: the algorithm, the workspace it needs, its state as the 32-bit word of this number. */
const resultBytes = 96
const stateAt = 18

const workspaceBytes = 2 ** 25

const epilogueNumber = ({ activation, bias }: Epilogue): number =>
  1 | (activation === "relu" ? 2 : 0) | (bias === undefined ? 0 : 4)

/** The number of an epilogue: 1 stands for none, others leave it away. */
const epilogueOf = (epilogue: Epilogue): number => {
  const number = epilogueNumber(epilogue)
  return number === 1 ? 1 : number & ~1
}

/** What makes two products the same to cuBLASLt. */
const keyOf = (product: Product, alignments: Places): string => {
  const { a, b, batch, columns, depth, dtype, epilogue, isTf32, result, resultType, rows } = product
  const matrix = ({ batchStride, isTransposed, lead }: Matrix) => [batchStride, isTransposed, lead]
  return JSON.stringify([
    [dtype, resultType, isTf32, rows, columns, depth, batch, epilogueOf(epilogue)],
    [matrix(a), matrix(b), matrix(result)],
    [alignments.a, alignments.b, alignments.result]
  ])
}

/** Products for `session`, with workspace at an address that `allocate` gives when it is first needed. */
export const make = (session: Session, allocate: (bytes: number) => number): Products => {
  const { adapter, call, cublasLt: lt, results, stream } = session
  const known = new Map<string, Prepared>()
  const descriptors: Array<Call> = []
  // Memory that calls of products point to.
  const singles = new Float32Array([1, 0])
  const doubles = new Float64Array([1, 0])
  const memory: Array<Uint8Array<ArrayBuffer>> = []
  const value = new BigInt64Array(1)
  let library: { readonly handle: number; readonly workspace: number } | undefined

  const open = (): { readonly handle: number; readonly workspace: number } => {
    call([lt.cublasLtCreate, results.at(0)])
    const handle = results.word(0)
    descriptors.unshift([lt.cublasLtDestroy, handle])
    return { handle, workspace: allocate(workspaceBytes) }
  }
  const created = (make: Call, destroy: (handle: number) => Call): number => {
    call(make)
    const handle = results.word(0)
    descriptors.push(destroy(handle))
    return handle
  }
  const setter =
    (fn: typeof lt.cublasLtMatmulDescSetAttribute, handle: number, bytes: 4 | 8) =>
    (attribute: number, number: number): void => {
      value[0] = BigInt(number)
      call([fn, handle, attribute, value, bytes])
    }
  const layout = (type: ProductType, rows: number, columns: number, { batch, matrix }: Batched): number => {
    // The lead of a single column is free, but has to be one.
    const lead = columns === 1 ? rows : matrix.lead
    const handle = created(
      [lt.cublasLtMatrixLayoutCreate, results.at(0), dataTypes[type], rows, columns, lead],
      (made) => [lt.cublasLtMatrixLayoutDestroy, made]
    )
    setter(lt.cublasLtMatrixLayoutSetAttribute, handle, 4)(layoutAttributes.batch, batch)
    setter(lt.cublasLtMatrixLayoutSetAttribute, handle, 8)(layoutAttributes.stride, matrix.batchStride)
    return handle
  }
  const describe = ({ a, b, dtype, epilogue, isTf32, resultType }: Product): number => {
    const compute =
      dtype === "f64" ? computeTypes.f64 : isTf32 && dtype === "f32" ? computeTypes.tf32 : computeTypes.f32
    const scale = dataTypes[dtype === "f64" ? "f64" : "f32"]
    const handle = created([lt.cublasLtMatmulDescCreate, results.at(0), compute, scale], (made) => [
      lt.cublasLtMatmulDescDestroy,
      made
    ])
    const set = setter(lt.cublasLtMatmulDescSetAttribute, handle, 4)
    set(attributes.transposeA, b.isTransposed ? 1 : 0)
    set(attributes.transposeB, a.isTransposed ? 1 : 0)
    set(attributes.epilogue, epilogueOf(epilogue))
    if (epilogue.bias !== undefined) set(attributes.biasType, dataTypes[resultType])
    return handle
  }
  const prefer = (alignments: Places): number => {
    const handle = created([lt.cublasLtMatmulPreferenceCreate, results.at(0)], (made) => [
      lt.cublasLtMatmulPreferenceDestroy,
      made
    ])
    setter(lt.cublasLtMatmulPreferenceSetAttribute, handle, 8)(preferences.workspaceBytes, workspaceBytes)
    const set = setter(lt.cublasLtMatmulPreferenceSetAttribute, handle, 4)
    set(preferences.alignmentA, alignments.b)
    set(preferences.alignmentB, alignments.a)
    set(preferences.alignmentC, alignments.result)
    set(preferences.alignmentD, alignments.result)
    return handle
  }
  const build = (product: Product, alignments: Places): Prepared => {
    const { a, b, batch, columns, depth, dtype, result, resultType, rows } = product
    const { handle, workspace } = (library ??= open())
    const description = describe(product)
    const oriented = (matrix: Matrix, r: number, c: number): readonly [number, number] =>
      matrix.isTransposed ? [c, r] : [r, c]
    const first = layout(dtype, ...oriented(b, columns, depth), { batch, matrix: b })
    const second = layout(dtype, ...oriented(a, depth, rows), { batch, matrix: a })
    const third = layout(resultType, columns, rows, { batch, matrix: result })
    // Some ask where the bias is before they choose; where it is is set before each product.
    if (product.epilogue.bias !== undefined) {
      setter(lt.cublasLtMatmulDescSetAttribute, description, 8)(attributes.bias, workspace)
    }
    const algorithm = new Uint8Array(resultBytes)
    memory.push(algorithm)
    const chosen = adapter.address(algorithm)
    call([
      lt.cublasLtMatmulAlgoGetHeuristic,
      handle,
      description,
      first,
      second,
      third,
      third,
      prefer(alignments),
      1,
      chosen,
      results.at(1)
    ])
    const state = results.int(1) === 0 ? notSupported : new Int32Array(algorithm.buffer)[stateAt]
    if (state !== 0) throw session.error(lt.cublasLtMatmulAlgoGetHeuristic.name, state)
    const factors = adapter.address(dtype === "f64" ? doubles : singles)
    const beta = factors + (dtype === "f64" ? 8 : 4)
    return {
      bias: (pointer) => [lt.cublasLtMatmulDescSetAttribute, description, attributes.bias, pointer, 8],
      multiply: (at) => {
        const operands = [factors, at.b, first, at.a, second] as const
        const target = [beta, at.result, third, at.result, third] as const
        return [
          lt.cublasLtMatmul,
          handle,
          description,
          ...operands,
          ...target,
          chosen,
          workspace,
          workspaceBytes,
          stream
        ]
      }
    }
  }
  return {
    prepare: (product, alignments) => {
      const key = keyOf(product, alignments)
      const prepared = known.get(key) ?? build(product, alignments)
      known.set(key, prepared)
      return prepared
    },
    close: () => {
      for (const destroy of descriptors.toReversed()) session.status(destroy)
    }
  }
}

const notSupported = 15

interface Batched {
  readonly batch: number
  readonly matrix: Matrix
}
