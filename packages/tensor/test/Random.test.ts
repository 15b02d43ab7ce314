import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import type { Tensor } from "../src/Primitive.ts"
import { constant, full } from "../src/primitive/leaf.ts"
import { randomBits } from "../src/primitive/routine.ts"
import { make } from "../src/HostArray.ts"
import * as Random from "../src/Random.ts"
import * as Reference from "../src/Reference.ts"

const values = (tensor: Tensor): ReadonlyArray<number> => [...Reference.evaluate([tensor])[0].data]

const assertNear = (actual: ReadonlyArray<number>, expected: ReadonlyArray<number>): void => {
  assert.strictEqual(actual.length, expected.length)
  actual.forEach((x, i) => assert.closeTo(x, expected[i], 1e-6 + 1e-5 * Math.abs(expected[i])))
}

const mean = (xs: ReadonlyArray<number>): number => xs.reduce((sum, x) => sum + x, 0) / xs.length
const variance = (xs: ReadonlyArray<number>): number => mean(xs.map((x) => (x - mean(xs)) ** 2))

// JAX 0.10, jax_threefry_partitionable.
const cases = [
  {
    seed: 0,
    key: [0, 0],
    split: [
      [1797259609, 2579123966],
      [928981903, 3453687069],
      [4146024105, 2718843009]
    ],
    foldIn7: [2716826189, 292468403],
    bits: [4070199207, 4202968722, 1427181096, 2012915765, 2447653815],
    uniform: [0.9476670026779175, 0.9785798788070679, 0.33229148387908936, 0.46866846084594727, 0.569888710975647],
    normal: [1.622642159461975, 2.0252647399902344, -0.4335944354534149, -0.07861734926700592, 0.17609089612960815],
    bernoulli: [0, 0, 0, 0, 0]
  },
  {
    seed: 1742692732,
    key: [0, 1742692732],
    split: [
      [1069553210, 3024727987],
      [49800457, 4165362024],
      [3088054830, 3037428755]
    ],
    foldIn7: [2447784533, 383589837],
    bits: [2341058953, 4205937761, 218400317, 536861363, 341940785],
    uniform: [0.5450701713562012, 0.9792711734771729, 0.0508502721786499, 0.12499773502349854, 0.07961428165435791],
    normal: [0.11321563273668289, 2.0389244556427, -1.6366643905639648, -1.1503602266311646, -1.4076706171035767],
    bernoulli: [0, 0, 1, 1, 1]
  }
] as const

describe.each(cases)("the streams of JAX for the seed $seed", (expected) => {
  const key = Random.key(expected.seed)

  it("agree on keys, words, uniforms and draws", () => {
    assert.deepStrictEqual(values(key), [...expected.key])
    assert.deepStrictEqual(
      Random.split(key, 3).map(values),
      expected.split.map((pair) => [...pair])
    )
    assert.deepStrictEqual(values(Random.foldIn(key, 7)), [...expected.foldIn7])
    assert.deepStrictEqual(values(Random.bits(key, [5])), [...expected.bits])
    assert.deepStrictEqual(values(Random.uniform(key, [5])), [...expected.uniform])
    assert.deepStrictEqual(values(Random.bernoulli(key, 0.3, [5])), [...expected.bernoulli])
  })

  it("agree on normals", () => assertNear(values(Random.normal(key, [5])), expected.normal))

  it("do not depend on the shape beyond its size", () =>
    assert.deepStrictEqual(values(Random.bits(key, [1, 5])), [...expected.bits]))
})

describe("keys", () => {
  it("hold both words of a seed", () => {
    assert.deepStrictEqual(values(Random.key(2 ** 40 + 3)), [256, 3])
    assert.deepStrictEqual(values(Random.key(-1)), [4294967295, 4294967295])
  })

  it("refuse seeds that are not whole", () =>
    assert.throws(() => Random.key(0.5), "Random.key: expected a whole number below 2^53, received 0.5"))

  it("fold in tensors as they fold in numbers", () => {
    const step = full({ shape: [], dtype: "i32", value: 7 })
    assert.deepStrictEqual(values(Random.foldIn(Random.key(3), step)), values(Random.foldIn(Random.key(3), 7)))
  })

  it("are the rows of `keys`", () =>
    assert.deepStrictEqual(
      values(Random.keys(Random.key(5), 3)),
      Random.split(Random.key(5), 3).flatMap((k) => values(k))
    ))

  it("of other shapes are refused", () =>
    // Two keys at once: the types say so too.
    assert.throws(() => Random.bits(Random.keys(Random.key(0), 3) as never, [2]), "Random.bits: expected one key [2]"))

  it("draw as a batch what each draws alone", () => {
    const keys = Random.keys(Random.key(5), 3)
    const counter = constant(make([4], "u32", [0, 1, 2, 3]))
    const together = randomBits.primitive.batch({
      inputs: [keys, counter],
      mapped: [true, false],
      size: 3,
      params: { words: 1 }
    })
    const alone = Random.split(Random.key(5), 3).map((key) => values(Random.bits(key, [4])))
    assert.deepStrictEqual(values(together[0]), alone.flat())
  })
})

describe("draws", () => {
  const key = Random.key(11)
  const some = [2000] as const

  it("are uniform within their bounds", () => {
    const xs = values(Random.uniform(key, some, { min: -3, max: 5 }))
    assert.isTrue(xs.every((x) => x >= -3 && x <= 5))
    assert.closeTo(mean(xs), 1, 0.15)
    assert.closeTo(variance(xs), 64 / 12, 0.4)
  })

  it("use both words in f64", () => {
    const xs = values(Random.uniform(key, [100], { dtype: "f64" }))
    assert.isTrue(xs.every((x) => x >= 0 && x < 1 && Number.isInteger(x * 2 ** 52)))
    assert.isTrue(xs.some((x) => x !== Math.fround(x)))
  })

  it("never reach 1 in halves", () => {
    for (const dtype of ["f16", "bf16"] as const) {
      assert.isTrue(values(Random.uniform(key, some, { dtype })).every((x) => x >= 0 && x < 1))
    }
  })

  it("have the mean and the deviation that are asked for", () => {
    const xs = values(Random.normal(key, some, { mean: 2, std: 3 }))
    assert.closeTo(mean(xs), 2, 0.25)
    assert.closeTo(variance(xs), 9, 0.6)
  })

  it("of the truncated normal stay within bounds", () => {
    const xs = values(Random.truncatedNormal(key, some, { lower: -1, upper: 2 }))
    assert.isTrue(xs.every((x) => x >= -1 && x <= 2))
    assert.closeTo(mean(xs), 0.2296, 0.05)
  })

  it("of the exponential and the Gumbel distribution have their means and variances", () => {
    const xs = values(Random.exponential(key, some))
    assert.closeTo(mean(xs), 1, 0.08)
    assert.closeTo(variance(xs), 1, 0.2)
    const ys = values(Random.gumbel(key, some))
    assert.closeTo(mean(ys), 0.5772, 0.1)
    assert.closeTo(variance(ys), Math.PI ** 2 / 6, 0.25)
  })

  it("of Bernoulli take a probability for each element", () => {
    const p = constant(make([4], "f64", [0, 1, 0, 1]))
    // The shape of `p` is known here only.
    assert.deepStrictEqual(values(Random.bernoulli(key, p as never, [4])), [0, 1, 0, 1])
  })

  it("of whole numbers cover their range evenly", () => {
    const xs = values(Random.randint(key, some, { min: -2, max: 3 }))
    const counts = [-2, -1, 0, 1, 2].map((n) => xs.filter((x) => x === n).length)
    assert.strictEqual(
      counts.reduce((a, b) => a + b),
      2000
    )
    counts.forEach((count) => assert.closeTo(count, 400, 60))
    const wide = values(Random.randint(key, some, { min: -(2 ** 31), max: 2 ** 31 - 1 }))
    assert.closeTo(mean(wide) / 2 ** 31, 0, 0.05)
  })

  it("of whole numbers refuse empty ranges", () =>
    assert.throws(
      () => Random.randint(key, [2], { min: 3, max: 3 }),
      /whole numbers min < max of i32, received 3 and 3/
    ))

  it("of categories follow the softmax of the logits", () => {
    const row = [0, Math.log(2), Math.log(5)]
    const logits = constant(make([1500, 3], "f32", Array.from({ length: 1500 }, () => row).flat()))
    // Constants are f32 here.
    const xs = values(Random.categorical(key, logits as Tensor<ReadonlyArray<number>, "f32">))
    assert.closeTo(xs.filter((x) => x === 2).length / 1500, 5 / 8, 0.05)
    assert.closeTo(xs.filter((x) => x === 0).length / 1500, 1 / 8, 0.05)
  })
})

it("a permutation holds every number once", () =>
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 40 }), (seed, count) => {
      const order = values(Random.permutation(Random.key(seed), count))
      assert.deepStrictEqual(
        order.toSorted((a, b) => a - b),
        Array.from({ length: count }, (_, i) => i)
      )
    }),
    { numRuns: 30 }
  ))
