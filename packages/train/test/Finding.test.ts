import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import * as Finding from "../src/Finding.ts"

const steps = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, i) => i / (count - 1))

const shapeOf = (losses: ReadonlyArray<number>): Finding.Shape => Finding.curve(losses).shape

const positive = fc.double({ min: 1e-3, max: 1e3, noNaN: true })
const count = fc.integer({ min: 40, max: 400 })
/** Noise of at most a hundredth of the first loss. */
const noise = fc.infiniteStream(fc.double({ min: -0.01, max: 0.01, noNaN: true }))

const noisy = (losses: ReadonlyArray<number>, noise: Stream): ReadonlyArray<number> =>
  losses.map((loss) => loss + losses[0] * noise.next().value!)

type Stream = Iterator<number>

describe("curve", () => {
  it("calls an exponential decay healthy, whatever its noise, its scale and its end", () =>
    fc.assert(
      fc.property(
        count,
        positive,
        fc.record({
          pace: fc.double({ min: 5, max: 15, noNaN: true }),
          end: fc.double({ min: 0, max: 0.5, noNaN: true })
        }),
        noise,
        (count, scale, { end, pace }, noise) => {
          const losses = steps(count).map((t) => scale * (end + (1 - end) * Math.exp(-pace * t)))
          assert.strictEqual(shapeOf(noisy(losses, noise)), "healthy")
        }
      )
    ))

  it("finds a plateau before the fall", () =>
    fc.assert(
      fc.property(count, fc.double({ min: 0.35, max: 0.8, noNaN: true }), noise, (count, knee, noise) => {
        const losses = steps(count).map((t) => (t < knee ? 2.3 : 0.2 + 2.1 * Math.exp((knee - t) * 30)))
        assert.strictEqual(shapeOf(noisy(losses, noise)), "late")
      })
    ))

  it("finds what does not fall, what has not stopped falling, and what explodes", () =>
    fc.assert(
      fc.property(count, positive, noise, (count, scale, noise) => {
        const t = steps(count)
        assert.strictEqual(shapeOf(noisy(Array(count).fill(scale), noise)), "flat")
        assert.strictEqual(
          shapeOf(
            noisy(
              t.map((t) => scale * (1 - 0.9 * t)),
              noise
            )
          ),
          "slow"
        )
        assert.strictEqual(shapeOf(t.map((t) => scale * (1 + 2.5 * t))), "exploded")
        assert.strictEqual(shapeOf([...Array(count).fill(scale), Number.NaN]), "exploded")
        assert.notStrictEqual(shapeOf(t.map((t) => scale * (1 + 1.9 * t))), "exploded")
      })
    ))

  it("does not depend on the unit of the loss", () =>
    fc.assert(
      fc.property(
        fc.array(positive, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: -9, max: 9 }),
        (losses, unit) =>
          // Powers of two round nothing.
          assert.strictEqual(shapeOf(losses.map((loss) => loss * 2 ** unit)), shapeOf(losses))
      )
    ))

  it("needs losses", () => assert.throws(() => Finding.curve([]), "curve: expected losses, received none"))
})

describe("rateRange", () => {
  /** Losses of gradient descent on `x²/2` from 1, while the rate grows by a factor from step to step. */
  const descent = (rates: ReadonlyArray<number>, curvature: number): ReadonlyArray<number> => {
    let x = 1
    return rates.map((rate) => {
      const loss = (curvature * x * x) / 2
      x -= rate * curvature * x
      return loss
    })
  }

  it("suggests a rate at which gradient descent on a parabola converges, below the one at which it explodes", () =>
    fc.assert(
      fc.property(fc.double({ min: 0.3, max: 30, noNaN: true }), (curvature) => {
        const rates = Array.from({ length: 120 }, (_, i) => 10 ** (-4 + i / 20))
        const finding = Finding.rateRange({ rates, losses: descent(rates, curvature) })
        assert.isTrue(finding.isHealthy)
        // It converges for rates below 2 / curvature.
        assert.isBelow(finding.suggested, 2 / curvature)
        assert.isAbove(finding.suggested, 1e-3 / curvature)
        if (finding.explodesAt !== undefined) assert.isBelow(finding.suggested, finding.explodesAt)
      })
    ))

  it("suggests nothing where the loss never falls", () => {
    const rates = [1e-3, 1e-2, 1e-1, 1]
    const still = Finding.rateRange({ rates, losses: [1, 1, 1, 1] })
    assert.deepStrictEqual([still.isHealthy, still.suggested, still.explodesAt], [false, Number.NaN, undefined])
    const wild = Finding.rateRange({ rates, losses: [1, 2, 9, Number.NaN] })
    assert.deepStrictEqual([wild.isHealthy, wild.explodesAt], [false, 1e-1])
    assert.strictEqual(Finding.describe(wild), "no learning rate that was tried lowers the loss; it explodes at 0.1")
  })
})

it("search finds the least score, and whether it is at an edge", () => {
  const trial = (learningRate: number, strength: number, score: number): Finding.Trial => ({
    learningRate,
    strength,
    score
  })
  const inside = Finding.search([trial(1e-3, 0.1, 3), trial(1e-2, 0.1, 1), trial(1e-1, 0.1, Number.NaN)])
  assert.deepStrictEqual([inside.isHealthy, inside.best, inside.atEdge], [true, 1, []])
  const edge = Finding.search([trial(1e-3, 0.1, 3), trial(1e-2, 0.2, 1)])
  assert.deepStrictEqual([edge.isHealthy, edge.best, edge.atEdge], [false, 1, ["learningRate", "strength"]])
  const none = Finding.search([trial(1, 0.1, Number.NaN)])
  assert.deepStrictEqual([none.isHealthy, none.best], [false, -1])
  assert.strictEqual(Finding.describe(none), "all 1 trials exploded")
})

it("updates judges the ratio in the middle of each weight", () => {
  const finding = Finding.updates({ a: [1e-3, 5, 1e-3], b: [1, 1, 1], c: [1e-6, 1e-6], d: [Number.NaN] })
  assert.deepStrictEqual(finding.ratios, { a: 1e-3, b: 1, c: 1e-6, d: Number.NaN })
  assert.deepStrictEqual([finding.isHealthy, finding.outliers], [false, ["b", "c", "d"]])
  assert.isTrue(Finding.updates({ a: [2e-3, 8e-3] }).isHealthy)
  assert.isFalse(Finding.updates({}).isHealthy)
})

it("regularization must raise the loss at each strength", () => {
  const strengths = [0, 1, 2]
  assert.isTrue(Finding.regularization({ strengths, losses: [1, 2, 3] }).isHealthy)
  assert.isFalse(Finding.regularization({ strengths, losses: [1, 1, 1] }).isHealthy)
  assert.isFalse(Finding.regularization({ strengths, losses: [1, 3, Number.NaN] }).isHealthy)
})

it("overfit asks for every example or, without an accuracy, for a hundredth of the loss", () => {
  assert.isTrue(Finding.overfit({ losses: [2, 1], accuracy: 1 }).isHealthy)
  assert.isFalse(Finding.overfit({ losses: [2, 0.001], accuracy: 0.95 }).isHealthy)
  assert.isTrue(Finding.overfit({ losses: [2, 0.02] }).isHealthy)
  assert.isFalse(Finding.overfit({ losses: [2, 0.03] }).isHealthy)
})

it("findings are data: they survive being stored, and each has a sentence", () => {
  const codec = Schema.fromJsonString(Schema.toCodecJson(Finding.Finding))
  const findings: ReadonlyArray<Finding.Finding> = [
    Finding.initialLoss({ loss: 2.5, expected: Finding.uniformLoss(10) }),
    Finding.regularization({ strengths: [0, 1], losses: [1, 2] }),
    Finding.rateRange({ rates: [1e-3, 1e-2, 1e-1], losses: [1, 0.5, Number.NaN] }),
    Finding.overfit({ losses: [2, 0.1], accuracy: 1 }),
    Finding.search([{ learningRate: 1e-3, strength: 0, score: Number.NaN }]),
    Finding.curve([3, 2, 1]),
    Finding.updates({ "hidden.weight": [0.5] })
  ]
  for (const finding of findings) {
    const stored = Schema.encodeSync(codec)(finding)
    assert.deepStrictEqual(Schema.decodeSync(codec)(stored), finding)
    assert.isAbove(Finding.describe(finding).length, 20)
  }
})
