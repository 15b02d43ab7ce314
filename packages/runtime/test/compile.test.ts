import { assert, describe, it } from "@effect/vitest"
import { ShapeError } from "@cotangent/tensor/errors"
import { make } from "@cotangent/tensor/HostArray"
import { mul } from "@cotangent/tensor/primitive/bilinear"
import { constant, full } from "@cotangent/tensor/primitive/leaf"
import { add } from "@cotangent/tensor/primitive/linear"
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { bufferOf } from "../src/Buffer.ts"
import { Device } from "../src/Device.ts"
import { onReference } from "./onReference.ts"

const vector = (...values: ReadonlyArray<number>): Tensor => constant(make([values.length], "f32", values))

const values = (tensor: Tensor) =>
  Effect.gen(function* () {
    const device = yield* Device
    const { data } = yield* device.read(tensor)
    return [...data]
  })

describe("compile", () => {
  it.effect("calls the function once for each signature of its arguments", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        let calls = 0
        const double = yield* device.compile((x: Tensor) => {
          calls++
          return { doubled: add(x, x), calls }
        })
        const x = yield* device.realize(vector(1, 2))
        assert.deepStrictEqual(yield* values((yield* double(x)).doubled), [2, 4])
        assert.deepStrictEqual(yield* values((yield* double((yield* double(x)).doubled)).doubled), [4, 8])
        assert.strictEqual(calls, 1)
        const longer = yield* double(yield* device.realize(vector(1, 2, 3)))
        assert.deepStrictEqual(yield* values(longer.doubled), [2, 4, 6])
        assert.strictEqual(longer.calls, 2)
        yield* double(yield* device.put(make([2], "f64", [1, 2])))
        yield* double(x)
        assert.strictEqual(calls, 3)
      })
    )
  )

  it.effect("shows the programs that are kept, by the name of the function that was first", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        assert.deepStrictEqual(yield* device.programs, [])
        const x = yield* device.realize(vector(1, 2))
        yield* (yield* device.compile((y: Tensor) => add(y, y), { name: "double" }))(x)
        yield* (yield* device.compile((y: Tensor) => add(y, y), { name: "the same" }))(x)
        yield* device.realize(mul(x, x))
        const programs = yield* device.programs
        assert.deepStrictEqual(
          programs.map(({ name }) => name),
          ["double", "realize"]
        )
        assert.include(programs[0].explain(), "= add(")
        assert.strictEqual(programs[1].explain(), yield* device.explain(mul(x, x)))
      })
    )
  )

  it.effect("takes host data and expressions for arguments and frees them after the call", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const plus = yield* device.compile((x: Tensor, y: Tensor) => add(x, y))
        const x = vector(1)
        const y = yield* plus(x, mul(x, full({ shape: [1], dtype: "f32", value: 5 })))
        assert.deepStrictEqual(yield* values(y), [6])
        assert.strictEqual(yield* device.liveBuffers, 1)
      })
    )
  )

  it.effect("finds the leaves of a record whatever the order of its keys", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        let calls = 0
        const f = yield* device.compile(({ a, b }: { readonly a: Tensor; readonly b: Tensor }) => {
          calls++
          return add(a, add(b, b))
        })
        const [one, ten] = [vector(1), yield* device.realize(vector(10))]
        assert.deepStrictEqual(yield* values(yield* f({ a: one, b: ten })), [21])
        assert.deepStrictEqual(yield* values(yield* f({ b: ten, a: one })), [21])
        assert.deepStrictEqual(yield* values(yield* f({ b: one, a: ten })), [12])
        assert.strictEqual(calls, 1)
      })
    )
  )

  it.effect("traces again for another value of an argument that is no tensor", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const scale = yield* device.compile((x: Tensor, by: number) =>
          mul(x, full({ shape: x.shape, dtype: x.dtype, value: by }))
        )
        assert.deepStrictEqual(yield* values(yield* scale(vector(3), 2)), [6])
        assert.deepStrictEqual(yield* values(yield* scale(vector(3), 5)), [15])
      })
    )
  )

  it.effect("uploads what the function reads from outside once and keeps it until its scope closes", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const weights = vector(2, 3)
        const realized = yield* device.realize(vector(1, 1))
        yield* Effect.scoped(
          Effect.gen(function* () {
            const f = yield* device.compile((x: Tensor) => add(mul(x, weights), realized))
            for (let i = 0; i < 3; i++) {
              assert.deepStrictEqual(yield* Effect.scoped(Effect.flatMap(f(vector(1, 2)), values)), [3, 7])
              assert.strictEqual(yield* device.liveBuffers, 2)
            }
          })
        )
        assert.strictEqual(yield* device.liveBuffers, 1)
      })
    )
  )

  it.effect("fails with UseAfterRelease when what it reads from outside is gone, or its own scope has closed", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const scope = yield* Scope.make()
        const outside = yield* device.realize(vector(1)).pipe(Scope.provide(scope))
        const f = yield* device.compile((x: Tensor) => add(x, outside), { name: "addOutside" })
        assert.deepStrictEqual(yield* values(yield* f(vector(1))), [2])
        yield* Scope.close(scope, Exit.void)
        const error = yield* Effect.flip(f(vector(1)))
        assert.strictEqual(error._tag, "UseAfterRelease")
        assert.match(
          error.message,
          /^addOutside: expected a live tensor, received the f32\[1\] that it reads from outside/
        )
        const closed = yield* Effect.scoped(device.compile((x: Tensor) => x))
        assert.match((yield* Effect.flip(closed(vector(1)))).message, /the compiled function itself/)
      })
    )
  )

  it.effect("may return its arguments, the same tensor twice, and no tensor at all", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const f = yield* device.compile((x: Tensor) => ({ x, twice: [add(x, x), x] as const, nothing: null }))
        const x = yield* device.realize(vector(4))
        const { nothing, twice, x: same } = yield* f(x)
        assert.strictEqual(nothing, null)
        assert.deepStrictEqual(yield* Effect.forEach([same, ...twice], values), [[4], [8], [4]])
        assert.strictEqual(new Set([x, same, ...twice].map(bufferOf)).size, 4)
      })
    )
  )

  it.effect("dies with the error that building the expression throws", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const f = yield* device.compile((x: Tensor, y: Tensor) => add(x, y))
        const exit = yield* Effect.exit(f(vector(1), vector(1, 2)))
        assert.isTrue(
          Exit.isFailure(exit) &&
            exit.cause.reasons.some((reason) => "defect" in reason && reason.defect instanceof ShapeError)
        )
      })
    )
  )

  it.effect("runs concurrent first calls", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const f = yield* device.compile((x: Tensor) => add(x, x))
        const results = yield* Effect.forEach([1, 2, 3, 4], (n) => f(vector(n)), { concurrency: "unbounded" })
        assert.deepStrictEqual(yield* Effect.forEach(results, values), [[2], [4], [6], [8]])
      })
    )
  )
})

describe("recompiling", () => {
  it.effect("warns once, after eight signatures, and says which argument changed", () => {
    const lines: Array<string> = []
    const memory = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${String(message)}`))
    return onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const f = yield* device.compile((batch: { readonly x: Tensor }) => add(batch.x, batch.x), { name: "step" })
        for (let n = 1; n <= 12; n++) {
          yield* Effect.scoped(f({ x: full({ shape: [n], dtype: "f32", value: 1 }) }))
          assert.strictEqual(lines.length, n > 8 ? 1 : 0)
        }
        assert.deepStrictEqual(lines, [
          "Warn step was compiled for 9 signatures: argument 0.x changed from f32[8] to f32[9]\n" +
            "  hint: give it arguments of the same shapes, and numbers that vary as tensors"
        ])
      })
    ).pipe(Effect.provide(Logger.layer([memory])))
  })

  it.effect("works for more signatures than it remembers", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const f = yield* device.compile((x: Tensor, by: number) =>
          add(x, full({ shape: x.shape, dtype: x.dtype, value: by }))
        )
        for (let n = 0; n < 70; n++) assert.deepStrictEqual(yield* values(yield* f(vector(1), n)), [1 + n])
      })
    ).pipe(Effect.provide(Logger.layer([])))
  )
})
