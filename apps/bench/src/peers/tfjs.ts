/**
 * TensorFlow.js on its WebAssembly backend, which runs on one thread in Node. Its operations run as they are called.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import { getThreadsCount, setThreadsCount } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { dense, fill, full, ints } from "../data.ts"
import { chained, steps } from "../workloads/overheads.ts"
import type { Product } from "../workloads/products.ts"
import { checkOf, cliffs, common, operands } from "../workloads/products.ts"
import type { Attempt, Check, Peer } from "./Attempt.ts"
import { firstColumn, itself, meanAbs } from "./Attempt.ts"

const tensor = ({ data, dtype, shape }: HostArray): tf.Tensor =>
  tf.tensor(data as Float32Array, [...shape], dtype === "i32" ? "int32" : "float32")

type Results = ReadonlyArray<tf.Tensor>

const calculation = (
  inputs: ReadonlyArray<HostArray>,
  run: (...inputs: ReadonlyArray<tf.Tensor>) => Results,
  check: Check
): Attempt => {
  const tensors = inputs.map(tensor)
  const call = (): Results => tf.tidy(() => [...run(...tensors)])
  return {
    kind: "calculation",
    run: async () => tf.dispose([...call()]),
    check: async () => check(...call().map((x) => x.dataSync()))
  }
}

const product = (self: Product) => (): Attempt =>
  calculation(operands(self), (a, b) => [tf.matMul(a, b, self.ofA, self.ofB)], checkOf(self))

/** Everything that can be trained. */
const trainable = (): ReadonlyArray<tf.Variable> =>
  Object.values(tf.engine().registeredVariables).filter((variable) => variable.trainable)

/**
 * Steps of `optimizer` on the mean cross-entropy of `logits` and labels. Its optimizers know no decay of weights: with
 * `decay`, they are shrunk by it before they are moved, as AdamW does.
 */
const training = (
  optimizer: tf.Optimizer,
  logits: () => tf.Tensor,
  [labels, classes]: readonly [HostArray, number],
  decay = 0
): Attempt => {
  const targets = tf.oneHot(tensor(labels) as tf.Tensor1D, classes)
  // A loss over everything is a scalar.
  const loss = () => tf.losses.softmaxCrossEntropy(targets, logits()) as tf.Scalar
  return {
    kind: "training",
    step: async () => {
      const { grads, value } = optimizer.computeGradients(loss)
      if (decay > 0) tf.tidy(() => trainable().forEach((weight) => weight.assign(tf.mul(weight, 1 - decay))))
      optimizer.applyGradients(grads)
      const [number] = value.dataSync()
      tf.dispose([value, grads])
      return number
    }
  }
}

/** A dense layer with the weights of the workload. */
const layer = (inputs: number, outputs: number, seed: number): ((x: tf.Tensor) => tf.Tensor) => {
  const weight = tf.variable(tensor(dense(inputs, outputs, seed)))
  const bias = tf.variable(tensor(full([outputs], 0)))
  return (x) => tf.add(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D), bias)
}

const perceptron = (batch: number) => (): Attempt => {
  const x = tensor(fill([batch, 784], 1, 0, 1))
  const [first, second, third] = [layer(784, 512, 10), layer(512, 512, 11), layer(512, 10, 12)]
  const logits = () => third(tf.relu(second(tf.relu(first(x)))))
  return training(tf.train.sgd(0.01), logits, [ints([batch], 2, 10), 10])
}

const notes = (): Attempt => {
  const x = tensor(fill([60000, 784], 1, 0, 1))
  const [first, second] = [layer(784, 10, 3), layer(10, 10, 4)]
  return training(tf.train.sgd(0.1), () => second(tf.relu(first(x))), [ints([60000], 2, 10), 10])
}

const lstm = (): Attempt => {
  const weight = (inputs: number, seed: number) => tf.variable(tensor(fill([inputs, 1024], seed, -1 / 16, 1 / 16)))
  const layers = [0, 1].map((l) => ({
    input: weight(l === 0 ? 128 : 256, 10 + 2 * l),
    state: weight(256, 11 + 2 * l),
    bias: tf.variable(tensor(full([1024], 0)))
  }))
  const head = layer(256, 128, 20)
  const inputs = tf.unstack(tensor(fill([64, 32, 128], 1)))
  const run = (xs: ReadonlyArray<tf.Tensor>, { bias, input, state }: (typeof layers)[number]) => {
    let [c, h] = [tf.zeros([32, 256]), tf.zeros([32, 256])]
    return xs.map((x) => {
      const gates = tf.add(tf.add(tf.matMul(x, input), tf.matMul(h, state)), bias)
      const [i, f, g, o] = tf.split(gates, 4, 1)
      c = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)))
      h = tf.mul(tf.sigmoid(o), tf.tanh(c))
      return h
    })
  }
  const logits = () => head(tf.concat([...layers.reduce<ReadonlyArray<tf.Tensor>>(run, inputs)], 0))
  return training(tf.train.adam(1e-3, 0.9, 0.999, 1e-8), logits, [ints([2048], 2, 128), 128])
}

const [width, heads, context, texts] = [256, 4, 128, 16]

/** Moves rows to mean 0 and variance 1, then scales and shifts them by numbers that are learned. */
const norm = (): ((x: tf.Tensor) => tf.Tensor) => {
  const [gain, bias] = [tf.variable(tf.ones([width])), tf.variable(tf.zeros([width]))]
  return (x) => {
    const { mean, variance } = tf.moments(x, -1, true)
    return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), gain), bias)
  }
}

const gelu = (x: tf.Tensor): tf.Tensor => {
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI))
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1))
}

/** Added to scores, hides what comes later. */
const hidden = (): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: context ** 2 }, (_, i) => (i % context > i / context ? -1e9 : 0)),
    [context, context]
  )

/** The batch of texts is one axis, since products of its backend are of matrices. */
const block = (number: number): ((x: tf.Tensor) => tf.Tensor) => {
  const [before, between, mask] = [norm(), norm(), hidden()]
  const [qkv, projection] = [layer(width, 3 * width, 20 + 10 * number), layer(width, width, 21 + 10 * number)]
  const [wide, narrow] = [layer(width, 4 * width, 22 + 10 * number), layer(4 * width, width, 23 + 10 * number)]
  const attend = (x: tf.Tensor): tf.Tensor => {
    const [q, k, v] = tf
      .split(qkv(x), 3, -1)
      .map((part) => tf.transpose(tf.reshape(part, [texts, context, heads, width / heads]), [0, 2, 1, 3]))
    const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width / heads)), mask)
    const attended = tf.matMul(tf.softmax(scores, -1), v)
    return projection(tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [texts * context, width]))
  }
  return (x) => {
    const y = tf.add(x, attend(before(x)))
    return tf.add(y, narrow(gelu(wide(between(y)))))
  }
}

const gpt = (): Attempt => {
  const characters = tf.variable(tensor(fill([256, width], 10, -0.05, 0.05)))
  const positions = tf.variable(tensor(fill([context, width], 11, -0.05, 0.05)))
  const [blocks, last] = [[0, 1, 2, 3].map(block), norm()]
  const head = tf.variable(tensor(dense(width, 256, 12)))
  // Its backend cannot differentiate a gather.
  const x = tf.oneHot(tensor(ints([texts * context], 1, 256)) as tf.Tensor1D, 256)
  const logits = () => {
    const embedded = tf.reshape(tf.matMul(x, characters), [texts, context, width])
    const rows = tf.reshape(tf.add(embedded, positions), [texts * context, width])
    return tf.matMul(last(blocks.reduce((y, each) => each(y), rows)), head)
  }
  const labels = ints([texts * context], 2, 256)
  return training(tf.train.adam(3e-4, 0.9, 0.999, 1e-8), logits, [labels, 256], 3e-4 * 0.01)
}

const noKernel = "its WebAssembly backend has no gradient of a convolution by its kernel (see conv_fb)"

const attempts: Peer["attempts"] = {
  ...Object.fromEntries([...common, ...cliffs].map((each) => [each.name, product(each)])),
  chain_4M: () =>
    calculation(
      [1, 2, 3].map((seed) => fill([4194304], seed)),
      (a, b, c) => [tf.add(tf.mul(tf.tanh(tf.add(tf.mul(a, b), c)), tf.sigmoid(a)), tf.exp(tf.neg(tf.mul(c, c))))],
      meanAbs
    ),
  softmax: () => calculation([fill([4096, 1024], 1, -4, 4)], (x) => [tf.softmax(x, -1)], firstColumn(1024)),
  layernorm: () =>
    calculation(
      [fill([4096, 768], 1, -4, 4), fill([768], 2), fill([768], 3)],
      (x, weight, bias) => {
        const { mean, variance } = tf.moments(x, -1, true)
        const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)))
        return [tf.add(tf.mul(normal, weight), bias)]
      },
      meanAbs
    ),
  sum_16M: () => calculation([fill([16777216], 1)], (x) => [tf.sum(x)], itself),
  // Its images are [batch, height, width, channels], its kernels [height, width, inputs, outputs].
  conv_fb: () =>
    calculation(
      [fill([32, 64, 32, 32], 1), fill([64, 64, 3, 3], 2, -1 / 24, 1 / 24), fill([32, 64, 32, 32], 3)],
      (x, w, cotangent) => {
        const convolve = (image: tf.Tensor, kernel: tf.Tensor) =>
          tf.transpose(
            tf.conv2d(
              tf.transpose(image, [0, 2, 3, 1]) as tf.Tensor4D,
              tf.transpose(kernel, [2, 3, 1, 0]) as tf.Tensor4D,
              1,
              "same"
            ),
            [0, 3, 1, 2]
          )
        return tf.grads(convolve)([x, w], cotangent)
      },
      meanAbs
    ),
  mlp_64: perceptron(64),
  mlp_512: perceptron(512),
  gpt,
  lstm,
  notes_gd: notes,
  chain_20000: () =>
    calculation(
      chained(),
      (start, factor, addend) => {
        let x = start
        for (let step = 0; step < steps; step++) x = tf.add(tf.mul(x, factor), addend)
        return [x]
      },
      meanAbs
    ),
  dispatch: () => calculation([fill([1], 1)], (x) => [tf.add(x, 1)], itself)
}

/** Makes the library ready. */
export const start = async (threads: number): Promise<Peer> => {
  setThreadsCount(threads)
  await tf.setBackend("wasm")
  return { threads: getThreadsCount(), attempts, missing: { lenet: noKernel } }
}
