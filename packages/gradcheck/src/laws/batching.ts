/**
 * Law: a batch is the loop over its examples, and so is a batch of batches.
 */
import { batch } from "@cotangent/autodiff/Vmap"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import { broadcast } from "@cotangent/tensor/primitive/linear"
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Reference from "@cotangent/tensor/Reference"
import type { Dims, TensorType } from "@cotangent/tensor/Shape"
import { show, largest } from "../Comparison.ts"
import type { Measurement } from "../Measurement.ts"
import { compareArrays } from "../Measurement.ts"
import type { Point } from "../Point.ts"

/** A function with inputs for each of `outer · inner` examples. */
export interface Batch extends Pick<Point, "apply"> {
  readonly outer: number
  readonly inner: number
  /** Inputs by example, row-major; there is one example more, for the inputs that are the same for all. */
  readonly examples: ReadonlyArray<ReadonlyArray<HostArray>>
  /** Along which of both axes an input differs. */
  readonly mapped: ReadonlyArray<{ readonly outer: boolean; readonly inner: boolean }>
}

const range = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, i) => i)

/** Input `k` of an example. One that does not differ along an axis is that of the first example there. */
const inputOf = ({ examples, inner, mapped }: Batch, k: number, [i, j]: readonly [outer: number, inner: number]) => {
  const shared = examples[examples.length - 1]
  const by = mapped[k]
  const example = by.outer || by.inner ? examples[(by.outer ? i * inner : 0) + (by.inner ? j : 0)] : shared
  return (example ?? shared)[k]
}

/** Arrays of one type along a new first axis. */
const stack = (arrays: ReadonlyArray<HostArray>, { dtype, shape }: TensorType): HostArray =>
  make(
    [arrays.length, ...shape],
    dtype,
    arrays.flatMap(({ data }) => [...data])
  )

/** The inner axis of input `k` for one index of the outer axis; the input itself where it does not differ. */
const rowOf = (law: Batch, k: number, outer: number): HostArray => {
  const first = inputOf(law, k, [outer, 0])
  if (!law.mapped[k].inner) return first
  return stack(
    range(law.inner).map((inner) => inputOf(law, k, [outer, inner])),
    first
  )
}

/** An output that is the same for every example, once for each. */
const repeat = (x: Tensor, sizes: Dims): Tensor =>
  broadcast(x, { shape: [...sizes, ...x.shape], axes: sizes.map((_, i) => i) })

/** The axes along which any input differs. */
const sizesOf = ({ inner, mapped, outer }: Batch): { readonly outers: Dims; readonly inners: Dims } => ({
  outers: mapped.some((by) => by.outer) ? [outer] : [],
  inners: mapped.some((by) => by.inner) ? [inner] : []
})

/** The outputs batched along the inner axis, then along the outer one. */
const batchedTwice = (law: Batch): ReadonlyArray<Tensor> => {
  const { apply, inner, mapped, outer } = law
  const { inners, outers } = sizesOf(law)
  const rows = mapped.map((_, k) => constant(rowOf(law, k, 0)))
  // Inputs that do not differ along the inner axis stay as they are, so that the outer batch finds them.
  const single = rows.map((row, k) => (mapped[k].inner ? constant(inputOf(law, k, [0, 0])) : row))
  const examples = rows.map((row, k) => (mapped[k].inner ? row : undefined))
  const one = apply(single)
  const many = batch(one, single, examples, inner).map((x, i) => x ?? repeat(one[i], inners))
  const blocks = rows.map((row, k) => {
    if (!mapped[k].outer) return undefined
    const parts = range(outer).map((i) => rowOf(law, k, i))
    return constant(stack(parts, row))
  })
  return batch(many, rows, blocks, outer).map((x, i) => x ?? repeat(many[i], outers))
}

/**
 * Batching twice gives the values of all examples, but for `equality` of the largest; an axis along which nothing differs
 * is not added.
 */
export const batchIsLoop = (law: Batch, { equality }: { readonly equality: number }): Measurement => {
  const { outers, inners } = sizesOf(law)
  const outputsOf = (i: number, j: number): ReadonlyArray<Tensor> =>
    law.apply(law.mapped.map((_, k) => constant(inputOf(law, k, [i, j]))))
  const loop = range(outers[0] ?? 1).flatMap((i) => range(inners[0] ?? 1).map((j) => outputsOf(i, j)))
  const types = outputsOf(0, 0)
  const values = Reference.evaluate(loop.flat())
  const expected = types.map(({ dtype, shape }, output) =>
    make(
      [...outers, ...inners, ...shape],
      dtype,
      loop.flatMap((_, at) => [...values[at * types.length + output].data])
    )
  )
  const received = Reference.evaluate(batchedTwice(law))
  return compareArrays("vmap against map", expected, received, ({ data }) => equality * largest(data, 1))
}

const axesOf = ({ inner, outer }: { readonly outer: boolean; readonly inner: boolean }): string =>
  outer ? (inner ? "both" : "outer") : inner ? "inner" : "none"

/** The inputs of a batch as text: its extents, along which of both axes inputs differ, and the inputs by example. */
export const showBatch = ({ examples, inner, mapped, outer }: Batch): string =>
  [
    `${outer} by ${inner} examples, whose inputs differ along the axes: ${mapped.map(axesOf).join("; ")}`,
    ...examples.map((inputs) => inputs.map(show).join("; "))
  ].join("\n")
