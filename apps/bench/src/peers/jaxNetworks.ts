/**
 * The steps of training in jax-js. Its optimizers are a package that npm does not have, so they are written out.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import { jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax"
import { dense, fill, full, ints, kernel } from "../data.ts"
import type { Attempt } from "./Attempt.ts"

/** The array of jax-js that holds the numbers of `array`. */
export const upload = ({ data, shape }: HostArray): np.Array =>
  // The workloads have data of f32 and i32 only.
  np.array(data as Float32Array<ArrayBuffer>).reshape([...shape])

/** Parameters, in an order that their network knows. */
type Params = Array<np.Array>

/** The next parameters and state, for a tree of arrays each. */
interface Optimizer {
  readonly init: (params: Params) => Array<Params>
  readonly update: (gradients: Params, state: Array<Params>, params: Params) => [Params, Array<Params>]
}

const sgd = (rate: number): Optimizer => ({
  init: () => [],
  update: (gradients, state, params) => [params.map((p, i) => p.sub(gradients[i].mul(rate))), state]
})

/** Adam, with decoupled weight decay; powers of the decay rates are part of the state. */
const adam = (rate: number, decay = 0): Optimizer => ({
  init: (params) => [
    params.map(({ shape }) => np.zeros(shape)),
    params.map(({ shape }) => np.zeros(shape)),
    [np.ones([]), np.ones([])]
  ],
  update: (gradients, [first, second, [power1, power2]], params) => {
    const [next1, next2] = [power1.mul(0.9), power2.mul(0.999)]
    const m = gradients.map((g, i) => first[i].mul(0.9).add(g.ref.mul(0.1)))
    const v = gradients.map((g, i) => second[i].mul(0.999).add(np.square(g).mul(1 - 0.999)))
    const next = params.map((p, i) => {
      const mean = m[i].ref.div(np.subtract(1, next1.ref))
      const root = np.sqrt(v[i].ref.div(np.subtract(1, next2.ref)))
      return p.ref.mul(1 - rate * decay).sub(mean.div(root.add(1e-8)).mul(rate))
    })
    for (const each of params) each.dispose()
    return [next, [m, v, [next1, next2]]]
  }
})

const crossEntropy = (logits: np.Array, labels: np.Array, classes: number): np.Array => {
  const [examples] = logits.shape
  return nn
    .logSoftmax(logits, -1)
    .mul(nn.oneHot(labels, classes))
    .sum()
    .mul(-1 / examples)
}

const training = (
  arrays: ReadonlyArray<HostArray>,
  optimizer: Optimizer,
  data: readonly [HostArray, HostArray],
  loss: (params: Params, x: np.Array, y: np.Array) => np.Array
): Attempt => {
  let params = arrays.map(upload)
  let state = optimizer.init(params)
  const [x, y] = data.map(upload)
  const step = jit(
    (p: Params, s: Array<Params>, input: np.Array, target: np.Array): [np.Array, Params, Array<Params>] => {
      const [value, gradients] = valueAndGrad(loss)(tree.ref(p), input, target)
      const [next, after] = optimizer.update(gradients as Params, s, p)
      return [value, next, after]
    }
  )
  return {
    kind: "training",
    step: async () => {
      const [value, next, after] = step(params, state, x.ref, y.ref)
      ;[params, state] = [next, after]
      return (await value.data())[0]
    }
  }
}

const layer = (x: np.Array, weight: np.Array, bias: np.Array): np.Array => np.matmul(x, weight).add(bias)

const affine = (inputs: number, outputs: number, seed: number): ReadonlyArray<HostArray> => [
  dense(inputs, outputs, seed),
  full([outputs], 0)
]

const perceptron = (batch: number) => (): Attempt =>
  training(
    [...affine(784, 512, 10), ...affine(512, 512, 11), ...affine(512, 10, 12)],
    sgd(0.01),
    [fill([batch, 784], 1, 0, 1), ints([batch], 2, 10)],
    ([w1, b1, w2, b2, w3, b3], x, y) =>
      crossEntropy(layer(nn.relu(layer(nn.relu(layer(x, w1, b1)), w2, b2)), w3, b3), y, 10)
  )

const notes = (): Attempt =>
  training(
    [...affine(784, 10, 3), ...affine(10, 10, 4)],
    sgd(0.1),
    [fill([60000, 784], 1, 0, 1), ints([60000], 2, 10)],
    ([w1, b1, w2, b2], x, y) => crossEntropy(layer(nn.relu(layer(x, w1, b1)), w2, b2), y, 10)
  )

const pooled = (x: np.Array, weight: np.Array, bias: np.Array): np.Array => {
  const convolved = lax.conv(x, weight, [1, 1], "VALID").add(bias.reshape([1, -1, 1, 1]))
  return lax.reduceWindow(nn.relu(convolved), np.max, [2, 2], [2, 2])
}

const lenet = (): Attempt =>
  training(
    [
      kernel([6, 3, 5, 5], 10),
      full([6], 0),
      kernel([16, 6, 5, 5], 11),
      full([16], 0),
      ...affine(400, 120, 12),
      ...affine(120, 84, 13),
      ...affine(84, 10, 14)
    ],
    adam(1e-3),
    [fill([64, 3, 32, 32], 1), ints([64], 2, 10)],
    ([c1, b1, c2, b2, w3, b3, w4, b4, w5, b5], x, y) => {
      const features = pooled(pooled(x, c1, b1), c2, b2).reshape([64, 400])
      return crossEntropy(layer(nn.relu(layer(nn.relu(layer(features, w3, b3)), w4, b4)), w5, b5), y, 10)
    }
  )

/** One layer over all steps, written out: jax-js has no loop. */
const recurrent = (xs: Params, input: np.Array, state: np.Array, bias: np.Array): Params => {
  let [c, h] = [np.zeros([32, 256]), np.zeros([32, 256])]
  const outputs = xs.map((x) => {
    const gates = np.matmul(x, input.ref).add(np.matmul(h, state.ref)).add(bias.ref)
    const [i, f, g, o] = np.split(gates, 4, 1)
    c = nn
      .sigmoid(f)
      .mul(c)
      .add(nn.sigmoid(i).mul(np.tanh(g)))
    h = nn.sigmoid(o).mul(np.tanh(c.ref))
    return h.ref
  })
  for (const each of [c, h, input, state, bias]) each.dispose()
  return outputs
}

const lstm = (): Attempt => {
  const weight = (inputs: number, seed: number) => fill([inputs, 1024], seed, -1 / 16, 1 / 16)
  return training(
    [
      weight(128, 10),
      weight(256, 11),
      full([1024], 0),
      weight(256, 12),
      weight(256, 13),
      full([1024], 0),
      ...affine(256, 128, 20)
    ],
    adam(1e-3),
    [fill([64, 32, 128], 1), ints([2048], 2, 128)],
    ([input1, state1, bias1, input2, state2, bias2, weightOut, biasOut], x, y) => {
      const first = recurrent(np.unstack(x), input1, state1, bias1)
      const second = recurrent(first, input2, state2, bias2)
      return crossEntropy(layer(np.concatenate(second, 0), weightOut, biasOut), y, 128)
    }
  )
}

const [width, heads, context, texts] = [256, 4, 128, 16]

const normed = (x: np.Array, gain: np.Array, bias: np.Array): np.Array =>
  nn.standardize(x, -1, { epsilon: 1e-5 }).mul(gain).add(bias)

/** The parameters of a block, in the order of `block`. */
const blockParams = (number: number): ReadonlyArray<HostArray> => [
  full([width], 1),
  full([width], 0),
  full([width], 1),
  full([width], 0),
  ...affine(width, 3 * width, 20 + 10 * number),
  ...affine(width, width, 21 + 10 * number),
  ...affine(width, 4 * width, 22 + 10 * number),
  ...affine(4 * width, width, 23 + 10 * number)
]

const block = (x: np.Array, [g1, c1, g2, c2, w1, b1, w2, b2, w3, b3, w4, b4]: Params): np.Array => {
  const parts = np.split(layer(normed(x.ref, g1, c1), w1, b1), 3, -1)
  const [q, k, v] = parts.map((part) => part.reshape([texts, context, heads, width / heads]))
  const attended = nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([texts, context, width])
  const y = x.add(layer(attended, w2, b2))
  return y.ref.add(layer(nn.gelu(layer(normed(y, g2, c2), w3, b3), { approximate: true }), w4, b4))
}

const perBlock = blockParams(0).length

const gpt = (): Attempt =>
  training(
    [
      fill([256, width], 10, -0.05, 0.05),
      fill([context, width], 11, -0.05, 0.05),
      ...[0, 1, 2, 3].flatMap(blockParams),
      full([width], 1),
      full([width], 0),
      dense(width, 256, 12)
    ],
    adam(3e-4, 0.01),
    [ints([texts, context], 1, 256), ints([texts * context], 2, 256)],
    ([characters, positions, ...rest], x, y) => {
      const [gain, bias, head] = rest.slice(4 * perBlock)
      const embedded = np.matmul(nn.oneHot(x, 256), characters).add(positions)
      const blocks = [0, 1, 2, 3].map((i) => rest.slice(i * perBlock, (i + 1) * perBlock))
      const logits = np.matmul(normed(blocks.reduce(block, embedded), gain, bias), head)
      return crossEntropy(logits.reshape([texts * context, 256]), y, 256)
    }
  )

/** The networks by name. */
export const networks: Readonly<Record<string, () => Attempt>> = {
  mlp_64: perceptron(64),
  mlp_512: perceptron(512),
  lenet,
  lstm,
  gpt,
  notes_gd: notes
}
