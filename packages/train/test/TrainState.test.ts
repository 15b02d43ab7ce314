import { assert, describe, it } from "@effect/vitest"
import { grad } from "@cotangent/autodiff/Gradient"
import * as Optimizer from "@cotangent/optim/Optimizer"
import { Device } from "@cotangent/runtime/Device"
import * as Random from "@cotangent/tensor/Random"
import * as Reference from "@cotangent/tensor/Reference"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Stream from "effect/Stream"
import * as Checkpoint from "../src/Checkpoint.ts"
import type { Cursor } from "../src/Event.ts"
import { fit } from "../src/Fit.ts"
import * as Stop from "../src/Stop.ts"
import * as TrainState from "../src/TrainState.ts"
import { onReference } from "./line.ts"

/** A net of two layers with dropout that classifies points, and a running count as its state. */
interface Params {
  readonly hidden: Tensor.Tensor<readonly [2, 8], "f32">
  readonly output: Tensor.Tensor<readonly [8, 2], "f32">
}

interface Batch {
  readonly x: Tensor.Tensor<readonly [number, 2], "f32">
  /** One-hot. */
  readonly y: Tensor.Tensor<readonly [number, number], "f32">
}

type Seen = Tensor.Tensor<readonly [], "i32">

const loss = ({ hidden, output }: Params, seen: Seen, { x, y }: Batch, key: Random.Key) => {
  const kept = Random.bernoulli(key, 0.9, [x.shape[0], 8])
  const activity = Tensor.relu(Tensor.matmul(x, hidden))
  const logits = Tensor.matmul(Tensor.where(kept, activity, 0), output)
  const error = Tensor.square(Tensor.sub(logits, y))
  return { loss: Tensor.mean(error), state: Tensor.add(seen, x.shape[0]), metrics: { worst: Tensor.max(error) } }
}

const optimizer = Optimizer.adam({ learningRate: 0.05 })

const [first, second, order] = Random.split(Random.key(1), 3)

const initial = TrainState.make({
  params: { hidden: Random.normal(first, [2, 8]), output: Random.normal(second, [8, 2]) },
  state: Tensor.full([], 0, "i32"),
  optimizer,
  key: Random.key(7)
})

const step = TrainState.step({ loss, optimizer })

/** Three batches per epoch; the class is the sign of the first coordinate. */
const batches = ({ batch, epoch }: Cursor): Stream.Stream<Batch> =>
  Stream.fromIterable([0, 1, 2].slice(batch)).pipe(
    Stream.map((number) => {
      const x = Random.normal(Random.foldIn(Random.foldIn(order, epoch), number), [8, 2])
      const positive = Tensor.greater(Tensor.slice(x, { stop: [8, 1] }), 0)
      return { x, y: Tensor.cast(Tensor.concatenate([positive, Tensor.logicalNot(positive)], 1), "f32") }
    })
  )

const valuesOf = (tree: unknown) =>
  Effect.flatMap(Device, (device) => Effect.forEach(Tree.leaves(tree), (leaf) => device.read(leaf)))

describe("TrainState.step", () => {
  it("moves the parameters as the optimizer says, and counts", () => {
    const batch = {
      x: Tensor.of([
        [1, 2],
        [3, 4]
      ]),
      y: Tensor.of([
        [1, 0],
        [0, 1]
      ])
    }
    const key = Random.foldIn(initial.key, 0)
    const gradients = grad((params: Params) => loss(params, initial.state, batch, key).loss)(initial.params)
    const expected = optimizer.update(gradients, initial.optimizer, initial.params)
    const { loss: value, metrics, state } = step(initial, batch)
    assert.deepStrictEqual(
      Reference.evaluate(Tree.leaves(state)),
      Reference.evaluate(
        Tree.leaves({
          params: expected.params,
          state: Tensor.full([], 2, "i32"),
          optimizer: expected.state,
          key: initial.key,
          step: Tensor.full([], 1, "i32")
        })
      )
    )
    assert.deepStrictEqual(
      Reference.evaluate([value, metrics!.worst]),
      Reference.evaluate(
        [loss(initial.params, initial.state, batch, key)].flatMap((result) => [result.loss, result.metrics.worst])
      )
    )
  })

  it("withUpdateRatio adds how far the parameters moved", () => {
    const halving = (state: { readonly params: Tensor.Tensor }) => ({
      state: { params: Tensor.mul(state.params, 0.5) },
      loss: Tensor.full([], 0)
    })
    const { metrics } = TrainState.withUpdateRatio(halving)({ params: Tensor.of([3, 4]) }, undefined)
    assert.deepStrictEqual([...Reference.evaluate([metrics!.updateRatio])[0].data], [0.5])
  })

  it("withUpdateRatio adds it for each parameter that is selected, too", () => {
    const scaling = ({
      params: { a, b }
    }: {
      readonly params: { readonly a: Tensor.Tensor; readonly b: Tensor.Tensor }
    }) => ({
      state: { params: { a: Tensor.mul(a, 0.5), b: Tensor.mul(b, 3) } },
      loss: Tensor.full([], 0)
    })
    const params = { a: Tensor.of([3, 4]), b: Tensor.of([0, -12]) }
    const { metrics } = TrainState.withUpdateRatio(scaling, () => true)({ params }, undefined)
    assert.deepStrictEqual(Object.keys(metrics!), ["updateRatio", "updateRatio a", "updateRatio b"])
    const [all, a, b] = Reference.evaluate(Object.values(metrics!)).map(({ data }) => Number(data[0]))
    assert.deepStrictEqual([a, b], [0.5, 2])
    // Changes of norms 2.5 and 24, of parameters of norms 5 and 12.
    assert.closeTo(all, Math.hypot(2.5, 24) / 13, 1e-6)
    const one = TrainState.withUpdateRatio(scaling, (path) => path === "b")({ params }, undefined)
    assert.deepStrictEqual(Object.keys(one.metrics!), ["updateRatio", "updateRatio b"])
  })
})

describe("a training of a net with Adam and dropout", () => {
  const task = { initial, step, batches, epochs: 6 }

  it.effect("learns", () =>
    onReference(
      Effect.gen(function* () {
        const training = yield* fit(task)
        const events = yield* Stream.runCollect(training.events)
        const losses = events.flatMap((event) => (event._tag === "EpochFinished" ? [event.loss] : []))
        assert.isBelow(losses[5], 0.5 * losses[0])
      })
    )
  )

  it.effect("interrupted and resumed from its file, ends with the bits of one that was not", () =>
    onReference(
      Effect.gen(function* () {
        const folder = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
        const file = { path: `${folder}/net.safetensors`, model: "net" }
        const whole = yield* fit(task)
        yield* Stream.runDrain(whole.events)
        const stop = yield* Stop.make
        const first = yield* fit({ ...task, stop, checkpoint: Checkpoint.keep(file) })
        yield* Stream.runForEach(first.events, (event) =>
          event._tag === "Step" && event.step === 7 ? Stop.request(stop, "interrupted") : Effect.void
        )
        const { cursor, state } = yield* Checkpoint.load(file, initial)
        assert.deepStrictEqual(cursor, { epoch: 2, batch: 1, step: 7 })
        const rest = yield* fit({ ...task, initial: state, cursor })
        yield* Stream.runDrain(rest.events)
        assert.deepStrictEqual(yield* valuesOf(yield* rest.state), yield* valuesOf(yield* whole.state))
      })
    ).pipe(Effect.provide(NodeServices.layer))
  )
})
