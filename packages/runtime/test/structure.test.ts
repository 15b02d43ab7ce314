import { assert, describe, it } from "@effect/vitest"
import { full } from "@cotangent/tensor/primitive/leaf"
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as fc from "fast-check"
import type { Structure } from "../src/internal/structure.ts"
import { build, countLeaves, difference, matches, paths, structureOf } from "../src/internal/structure.ts"

const tensor = (...shape: ReadonlyArray<number>): Tensor => full({ shape, dtype: "f32", value: 0 })

const of = (value: unknown): Structure => structureOf(value, [])

const leaf = fc.array(fc.nat(4), { maxLength: 3 }).map((shape) => tensor(...shape))
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.constantFrom(1, "text", null, undefined, Number.NaN),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), tie("tree"), { maxKeys: 3, noNullPrototype: true })
  )
}))

describe("structure", () => {
  it("build is the inverse of structureOf", () => {
    fc.assert(
      fc.property(tree, (value) => {
        const leaves: Array<Tensor> = []
        const structure = structureOf(value, leaves)
        assert.deepStrictEqual(build(structure, leaves.values()), value)
        assert.strictEqual(countLeaves(structure), leaves.length)
        assert.strictEqual(paths(structure).length, leaves.length)
      })
    )
  })

  it("a value matches its own structure and gives its leaves in order", () => {
    fc.assert(
      fc.property(tree, (value) => {
        const [built, matched]: [Array<Tensor>, Array<Tensor>] = [[], []]
        assert.isTrue(matches(structureOf(value, built), value, matched))
        assert.deepStrictEqual(matched, built)
      })
    )
  })

  it("values match exactly where their structures do not differ", () => {
    fc.assert(
      fc.property(tree, tree, (a, b) => {
        assert.strictEqual(matches(of(a), b, []), difference(of(a), of(b)) === undefined)
      })
    )
  })

  it("paths say where a leaf stands", () => {
    assert.deepStrictEqual(paths(of([{ layers: [tensor(), tensor()], scale: 2 }, tensor()])), [
      "[0].layers[0]",
      "[0].layers[1]",
      "[1]"
    ])
  })

  it("difference says what changed", () => {
    const change = (a: unknown, b: unknown) => difference(of(a), of(b))
    assert.strictEqual(change([tensor(2, 3)], [tensor(2, 4)]), "[0] changed from f32[2, 3] to f32[2, 4]")
    assert.strictEqual(change([{ rate: 0.1 }], [{ rate: 0.2 }]), "[0].rate changed from 0.1 to 0.2")
    assert.strictEqual(change([[tensor()]], [[]]), "[0] changed from an array of 1 to an array of 0")
    assert.strictEqual(change({ a: tensor() }, { b: tensor() }), " changed from { a } to { b }")
  })
})
