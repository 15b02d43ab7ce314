/**
 * Examples in host memory, as columns: arrays whose leading axes count the same examples; and their batches as streams.
 *
 * A random order is drawn on the device, in integers, so it is the same on every device. Batches that start `from` one
 * in the middle are those of the whole epoch, so key, epoch and batch are all that resuming needs.
 */
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import { ArgumentError, ShapeError } from "@cotangent/tensor/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import * as Random from "@cotangent/tensor/Random"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Stream from "effect/Stream"
import * as Rows from "./internal/rows.ts"

/** Arrays by name, with one row for each example. */
export type Columns = Readonly<Record<string, HostArray>>

/** `size` examples, the `i`-th of them in the `i`-th row of each column. */
export interface Dataset<C extends Columns = Columns> {
  readonly columns: C
  readonly size: number
}

/**
 * The dataset of `columns`, which are not copied.
 *
 * **Shapes** each column `[size, …]`
 *
 * **Throws** `ShapeError` unless there are columns, all with the same leading extent.
 *
 * **Example** (Making a dataset)
 *
 * ```ts run
 * const x = { shape: [3, 2], dtype: "f32", data: new Float32Array([1, 2, 3, 4, 5, 6]) } as const
 * const y = { shape: [3], dtype: "u8", data: new Uint8Array([0, 1, 0]) } as const
 * Dataset.make({ x, y }).size // => 3
 * ```
 */
export const make = <C extends Columns>(columns: C): Dataset<C> => {
  const shapes = Object.values(columns).map(({ shape }) => shape)
  const [size] = shapes[0] ?? []
  if (size === undefined || shapes.some((shape) => shape[0] !== size)) {
    throw new ShapeError({
      operation: "Dataset.make",
      expected: "one column or more, with the same leading extent",
      received: shapes
    })
  }
  return { columns, size }
}

/** Each column rewritten by `f`, which keeps its dtype. */
const mapEach = <C extends Columns>(columns: C, f: (column: HostArray) => HostArray): C =>
  // The same names, each with an array of its dtype.
  Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, f(column)])) as C

/** The examples from `begin` to `end` as views. */
const between = <C extends Columns>({ columns }: Dataset<C>, begin: number, end: number): Dataset<C> => ({
  columns: mapEach(columns, (column) => Rows.view(column, begin, end)),
  size: end - begin
})

/** **Throws** `ArgumentError` unless `count` is whole and from `least` to `most`. */
const checkCount = (operation: string, count: number, [least, most]: readonly [number, number]): void => {
  if (Number.isInteger(count) && count >= least && count <= most) return
  const expected = `a whole number from ${least}${most === Infinity ? "" : ` to ${most}`}`
  throw new ArgumentError({ operation, expected, received: String(count) })
}

/** The first `count` examples, all if there are fewer; not copied. */
export const take: {
  (count: number): <C extends Columns>(self: Dataset<C>) => Dataset<C>
  <C extends Columns>(self: Dataset<C>, count: number): Dataset<C>
} = dual(2, <C extends Columns>(self: Dataset<C>, count: number): Dataset<C> => {
  checkCount("Dataset.take", count, [0, Infinity])
  return between(self, 0, Math.min(count, self.size))
})

/**
 * The first `count` examples and the rest; not copied. Where examples stand in an order, `gather` them by a
 * permutation first.
 *
 * **Throws** `ArgumentError` if there are fewer than `count`.
 *
 * **Example** (Holding examples out)
 *
 * ```ts run
 * const x = { shape: [4], dtype: "u8", data: new Uint8Array([1, 2, 3, 4]) } as const
 * const [training, validation] = Dataset.split(Dataset.make({ x }), 3)
 * training.size // => 3
 * validation.size // => 1
 * ```
 */
export const split: {
  (count: number): <C extends Columns>(self: Dataset<C>) => readonly [Dataset<C>, Dataset<C>]
  <C extends Columns>(self: Dataset<C>, count: number): readonly [Dataset<C>, Dataset<C>]
} = dual(2, <C extends Columns>(self: Dataset<C>, count: number): readonly [Dataset<C>, Dataset<C>] => {
  checkCount("Dataset.split", count, [0, self.size])
  return [between(self, 0, count), between(self, count, self.size)]
})

/**
 * The dataset of the columns that `f` makes from these: renamed, added, dropped or rewritten as a whole.
 *
 * **Throws** `ShapeError` unless they have the same leading extent.
 */
export const map: {
  <C extends Columns, B extends Columns>(f: (columns: C) => B): (self: Dataset<C>) => Dataset<B>
  <C extends Columns, B extends Columns>(self: Dataset<C>, f: (columns: C) => B): Dataset<B>
} = dual(2, <C extends Columns, B extends Columns>(self: Dataset<C>, f: (columns: C) => B): Dataset<B> =>
  make(f(self.columns))
)

/**
 * The examples that `indices` name, in that order, copied.
 *
 * **Throws** `ArgumentError` for an index that is not of this dataset.
 */
export const gather: {
  (indices: ArrayLike<number>): <C extends Columns>(self: Dataset<C>) => Dataset<C>
  <C extends Columns>(self: Dataset<C>, indices: ArrayLike<number>): Dataset<C>
} = dual(2, <C extends Columns>(self: Dataset<C>, indices: ArrayLike<number>): Dataset<C> => {
  const order = Int32Array.from(indices)
  const outside = order.findIndex((index, i) => index !== indices[i] || index < 0 || index >= self.size)
  if (outside >= 0) {
    throw new ArgumentError({
      operation: "Dataset.gather",
      expected: `whole numbers from 0 to ${self.size - 1}`,
      received: String(indices[outside])
    })
  }
  return { columns: mapEach(self.columns, (column) => Rows.gather(column, order)), size: order.length }
})

/**
 * The examples that `predicate` accepts, copied; it is given the place of an example and all columns.
 *
 * **Example** (Keeping a class)
 *
 * ```ts run
 * const label = { shape: [4], dtype: "u8", data: new Uint8Array([2, 0, 2, 1]) } as const
 * const twos = Dataset.filter(Dataset.make({ label }), (i, { label }) => label.data[i] === 2)
 * twos.size // => 2
 * ```
 */
export const filter: {
  <C extends Columns>(predicate: (place: number, columns: C) => boolean): (self: Dataset<C>) => Dataset<C>
  <C extends Columns>(self: Dataset<C>, predicate: (place: number, columns: C) => boolean): Dataset<C>
} = dual(2, <C extends Columns>(self: Dataset<C>, predicate: (place: number, columns: C) => boolean): Dataset<C> =>
  gather(
    self,
    Array.from({ length: self.size }, (_, i) => i).filter((i) => predicate(i, self.columns))
  )
)

/** How a dataset is cut into batches. */
export interface BatchOptions {
  /** Examples of one batch. */
  readonly size: number
  /** Whether a last batch of fewer examples is left out; it is kept unless stated. */
  readonly dropLast?: boolean
  /** The index of the first batch of the stream, to resume an epoch; 0 unless stated. */
  readonly from?: number
  /** How many batches may be made ahead of their use; none unless stated. */
  readonly prefetch?: number
}

/** What determines a random order. */
export interface Shuffle {
  readonly key: Random.Key
  /** Different epochs of one key have independent orders. */
  readonly epoch: number
}

/** How many batches an epoch has. **Throws** `ArgumentError` unless `size` is a whole number from 1. */
export const countBatches = (self: Dataset, { dropLast = false, size }: BatchOptions): number => {
  checkCount("Dataset.batches", size, [1, Infinity])
  return dropLast ? Math.floor(self.size / size) : Math.ceil(self.size / size)
}

/** The order of the examples in an epoch: each index once. Equal keys and epochs give equal orders. */
export const permutation: (self: Dataset, shuffle: Shuffle) => Effect.Effect<Int32Array, DeviceError, Device> =
  Effect.fnUntraced(function* ({ size }, { epoch, key }) {
    const device = yield* Device
    return (yield* device.read(Random.permutation(Random.foldIn(key, epoch), size))).data
  })

/** The batches that `rows` makes of the examples between two places in the order of the epoch. */
const sequence = <C extends Columns>(
  self: Dataset<C>,
  options: BatchOptions,
  rows: (begin: number, end: number) => C
): Stream.Stream<C> => {
  const { from = 0, prefetch = 0, size } = options
  const stream = Stream.range(from, countBatches(self, options) - 1, 1).pipe(
    Stream.map((i) => rows(i * size, Math.min((i + 1) * size, self.size)))
  )
  return prefetch === 0 ? stream : Stream.buffer(stream, { capacity: prefetch })
}

/**
 * The batches of one epoch, each with the columns of the dataset: in the order of the dataset (then they are not
 * copied), or shuffled by a key.
 *
 * **Shapes** each column `[min(size, what is left), …]`
 *
 * **Throws** `ArgumentError` unless `size` is a whole number from 1, and `from`, `prefetch` and `epoch` from 0.
 *
 * **Fails** `DeviceError` if the device cannot draw the order.
 *
 * **Example** (Going through a dataset)
 *
 * ```ts run
 * const x = { shape: [5], dtype: "u8", data: new Uint8Array([1, 2, 3, 4, 5]) } as const
 * const batches = Dataset.batches(Dataset.make({ x }), { size: 2 })
 * const sizes = Stream.runCollect(Stream.map(batches, (batch) => batch.x.shape[0]))
 * await Effect.runPromise(sizes) // => [2, 2, 1]
 * ```
 */
export const batches: {
  <C extends Columns>(self: Dataset<C>, options: BatchOptions & Shuffle): Stream.Stream<C, DeviceError, Device>
  <C extends Columns>(self: Dataset<C>, options: BatchOptions & { readonly key?: undefined }): Stream.Stream<C>
} = <C extends Columns>(self: Dataset<C>, options: BatchOptions & { readonly key?: Random.Key | undefined }) => {
  checkCount("Dataset.batches", options.from ?? 0, [0, Infinity])
  checkCount("Dataset.batches", options.prefetch ?? 0, [0, Infinity])
  countBatches(self, options)
  // With a key the signature asks for an epoch. Without one no device is used, and nothing fails.
  return (
    options.key !== undefined && self.size > 0
      ? shuffled(self, options as BatchOptions & Shuffle)
      : sequence(self, options, (begin, end) => between(self, begin, end).columns)
  ) as Stream.Stream<C>
}

const shuffled = <C extends Columns>(
  self: Dataset<C>,
  options: BatchOptions & Shuffle
): Stream.Stream<C, DeviceError, Device> => {
  checkCount("Dataset.batches", options.epoch, [0, 2 ** 32 - 1])
  const batch = (order: Int32Array): C => mapEach(self.columns, (column) => Rows.gather(column, order))
  return Stream.unwrap(
    Effect.map(permutation(self, options), (order) =>
      sequence(self, options, (begin, end) => batch(order.subarray(begin, end)))
    )
  )
}
