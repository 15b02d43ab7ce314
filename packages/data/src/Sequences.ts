/**
 * Sequences of tokens of different lengths, as batches of one shape each.
 *
 * A device compiles a program for each shape, and works on what pads a sequence as on the sequence. So sequences go to
 * buckets: a batch holds sequences of one bucket, and is as long as the bucket.
 */
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { view } from "@cotangent/tensor/HostArray"
import * as Random from "@cotangent/tensor/Random"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { BatchOptions, Shuffle } from "./Dataset.ts"

/** A sequence of tokens. */
export type Sequence = ArrayLike<number>

/** Sequences of one length. */
export interface Padded {
  /** `[n, length]`: each sequence, then padding. */
  readonly token: HostArray<"i32">
  /** `[n]`: how many tokens of each row are of its sequence. */
  readonly length: HostArray<"i32">
}

/** How sequences come to one length. */
export interface PadOptions {
  /** The length of all; that of the longest unless stated. */
  readonly length?: number
  /** The token that fills up; 0 unless stated. */
  readonly padding?: number
}

const longest = (sequences: ReadonlyArray<Sequence>): number =>
  sequences.reduce((most, { length }) => Math.max(most, length), 0)

/**
 * Brings sequences to one length by padding at their ends.
 *
 * **Shapes** `n` sequences `→ [n, length]`
 *
 * **Throws** `ArgumentError`, which names the sequence, if one is longer than `length`.
 *
 * **Example** (Padding two sequences)
 *
 * ```ts run
 * const { length, token } = Sequences.pad([[5, 6, 7], [8]])
 * token.shape // => [2, 3]
 * Array.from(token.data) // => [5, 6, 7, 8, 0, 0]
 * Array.from(length.data) // => [3, 1]
 * ```
 */
export const pad = (
  sequences: ReadonlyArray<Sequence>,
  { length = longest(sequences), padding = 0 }: PadOptions = {}
): Padded => {
  const tokens = new Int32Array(sequences.length * length).fill(padding)
  for (const [i, sequence] of sequences.entries()) {
    if (sequence.length > length) {
      const received = `${sequence.length} in sequence ${i}`
      throw new ArgumentError({ operation: "Sequences.pad", expected: `at most ${length} tokens`, received })
    }
    tokens.set(sequence, i * length)
  }
  const lengths = Int32Array.from(sequences, (sequence) => sequence.length)
  return {
    token: view([sequences.length, length], "i32", tokens),
    length: view([sequences.length], "i32", lengths)
  }
}

/** How sequences are put into batches. */
export interface BucketOptions extends BatchOptions {
  /** The lengths of the buckets, from short to long; the longest sequence fits into the last. */
  readonly boundaries: ReadonlyArray<number>
  /** The token that fills up; 0 unless stated. */
  readonly padding?: number
}

/** Columns of sequences: `source` and `target`, say, whose sequences belong together. */
export type SequenceColumns = Readonly<Record<string, ReadonlyArray<Sequence>>>

/** A batch of sequences that belong together, each column as long as the bucket. */
export interface SequenceBatch<C extends SequenceColumns> {
  readonly columns: { readonly [N in keyof C]: Padded }
  /** `[n]`: which examples these are. */
  readonly place: HostArray<"i32">
}

const operation = "Sequences.batches"

/** The number of examples. **Throws** `ArgumentError` unless all columns have as many. */
const sizeOf = (columns: SequenceColumns): number => {
  const sizes = Object.values(columns).map(({ length }) => length)
  if (sizes.length > 0 && sizes.every((size) => size === sizes[0])) return sizes[0]
  const expected = "one column or more, with as many sequences each"
  throw new ArgumentError({ operation, expected, received: `columns of ${sizes.join(", ")} sequences` })
}

/** For each example the bucket of its longest sequence. */
const bucketsOf = (columns: SequenceColumns, size: number, boundaries: ReadonlyArray<number>): Int32Array => {
  if (boundaries.length === 0 || !boundaries.every((b, i) => Number.isInteger(b) && b > (boundaries[i - 1] ?? 0))) {
    const expected = "whole boundaries from 1, each above the one before"
    throw new ArgumentError({ operation, expected, received: `[${boundaries.join(", ")}]` })
  }
  return Int32Array.from({ length: size }, (_, i) => {
    const length = Object.values(columns).reduce((most, sequences) => Math.max(most, sequences[i].length), 0)
    const bucket = boundaries.findIndex((boundary) => length <= boundary)
    if (bucket >= 0) return bucket
    const expected = `at most ${boundaries.at(-1)} tokens`
    throw new ArgumentError({ operation, expected, received: `${length} in sequence ${i}` })
  })
}

/** The examples of a batch. */
interface Planned {
  readonly bucket: number
  readonly places: ReadonlyArray<number>
}

/** The batches of an epoch: each is complete when its last example comes up in the order. */
const planOf = (order: ArrayLike<number>, buckets: Int32Array, { dropLast, size }: BucketOptions): Array<Planned> => {
  const open = new Map<number, Array<number>>()
  const planned: Array<Planned> = []
  for (let i = 0; i < order.length; i++) {
    const bucket = buckets[order[i]]
    const places = open.get(bucket) ?? []
    places.push(order[i])
    open.set(bucket, places)
    if (places.length === size) {
      planned.push({ bucket, places })
      open.delete(bucket)
    }
  }
  if (dropLast === true) return planned
  const rest = [...open].map(([bucket, places]) => ({ bucket, places }))
  return [...planned, ...rest.toSorted((a, b) => a.bucket - b.bucket)]
}

/**
 * The batches of an epoch over sequences, each padded to the boundary of its bucket; without a key in the order of the
 * examples, with one in an order of its own for each epoch. Batches are as many as `countBatches` says, and `from` resumes.
 *
 * **Shapes** each column `[n, boundary]` with `n ≤ size`
 *
 * **Throws** `ArgumentError` for columns of different sizes, boundaries that do not rise, or a sequence longer than all.
 *
 * **Example** (Short sequences and long ones)
 *
 * ```ts run
 * const columns = { text: [[1], [1, 2, 3], [4, 5], [6]] }
 * const batches = Sequences.batches(columns, { size: 2, boundaries: [2, 4] })
 * const shapes = Stream.runCollect(Stream.map(batches, (batch) => batch.columns.text.token.shape))
 * await Effect.runPromise(shapes) // => [[2, 2], [1, 2], [1, 4]]
 * ```
 */
export const batches: {
  <C extends SequenceColumns>(
    columns: C,
    options: BucketOptions & Shuffle
  ): Stream.Stream<SequenceBatch<C>, DeviceError, Device>
  <C extends SequenceColumns>(
    columns: C,
    options: BucketOptions & { readonly key?: undefined }
  ): Stream.Stream<SequenceBatch<C>>
} = <C extends SequenceColumns>(
  columns: C,
  options: BucketOptions & { readonly key?: Random.Key | undefined; readonly epoch?: number }
) => {
  if (!Number.isInteger(options.size) || options.size < 1) {
    throw new ArgumentError({ operation, expected: "a size from 1", received: String(options.size) })
  }
  const size = sizeOf(columns)
  const buckets = bucketsOf(columns, size, options.boundaries)
  const made = (order: ArrayLike<number>): Stream.Stream<SequenceBatch<C>> => {
    const planned = planOf(order, buckets, options).slice(options.from ?? 0)
    const stream = Stream.map(Stream.fromIterable(planned), (batch) => batchOf(columns, batch, options))
    const { prefetch = 0 } = options
    return prefetch === 0 ? stream : Stream.buffer(stream, { capacity: prefetch })
  }
  const { epoch = 0, key } = options
  if (key === undefined || size === 0) return made([...buckets.keys()])
  const shuffled = Stream.unwrap(
    Effect.gen(function* () {
      const device = yield* Device
      return made((yield* device.read(Random.permutation(Random.foldIn(key, epoch), size))).data)
    })
  )
  // The signature asks for a device where there is a key.
  return shuffled as Stream.Stream<SequenceBatch<C>>
}

const batchOf = <C extends SequenceColumns>(
  columns: C,
  { bucket, places }: Planned,
  { boundaries, padding = 0 }: BucketOptions
): SequenceBatch<C> => {
  const padded = Object.entries(columns).map(([name, sequences]) => [
    name,
    pad(
      places.map((place) => sequences[place]),
      { length: boundaries[bucket], padding }
    )
  ])
  return {
    // The same names, each padded.
    columns: Object.fromEntries(padded) as { readonly [N in keyof C]: Padded },
    place: view([places.length], "i32", Int32Array.from(places))
  }
}

/** How many batches an epoch has. */
export const countBatches = (columns: SequenceColumns, options: BucketOptions): number => {
  const size = sizeOf(columns)
  const buckets = bucketsOf(columns, size, options.boundaries)
  return planOf([...buckets.keys()], buckets, options).length
}
