/**
 * Batching: runs a function of one example on many at once.
 */
import type { DType } from "@cotangent/tensor/DType"
import { ArgumentError, ShapeError } from "@cotangent/tensor/errors"
import { derive } from "@cotangent/tensor/Origin"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { describe, isTensor } from "@cotangent/tensor/Primitive"
import { broadcast } from "@cotangent/tensor/primitive/linear"
import { parameter } from "@cotangent/tensor/Program"
import { normalizeAxis } from "@cotangent/tensor/Shape"
import type { Dim, Insert, Shape, ShapeMismatch } from "@cotangent/tensor/ShapeType"
import { moveAxis } from "@cotangent/tensor/Tensor"
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
    const many = () => application.primitive.batch({ inputs: given, mapped, size, params: application.params })
    const results = derive("batch", application, many)
    application.outputs.forEach((y, i) => batchOf.has(y) || batchOf.set(y, results[i]))
  }
  return outputs.map((y) => batchOf.get(y))
}

/** Where the examples of a tree lie: one axis for all its leaves, null where they share it, or a tree of such. */
export type Axes = number | null | ReadonlyArray<Axes> | { readonly [key: string]: Axes }

/** `T` with the dimension `B` of examples at the axes `X`; what tensors must also be is `C`. */
export type Batched<T, X, B extends Dim, C = unknown> = X extends null
  ? T
  : T extends Tensor<infer S extends Shape, infer D extends DType>
    ? X extends number
      ? Tensor<Insert<S, X, readonly [B]>, D> & C
      : never
    : { readonly [K in keyof T]: Batched<T[K], X extends number ? X : K extends keyof X ? X[K] : never, B, C> }

/** `A` with the dimension `B` at the axes `X`, which are one for all arguments or one for each. */
type BatchedArguments<A extends ReadonlyArray<unknown>, X, B extends Dim> = {
  readonly [K in keyof A]: Batched<
    A[K],
    X extends ReadonlyArray<unknown> ? (K extends keyof X ? X[K] : 0) : X,
    B,
    CheckSize<B>
  >
}

/** Nothing to ask of one number of examples, or of an unknown one; several are a mistake. */
type CheckSize<B extends Dim> = number extends B
  ? unknown
  : [B] extends [Common<B>]
    ? unknown
    : ShapeMismatch<"arguments differ in their number of examples">

/** `B` itself; for a union, nothing. */
type Common<B, All = B> = B extends unknown ? ([All] extends [B] ? B : never) : never

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
    const axesOf = axesOfArguments(orFirst(inAxes), args.length)
    const opened = args.map((arg, i) => open(arg, axesOf[i], `argument ${i}`))
    const mapped = opened.flatMap((each) => each.mapped)
    const size = sizeOf(mapped, axisSize)
    // Each argument has lost the axis of examples that `BatchedArguments` added.
    const result = f(...(opened.map((each) => each.one) as unknown as A))
    const { leaves, structure } = Tree.flatten(result)
    const many = batch(
      leaves,
      mapped.map(({ hole }) => hole),
      mapped.map(({ examples }) => examples),
      size
    )
    const axes = spread(orFirst(outAxes), result, "the result")
    const placed = leaves.map((leaf, i) => close(leaf, many[i], axes[i], size))
    // Each result has got the axis of examples that `Batched` adds.
    return Tree.unflatten(structure, placed) as Batched<O, Y, B>
  }

/** Null is an answer; nothing said means the first axis. */
const orFirst = (axes: Axes | undefined): Axes => (axes === undefined ? 0 : axes)

/** A tensor with examples, and the hole that stands for one of them. */
interface Mapped {
  readonly place: string
  readonly hole: Tensor
  /** The examples along the first axis. */
  readonly examples: Tensor
}

/** An argument as one example sees it. */
interface Opened {
  readonly one: unknown
  readonly mapped: ReadonlyArray<Mapped>
}

const axesOfArguments = (axes: Axes, count: number): ReadonlyArray<Axes> => {
  if (!Array.isArray(axes)) return Array.from({ length: count }, () => axes)
  if (axes.length === count) return axes as ReadonlyArray<Axes>
  throw new ArgumentError({
    operation: "vmap",
    expected: `inAxes for each of ${count} arguments`,
    received: `${axes.length} of them`
  })
}

const open = (arg: unknown, axes: Axes, name: string): Opened => {
  if (axes === null) return { one: arg, mapped: [] }
  const { leaves, structure } = Tree.flatten(arg)
  const axisOf = spread(axes, arg, name)
  const mapped: Array<Mapped> = []
  const one = leaves.map((leaf, i) => {
    const axis = axisOf[i]
    if (axis === null) return leaf
    const examples: Tensor = moveAxis(leaf, normalizeAxis("vmap", axis, leaf.shape.length), 0)
    const hole = parameter({ dtype: leaf.dtype, shape: examples.shape.slice(1) })
    const path = structure.paths[i]
    mapped.push({ place: path === "" ? name : `${name} at ${placeOf(path)}`, hole, examples })
    return hole
  })
  return { one: Tree.unflatten(structure, one), mapped }
}

/** The axis of each leaf of `tree`. **Throws** `ArgumentError` unless `axes` is a tree that `tree` continues. */
const spread = (axes: Axes, tree: unknown, name: string): ReadonlyArray<number | null> => {
  if (axes === null || typeof axes === "number") return Tree.leaves(tree).map(() => axes)
  const isNode = typeof tree === "object" && tree !== null && !isTensor(tree)
  const keys = isNode && Array.isArray(tree) === Array.isArray(axes) ? Object.keys(tree) : []
  const given = Object.keys(axes)
  if (given.length !== keys.length || !keys.every((key) => Object.hasOwn(axes, key))) {
    throw new ArgumentError({
      operation: "vmap",
      expected: `axes like the tree of ${name}${keys.length === 0 ? "" : `: ${keys.join(", ")}`}`,
      received: JSON.stringify(axes)
    })
  }
  // Arrays and records both give their items by key.
  const [axisOf, items] = [axes, tree] as [Record<string, Axes>, Record<string, unknown>]
  return keys.flatMap((key) => spread(axisOf[key], items[key], `${name}, ${key}`))
}

const sizeOf = (mapped: ReadonlyArray<Mapped>, axisSize: number | undefined): number => {
  const size = axisSize ?? mapped[0]?.examples.shape[0]
  if (size === undefined) {
    throw new ArgumentError({
      operation: "vmap",
      expected: "an argument with an axis of examples",
      received: "none",
      hint: "give the number of examples as axisSize"
    })
  }
  for (const { examples, place } of mapped) {
    if (examples.shape[0] === size) continue
    const like = axisSize === undefined ? `as ${mapped[0].place} has` : "as axisSize says"
    throw new ShapeError({
      operation: "vmap",
      expected: `${size} examples in ${place}, ${like}`,
      received: [examples.shape],
      hint: "the first extent shown is the number of examples"
    })
  }
  return size
}

/** The batch of a result at its axis. */
const close = (one: Tensor, many: Tensor | undefined, axis: number | null, size: number): Tensor => {
  if (axis === null) {
    if (many === undefined) return one
    throw new ArgumentError({
      operation: "vmap",
      expected: "a result that is the same for every example, as outAxes null says",
      received: `${describe(one)} that depends on the example`
    })
  }
  const examples = many ?? broadcast(one, { shape: [size, ...one.shape], axes: [0] })
  return moveAxis(examples, 0, normalizeAxis("vmap", axis, examples.shape.length))
}
