import { assert, describe, it } from "@effect/vitest"
import { ArgumentError, ShapeError } from "@cotangent/tensor/errors"
import { make } from "@cotangent/tensor/HostArray"
import { mul } from "@cotangent/tensor/primitive/bilinear"
import { constant, full } from "@cotangent/tensor/primitive/leaf"
import { add, sum } from "@cotangent/tensor/primitive/linear"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { parameter } from "@cotangent/tensor/Program"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { bufferOf, isRealized } from "../src/Buffer.ts"
import { Device } from "../src/Device.ts"
import { DeviceUnavailable } from "../src/errors.ts"
import * as ReferenceDevice from "../src/ReferenceDevice.ts"
import { onReference } from "./onReference.ts"

const vector = (...values: ReadonlyArray<number>): Tensor => constant(make([values.length], "f32", values))

const values = (tensor: Tensor) =>
  Effect.gen(function* () {
    const device = yield* Device
    const { data } = yield* device.read(tensor)
    return [...data]
  })

/** The defect that an effect ends with. */
const defect = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.exit(effect), (exit) => (Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined))

describe("realize", () => {
  it.effect("computes the tensors of a tree and keeps its structure", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const x = vector(1, 2)
        const tree = yield* device.realize({ sum: add(x, x), list: [mul(x, x), x] as const, name: "kept" })
        assert.deepStrictEqual(yield* values(tree.sum), [2, 4])
        assert.deepStrictEqual(yield* values(tree.list[0]), [1, 4])
        assert.deepStrictEqual(yield* values(tree.list[1]), [1, 2])
        assert.strictEqual(tree.name, "kept")
        assert.isTrue([tree.sum, ...tree.list].every(isRealized))
      })
    )
  )

  it.effect("gives every tensor of the tree a buffer of its own, however often it stands there", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const [x] = yield* device.realize([vector(1)])
        const y = add(x, x)
        const tree = yield* device.realize([x, x, y, y])
        assert.strictEqual(new Set(tree.map(bufferOf)).size, 4)
        assert.strictEqual(yield* device.liveBuffers, 5)
      })
    )
  )

  it.effect("computes on what is realized already", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const x = yield* device.realize(vector(1, 2))
        const y = yield* device.realize(add(x, vector(10, 20)))
        assert.deepStrictEqual(yield* values(y), [11, 22])
      })
    )
  )

  it.effect("frees what it needed on the way at once, and the rest with the scope", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* device.realize(add(vector(1), vector(2)))
            assert.strictEqual(yield* device.liveBuffers, 1)
          })
        )
        assert.strictEqual(yield* device.liveBuffers, 0)
      })
    )
  )

  it.effect("computes a chain of 12,000 applications", () =>
    onReference()(
      Effect.gen(function* () {
        const one = vector(1)
        let x = one
        for (let i = 0; i < 12_000; i++) x = add(x, one)
        assert.deepStrictEqual(yield* values(x), [12_001])
      })
    )
  )

  it.effect("dies with an ArgumentError at a parameter of another function", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const hole = parameter({ shape: [2], dtype: "f32" })
        const error = yield* defect(device.realize(add(hole, hole)))
        assert.instanceOf(error, ArgumentError)
        assert.match(String((error as Error).message), /received the parameter f32\[2\]/)
      })
    )
  )
})

describe("put, read and readNumber", () => {
  it.effect("put uploads an array of any dtype and read gives it back", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        for (const dtype of ["f32", "f64", "f16", "bf16", "i32", "u32", "u8", "bool"] as const) {
          const array = make([2, 2], dtype, [0, 1, 1, 0])
          assert.deepStrictEqual(yield* device.read(yield* device.put(array)), array)
        }
      })
    )
  )

  it.effect("put and read accept an array without elements", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const array = make([0, 3], "f32", [])
        assert.deepStrictEqual(yield* device.read(yield* device.put(array)), array)
      })
    )
  )

  it.effect("read of an expression leaves nothing behind", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        assert.deepStrictEqual(yield* values(add(vector(1), vector(2))), [3])
        assert.strictEqual(yield* device.liveBuffers, 0)
      })
    )
  )

  it.effect("readNumber reads the one element and refuses several", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        assert.strictEqual(yield* device.readNumber(sum(vector(1, 2, 4), { axes: [0] })), 7)
        assert.instanceOf(yield* defect(device.readNumber(vector(1, 2))), ShapeError)
      })
    )
  )
})

describe("scopes", () => {
  it.effect("a tensor whose scope has closed fails with UseAfterRelease", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const x = yield* Effect.scoped(device.realize(vector(1)))
        const read = yield* Effect.flip(device.read(x))
        assert.strictEqual(read._tag, "UseAfterRelease")
        const error = yield* Effect.flip(device.realize(add(x, x)))
        assert.strictEqual(error._tag, "UseAfterRelease")
        assert.strictEqual(
          error.message,
          "realize: expected a live tensor, received a f32[1], whose scope has closed\n" +
            "  hint: realize it in a scope that lives as long as it is used"
        )
      })
    )
  )

  it.effect("realizing into a closed scope keeps nothing", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const scope = yield* Scope.make()
        yield* Scope.close(scope, Exit.void)
        const x = yield* device.realize(vector(1)).pipe(Scope.provide(scope))
        assert.strictEqual(yield* device.liveBuffers, 0)
        assert.strictEqual((yield* Effect.flip(device.read(x)))._tag, "UseAfterRelease")
      })
    )
  )

  it.effect("one finalizer serves all buffers of a scope", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const scope = yield* Scope.make()
        for (let i = 0; i < 3; i++) yield* device.realize(vector(i)).pipe(Scope.provide(scope))
        assert.isTrue(scope.state._tag === "Open" && scope.state.finalizers === undefined)
        yield* Scope.close(scope, Exit.void)
      })
    )
  )

  it.effect("a tensor of another device is refused", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const x = yield* device.realize(vector(1))
        const other = yield* Effect.provide(Device, Layer.fresh(ReferenceDevice.layer))
        assert.strictEqual((yield* Effect.flip(other.read(x)))._tag, "OtherDevice")
        assert.strictEqual((yield* Effect.flip(other.realize(add(x, x))))._tag, "OtherDevice")
      })
    )
  )
})

describe("out of memory", () => {
  it.effect("names what was asked for and what there was, and leaves nothing behind", () =>
    onReference({ memoryBytes: 20 })(
      Effect.gen(function* () {
        const device = yield* Device
        const error = yield* Effect.flip(device.realize([vector(1, 2, 3), vector(1, 2, 3)]))
        assert.strictEqual(error._tag, "OutOfMemory")
        assert.strictEqual(error.message, "the device reference has no memory for 12 bytes: 8 bytes are available")
        assert.strictEqual(yield* device.liveBuffers, 0)
        assert.deepStrictEqual(yield* values(add(vector(1), vector(2))), [3])
      })
    )
  )

  it.effect("frees the inputs it had uploaded when the output finds no room", () =>
    onReference({ memoryBytes: 20 })(
      Effect.gen(function* () {
        const device = yield* Device
        const big = full({ shape: [4], dtype: "f32", value: 1 })
        const error = yield* Effect.flip(device.realize({ data: vector(1, 2), sum: add(big, vector(1, 2, 3, 4)) }))
        assert.strictEqual(error._tag, "OutOfMemory")
        assert.strictEqual(yield* device.liveBuffers, 0)
      })
    )
  )
})

describe("checkFinite and explain", () => {
  it.effect("checkFinite names the first operation that gives NaN or an infinity", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const x = vector(1, 1e30)
        yield* device.checkFinite(add(x, x))
        const error = yield* Effect.flip(device.checkFinite({ loss: sum(add(mul(x, x), x), { axes: [0] }) }))
        assert.strictEqual(error._tag, "NonFinite")
        assert.match(error.message, /^mul f32\[2\]: expected finite values/)
      })
    )
  )

  it.effect("explain describes the program of a tree", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const text = yield* device.explain([add(vector(1), vector(2))])
        assert.include(text, "f32[1] = add(f32[1], f32[1])")
      })
    )
  )
})

describe("firstAvailable", () => {
  const missing = (device: string): Layer.Layer<Device, DeviceUnavailable> =>
    Layer.effect(Device, Effect.fail(new DeviceUnavailable({ device, reason: "no driver" })))

  it.effect("gives the first device that there is", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Device).description.name, "reference")
    }).pipe(Effect.provide(Device.firstAvailable(missing("cuda"), ReferenceDevice.layer, missing("never asked"))))
  )

  it.effect("fails with the reasons of all", () =>
    Effect.gen(function* () {
      const build = Effect.provide(Device, Device.firstAvailable(missing("cuda"), missing("wasm")))
      const error = yield* Effect.flip(build)
      assert.strictEqual(error.message, "the device any is not available: cuda: no driver; wasm: no driver")
    })
  )
})
