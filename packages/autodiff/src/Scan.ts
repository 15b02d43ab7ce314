/**
 * Loops with a state: the control structure of recurrent models and of everything else that goes step by step.
 */
import type { DType } from "@cotangent/tensor/DType"
import { ArgumentError, ShapeError } from "@cotangent/tensor/errors"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { parameter, substitute } from "@cotangent/tensor/Program"
import type { Dim, Shape } from "@cotangent/tensor/ShapeType"
import * as Tree from "@cotangent/tensor/Tree"
import { closure } from "./internal/closure.ts"
import { leavesLike, placeOf } from "./internal/held.ts"
import { iterate } from "./internal/loop.ts"
import type { Slot } from "./internal/parts.ts"

/** `T` without the first axis of its tensors: what one run sees of sequences `T`. */
export type Slice<T> =
  T extends Tensor<infer S extends Shape, infer D extends DType>
    ? Tensor<S extends readonly [Dim, ...infer R extends Shape] ? readonly [...R] : Shape, D>
    : { readonly [K in keyof T]: Slice<T[K]> }

/** `T` with a first axis of `L` runs before the axes of its tensors. */
export type Stacked<T, L extends Dim = number> =
  T extends Tensor<infer S extends Shape, infer D extends DType>
    ? Tensor<number extends S["length"] ? Shape : readonly [L, ...S], D>
    : { readonly [K in keyof T]: Stacked<T[K], L> }

/** How often a body runs, and in which order. */
export interface ScanOptions {
  /** The number of runs; needed only without sequences. */
  readonly length?: number
  /** Runs from the last slice to the first; each item keeps the place of its slice. */
  readonly reverse?: boolean
}

/**
 * Runs `f` once for each slice of `xs` along the first axis. A run receives the carry of the run before, at first `init`,
 * and gives the next carry and an item; the result is the last carry and the items, stacked along a first axis. Carries,
 * sequences and items are trees; without sequences `xs` is `undefined` and `options.length` the number of runs.
 *
 * What `f` closes over is read by every run. The body is part of the program once, however long the sequences are;
 * its derivatives run over the carries that were kept, without running forward again. In reverse mode the contractions and
 * costly functions of each run are kept too, unless `f` or what calls `scan` is a `checkpoint`; the rest is computed from
 * both. Contractions that no carry waits for run once, before or after all runs.
 *
 * **Throws** `ShapeError`, `DTypeError` naming the leaf where the carry changes shape or dtype, `ArgumentError` where it
 * changes its tree, `ShapeError` where sequences differ in length.
 *
 * **Example** (Running totals)
 *
 * ```ts run
 * const total = (sum: Tensor.Tensor<readonly []>, x: Tensor.Tensor<readonly []>) => {
 *   const next = Tensor.add(sum, x)
 *   return [next, next] as const
 * }
 * const [last, totals] = scan(total, Tensor.of(0), Tensor.of([1, 2, 3]))
 * await evaluate(last) // => 6
 * await evaluate(totals) // => [1, 3, 6]
 * ```
 */
export const scan = <C, X, Y>(
  f: (carry: C, x: Slice<X>) => readonly [carry: NoInfer<C>, item: Y],
  init: C,
  xs: X,
  options: ScanOptions = {}
): readonly [last: C, items: Stacked<Y>] => {
  const carries = Tree.flatten(init)
  const sequences = Tree.flatten(xs)
  const length = lengthOf(sequences, options.length)
  const carry = carries.leaves.map(parameter)
  const slice = sequences.leaves.map(({ dtype, shape }) => parameter({ dtype, shape: shape.slice(1) }))
  // Parameters have the types of what they stand for.
  const given = [Tree.restore(carries.structure, carry), Tree.unflatten(sequences.structure, slice)] as const
  const [next, item] = f(given[0], given[1] as Slice<X>)
  const items = Tree.flatten(item)
  const results = [
    ...leavesLike({ operation: "scan", what: "carries" }, carries.structure, next, true),
    ...items.leaves
  ]
  const constants = closure(results, [...carry, ...slice]).map((input): Slot => ({
    input,
    parameter: parameter(input)
  }))
  const closed = substitute(
    { parameters: constants.map(({ input }) => input), results },
    constants.map(({ parameter }) => parameter)
  )
  const outcome = iterate({
    length,
    reverse: options.reverse ?? false,
    isLean: false,
    constants,
    carries: carries.leaves.map((input, i) => ({ input, parameter: carry[i], next: closed[i] })),
    helpers: [],
    sequences: sequences.leaves.map((input, i) => ({ input, parameter: slice[i] })),
    items: closed.slice(carry.length),
    totals: []
  })
  const stacked = Tree.unflatten(items.structure, outcome.items)
  // A loop puts its runs along a first axis, which `Stacked` says in types.
  return [Tree.restore(carries.structure, outcome.last), stacked as Stacked<Y>]
}

/** The number of runs. **Throws** unless all sequences, and the option if given, agree. */
const lengthOf = (
  { leaves, structure }: { readonly leaves: ReadonlyArray<Tensor>; readonly structure: Tree.Structure },
  given: number | undefined
): number => {
  const length = given ?? leaves[0]?.shape[0]
  if (length === undefined || !Number.isSafeInteger(length) || length < 0) {
    throw new ArgumentError({
      operation: "scan",
      expected: "a number of runs",
      received: String(length),
      hint: "give sequences of at least one axis, or { length }"
    })
  }
  leaves.forEach(({ shape }, i) => {
    if (shape[0] === length) return
    throw new ShapeError({
      operation: "scan",
      expected: `sequences of ${length} slices along the first axis, also at ${placeOf(structure.paths[i])}`,
      received: [shape]
    })
  })
  return length
}
