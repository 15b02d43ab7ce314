/**
 * Derivatives beyond gradients: Jacobians, Hessians and their products, each composed of forward and reverse mode.
 */
import type { DType } from "@cotangent/tensor/DType"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { equal } from "@cotangent/tensor/primitive/discrete"
import { iota, zeros } from "@cotangent/tensor/primitive/leaf"
import { broadcast, cast, reshape, transpose } from "@cotangent/tensor/primitive/linear"
import { parameter } from "@cotangent/tensor/Program"
import type { TensorType } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tree from "@cotangent/tensor/Tree"
import type { Argument, CheckScalar } from "./Gradient.ts"
import { grad } from "./Gradient.ts"
import { holdArgument } from "./internal/held.ts"
import { jvp, pushforward } from "./Jvp.ts"
import { batch } from "./Vmap.ts"
import { pullback } from "./Vjp.ts"

/** The derivative of `O` by `I`: for each leaf of `O` a tree like `I`, whose leaves have the axes of both. */
export type Jacobian<O, I> =
  O extends Tensor<infer S extends Shape> ? Row<S, I> : { readonly [K in keyof O]: Jacobian<O[K], I> }

type Row<S extends Shape, I> =
  I extends Tensor<infer R extends Shape, infer D extends DType>
    ? Tensor<readonly [...S, ...R], D>
    : { readonly [K in keyof I]: Row<S, I[K]> }

/** How a Jacobian is computed: forward mode by columns, reverse mode by rows; the fewer of both, unless stated. */
export interface Mode {
  readonly mode?: "forward" | "reverse"
}

/**
 * The hessian-vector product of a scalar function by its first argument: the derivative of its gradient along `vector`, a
 * tree like `params`. Forward over reverse mode, so it costs a few evaluations of `f` and never builds the Hessian.
 *
 * **Throws** as `grad` and `jvp`.
 *
 * **Example** (Curvature along a direction)
 *
 * ```ts run
 * const cubes = (x: Tensor.Tensor<readonly [2]>) => Tensor.sum(Tensor.mul(x, Tensor.mul(x, x)))
 * await evaluate(hvp(cubes)(Tensor.of([1, 2]), Tensor.of([1, 10]))) // => [6, 120]
 * ```
 */
export const hvp =
  <P, R extends ReadonlyArray<unknown>, O>(f: (params: P, ...rest: R) => O & CheckScalar<O>) =>
  (params: P, vector: P, ...rest: R): P =>
    jvp((moved: P) => grad(f)(moved, ...rest))([params], [vector])[1] as P

/**
 * The Jacobian of `f` by one of its arguments, a tree of floats: for each leaf of the value a tree like the argument,
 * whose leaves have the axes of the value's leaf, then those of the argument's.
 *
 * **Throws** as `grad`, but for the shape of the value.
 *
 * **Example** (Squares)
 *
 * ```ts run
 * const squares = (x: Tensor.Tensor<readonly [2]>) => Tensor.mul(x, x)
 * await evaluate(jacobian(squares)(Tensor.of([3, 4]))) // => [[6, 0], [0, 8]]
 * ```
 */
export const jacobian =
  <A extends ReadonlyArray<unknown>, O, K extends number = 0>(
    f: (...args: A) => O,
    { argument, mode }: Argument<K> & Mode = {}
  ) =>
  (...args: A): Jacobian<O, A[K]> => {
    const held = holdArgument("jacobian", args, argument ?? 0)
    // `holdArgument` changes no type.
    const outputs = Tree.flatten(f(...(held.args as A)))
    const elements = (types: ReadonlyArray<TensorType>): number =>
      types.reduce((sum, { shape }) => sum + size(shape), 0)
    const isForward = mode === undefined ? elements(held.leaves) <= elements(outputs.leaves) : mode === "forward"
    const blocks = isForward ? columns(outputs.leaves, held.leaves) : rows(outputs.leaves, held.leaves)
    const tree = Tree.unflatten(
      outputs.structure,
      blocks.map((row) => Tree.unflatten(held.structure, row))
    )
    // Block `[o][i]` has the axes of output `o`, then of input `i`, which `Jacobian` says in types.
    return tree as Jacobian<O, A[K]>
  }

/**
 * The Hessian of a scalar function by one of its arguments, a tree of floats: a tree of trees like it, whose leaves have
 * the axes of both. Forward over reverse mode.
 *
 * **Throws** as `grad`.
 *
 * **Example** (A quadratic form)
 *
 * ```ts run
 * const form = (x: Tensor.Tensor<readonly [2]>) => Tensor.mul(Tensor.sum(x), Tensor.sum(x))
 * await evaluate(hessian(form)(Tensor.of([1, 5]))) // => [[2, 2], [2, 2]]
 * ```
 */
export const hessian = <A extends ReadonlyArray<unknown>, O, K extends number = 0>(
  f: (...args: A) => O & CheckScalar<O>,
  options: Argument<K> = {}
): ((...args: A) => Jacobian<A[K], A[K]>) => jacobian(grad(f, options), { ...options, mode: "forward" })

type Blocks = ReadonlyArray<ReadonlyArray<Tensor>>

/** One column of the Jacobian for each element of an input, all at once. */
const columns = (outputs: ReadonlyArray<Tensor>, inputs: ReadonlyArray<Tensor>): Blocks => {
  const byInput = inputs.map((x) => {
    const along = parameter(x)
    const moved = pushforward(outputs, [x], [along])
    return each(
      along,
      moved.map((tangent, i) => tangent ?? zeros(outputs[i]))
    ).map((column, i) => {
      const axes = column.shape.map((_, axis) => axis)
      const last = transpose(column, { permutation: [...axes.slice(1), 0] })
      const block = reshape(last, { shape: [...outputs[i].shape, ...x.shape] })
      return block.dtype === x.dtype ? block : cast(block, { dtype: x.dtype })
    })
  })
  return outputs.map((_, i) => byInput.map((blocks) => blocks[i]))
}

/** One row of the Jacobian for each element of an output, all at once. */
const rows = (outputs: ReadonlyArray<Tensor>, inputs: ReadonlyArray<Tensor>): Blocks =>
  outputs.map((y) => {
    const along = parameter(y)
    const pulled = pullback([y], inputs, [along])
    return each(
      along,
      pulled.map((cotangent, i) => cotangent ?? zeros(inputs[i]))
    ).map((row, i) => reshape(row, { shape: [...y.shape, ...inputs[i].shape] }))
  })

/** `results` for `along` being each basis vector in turn, along a new first axis. */
const each = (along: Tensor, results: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> => {
  const count = size(along.shape)
  const all = batch(results, [along], [basis(along)], count)
  // A linear function that does not depend on the direction is 0.
  return all.map((many, i) => many ?? zeros({ dtype: results[i].dtype, shape: [count, ...results[i].shape] }))
}

/** The basis vectors of a type, one after the other. */
const basis = ({ dtype, shape }: TensorType): Tensor => {
  const count = size(shape)
  const place = iota({ shape: [count], dtype: "i32" })
  const [row, column] = [1, 0].map((axis) => broadcast(place, { shape: [count, count], axes: [axis] }))
  return reshape(cast(equal(row, column), { dtype }), { shape: [count, ...shape] })
}
