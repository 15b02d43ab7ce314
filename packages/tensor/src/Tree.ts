/**
 * Trees: parameters as plain records, tuples and arrays of tensors, nested as deep as they like.
 *
 * Leaves come in the order in which a walk meets them: arrays from first to last, records in the insertion order of
 * their keys (of which JavaScript puts whole numbers first). Two trees match where arrays have one length and records
 * the same keys, in any order; the order of the structure then decides. `undefined` is a tree without leaves.
 */
import { dual } from "effect/Function"
import type { DType } from "./DType.ts"
import { ArgumentError, DTypeError, ShapeError } from "./errors.ts"
import type { Tensor } from "./Primitive.ts"
import { describe, isTensor } from "./Primitive.ts"
import type { TensorType } from "./Shape.ts"
import { equals } from "./Shape.ts"
import type { Shape } from "./ShapeType.ts"

/** Leaves `A` in records and arrays. */
export type Tree<A> = A | undefined | ReadonlyArray<Tree<A>> | { readonly [key: string]: Tree<A> }

/** `T` with leaves `B` in place of its tensors. */
export type WithLeaves<T, B> = [Tree<Tensor>] extends [T]
  ? Tree<B>
  : T extends Tensor
    ? B
    : T extends object
      ? { readonly [K in keyof T]: WithLeaves<T[K], B> }
      : T

type Node =
  | { readonly tag: "leaf"; readonly path: string; readonly type: TensorType }
  | { readonly tag: "absent"; readonly path: string }
  | { readonly tag: "array"; readonly path: string; readonly items: ReadonlyArray<Node> }
  | { readonly tag: "record"; readonly path: string; readonly items: ReadonlyArray<readonly [key: string, node: Node]> }

declare const tree: unique symbol

/** What is left of a tree `T` without its leaves. */
export interface Structure<out T = unknown> {
  /** Present in types only. */
  readonly [tree]: T
  readonly node: Node
  /** Where each leaf stands, as in `0.weight`; the empty text is the root. */
  readonly paths: ReadonlyArray<string>
  /** Shape and dtype of each leaf. */
  readonly types: ReadonlyArray<TensorType>
}

const inside = (path: string, key: string | number): string => (path === "" ? String(key) : `${path}.${key}`)

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const nodeOf = (value: unknown, path: string): Node => {
  if (isTensor(value)) return { tag: "leaf", path, type: { shape: value.shape, dtype: value.dtype } }
  if (value === undefined) return { tag: "absent", path }
  if (Array.isArray(value)) return { tag: "array", path, items: value.map((item, i) => nodeOf(item, inside(path, i))) }
  if (!isRecord(value)) throw mismatch("Tree.structure", "tensors, arrays and records", path, value)
  return {
    tag: "record",
    path,
    items: Object.entries(value).map(([key, item]) => [key, nodeOf(item, inside(path, key))])
  }
}

const textOf = (value: unknown): string => {
  if (isTensor(value)) return `the tensor ${describe(value)}`
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (isRecord(value)) return `a record of ${Object.keys(value).join(", ") || "nothing"}`
  return typeof value === "string" ? JSON.stringify(value) : String(value)
}

const mismatch = (operation: string, expected: string, path: string, value: unknown): ArgumentError =>
  new ArgumentError({
    operation,
    expected: `${expected} at ${path === "" ? "the root" : JSON.stringify(path)}`,
    received: textOf(value)
  })

const leafNodes = (node: Node): ReadonlyArray<Node & { readonly tag: "leaf" }> => {
  switch (node.tag) {
    case "leaf":
      return [node]
    case "absent":
      return []
    case "array":
      return node.items.flatMap(leafNodes)
    case "record":
      return node.items.flatMap(([, item]) => leafNodes(item))
  }
}

/**
 * The structure of `self`: what `unflatten` and `leavesLike` go by.
 *
 * **Throws** `ArgumentError` naming the path of anything that is neither tensor, array nor record.
 */
export const structure = <T>(self: T): Structure<T> => {
  const node = nodeOf(self, "")
  const found = leafNodes(node)
  // The phantom field exists in types only.
  return { node, paths: found.map(({ path }) => path), types: found.map(({ type }) => type) } as unknown as Structure<T>
}

/** The tensors of `self`. **Throws** as `structure`. */
export const leaves = (self: unknown): ReadonlyArray<Tensor> => flatten(self).leaves

/**
 * Where each leaf of `self` stands, as in `0.weight`. **Throws** as `structure`.
 *
 * **Example** (Names of parameters)
 *
 * ```ts run
 * Tree.paths([{ weight: Tensor.zeros([2, 3]), bias: Tensor.zeros([3]) }]) // => ["0.weight", "0.bias"]
 * ```
 */
export const paths = (self: unknown): ReadonlyArray<string> => structure(self).paths

/** Leaves and structure of `self`; `unflatten` puts them together again. **Throws** as `structure`. */
export const flatten = <T>(self: T): { readonly leaves: ReadonlyArray<Tensor>; readonly structure: Structure<T> } => {
  const shape = structure(self)
  // Where the structure has a leaf, its own tree has a tensor.
  return { leaves: leavesLike(shape, self) as ReadonlyArray<Tensor>, structure: shape }
}

/**
 * What stands in `that` where `self` has leaves, whatever it is.
 *
 * **Throws** `ArgumentError` naming the path where `that` does not match.
 */
export const leavesLike = (self: Structure, that: unknown): ReadonlyArray<unknown> => {
  const found: Array<unknown> = []
  const visit = (node: Node, value: unknown): void => {
    const check = (matches: boolean, expected: () => string): void => {
      if (!matches) throw mismatch("Tree", expected(), node.path, value)
    }
    switch (node.tag) {
      case "leaf":
        check(value !== undefined, () => "a leaf")
        found.push(value)
        return
      case "absent":
        return check(value === undefined, () => "undefined")
      case "array": {
        const items: ReadonlyArray<unknown> | undefined = Array.isArray(value) ? value : undefined
        check(items?.length === node.items.length, () => `an array of ${node.items.length}`)
        return node.items.forEach((item, i) => visit(item, items![i]))
      }
      case "record": {
        const record = isRecord(value) ? value : undefined
        const matches = record !== undefined && Object.keys(record).length === node.items.length
        const expected = (): string => `a record of ${node.items.map(([key]) => key).join(", ") || "nothing"}`
        check(matches && node.items.every(([key]) => Object.hasOwn(record, key)), expected)
        return node.items.forEach(([key, item]) => visit(item, record![key]))
      }
    }
  }
  visit(self.node, that)
  return found
}

/**
 * The tree of `self` with `leaves` in place of its tensors, whatever they are.
 *
 * **Throws** `ArgumentError` unless there is one for each leaf.
 */
export const unflatten = <T, B>(self: Structure<T>, leaves: ReadonlyArray<B>): WithLeaves<T, B> => {
  if (leaves.length !== self.paths.length) {
    throw new ArgumentError({
      operation: "Tree.unflatten",
      expected: `${self.paths.length} leaves`,
      received: String(leaves.length)
    })
  }
  let next = 0
  const build = (node: Node): unknown => {
    switch (node.tag) {
      case "leaf":
        return leaves[next++]
      case "absent":
        return undefined
      case "array":
        return node.items.map(build)
      case "record":
        return Object.fromEntries(node.items.map(([key, item]) => [key, build(item)]))
    }
  }
  // The walk follows the structure of `T` and puts a `B` where it has a tensor.
  return build(self.node) as WithLeaves<T, B>
}

/**
 * The tree of `self` with `leaves` of the same types in place of its tensors: the inverse of `flatten`.
 *
 * **Throws** `ShapeError`, `DTypeError` naming the path of a leaf of another type, `ArgumentError` as `unflatten`.
 */
export const restore = <T>(self: Structure<T>, leaves: ReadonlyArray<Tensor>): T => {
  const restored = unflatten(self, leaves)
  leaves.forEach(({ dtype, shape }, i) => {
    const type = self.types[i]
    const operation = `Tree.restore at ${JSON.stringify(self.paths[i])}`
    if (!equals(shape, type.shape)) {
      throw new ShapeError({ operation, expected: `the tensor ${describe(type)}`, received: [shape] })
    }
    if (dtype !== type.dtype) {
      throw new DTypeError({ operation, expected: `the tensor ${describe(type)}`, received: [dtype] })
    }
  })
  // Every leaf has been found to be of the type that stood in its place.
  return restored as T
}

/** A function of tensors that keeps shape and dtype. */
export type Endomorphism = <S extends Shape, D extends DType>(leaf: Tensor<S, D>, path: string) => Tensor<S, D>

/** A function of two tensors of one type that gives another. */
export type Combination = <S extends Shape, D extends DType>(
  self: Tensor<S, D>,
  that: Tensor<S, D>,
  path: string
) => Tensor<S, D>

/**
 * Applies `f` to each leaf. A function that keeps shapes keeps the type of the tree.
 *
 * **Throws** as `structure`.
 *
 * **Example** (Scaling parameters)
 *
 * ```ts run
 * const halved = Tree.map({ weight: Tensor.of([2, 4]) }, (x) => Tensor.mul(x, 0.5))
 * await evaluate(halved.weight) // => [1, 2]
 * ```
 */
export const map: {
  <T>(self: T, f: Endomorphism): T
  <T, B>(self: T, f: (leaf: Tensor, path: string) => B): WithLeaves<T, B>
  (f: Endomorphism): <T>(self: T) => T
  <B>(f: (leaf: Tensor, path: string) => B): <T>(self: T) => WithLeaves<T, B>
} = dual(2, (self: unknown, f: (leaf: Tensor, path: string) => unknown) => {
  const { leaves, structure } = flatten(self)
  return unflatten(
    structure,
    leaves.map((leaf, i) => f(leaf, structure.paths[i]))
  )
})

/**
 * Applies `f` to the leaves of two trees in pairs. A function that keeps shapes keeps the type of the tree.
 *
 * **Throws** `ArgumentError` naming the path where the trees do not match.
 *
 * **Example** (A step of gradient descent)
 *
 * ```ts run
 * const [weights, gradients] = [[Tensor.of([1, 2])], [Tensor.of([10, 20])]]
 * const stepped = Tree.zipWith(weights, gradients, (w, g) => Tensor.sub(w, Tensor.mul(g, 0.1)))
 * await evaluate(stepped[0]) // => [0, 0]
 * ```
 */
export const zipWith: {
  <T>(self: T, that: NoInfer<T>, f: Combination): T
  <T, B>(self: T, that: WithLeaves<T, Tensor>, f: (self: Tensor, that: Tensor, path: string) => B): WithLeaves<T, B>
  <T>(that: T, f: Combination): (self: T) => T
} = dual(3, (self: unknown, that: unknown, f: (self: Tensor, that: Tensor, path: string) => unknown) => {
  const { leaves, structure } = flatten(self)
  const others = leavesLike(structure, that)
  others.forEach((other, i) => {
    if (!isTensor(other)) throw mismatch("Tree.zipWith", "a tensor", structure.paths[i], other)
  })
  // Each has just been found to be a tensor.
  return unflatten(
    structure,
    leaves.map((leaf, i) => f(leaf, others[i] as Tensor, structure.paths[i]))
  )
})
