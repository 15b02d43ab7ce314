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

const stack = (arrays: ReadonlyArray<HostArray>, { dtype, shape }: TensorType): HostArray =>
  make(
    [arrays.length, ...shape],
    dtype,
    arrays.flatMap(({ data }) => [...data])
  )

/** An output that is the same for every example, once for each. */
const repeat = (x: Tensor, sizes: Dims): Tensor =>
  broadcast(x, { shape: [...sizes, ...x.shape], axes: sizes.map((_, i) => i) })

/** Batching twice gives the values of all examples; an axis along which nothing differs is not added. */
export const batchIsLoop = (law: Batch): Violation => {
  const { apply, examples, mapped } = law
  const shared = examples[examples.length - 1]
  const range = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, i) => i)
  // An input that does not differ along an axis is that of its first example there.
  const input = (k: number, outer: number, inner: number): HostArray =>
    mapped[k].outer || mapped[k].inner
      ? (examples[(mapped[k].outer ? outer * law.inner : 0) + (mapped[k].inner ? inner : 0)] ?? shared)[k]
      : shared[k]
  const alone = shared.map(constant)
  const row = (k: number, outer: number): HostArray =>
    mapped[k].inner
      ? stack(
          range(law.inner).map((inner) => input(k, outer, inner)),
          shared[k]
        )
      : input(k, outer, 0)
  const rows = mapped.map((_, k) => constant(row(k, 0)))
  const rowsOrNone = rows.map((tensor, k) => (mapped[k].inner ? tensor : undefined))
  // Inputs that do not differ along the inner axis stay as they are, so that the outer batch finds them.
  const base = rows.map((tensor, k) => (mapped[k].inner ? alone[k] : tensor))
  const one = apply(base)
  const outers = mapped.some((axes) => axes.outer) ? [law.outer] : []
  const inners = mapped.some((axes) => axes.inner) ? [law.inner] : []
  const [many = repeat(one, inners)] = batch([one], base, rowsOrNone, law.inner)
  const blocks = mapped.map(({ outer }, k) =>
    outer
      ? constant(
          stack(
            range(law.outer).map((i) => row(k, i)),
            rows[k]
          )
        )
      : undefined
  )
  const [all = repeat(many, outers)] = batch([many], rows, blocks, law.outer)
  const [received] = Reference.evaluate([all])
  const values = range(outers[0] ?? 1).flatMap((i) =>
    range(inners[0] ?? 1).map((j) => apply(shared.map((_, k) => constant(input(k, i, j)))))
  )
  const data = Reference.evaluate(values).flatMap((value) => [...value.data])
  return agree("batch", make([...outers, ...inners, ...one.shape], one.dtype, data), received, exact)
}

/** The inputs of a batch as text. */
export const showBatch = ({ examples, inner, mapped, name, outer }: Batch): string =>
  `${name} ${outer}×${inner} ${mapped.map((axes) => `${axes.outer ? "o" : "-"}${axes.inner ? "i" : "-"}`).join(" ")}\n` +
  examples.map((inputs) => inputs.map(show).join("; ")).join("\n")
