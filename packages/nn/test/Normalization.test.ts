import * as Normalization from "../src/Normalization.ts"
import { batchNorm, groupNorm, instanceNorm, rmsNorm } from "../src/index.ts"
import { assertNear, values } from "./values.ts"
import { pullback } from "@cotangent/autodiff/Vjp"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import { assert, describe, it } from "vitest"

const key = Random.key(0)

it("stay finite at ±800, and so do their gradients", () => {
  const running = { mean: Tensor.zeros([2]), variance: Tensor.ones([2]) }
  const functions: Readonly<Record<string, (x: Tensor.Tensor<Tensor.Shape, Tensor.Float>) => Tensor.Tensor>> = {
    layerNorm: (x) => Normalization.layerNorm(x),
    rmsNorm: (x) => Normalization.rmsNorm(x),
    groupNorm: (x) => Normalization.groupNorm(x, { groups: 1 }),
    instanceNorm: (x) => Normalization.instanceNorm(x),
    batchNorm: (x) => Normalization.batchNormTraining(x, running).output,
    l2Normalize: (x) => Normalization.l2Normalize(x)
  }
  const rows = [800, 800, 800, 800, -800, 800, 0, 0.5, 0, 800, 799, 800]
  for (const [name, apply] of Object.entries(functions)) {
    for (const dtype of ["f64", "f32", "f16", "bf16"] as const) {
      const x = Tensor.make([2, 2, 3], rows, dtype)
      const y = apply(x)
      assert.deepStrictEqual([y.dtype, ...y.shape], [dtype, 2, 2, 3])
      const [gradient] = pullback([y], [x], [Tensor.cast(Tensor.reshape(Tensor.arange(12), [2, 2, 3]), dtype)])
      const all = [...values(y), ...values(gradient!)]
      assert.isTrue(all.every(Number.isFinite), `${name} in ${dtype}: ${all.join(", ")}`)
    }
  }
})

it("variances do not cancel where the mean is large", () => {
  const x = Tensor.make([1, 4], [10000, 10001, 10002, 10003])
  const deviations = [-1.5, -0.5, 0.5, 1.5].map((d) => d / Math.sqrt(1.25 + 1e-5))
  assertNear(Normalization.layerNorm(x), deviations, 1e-6)
})

it("layerNorm takes any axes", () => {
  const x = Tensor.make([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 80], "f64")
  const direct = Normalization.layerNorm(Tensor.transpose(x, [1, 0, 2]), { axes: [1, 2] })
  assertNear(Tensor.transpose(direct, [1, 0, 2]), values(Normalization.layerNorm(x, { axes: [0, -1] })), 1e-12)
})

it("groupNorm of all channels is the layer norm of an example, of each channel the instance norm", () => {
  const x = Random.normal(key, [2, 4, 3])
  assertNear(Normalization.groupNorm(x, { groups: 1 }), values(Normalization.layerNorm(x, { axes: [1, 2] })), 1e-5)
  assertNear(Normalization.groupNorm(x, { groups: 4 }), values(Normalization.instanceNorm(x)), 1e-5)
})

it("l2Normalize leaves zeros", () => assertNear(Normalization.l2Normalize(Tensor.zeros([2, 2])), [0, 0, 0, 0]))

it("stand in a pipe", () => {
  const x = Tensor.of([[2, -2]])
  assertNear(x.pipe(Normalization.rmsNorm({ epsilon: 0 })), [1, -1])
  assertNear(x.pipe(Normalization.groupNorm({ groups: 1, epsilon: 0 })), [1, -1])
})

it("refuse what does not fit", () => {
  const x = Tensor.ones([2, 3])
  assert.throws(
    () => Normalization.layerNorm(x, { weight: Tensor.ones([2]) }),
    "layerNorm: expected parameters of [3] for axes [1], received [2, 3] and [2]"
  )
  assert.throws(
    () => Normalization.groupNorm(x, { groups: 2 }),
    "groupNorm: expected channels that divide by 2 groups, received [2, 3]"
  )
  assert.throws(
    () => Normalization.instanceNorm(x),
    "instanceNorm: expected [batch, channels, length, ...], received [2, 3]"
  )
  const running = { mean: Tensor.zeros([3]), variance: Tensor.ones([3]) }
  assert.throws(
    () => Normalization.batchNormTraining(Tensor.ones([1, 3]), running),
    "batchNorm: expected more than one element per channel to train on, received [1, 3]"
  )
})

describe("batchNorm", () => {
  const layer = batchNorm(2, { momentum: 0.25, epsilon: 0 })
  const { params, state } = layer.init(key)
  const x = Tensor.of([
    [1, 10],
    [3, 30]
  ])

  it("uses the batch while training, and moves its state", () => {
    const next = layer.train(params, state, x, key)
    assertNear(next.output, [-1, -1, 1, 1])
    assertNear(next.state.mean, [0.25 * 2, 0.25 * 20])
    // Unbiased: 2 and 200.
    assertNear(next.state.variance, [0.75 + 0.25 * 2, 0.75 + 0.25 * 200])
  })

  it("uses its state at inference", () => {
    const known = { mean: Tensor.of([1, 10]), variance: Tensor.of([4, 100]) }
    assertNear(layer.predict(params, known, x), [0, 0, 1, 2])
  })

  it("gives running statistics no derivative", () => {
    const { state: next } = layer.train(params, state, x, key)
    assert.deepStrictEqual(pullback([next.mean], [x], [Tensor.ones([2])]), [undefined])
  })

  it("keeps running statistics in their dtype", () => {
    const half = Tensor.cast(x, "f16")
    const given = { weight: Tensor.cast(params.weight, "f16"), bias: Tensor.cast(params.bias, "f16") }
    const next = layer.train(given, state, half, key)
    assert.deepStrictEqual([next.output.dtype, next.state.mean.dtype], ["f16", "f32"])
    assert.strictEqual(layer.predict(given, next.state, half).dtype, "f16")
  })
})

it("layers learn a scale and an offset", () => {
  const x = Random.normal(key, [2, 4, 3])
  assert.deepStrictEqual(Tree.paths(rmsNorm(3).init(key).params), ["weight"])
  assert.deepStrictEqual(Tree.paths(groupNorm(4, { groups: 2 }).init(key).params), ["weight", "bias"])
  const layer = instanceNorm(4)
  const { params, state } = layer.init(key)
  assertNear(layer.train(params, state, x, key).output, values(Normalization.instanceNorm(x)))
  const scaled = { weight: Tensor.full([4], 2), bias: Tensor.full([4], 1) }
  assertNear(
    layer.predict(scaled, state, x),
    values(Normalization.instanceNorm(x)).map((y) => 2 * y + 1),
    1e-5
  )
})
