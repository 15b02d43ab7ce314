import { assert, describe, it } from "@effect/vitest"
import * as Optimizer from "@cotangent/optim/Optimizer"
import type { Scalar } from "@cotangent/optim/Schedule"
import { Device } from "@cotangent/runtime/Device"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Diagnosis from "../src/Diagnosis.ts"
import type { Cursor } from "../src/Event.ts"
import * as Finding from "../src/Finding.ts"
import * as Settings from "../src/Settings.ts"
import { onReference } from "./line.ts"

/** A net of two layers that tells three clouds of points apart. */
interface Layer {
  readonly weight: Tensor.Tensor<readonly [number, number], "f32">
  readonly bias: Tensor.Tensor<readonly [number], "f32">
}

interface Params {
  readonly hidden: Layer
  readonly output: Layer
}

interface Batch {
  readonly x: Tensor.Tensor<readonly [number, 2], "f32">
  readonly label: Tensor.Tensor<readonly [number], "i32">
}

const affine = ({ bias, weight }: Layer, x: Tensor.Tensor<readonly [number, number], "f32">) =>
  Tensor.add(Tensor.matmul(x, weight), bias)

const logitsOf = ({ hidden, output }: Params, x: Batch["x"]) => affine(output, Tensor.tanh(affine(hidden, x)))

const loss = (params: Params, state: {}, { label, x }: Batch) => {
  const logits = logitsOf(params, x)
  const chosen = Tensor.mul(Tensor.logSoftmax(logits, -1), Tensor.oneHot(label, 3))
  return {
    loss: Tensor.neg(Tensor.mean(Tensor.sum(chosen, -1))),
    state,
    metrics: { accuracy: Tensor.mean(Tensor.cast(Tensor.equal(Tensor.argMax(logits, -1), label), "f32")) }
  }
}

const [drawing, data] = Random.split(Random.key(3))
const [first, second] = Random.split(drawing)

/** Layers whose weights have a deviation. */
const layers = (deviation: number): Params => ({
  hidden: { weight: Random.normal(first, [2, 8], { std: deviation }), bias: Tensor.zeros([8]) },
  output: { weight: Random.normal(second, [8, 3], { std: deviation }), bias: Tensor.zeros([3]) }
})

const cloud = (key: Random.Key, size: number): Batch => {
  const label = Tensor.cast(Tensor.remainder(Tensor.arange(size), 3), "i32")
  const angle = Tensor.mul(Tensor.cast(label, "f32"), (2 * Math.PI) / 3)
  const center = Tensor.stack([Tensor.cos(angle), Tensor.sin(angle)], 1) as Batch["x"]
  return { label, x: Tensor.add(center, Random.normal(key, [size, 2], { std: 0.2 })) as Batch["x"] }
}

const batches = ({ epoch }: Cursor): Stream.Stream<Batch> => Stream.make(cloud(Random.foldIn(data, epoch), 24))

const subject = {
  params: layers(0.2),
  state: {},
  loss,
  optimizer: (learningRate: Scalar) => Optimizer.sgd({ learningRate, momentum: 0.9 }),
  batches,
  few: cloud(Random.foldIn(data, 1000), 20),
  expectedLoss: Finding.uniformLoss(3),
  key: Random.key(0)
}

describe("single experiments", () => {
  it.effect("the first loss is that of theory, unless weights are large", () =>
    onReference(
      Effect.gen(function* () {
        assert.isTrue((yield* Diagnosis.initialLoss(subject)).isHealthy)
        assert.isFalse((yield* Diagnosis.initialLoss({ ...subject, params: layers(10) })).isHealthy)
      })
    )
  )

  it.effect("regularization adds half the squared norm of the weights, or what it is told to", () =>
    onReference(
      Effect.gen(function* () {
        const device = yield* Device
        const { losses } = yield* Diagnosis.regularization(subject, [0, 0.5])
        const { hidden, output } = subject.params
        const norm = Tensor.add(Tensor.sum(Tensor.square(hidden.weight)), Tensor.sum(Tensor.square(output.weight)))
        assert.closeTo(losses[1] - losses[0], 0.25 * (yield* device.readNumber(norm)), 1e-5)
        const forgotten = yield* Diagnosis.regularization({ ...subject, penalty: () => Tensor.scalar(0) })
        assert.isFalse(forgotten.isHealthy)
      })
    )
  )

  it.effect("the rate grows until the loss explodes", () =>
    onReference(
      Effect.gen(function* () {
        // A parabola is steeper the farther it is left.
        const parabola = {
          ...subject,
          params: { weight: Tensor.of([2, -1]) },
          loss: ({ weight }: { readonly weight: Tensor.Tensor<readonly [2], "f32"> }, state: {}) => ({
            loss: Tensor.sum(Tensor.square(weight)),
            state
          }),
          optimizer: (learningRate: Scalar) => Optimizer.sgd({ learningRate })
        }
        const finding = yield* Diagnosis.rateRange(parabola, { range: [1e-3, 1e3], steps: 120 })
        assert.isTrue(finding.isHealthy)
        assert.isBelow(finding.suggested, 1)
        assert.isAbove(finding.explodesAt!, 1)
        assert.strictEqual(finding.rates.length, finding.losses.length)
        assert.isBelow(finding.rates.length, 120)
        const settled = yield* Diagnosis.training(parabola, { learningRate: finding.suggested, steps: 60 })
        assert.notInclude(["exploded", "flat"], settled[0].shape)
        const wild = yield* Diagnosis.training(parabola, { learningRate: 3, steps: 60 })
        assert.strictEqual(wild[0].shape, "exploded")
        assert.isBelow(wild[0].losses.length, 60)
      })
    )
  )

  it.effect("a few examples are learned by heart unless they cannot be told apart", () =>
    onReference(
      Effect.gen(function* () {
        const able = yield* Diagnosis.overfit(subject, { learningRate: 0.1, steps: 60 })
        assert.deepStrictEqual([able.isHealthy, able.accuracy], [true, 1])
        // The same point with all labels.
        const x = Tensor.zerosLike(subject.few.x)
        const unable = yield* Diagnosis.overfit(
          { ...subject, few: { ...subject.few, x } },
          { learningRate: 0.1, steps: 20 }
        )
        assert.isFalse(unable.isHealthy)
        assert.isBelow(unable.accuracy!, 0.5)
      })
    )
  )

  it.effect("weights that a tiny rate leaves where they are are named", () =>
    onReference(
      Effect.gen(function* () {
        const [, moved] = yield* Diagnosis.training(subject, { learningRate: 0.01, steps: 10 })
        assert.deepStrictEqual(Object.keys(moved.ratios), ["hidden.weight", "output.weight"])
        assert.isTrue(moved.isHealthy)
        const still = { ...subject, optimizer: (learningRate: Scalar) => Optimizer.sgd({ learningRate }) }
        const [flat, stuck] = yield* Diagnosis.training(still, { learningRate: 1e-7, steps: 10 })
        assert.deepStrictEqual([flat.shape, stuck.outliers], ["flat", ["hidden.weight", "output.weight"]])
      })
    )
  )

  it.effect("a search compares what it is told to", () =>
    onReference(
      Effect.gen(function* () {
        const settings = Settings.grid(
          { learningRate: [1e-4, 1e2], strength: [1e-4, 1e-4] },
          { learningRate: 3, strength: 1 }
        )
        const found = yield* Diagnosis.search(subject, settings, { steps: 15 })
        assert.deepStrictEqual([found.best, found.isHealthy], [1, true])
        const distance = ({ output }: Params) =>
          Tensor.sum(Tensor.square(Tensor.sub(output.weight, subject.params.output.weight)))
        const least = yield* Diagnosis.search({ ...subject, score: distance }, settings, { steps: 15 })
        assert.strictEqual(least.best, 0)
        assert.isBelow(least.trials[0].score, least.trials[1].score)
        assert.isNaN(least.trials[2].score)
      })
    )
  )

  it.effect("batches are needed", () =>
    onReference(
      Effect.gen(function* () {
        const nothing = { ...subject, batches: () => Stream.empty }
        const exits = [
          yield* Effect.exit(Diagnosis.initialLoss(nothing)),
          yield* Effect.exit(Diagnosis.rateRange(nothing, { steps: 2 }))
        ]
        assert.match(String(exits[0]), /expected a batch, received none/)
        assert.match(String(exits[1]), /expected batches and steps, received none/)
      })
    )
  )
})

describe("diagnose", () => {
  const options = {
    rates: { range: [1e-4, 10] as const, steps: 60 },
    overfitSteps: 60,
    steps: 60,
    search: {
      steps: 20,
      settings: Settings.grid({ learningRate: [1e-3, 1e2], strength: [1e-6, 1e-3] }, { learningRate: 4, strength: 2 })
    }
  }

  it.effect("finds nothing wrong with a training that is sound, and says so as it goes", () =>
    onReference(
      Effect.gen(function* () {
        const told: Array<string> = []
        const tell = ({ _tag }: Finding.Finding) => Effect.sync(() => void told.push(_tag))
        const { findings, setting } = yield* Diagnosis.diagnose(subject, { ...options, tell })
        const tags = ["InitialLoss", "Regularization", "RateRange", "Overfit", "Search", "Curve", "Updates"]
        assert.deepStrictEqual(told, tags)
        assert.deepStrictEqual(
          findings.map(({ _tag }) => _tag),
          tags as Array<Finding.Finding["_tag"]>
        )
        assert.deepStrictEqual(findings.filter(({ isHealthy }) => !isHealthy).map(Finding.describe), [])
        assert.isDefined(setting)
      })
    )
  )

  it.effect("tries settings about the rate that it found, and gives where the last training ended", () =>
    onReference(
      Effect.gen(function* () {
        const multiples = Settings.grid(
          { learningRate: [0.1, 10], strength: [1e-4, 1e-4] },
          { learningRate: 3, strength: 1 }
        )
        const { findings, params, setting, state } = yield* Effect.scoped(
          Diagnosis.diagnose(subject, {
            ...options,
            search: {
              steps: 20,
              settings: ({ suggested }) =>
                multiples.map((one) => ({ ...one, learningRate: one.learningRate * suggested }))
            }
          })
        )
        const range = findings.find((finding) => finding._tag === "RateRange")!
        const search = findings.find((finding) => finding._tag === "Search")!
        assert.closeTo(search.trials[1].learningRate, range.suggested, 1e-6 * range.suggested)
        assert.isDefined(setting)
        assert.deepStrictEqual(state, {})
        // Outside of every scope they still have values, which know the clouds.
        const { loss: value } = loss(params, {}, cloud(Random.foldIn(data, 7), 24))
        const device = yield* Device
        assert.isBelow(yield* device.readNumber(value), 0.5 * Finding.uniformLoss(3))
      })
    )
  )

  it.effect("ends where no rate lowers the loss", () =>
    onReference(
      Effect.gen(function* () {
        // Nothing of the parameters reaches the loss.
        const deaf = {
          ...subject,
          loss: (params: Params, state: {}, { x }: Batch) => ({
            loss: Tensor.add(
              Tensor.mul(Tensor.sum(params.hidden.weight), 0),
              Tensor.add(Tensor.mul(Tensor.mean(x), 0), 2)
            ),
            state
          })
        }
        const { findings, params, setting } = yield* Diagnosis.diagnose(deaf, { rates: { steps: 10 } })
        assert.strictEqual(params, deaf.params)
        assert.deepStrictEqual(
          findings.map(({ _tag, isHealthy }) => [_tag, isHealthy]),
          [
            ["InitialLoss", false],
            ["Regularization", true],
            ["RateRange", false]
          ]
        )
        assert.isUndefined(setting)
      })
    )
  )
})
