/**
 * Groups of threads that work on one row together.
 */
import type { DType } from "@cotangent/tensor/DType"
import type { Combine } from "@cotangent/tensor/Scalar"

/** Threads that share what does not vary within a row, and split what does. */
export interface Group {
  /** How many threads it has. */
  readonly lanes: number
  /** The number of a thread in its group. */
  readonly lane: string
  /** Where the groups of a block lie: each a run of threads, or the threads of a column. */
  readonly kind: "thread" | "warp" | "block" | "column"
  readonly block: readonly [x: number, y: number, z: number]
  /** Groups in a block. */
  readonly perBlock: number
  /** The number of a group in its block. */
  readonly inBlock: string
  /** Every thread gets the combination of the values of all. */
  readonly combine: (combine: Combine, dtype: DType, value: string) => string
  /** Blocks that a multiprocessor has room for at least, where the compiler would rather have more and spill registers. */
  readonly atOnce?: number | undefined
  /** A statement that lets no thread pass before all have come, and shows what they wrote to one another. */
  readonly sync: string | undefined
}

const over =
  (name: string) =>
  (combine: Combine, dtype: DType, value: string): string =>
    // Truths travel as integers.
    dtype === "bool"
      ? `${name}<ct_${combine}_of>((int)${value}) != 0`
      : dtype === "u8"
        ? `(${name}<ct_${combine}_of>(${value}) & 255u)`
        : `${name}<ct_${combine}_of>(${value})`

/** Threads of a block where each works by itself. */
const threads = 256

/** Each thread by itself. */
export const thread: Group = {
  lanes: 1,
  lane: "0",
  kind: "thread",
  block: [threads, 1, 1],
  perBlock: threads,
  inBlock: "threadIdx.x",
  combine: (_, __, value) => value,
  sync: undefined
}

/** A warp for each row, `perBlock` in a block. */
export const warp = (perBlock: number): Group => ({
  lanes: 32,
  lane: "(threadIdx.x & 31)",
  kind: "warp",
  block: [32 * perBlock, 1, 1],
  perBlock,
  inBlock: "(threadIdx.x >> 5)",
  combine: over("ct_over_warp"),
  sync: "__syncwarp();"
})

/** A block for each row. */
export const blockOf = (lanes: number): Group => ({
  lanes,
  lane: "threadIdx.x",
  kind: "block",
  block: [lanes, 1, 1],
  perBlock: 1,
  inBlock: "0",
  combine: over("ct_over_block"),
  sync: "__syncthreads();"
})

/** A column of `lanes` threads for each row, 32 side by side. */
export const column = (lanes: number): Group => ({
  lanes,
  lane: "threadIdx.y",
  kind: "column",
  block: [32, lanes, 1],
  perBlock: 32,
  inBlock: "threadIdx.x",
  combine: over("ct_over_column"),
  atOnce: Math.max(1, 32 / lanes),
  sync: "__syncthreads();"
})
