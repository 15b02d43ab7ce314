/**
 * Parameter trees as a data type `Tree<T, A>`: the structure of a tree `T` of tensors with a leaf `A` in place of each.
 *
 * A structure with its leaves, not a nesting of either: so a leaf may be anything, arrays and records included, and
 *   map(x, identity) = x,  map(map(x, f), g) = map(x, g ∘ f)
 *   traverse(Identity)(x, f) = map(x, f),  traverse(F)(x, of) = of(x)
 *   foldMap(M)(x, f) = reduce(x, M.empty, (m, a) => M.concat(m, f(a)))
 * hold for all of them. Leaves come in the order of `Tree` of `@cotangent/tensor`; an index is a path, as `0.weight`.
 */
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Tensors from "@cotangent/tensor/Tensor"
import * as Trees from "@cotangent/tensor/Tree"
import type { Applicative as ApplicativeOf, Applicative2C } from "fp-ts/lib/Applicative.js"
import type * as E from "fp-ts/lib/Eq.js"
import type { Foldable2 } from "fp-ts/lib/Foldable.js"
import type { FoldableWithIndex2 } from "fp-ts/lib/FoldableWithIndex.js"
import type { Functor2 } from "fp-ts/lib/Functor.js"
import type { FunctorWithIndex2 } from "fp-ts/lib/FunctorWithIndex.js"
import type { Group } from "fp-ts/lib/Group.js"
import type { HKT } from "fp-ts/HKT.js"
import type { Monoid } from "fp-ts/lib/Monoid.js"
import * as RA from "fp-ts/lib/ReadonlyArray.js"
import type * as S from "fp-ts/lib/Show.js"
import type { PipeableTraverse2, Traversable2 } from "fp-ts/lib/Traversable.js"
import type { TraversableWithIndex2 } from "fp-ts/lib/TraversableWithIndex.js"
import { same } from "./internal/same.ts"

/** The structure of a tree `T` of tensors, and a leaf for each of its places. */
export interface Tree<out T, out A> {
  readonly structure: Trees.Structure<T>
  readonly leaves: ReadonlyArray<A>
}

/** The name of `Tree` among the kinds of fp-ts. */
export const URI = "@cotangent/fp-ts/Tree"

/** The type of `URI`. */
export type URI = typeof URI

declare module "fp-ts/HKT.js" {
  interface URItoKind2<E, A> {
    readonly [URI]: Tree<E, A>
  }
}

/** The tree of the tensors of `self`. **Throws** `ArgumentError` where it holds anything else. */
export const fromTensors = <T>(self: T): Tree<T, Tensor> => Trees.flatten(self)

/** The records and arrays of `T` with the leaves of `self`. */
export const toNested = <T, A>(self: Tree<T, A>): Trees.WithLeaves<T, A> => Trees.unflatten(self.structure, self.leaves)

/** The inverse of `fromTensors`. **Throws** `ShapeError`, `DTypeError` where a leaf is not of the type it was. */
export const toTensors = <T>(self: Tree<T, Tensor>): T => Trees.restore(self.structure, self.leaves)

const withLeaves = <T, A>({ structure }: Tree<T, unknown>, leaves: ReadonlyArray<A>): Tree<T, A> => ({
  structure,
  leaves
})

/** `f` of each leaf, which keeps its place. */
export const Functor: Functor2<URI> = {
  URI,
  map: (self, f) =>
    withLeaves(
      self,
      self.leaves.map((leaf) => f(leaf))
    )
}

/** `f` of each leaf and its path. */
export const FunctorWithIndex: FunctorWithIndex2<URI, string> = {
  ...Functor,
  mapWithIndex: (self, f) =>
    withLeaves(
      self,
      self.leaves.map((leaf, i) => f(self.structure.paths[i], leaf))
    )
}

/** Leaves from first to last. */
export const Foldable: Foldable2<URI> = {
  URI,
  reduce: (self, b, f) => RA.Foldable.reduce(self.leaves, b, f),
  foldMap: (M) => (self, f) => RA.Foldable.foldMap(M)(self.leaves, f),
  reduceRight: (self, b, f) => RA.Foldable.reduceRight(self.leaves, b, f)
}

/** Leaves with their paths from first to last. */
export const FoldableWithIndex: FoldableWithIndex2<URI, string> = {
  ...Foldable,
  reduceWithIndex: ({ leaves, structure: { paths } }, b, f) =>
    RA.FoldableWithIndex.reduceWithIndex(leaves, b, (i, acc, leaf) => f(paths[i], acc, leaf)),
  foldMapWithIndex:
    (M) =>
    ({ leaves, structure: { paths } }, f) =>
      RA.FoldableWithIndex.foldMapWithIndex(M)(leaves, (i, leaf) => f(paths[i], leaf)),
  reduceRightWithIndex: ({ leaves, structure: { paths } }, b, f) =>
    RA.FoldableWithIndex.reduceRightWithIndex(leaves, b, (i, leaf, acc) => f(paths[i], leaf, acc))
}

const traverseWithPath =
  <F>(F: ApplicativeOf<F>) =>
  <T, A, B>(self: Tree<T, A>, f: (path: string, leaf: A) => HKT<F, B>): HKT<F, Tree<T, B>> =>
    F.map(
      RA.TraversableWithIndex.traverseWithIndex(F)(self.leaves, (i, leaf) => f(self.structure.paths[i], leaf)),
      (leaves) => withLeaves(self, leaves)
    )

/** Effects of leaves from first to last. */
export const TraversableWithIndex: TraversableWithIndex2<URI, string> = {
  ...FunctorWithIndex,
  ...FoldableWithIndex,
  traverseWithIndex: traverseWithPath,
  traverse:
    <F>(F: ApplicativeOf<F>) =>
    <T, A, B>(self: Tree<T, A>, f: (leaf: A) => HKT<F, B>) =>
      traverseWithPath(F)(self, (_, leaf) => f(leaf)),
  sequence:
    <F>(F: ApplicativeOf<F>) =>
    <T, A>(self: Tree<T, HKT<F, A>>) =>
      traverseWithPath(F)(self, (_, leaf) => leaf)
}

/** Effects of leaves from first to last. */
export const Traversable: Traversable2<URI> = TraversableWithIndex

/**
 * `f` of each leaf, for pipes.
 *
 * **Example** (The shapes of parameters)
 *
 * ```ts run
 * const shapes = pipe({ weight: Tensor.zeros([2, 3]), bias: Tensor.zeros([3]) }, tree.fromTensors, tree.map((x) => x.shape))
 * tree.toNested(shapes) // => { weight: [2, 3], bias: [3] }
 * ```
 */
export const map =
  <A, B>(f: (leaf: A) => B) =>
  <T>(self: Tree<T, A>): Tree<T, B> =>
    Functor.map(self, f)

/** The sum of `f` of each leaf in a monoid, for pipes. */
export const foldMap =
  <M>(M: Monoid<M>) =>
  <A>(f: (leaf: A) => M) =>
  <T>(self: Tree<T, A>): M =>
    Foldable.foldMap(M)(self, f)

/** Runs an effect for each leaf, for pipes: see `evaluate` for an example. */
export const traverse: PipeableTraverse2<URI> =
  <F>(F: ApplicativeOf<F>) =>
  <A, B>(f: (leaf: A) => HKT<F, B>) =>
  <T>(self: Tree<T, A>): HKT<F, Tree<T, B>> =>
    traverseWithPath(F)(self, (_, leaf) => f(leaf))

/**
 * The applicative of trees of one structure: functions meet arguments leaf by leaf.
 *   ap(of(identity), x) = x,  ap(of(f), of(a)) = of(f(a)),  ap(f, of(a)) = ap(of((g) => g(a)), f)
 *   ap(ap(map(f, (h) => (g) => (a) => h(g(a))), g), x) = ap(f, ap(g, x))
 *
 * **Throws** `ArgumentError` where trees do not match.
 */
export const getApplicative = <T>(structure: Trees.Structure<T>): Applicative2C<URI, T> => ({
  URI,
  // Present in types only, as fp-ts has it.
  _E: undefined as unknown as T,
  map: Functor.map,
  of: (leaf) => ({ structure, leaves: structure.paths.map(() => leaf) }),
  ap: (self, that) => {
    const places = that.leaves.map((_, i) => i)
    // Records may have their keys in another order; what stands in the tree of places are places.
    const order = Trees.leavesLike(self.structure, Trees.unflatten(that.structure, places)) as ReadonlyArray<number>
    return withLeaves(
      self,
      self.leaves.map((f, i) => f(that.leaves[order[i]]))
    )
  }
})

/** Trees are equal where they have one structure, keys in one order included, and equal leaves. */
export const getEq = <A>(E: E.Eq<A>): E.Eq<Tree<unknown, A>> => ({
  equals: (x, y) => same(x.structure.node, y.structure.node) && x.leaves.every((leaf, i) => E.equals(leaf, y.leaves[i]))
})

/**
 * Leaves by their paths.
 *
 * **Example** (What a layer learns)
 *
 * ```ts run
 * const { params } = linear(2, 3).init(Random.key(0))
 * tree.getShow(tensor.ShowType).show(tree.fromTensors(params)) // => "{ weight: f32[2, 3], bias: f32[3] }"
 * ```
 */
export const getShow = <A>(S: S.Show<A>): S.Show<Tree<unknown, A>> => ({
  show: ({ leaves, structure: { paths } }) => {
    const shown = leaves.map((leaf, i) => (paths[i] === "" ? S.show(leaf) : `${paths[i]}: ${S.show(leaf)}`))
    return paths[0] === "" ? shown[0] : `{ ${shown.join(", ")} }`
  }
})

/**
 * Parameters, gradients or updates in the structure of `like` under addition: a commutative group.
 *   concat(concat(x, y), z) = concat(x, concat(y, z)),  concat(x, empty) = x = concat(empty, x)
 *   concat(x, inverse(x)) = empty,  concat(x, y) = concat(y, x)
 *
 * **Numerics** For floats addition is associative up to rounding only, and without infinities.
 *
 * **Throws** `ArgumentError` where trees do not match.
 *
 * **Example** (Accumulating gradients)
 *
 * ```ts run
 * const gradients = [{ w: Tensor.of([1, 2]) }, { w: Tensor.of([10, 20]) }, { w: Tensor.of([100, 200]) }]
 * const { concat, empty } = tree.getAdditiveGroup(gradients[0])
 * await evaluate(gradients.reduce(concat, empty).w) // => [111, 222]
 * ```
 */
export const getAdditiveGroup = <T>(like: T): Group<T> => ({
  concat: (x, y) => Trees.zipWith(x, y, (a, b) => Tensors.add(a, b)),
  empty: Trees.map(like, (leaf) => Tensors.zerosLike(leaf)),
  inverse: (x) => Trees.map(x, (leaf) => Tensors.neg(leaf))
})
