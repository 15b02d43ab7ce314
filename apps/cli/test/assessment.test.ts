import { assert, describe, it } from "vitest"
import { accuracyOf, argMax, assess, worstConfusions } from "../src/images/assessment.ts"

/** Probabilities that give `digit` the share `confidence` and spread the rest. */
const row = (digit: number, confidence: number): ReadonlyArray<number> =>
  Array.from({ length: 10 }, (_, i) => (i === digit ? confidence : (1 - confidence) / 9))

const assessment = assess({
  classes: 10,
  probabilities: Float32Array.from([row(3, 0.9), row(5, 0.5), row(5, 0.8), row(9, 0.75)].flat()),
  labels: Uint8Array.of(3, 3, 3, 4),
  images: Uint8Array.from({ length: 4 * 784 }, (_, i) => Math.floor(i / 784))
})

describe("assess", () => {
  it("counts what was recognized", () => {
    assert.deepStrictEqual([assessment.correct, assessment.total, accuracyOf(assessment)], [1, 4, 0.25])
  })

  it("counts what was taken for what", () => {
    assert.deepStrictEqual(
      [assessment.confusion[3][3], assessment.confusion[3][5], assessment.confusion[4][9]],
      [1, 2, 1]
    )
    assert.deepStrictEqual(worstConfusions(assessment, 5), [
      { label: 3, predicted: 5, count: 2 },
      { label: 4, predicted: 9, count: 1 }
    ])
  })

  it("puts the most confident mistake first, with its picture", () => {
    assert.deepStrictEqual(
      assessment.mistakes.map(({ index }) => index),
      [2, 3, 1]
    )
    assert.deepStrictEqual(
      [...assessment.mistakes[1].pixels],
      Array.from({ length: 784 }, () => 3)
    )
  })
})

describe("argMax", () => {
  it("is the first of the greatest", () => {
    assert.strictEqual(argMax([1, 3, 3]), 1)
  })
})
