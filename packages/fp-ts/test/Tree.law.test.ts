import * as Tensor from "@cotangent/tensor/Tensor"
import * as Trees from "@cotangent/tensor/Tree"
import * as fc from "fast-check"
import { pipe } from "fp-ts/lib/function.js"
import * as N from "fp-ts/lib/number.js"
import * as RA from "fp-ts/lib/ReadonlyArray.js"
import { assert, describe, it } from "vitest"
import { tree } from "../src/index.ts"
import { decimal, exact, near, tensorOf, tree as anyTree, valueOf } from "./generators.ts"
import * as Laws from "./laws.ts"

type Numbers = tree.Tree<Trees.Tree<Tensor.Tensor>, number>

const numbers: fc.Arbitrary<Numbers> = anyTree.map((self) =>
  tree.map((x: Tensor.Tensor) => valueOf(x).data[0])(tree.fromTensors(self))
)
const same = tree.getEq(N.Eq).equals

describe("trees of tensors", () => {
  it("are their structure and their leaves", () =>
    fc.assert(
      fc.property(anyTree, (self) => {
        assert.deepStrictEqual(tree.toTensors(tree.fromTensors(self)), self)
        assert.deepStrictEqual(tree.toNested(tree.fromTensors(self)), self)
      })
    ))

  it("take back only leaves of the types they had", () => {
    const self = tree.fromTensors({ weight: Tensor.zeros([2, 3]) })
    assert.throws(() => tree.toTensors(tree.map(() => Tensor.zeros([3, 2]))(self)), 'Tree.restore at "weight"')
  })
})

describe("Functor of trees", () => {
  const functions = [(x: number) => 2 * x, (x: number) => x - 3] as const
  Laws.testLaws("exactly", Laws.functor<Numbers, number>(tree.Functor.map, same, functions), { values: numbers })

  it("lets a leaf become anything", () => {
    const self = tree.fromTensors([Tensor.of(1), Tensor.of(2)])
    const lists = tree.Functor.map(self, () => [1, 2])
    assert.deepStrictEqual(tree.Functor.map(lists, (list) => list.length).leaves, [2, 2])
  })
})

Laws.testLaws("Foldable of trees", Laws.foldable(tree.Foldable), { values: numbers })

const lists = { traverse: tree.Traversable.traverse(RA.Applicative) }
Laws.testLaws("Traversable of trees", Laws.traversable({ T: tree.Traversable, lists, same }), { values: numbers })

describe("indices of trees", () => {
  it("are paths", () =>
    fc.assert(
      fc.property(anyTree, (nested) => {
        const self = tree.fromTensors(nested)
        const paths = [...Trees.paths(nested)]
        const { FunctorWithIndex, FoldableWithIndex, TraversableWithIndex } = tree
        assert.deepStrictEqual(FunctorWithIndex.mapWithIndex(self, (path) => path).leaves, paths)
        assert.deepStrictEqual(
          FoldableWithIndex.foldMapWithIndex(RA.getMonoid<string>())(self, (path) => [path]),
          paths
        )
        assert.deepStrictEqual(
          FoldableWithIndex.reduceWithIndex(self, RA.empty as ReadonlyArray<string>, (path, all) => [...all, path]),
          paths
        )
        assert.deepStrictEqual(
          FoldableWithIndex.reduceRightWithIndex(self, RA.empty as ReadonlyArray<string>, (path, _, all) => [
            path,
            ...all
          ]),
          paths
        )
        assert.deepStrictEqual(
          TraversableWithIndex.traverseWithIndex(RA.Applicative)(self, (path) => [path])[0].leaves,
          paths
        )
      })
    ))
})

describe("Applicative of trees of one structure", () => {
  const like = { weight: Tensor.of(1), layers: [Tensor.of(2), Tensor.of(3)] }
  const { structure } = tree.fromTensors(like)
  const values = fc
    .array(fc.integer({ min: -9, max: 9 }), { minLength: 3, maxLength: 3 })
    .map((leaves) => ({ structure, leaves }))
  Laws.testLaws("exactly", Laws.applicative(tree.getApplicative(structure), same), { values })

  it("meets leaves by their paths, whatever the order of keys", () => {
    const turned = Trees.structure({ layers: like.layers, weight: like.weight })
    const fs = { structure, leaves: [1, 2, 3].map((k) => (x: number) => [k, x]) }
    assert.deepStrictEqual(
      tree.getApplicative(structure).ap(fs, { structure: turned as never, leaves: [20, 30, 10] }).leaves,
      [
        [1, 10],
        [2, 20],
        [3, 30]
      ]
    )
  })

  it("refuses trees of another structure", () => {
    const other = tree.fromTensors([Tensor.of(1)])
    const fs = { structure, leaves: [1, 2, 3].map(() => (x: Tensor.Tensor) => x) }
    assert.throws(() => tree.getApplicative(structure).ap(fs, other as never), "expected a record of weight, layers")
  })
})

describe.each(["i32", "f32"] as const)("the group of parameters of %s", (dtype) => {
  const like = { weight: Tensor.zeros([2, 2], dtype), layers: [{ bias: Tensor.zeros([2], dtype) }] }
  type Params = typeof like
  const element = dtype === "i32" ? fc.integer({ min: -2147483648, max: 2147483647 }) : decimal
  const params = fc
    .tuple(tensorOf([2, 2], dtype, element), tensorOf([2], dtype, element))
    .map(([weight, bias]) => ({ weight, layers: [{ bias }] })) as unknown as fc.Arbitrary<Params>
  const group = tree.getAdditiveGroup(like)
  const sameParams =
    (sameLeaf: Laws.Same<Tensor.Tensor>): Laws.Same<Params> =>
    (x, y) =>
      Trees.leaves(x).every((leaf, i) => sameLeaf(leaf, Trees.leaves(y)[i]))
  const { "concat is associative": _, ...units } = Laws.group(group, sameParams(exact))

  Laws.testLaws(
    "exactly",
    { ...units, "concat commutes": (x, y) => sameParams(exact)(group.concat(x, y), group.concat(y, x)) },
    { values: params, numRuns: 25 }
  )
  Laws.testLaws(
    dtype === "i32" ? "exactly, in any order" : "up to rounding",
    Laws.monoid(group, sameParams(dtype === "i32" ? exact : near)),
    { values: params, numRuns: 25 }
  )
})

describe("trees in pipes", () => {
  it("map, fold and traverse", () => {
    const self = tree.fromTensors({ a: Tensor.zeros([2, 3]), b: Tensor.zeros([4]) })
    const sizes = pipe(
      self,
      tree.map(({ shape }) => shape.reduce((x, y) => x * y, 1))
    )
    assert.strictEqual(
      pipe(
        sizes,
        tree.foldMap(N.MonoidSum)((x) => x)
      ),
      10
    )
    assert.deepStrictEqual(
      pipe(
        sizes,
        tree.traverse(RA.Applicative)((x) => [x, -x])
      ).map(({ leaves }) => leaves),
      [
        [6, 4],
        [6, -4],
        [-6, 4],
        [-6, -4]
      ]
    )
  })
})
