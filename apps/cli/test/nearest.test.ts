import { assert, describe, it } from "vitest"
import * as fc from "fast-check"
import { distance, nearest, unknown } from "../src/nearest.ts"

const word = fc.string({ maxLength: 8 })

describe("distance", () => {
  it("counts insertions, deletions, replacements and swaps", () => {
    assert.deepStrictEqual(
      [
        ["mnist", "mnist"],
        ["mnst", "mnist"],
        ["mnistt", "mnist"],
        ["mnast", "mnist"],
        ["mnist-mpl", "mnist-mlp"]
      ].map(([from, to]) => distance(from, to)),
      [0, 1, 1, 1, 1]
    )
  })

  it("is symmetric, 0 for equal words only, and at most the longer length", () => {
    fc.assert(
      fc.property(word, word, (from, to) => {
        const value = distance(from, to)
        assert.strictEqual(value, distance(to, from))
        assert.strictEqual(value === 0, from === to)
        assert.isAtMost(value, Math.max(from.length, to.length))
      })
    )
  })
})

describe("an unknown name", () => {
  it("comes with the nearest valid one", () => {
    assert.strictEqual(
      unknown("recipe", "mnist-mpl", ["mnist-mlp", "notes-mlp"]),
      "unknown recipe 'mnist-mpl': did you mean 'mnist-mlp'?"
    )
    assert.strictEqual(nearest("WASM", ["auto", "wasm"]), "wasm")
  })

  it("comes with all of them where none is near", () => {
    assert.strictEqual(unknown("recipe", "nope", ["depth", "gumbel"]), "unknown recipe 'nope': there are depth, gumbel")
  })

  it("stands alone where nothing is valid", () => {
    assert.strictEqual(unknown("set", "x", []), "unknown set 'x'")
  })
})
