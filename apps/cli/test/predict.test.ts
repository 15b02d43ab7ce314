import { assert, describe, it } from "vitest"
import { render, verdict } from "../src/predict/render.ts"
import { plain } from "../src/terminal/style.ts"

const probabilities = [0, 0, 0, 0.25, 0, 0.75, 0, 0, 0, 0]
const classes = Array.from({ length: 10 }, (_, digit) => String(digit))
const pixels = Array.from({ length: 784 }, (_, i) => (i < 28 ? 255 : 0))
const picture = { width: 28, height: 28, pixels }

describe("a prediction", () => {
  it("is a picture beside a bar for each class", () => {
    const lines = render({ picture, classes, label: 3, probabilities }, plain)
    assert.strictEqual(lines.length, 16)
    assert.strictEqual(lines[0], "▀".repeat(28))
    assert.strictEqual(lines[5].trim(), `3  ${"█".repeat(6).padEnd(24)}   25.0 %  ◂ label`)
    assert.strictEqual(lines[7].trim(), `5  ${"█".repeat(18).padEnd(24)}   75.0 %`)
  })

  it("ends in a verdict", () => {
    assert.strictEqual(
      verdict({ picture, classes, label: 5, probabilities }, plain),
      "✓ a 5, and the model is 75.0 % sure of it"
    )
    assert.strictEqual(
      verdict({ picture, classes, label: 3, probabilities }, plain),
      "✗ taken for a 5 (75.0 % sure), but it is a 3"
    )
  })

  it("calls classes by their names", () => {
    const named = classes.map((digit) => (digit === "5" ? "coat" : digit))
    assert.match(
      render({ picture, classes: named, label: 5, probabilities }, plain).join("\n"),
      / coat {2}█+ .* ◂ label$/m
    )
    assert.strictEqual(
      verdict({ picture, classes: named, label: 3, probabilities }, plain),
      "✗ taken for “coat” (75.0 % sure), but it is a 3"
    )
  })
})
