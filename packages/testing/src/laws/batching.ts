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
import { exact, show } from "../Comparison.ts"
import type { Case } from "../Case.ts"
import { agree } from "./Violation.ts"
import type { Violation } from "./Violation.ts"

/** An application for each of `outer · inner` examples. */
export interface Batch extends Omit<Case, "inputs"> {
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

/** The application batched along the inner axis, then along the outer one. */
const batchedTwice = (law: Batch): Tensor => {
  const { apply, inner, mapped, outer } = law
  const { inners, outers } = sizesOf(law)
  const rows = mapped.map((_, k) => constant(rowOf(law, k, 0)))
  // Inputs that do not differ along the inner axis stay as they are, so that the outer batch finds them.
  const single = rows.map((row, k) => (mapped[k].inner ? constant(inputOf(law, k, [0, 0])) : row))
  const examples = rows.map((row, k) => (mapped[k].inner ? row : undefined))
  const one = apply(single)
  const [many = repeat(one, inners)] = batch([one], single, examples, inner)
  const blocks = rows.map((row, k) => {
    if (!mapped[k].outer) return undefined
    const parts = range(outer).map((i) => rowOf(law, k, i))
    return constant(stack(parts, row))
  })
  const [all = repeat(many, outers)] = batch([many], rows, blocks, outer)
  return all
}

/** Batching twice gives the values of all examples; an axis along which nothing differs is not added. */
export const batchIsLoop = (law: Batch): Violation => {
  const { outers, inners } = sizesOf(law)
  const valueOf = (i: number, j: number): Tensor =>
    law.apply(law.mapped.map((_, k) => constant(inputOf(law, k, [i, j]))))
  const values = range(outers[0] ?? 1).flatMap((i) => range(inners[0] ?? 1).map((j) => valueOf(i, j)))
  const { dtype, shape } = valueOf(0, 0)
  const data = Reference.evaluate(values).flatMap((value) => [...value.data])
  const [received] = Reference.evaluate([batchedTwice(law)])
  return agree("batch", make([...outers, ...inners, ...shape], dtype, data), received, exact)
}

/** The inputs of a batch as text. */
export const showBatch = ({ examples, inner, mapped, name, outer }: Batch): string =>
  `${name} ${outer}×${inner} ${mapped.map((axes) => `${axes.outer ? "o" : "-"}${axes.inner ? "i" : "-"}`).join(" ")}\n` +
  examples.map((inputs) => inputs.map(show).join("; ")).join("\n")
