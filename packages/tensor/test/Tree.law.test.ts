import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Tensor } from "../src/Primitive.ts"
import * as T from "../src/Tensor.ts"
import * as Tree from "../src/Tree.ts"
import { values } from "./evaluated.ts"

const { tree } = fc.letrec<{ tree: Tree.Tree<Tensor> }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.integer({ min: -9, max: 9 }).map((value) => T.scalar(value, "f64")),
    fc.constant(undefined),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("weight", "bias", "0", "layers"), tie("tree"), { noNullPrototype: true })
  )
}))

/** A tree with numbers for tensors. */
const numbers = (self: Tree.Tree<Tensor>): unknown => Tree.map(self, (leaf) => values(leaf)[0])
const expectForAll = (property: (self: Tree.Tree<Tensor>) => void): void =>
  fc.assert(fc.property(tree, property), { numRuns: 200 })

describe("trees", () => {
  it("are their leaves and their structure: unflatten ∘ flatten is the identity", () =>
    expectForAll((self) => {
      const { leaves, structure } = Tree.flatten(self)
      expect(Tree.unflatten(structure, leaves)).toEqual(self)
      expect(Tree.restore(structure, leaves)).toEqual(self)
      expect(Tree.leaves(Tree.unflatten(structure, leaves))).toEqual(leaves)
      expect(Tree.paths(self)).toHaveLength(leaves.length)
      expect(new Set(Tree.paths(self)).size).toBe(leaves.length)
    }))

  it("map the identity to the identity", () =>
    expectForAll((self) => {
      expect(Tree.map(self, (leaf: Tensor) => leaf)).toEqual(self)
    }))

  it("map compositions to compositions", () =>
    expectForAll((self) => {
      const composed = Tree.map(self, (leaf: Tensor) => T.neg(T.add(leaf, 1)))
      const inTurn = Tree.map(Tree.map(self, T.add(1)), T.neg)
      expect(numbers(composed)).toEqual(numbers(inTurn))
    }))

  it("zip with themselves as they map", () =>
    expectForAll((self) => {
      expect(numbers(Tree.zipWith(self, self, T.add))).toEqual(numbers(Tree.map(self, T.mul(2))))
    }))

  it("have one structure before and after a map", () =>
    expectForAll((self) => {
      expect(Tree.structure(Tree.map(self, T.neg))).toEqual(Tree.structure(self))
    }))
})
