import { assert, describe, it } from "@effect/vitest"
import * as Safetensors from "@cotangent/formats/Safetensors"
import { Device } from "@cotangent/runtime/Device"
import { ArgumentError } from "@cotangent/tensor/errors"
import { make } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import { neg } from "@cotangent/tensor/primitive/linear"
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Stream from "effect/Stream"
import * as Checkpoint from "../src/Checkpoint.ts"
import { start } from "../src/Event.ts"
import { fit } from "../src/Fit.ts"
import * as Stop from "../src/Stop.ts"
import { batches, initial, numbers, onReference, scalar, step } from "./line.ts"

const inFolder = <A, E, R>(test: (file: Checkpoint.File) => Effect.Effect<A, E, R>) =>
  onReference(
    Effect.gen(function* () {
      const [fs, { join }] = [yield* FileSystem.FileSystem, yield* Path.Path]
      const folder = yield* fs.makeTempDirectoryScoped()
      return yield* test({ path: join(folder, "line.safetensors"), model: "line" })
    })
  ).pipe(Effect.provide(NodeServices.layer))

const array = (...values: ReadonlyArray<number>): Tensor => constant(make([values.length], "f32", values))

describe("save and load", () => {
  it.effect("keep every bit of every tensor, and the cursor", () =>
    inFolder((file) =>
      Effect.gen(function* () {
        const device = yield* Device
        const state = {
          params: { layers: [{ weight: array(0.1, -0, Number.NaN, Infinity, 1e-45) }, { weight: array() }] },
          key: constant(make([2], "u32", [0, 4294967295])),
          half: constant(make([2], "f16", [0.1, 65504]))
        }
        const cursor = { epoch: 3, batch: 7, step: 1234 }
        assert.strictEqual(yield* Checkpoint.save(file, { state: yield* device.realize(state), cursor }), file.path)
        assert.deepStrictEqual(yield* Checkpoint.inspect(file.path), { model: "line", cursor })
        const loaded = yield* Checkpoint.load(file, state)
        assert.deepStrictEqual(loaded.cursor, cursor)
        assert.deepStrictEqual(
          yield* Effect.forEach(
            [
              loaded.state.params.layers[0].weight,
              loaded.state.params.layers[1].weight,
              loaded.state.key,
              loaded.state.half
            ],
            device.read
          ),
          yield* Effect.forEach(
            [state.params.layers[0].weight, state.params.layers[1].weight, state.key, state.half],
            device.read
          )
        )
        const { tensors } = yield* Safetensors.readFile(file.path)
        assert.deepStrictEqual([...tensors.keys()].toSorted(), [
          "half",
          "key",
          "params.layers.0.weight",
          "params.layers.1.weight"
        ])
      })
    )
  )

  it.effect("a training that was interrupted and resumed ends with the bits of one that was not", () =>
    inFolder((file) =>
      Effect.gen(function* () {
        const task = { initial, step, batches, epochs: 4 }
        const whole = yield* fit(task)
        yield* Stream.runDrain(whole.events)
        for (const after of [1, 3, 5]) {
          const stop = yield* Stop.make
          const first = yield* fit({ ...task, stop, checkpoint: Checkpoint.keep(file) })
          yield* Stream.runForEach(first.events, (event) =>
            event._tag === "Step" && event.step === after ? Stop.request(stop, "interrupted") : Effect.void
          )
          const { cursor, state } = yield* Checkpoint.load(file, initial)
          assert.strictEqual(cursor.step, after)
          const rest = yield* fit({ ...task, initial: state, cursor })
          yield* Stream.runDrain(rest.events)
          assert.deepStrictEqual(yield* numbers(yield* rest.state), yield* numbers(yield* whole.state))
        }
      })
    )
  )

  it.effect("the former checkpoint stays whole when the next one cannot be written", () =>
    inFolder((file) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* Checkpoint.save(file, { state: initial, cursor: start })
        const before = yield* fs.readFile(file.path)
        const full = FileSystem.makeNoop({ ...fs, rename: () => Effect.die("killed before the rename") })
        yield* Checkpoint.save(file, { state: { ...initial, steps: scalar(9, "i32") }, cursor: start }).pipe(
          Effect.provideService(FileSystem.FileSystem, full),
          Effect.exit
        )
        assert.deepStrictEqual(yield* fs.readFile(file.path), before)
      })
    )
  )

  it.effect("save dies with an ArgumentError where two tensors have the same path", () =>
    inFolder((file) =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(
          Checkpoint.save(file, { state: { a: { b: array(1) }, "a.b": array(2) }, cursor: start })
        )
        assert.instanceOf(Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined, ArgumentError)
      })
    )
  )

  it.effect("loadPart takes parameters out of a whole state", () =>
    inFolder((file) =>
      Effect.gen(function* () {
        const device = yield* Device
        yield* Checkpoint.save(file, {
          state: { ...initial, params: { slope: scalar(2), intercept: neg(scalar(1)) } },
          cursor: start
        })
        const { params } = yield* Checkpoint.loadPart(file, { params: initial.params })
        assert.strictEqual(yield* device.readNumber(params.intercept), -1)
      })
    )
  )
})

describe("a checkpoint that does not fit", () => {
  const reasonOf = (file: Checkpoint.File, like: unknown) =>
    Effect.map(Effect.flip(Checkpoint.load(file, like)), (error) => error.message.replace(file.path, "F"))

  it.effect("says what is wrong and where", () =>
    inFolder((file) =>
      Effect.gen(function* () {
        const { params, steps } = initial
        yield* Checkpoint.save(file, { state: initial, cursor: start })
        const cannot = "cannot load the checkpoint F: "
        assert.strictEqual(
          yield* reasonOf({ ...file, model: "mlp" }, initial),
          `${cannot}expected the model mlp, received line`
        )
        assert.strictEqual(
          yield* reasonOf(file, { ...initial, momentum: params }),
          `${cannot}expected the tensor momentum.slope, which it does not hold`
        )
        assert.strictEqual(
          yield* reasonOf(file, { steps, params: { slope: scalar(0) } }),
          `${cannot}it holds the tensor params.intercept, which the model does not have`
        )
        assert.strictEqual(
          yield* reasonOf(file, { steps, params: { slope: array(1, 2), intercept: scalar(0) } }),
          `${cannot}expected params.slope to be f32[2], received f32[]`
        )
        assert.strictEqual(
          yield* reasonOf(file, { params, steps: scalar(0) }),
          `${cannot}expected steps to be f32[], received i32[]`
        )
      })
    )
  )

  it.effect("of a version or kind that it does not know is refused", () =>
    inFolder((file) =>
      Effect.gen(function* () {
        const write = (metadata: Readonly<Record<string, string>>) =>
          Safetensors.writeFile(file.path, { tensors: new Map(), metadata: new Map(Object.entries(metadata)) })
        const known = { format: "cotangent checkpoint", version: "1", model: "line" }
        const cannot = "cannot load the checkpoint F: "
        yield* write({})
        assert.strictEqual(
          yield* reasonOf(file, {}),
          `${cannot}it is a safetensors file, but not a checkpoint of a training`
        )
        yield* write({ ...known, version: "2" })
        assert.strictEqual(yield* reasonOf(file, {}), `${cannot}its version is 2, this program reads version 1`)
        for (const cursor of ["", "{}", '{"epoch":-1,"batch":0,"step":0}']) {
          yield* write({ ...known, cursor })
          assert.match(yield* reasonOf(file, {}), /not a checkpoint of a training$/)
        }
      })
    )
  )

  it.effect("that is missing or damaged fails as files do", () =>
    inFolder((file) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        assert.strictEqual((yield* Effect.flip(Checkpoint.load(file, initial)))._tag, "PlatformError")
        yield* fs.writeFile(file.path, new Uint8Array(5))
        assert.strictEqual((yield* Effect.flip(Checkpoint.load(file, initial)))._tag, "FormatError")
      })
    )
  )
})
