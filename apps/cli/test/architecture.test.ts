import { convnet } from "@cotangent/models/convnet"
import * as Tensor from "@cotangent/tensor/Tensor"
import { assert, it } from "vitest"
import { architectureOf } from "../src/images/architecture.ts"

it("a model is shown layer by layer: paths, kinds, shapes, and parameters by their names", () => {
  const { rows, text } = architectureOf(convnet({ channels: 1, size: 8, classes: 3 }), Tensor.zeros([1, 1, 8, 8]))
  assert.match(text!, /^21,?\d* parameters in all; /)
  assert.deepStrictEqual(rows[0], ["layer", "kind", "output", "numbers", "parameters"])
  assert.deepStrictEqual(rows[1], ["first", "conv2d", "[1, 16, 8, 8]", "160", "weight [16, 1, 3, 3], bias [16]"])
  assert.deepStrictEqual(rows.at(-1), ["output", "linear", "[1, 3]", "387", "weight [128, 3], bias [3]"])
  assert.deepStrictEqual(
    rows.map(([layer]) => layer).filter((layer) => /^[a-z]/.test(layer)),
    ["layer", "first", "second", "hidden", "output"]
  )
})
