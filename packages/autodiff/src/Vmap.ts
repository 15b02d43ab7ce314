/**
 * Batching: runs a function of one example on many at once.
 */
import type { DType } from "@cotangent/tensor/DType"
import { ArgumentError, ShapeError } from "@cotangent/tensor/errors"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { isTensor } from "@cotangent/tensor/Primitive"
import { broadcast, transpose } from "@cotangent/tensor/primitive/linear"
import { parameter } from "@cotangent/tensor/Program"
import { normalizeAxis } from "@cotangent/tensor/Shape"
import type { Dim, Insert, Shape } from "@cotangent/tensor/ShapeType"
import * as Tree from "@cotangent/tensor/Tree"
import { between } from "./internal/between.ts"
import { placeOf } from "./internal/held.ts"

/**
 * The `outputs` for a batch of `size` examples: `inputs[i]` becomes `examples[i]`, which has them along a new first axis.
 * An input without examples stays as it is. `undefined` stands for an output that is the same for every example.
 */
export const batch = (
  outputs: ReadonlyArray<Tensor>,
  inputs: ReadonlyArray<Tensor>,
  examples: ReadonlyArray<Tensor | undefined>,
  size: number
): ReadonlyArray<Tensor | undefined> => {
  const batchOf = new Map<Tensor, Tensor>()
  inputs.forEach((x, i) => {
    const many = examples[i]
    if (many !== undefined) batchOf.set(x, many)
  })
  for (const application of between(outputs, new Set(batchOf.keys()))) {
    const mapped = application.inputs.map((x) => batchOf.has(x))
    const given = application.inputs.map((x) => batchOf.get(x) ?? x)
    const results = application.primitive.batch({ inputs: given, mapped, size, params: application.params })
    application.outputs.forEach((y, i) => batchOf.has(y) || batchOf.set(y, results[i]))
  }
  return outputs.map((y) => batchOf.get(y))
}

/** Where the examples of a tree lie: one axis for all its leaves, null where they share it, or a tree of such. */
export type Axes = number | null | ReadonlyArray<Axes> | { readonly [key: string]: Axes }

/** `T` with the dimension `B` of examples at the axes `X`. */
export type Batched<T, X, B extends Dim> = X extends null
  ? T
  : T extends Tensor<infer S extends Shape, infer D extends DType>
    ? X extends number
      ? Tensor<Insert<S, X, readonly [B]>, D>
      : never
    : { readonly [K in keyof T]: Batched<T[K], X extends number ? X : K extends keyof X ? X[K] : never, B> }

/** `A` with the dimension `B` at the axes `X`, which are one for all arguments or one for each. */
type BatchedArguments<A extends ReadonlyArray<unknown>, X, B extends Dim> = {
  readonly [K in keyof A]: Batched<A[K], X extends ReadonlyArray<unknown> ? (K extends keyof X ? X[K] : 0) : X, B>
}

/** Where `vmap` finds examples and puts results. */
export interface VmapOptions<X, Y> {
  /** For all arguments, or in an array for each; 0 unless stated. */
  readonly inAxes?: X
  /** For all results; 0 unless stated. Null asks that the result be the same for every example. */
  readonly outAxes?: Y
  /** The number of examples; needed only where no argument has them. */
  readonly axisSize?: number
}

/**
 * Runs `f`, a function of one example, on many at once: each argument has its examples along an axis, and so has each
 * result. What `f` closes over is shared by all examples; so is an argument whose axis is null, which may be anything.
 *
 * **Throws** `ShapeError` where arguments differ in their number of examples, `AxisError` for axes they do not have,
 * `ArgumentError` where axes do not match their tree or a result with axis null depends on the example.
 *
 * **Example** (One product for each pair of rows)
 *
 * ```ts run
 * const product = (x: Tensor.Tensor<readonly [2]>, y: Tensor.Tensor<readonly [2]>) => Tensor.sum(Tensor.mul(x, y))
 * const rows = Tensor.of([[1, 2], [3, 4]])
 * await evaluate(vmap(product)(rows, rows)) // => [5, 25]
 * await evaluate(vmap(product, { inAxes: [0, null] })(rows, Tensor.of([1, 10]))) // => [21, 43]
 * ```
 */
export const vmap =
  <A extends ReadonlyArray<unknown>, O, const X extends Axes = 0, const Y extends Axes = 0>(
    f: (...args: A) => O,
    { axisSize, inAxes, outAxes }: VmapOptions<X, Y> = {}
  ) =>
  <B extends Dim = number>(...args: BatchedArguments<A, X, B>): Batched<O, Y, B> => {
    const inputs = args.flatMap((arg, i) => argumentLeaves(arg, axesOfArgument(inAxes ?? 0, i, args.length), i))
    const size = sizeOf(inputs, axisSize)
    const examples = inputs.map(({ axis, leaf }) => parameter({ dtype: leaf.dtype, shape: leaf.shape.toSpliced(axis, 1) }))
    let next = 0
    const one = args.map((arg, i) => {
      const axes = axesOfArgument(inAxes ?? 0, i, args.length)
      if (axes === null) return arg
      const { leaves, structure } = Tree.flatten<unknown>(arg)
      const spread = spreadAxes(axes, structure, `argument ${i}`)
      return Tree.unflatten(structure, leaves.map((leaf, k) => (spread[k] === null ? leaf : examples[next++])))
    })
    const { leaves, structure } = Tree.flatten(f(...(one as unknown as A)))
    const many = batch(leaves, examples, inputs.map(({ axis, leaf }) => moveAxis(leaf, axis, 0)), size)
    const axes = spreadAxes(outAxes ?? 0, structure, "the result")
    return Tree.unflatten(structure, leaves.map((leaf, i) => placed(leaf, many[i], axes[i], size))) as Batched<O, Y, B>
  }
