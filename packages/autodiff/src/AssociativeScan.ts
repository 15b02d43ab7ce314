/**
 * Running combinations in a number of rounds that grows with the logarithm of their length.
 */
import { ArgumentError, ShapeError } from "@cotangent/tensor/errors"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { parameter } from "@cotangent/tensor/Program"
import { normalizeAxis } from "@cotangent/tensor/Shape"
import { broadcast, reshape, reverse as reverseAxes } from "@cotangent/tensor/primitive/linear"
import { concatenate, slice } from "@cotangent/tensor/primitive/window"
import { moveAxis } from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import { leavesLike, placeOf } from "./internal/held.ts"
import type { Slice } from "./Scan.ts"
import { batch } from "./Vmap.ts"

/** Along which axis slices lie, and from which end they are combined. */
export interface AssociativeScanOptions {
  /** The axis of slices in every leaf; the first, unless stated. */
  readonly axis?: number
  /** Combines from the last slice to the first. */
  readonly reverse?: boolean
}

type Leaves = ReadonlyArray<Tensor>

/**
 * Combines slices with all that come before them: slice `i` of the result is `x₀ ∘ x₁ ∘ … ∘ xᵢ`, in reverse
 * `xₙ₋₁ ∘ … ∘ xᵢ`. Sequences are trees; `combine` receives what came earlier and what comes later, one slice each, and has
 * to be associative: pairs are combined first, many at once, so that `log₂ n` rounds do.
 *
 * **Throws** `ShapeError`, `DTypeError`, `ArgumentError` naming the leaf where a combination has another type than a slice,
 * `ShapeError` where sequences differ in length.
 *
 * **Numerics** Combines in another order than a loop; floating-point results differ by the roundings of that.
 *
 * **Source** Blelloch 1990, Prefix Sums and Their Applications.
 *
 * **Example** (Running products)
 *
 * ```ts run
 * const product = (x: Tensor.Tensor<readonly []>, y: Tensor.Tensor<readonly []>) => Tensor.mul(x, y)
 * await evaluate(associativeScan(product, Tensor.of([1, 2, 3, 4]))) // => [1, 2, 6, 24]
 * ```
 */
export const associativeScan = <X>(
  combine: (earlier: Slice<X>, later: Slice<X>) => NoInfer<Slice<X>>,
  xs: X,
  { axis = 0, reverse = false }: AssociativeScanOptions = {}
): X => {
  const { leaves, structure } = Tree.flatten(xs)
  const axes = leaves.map(({ shape }) => normalizeAxis("associativeScan", axis, shape.length))
  const length = lengthOf(leaves, axes, structure)
  const turn = (x: Tensor): Tensor => (reverse ? reverseAxes(x, { axes: [0] }) : x)
  const rows = leaves.map((x, i): Tensor => turn(moveAxis(x, axes[i], 0)))
  const pairs = inPairs(combine, structure, rows)
  const results = length < 2 ? rows : running(pairs, rows)
  return Tree.restore(
    structure,
    results.map((x, i): Tensor => moveAxis(turn(x), 0, axes[i]))
  )
}

/** Combines row by row: `combine` is traced once, on one slice of each side. */
const inPairs = <X>(
  combine: (earlier: Slice<X>, later: Slice<X>) => unknown,
  structure: Tree.Structure<X>,
  rows: Leaves
): ((earlier: Leaves, later: Leaves) => Leaves) => {
  const [left, right] = [0, 1].map(() => rows.map(({ dtype, shape }) => parameter({ dtype, shape: shape.slice(1) })))
  // Parameters have the types of slices.
  const [earlier, later] = [left, right].map((side) => Tree.unflatten(structure, side) as Slice<X>)
  const demand = { operation: "associativeScan", what: "combinations" }
  const results = leavesLike(demand, Tree.structure(earlier), combine(earlier, later), true)
  return (first, second) => {
    const [{ shape }] = first
    const many = batch(results, [...left, ...right], [...first, ...second], shape[0])
    return many.map((x, i) => x ?? broadcast(results[i], { shape: [shape[0], ...results[i].shape], axes: [0] }))
  }
}

/** Combinations of pairs give every second result; one round more gives the others. */
const running = (pairs: (earlier: Leaves, later: Leaves) => Leaves, rows: Leaves): Leaves => {
  const length = rows[0].shape[0]
  if (length < 2) return rows
  const every = (xs: Leaves, start: number, stop: number, step = 1): Leaves =>
    xs.map((x) => {
      const rest = x.shape.slice(1)
      return slice(x, {
        start: [start, ...rest.map(() => 0)],
        stop: [stop, ...rest],
        step: [step, ...rest.map(() => 1)]
      })
    })
  const odd = running(pairs, pairs(every(rows, 0, length - 1, 2), every(rows, 1, length, 2)))
  const first = every(rows, 0, 1)
  if (length === 2) return first.map((x, i) => concatenate([x, odd[i]], { axis: 0 }))
  const half = Math.ceil(length / 2)
  const inner = pairs(every(odd, 0, half - 1), every(rows, 2, length, 2))
  return first.map((x, i) => interleave(concatenate([x, inner[i]], { axis: 0 }), odd[i]))
}

/** Rows of `even` and `odd` by turns; there may be one more of `even`. */
const interleave = (even: Tensor, odd: Tensor): Tensor => {
  const [count, ...rest] = odd.shape
  const head = (x: Tensor, start: number, stop: number): Tensor =>
    slice(x, { start: [start, ...rest.map(() => 0)], stop: [stop, ...rest], step: x.shape.map(() => 1) })
  const column = (x: Tensor): Tensor => reshape(x, { shape: [count, 1, ...rest] })
  const both = concatenate([column(head(even, 0, count)), column(odd)], { axis: 1 })
  const rows = reshape(both, { shape: [2 * count, ...rest] })
  return even.shape[0] === count ? rows : concatenate([rows, head(even, count, count + 1)], { axis: 0 })
}

const lengthOf = (leaves: Leaves, axes: ReadonlyArray<number>, { paths }: Tree.Structure): number => {
  if (leaves.length === 0) {
    throw new ArgumentError({ operation: "associativeScan", expected: "sequences", received: "none" })
  }
  const length: number = leaves[0].shape[axes[0]]
  leaves.forEach(({ shape }, i) => {
    if (shape[axes[i]] === length) return
    throw new ShapeError({
      operation: "associativeScan",
      expected: `sequences of ${length} slices along axis ${axes[i]}, also at ${placeOf(paths[i])}`,
      received: [shape]
    })
  })
  return length
}
