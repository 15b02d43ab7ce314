/** What becomes of the sums of a matrix product: the code that a micro-kernel runs on its accumulators at the end. */
import type { FunctionBuilder, Local } from "./FunctionBuilder.ts"
import type { FloatType } from "./gemmVector.ts"
import { sizeOf } from "./gemmVector.ts"

/** The finished sums of some rows and whole vectors of columns. */
export interface Tile {
  /** Index of the first row; row `i` of the tile is `row + i`. */
  readonly row: Local<"index">
  /** Index of the first column; vector `j` holds the columns from `column + j · lanes` on. */
  readonly column: Local<"index">
  /** Rows × vectors; 4 lanes of f32 or 2 of f64. The code may overwrite them. */
  readonly accumulators: ReadonlyArray<ReadonlyArray<Local<"v128">>>
  /** The epilogue's own parameters. */
  readonly parameters: ReadonlyArray<Local<"index">>
}

/** Finished sums in memory. */
export interface Block {
  /** Index of the first row, and of the row behind the last. */
  readonly row: Local<"index">
  readonly end: Local<"index">
  /** Index of the first column, and how many there are. */
  readonly column: Local<"index">
  readonly columns: number
  /** Address of the first row's sums; the code may change it. */
  readonly sums: Local<"index">
  /** Bytes between rows of sums. */
  readonly sumsBytes: number
  /** The epilogue's own parameters. */
  readonly parameters: ReadonlyArray<Local<"index">>
}

/** One finished sum, of a column that does not fill a vector. */
export interface Lane {
  readonly row: Local<"index">
  readonly column: Local<"index">
  readonly value: Local<FloatType>
  readonly parameters: ReadonlyArray<Local<"index">>
}

/**
 * Code that takes the sums of a matrix product to where they belong. Each element is handed over exactly once, in a
 * `tile`, a `block` or a `lane`.
 *
 * V8 joins pairs of vectors only if `tile` puts all loads of a row before its stores, keeps stores of adjacent
 * vectors next to each other, through one pointer local and differing by static offset alone, and sets constants
 * into locals first.
 */
export interface Epilogue {
  /** Epilogues with equal keys emit equal code; kernels are shared by it. */
  readonly key: string
  /** How many parameters, all indices, the product's function takes for the epilogue, beyond its own. */
  readonly parameters: number
  /**
   * Emits code for whole vectors; called once or twice for each micro-kernel, whose own instructions it must not keep
   * from being joined: stores of the sums as they are. Without it, and without `block`, all elements are lanes.
   */
  readonly tile?: (code: FunctionBuilder, tile: Tile) => void
  /** Emits code for all elements, in a function of its own: the sums go through memory, which is in the cache. */
  readonly block?: (code: FunctionBuilder, block: Block) => void
  /** Emits code for one element; called once for each micro-kernel of the last columns, inside a loop. */
  readonly lane: (code: FunctionBuilder, lane: Lane) => void
}

/**
 * Stores the sums into a matrix with contiguous rows `rowStride` elements apart. Its address is the epilogue's one
 * parameter.
 */
export const storeRowMajor = (dtype: FloatType, rowStride: number): Epilogue => {
  const size = sizeOf(dtype)
  const pointer = (code: FunctionBuilder, { row, column, parameters }: Tile | Lane): Local<"index"> => {
    const [matrix] = parameters
    const address = code.borrow("index")
    code
      .get(matrix)
      .get(row)
      .whole(rowStride * size)
      .op("index.mul")
      .op("index.add")
    code.get(column).whole(size).op("index.mul").op("index.add").set(address)
    return address
  }
  return {
    key: `store ${dtype} ${rowStride}`,
    parameters: 1,
    tile: (code, tile) => {
      const address = pointer(code, tile)
      tile.accumulators.forEach((vectors, i) =>
        vectors.forEach((vector, j) =>
          code
            .get(address)
            .get(vector)
            .op("v128.store", i * rowStride * size + j * 16)
        )
      )
      code.release(address)
    },
    lane: (code, lane) => {
      const address = pointer(code, lane)
      code.get(address).get(lane.value).op(`${dtype}.store`)
      code.release(address)
    }
  }
}
