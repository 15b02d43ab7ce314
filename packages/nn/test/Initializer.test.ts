import * as Initializer from "../src/Initializer.ts"
import * as fc from "fast-check"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Random from "@cotangent/tensor/Random"
import { assert, describe, it } from "vitest"
import { values } from "./values.ts"

const key = Random.key(3)
const shape = [40, 60] as const

const moments = (xs: ReadonlyArray<number>): { readonly mean: number; readonly variance: number } => {
  const mean = xs.reduce((sum, x) => sum + x, 0) / xs.length
  return { mean, variance: xs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / xs.length }
}

const cases: ReadonlyArray<readonly [name: string, draw: Initializer.Initializer, variance: number, bound: number]> = [
  ["uniform", Initializer.uniform(-1, 1), 1 / 3, 1],
  ["normal", Initializer.normal(0.5), 1 / 4, Infinity],
  ["xavierUniform", Initializer.xavierUniform, 2 / 100, Math.sqrt(6 / 100)],
  ["xavierNormal", Initializer.xavierNormal, 2 / 100, Infinity],
  ["heUniform", Initializer.heUniform, 2 / 40, Math.sqrt(6 / 40)],
  ["heNormal", Initializer.heNormal, 2 / 40, Infinity],
  ["lecunNormal", Initializer.lecunNormal, 1 / 40, Infinity]
]

describe.each(cases)("%s", (_, draw, variance, bound) => {
  it("has mean 0 and the variance its source asks for", () => {
    const xs = values(draw(key, shape))
    const found = moments(xs)
    assert.strictEqual(xs.length, 2400)
    assert.closeTo(found.mean, 0, 4 * Math.sqrt(variance / 2400))
    assert.closeTo(found.variance / variance, 1, 0.12)
    assert.isTrue(xs.every((x) => Math.abs(x) <= bound * (1 + 1e-6)))
  })
})

it("constants need no key", () => {
  assert.deepStrictEqual(values(Initializer.constant(3)(key, [2])), [3, 3])
  assert.deepStrictEqual(values(Initializer.zeros(key, [1])), [0])
  assert.deepStrictEqual(values(Initializer.ones(key, [1])), [1])
})

it("kernels count their window as connections", () => {
  const { variance } = moments(values(Initializer.heNormal(key, [16, 8, 3, 3])))
  assert.closeTo(variance * (8 * 9), 2, 0.3)
})

it("orthogonal matrices keep norms, whichever way is narrow", () =>
  fc.assert(
    fc.property(
      fc.constantFrom<ReadonlyArray<number>>([3, 5], [5, 3], [4, 4], [2, 3, 2, 2], [6, 1, 2, 2], [1, 1]),
      fc.double({ min: 0.1, max: 3, noNaN: true }),
      fc.integer({ min: 0, max: 100 }),
      (shape, gain, seed) => {
        const drawn = Initializer.orthogonal(gain)(Random.key(seed), shape)
        assert.deepStrictEqual([...drawn.shape], shape)
        const matrix = Tensor.reshape(drawn, [shape[0], -1])
        const [rows, columns] = matrix.shape
        const gram =
          rows < columns
            ? Tensor.matmul(matrix, Tensor.transpose(matrix))
            : Tensor.matmul(Tensor.transpose(matrix), matrix)
        const n = Math.min(rows, columns)
        values(gram).forEach((x, i) => assert.closeTo(x, i % (n + 1) === 0 ? gain ** 2 : 0, 1e-5 * gain ** 2))
      }
    ),
    { numRuns: 40 }
  ))

it("orthogonal draws of another key are others, of both signs", () => {
  const draws = Array.from({ length: 40 }, (_, seed) => values(Initializer.orthogonal()(Random.key(seed), [1, 1]))[0])
  assert.isTrue(draws.some((x) => x > 0) && draws.some((x) => x < 0))
})

it("orthogonal vectors are none", () =>
  assert.throws(() => Initializer.orthogonal()(key, [3]), "orthogonal: expected two axes or more, received [3]"))
