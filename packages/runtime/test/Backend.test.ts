import { assert, describe, it } from "@effect/vitest"
import { make } from "@cotangent/tensor/HostArray"
import { mul } from "@cotangent/tensor/primitive/bilinear"
import { constant, full } from "@cotangent/tensor/primitive/leaf"
import { add } from "@cotangent/tensor/primitive/linear"
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { Backend } from "../src/Backend.ts"
import { Device } from "../src/Device.ts"
import { CompileFailed, DeviceLost } from "../src/errors.ts"
import * as ReferenceDevice from "../src/ReferenceDevice.ts"

const vector = (...values: ReadonlyArray<number>): Tensor => constant(make([values.length], "f32", values))

/** What a backend was asked for. */
interface Record {
  compiled: number
  released: number
  allocated: number
  freed: number
}

const onBackend = <A, E>(
  change: (backend: Backend, record: Record) => Partial<Backend>,
  test: (record: Record) => Effect.Effect<A, E, Device | Scope.Scope>
): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    const record: Record = { compiled: 0, released: 0, allocated: 0, freed: 0 }
    const plain = ReferenceDevice.backend()
    const counted: Backend = {
      ...plain,
      allocate: (bytes) => Effect.tap(plain.allocate(bytes), () => Effect.sync(() => void record.allocated++)),
      free: (allocation) => {
        record.freed++
        plain.free(allocation)
      },
      compile: (program, options) =>
        Effect.gen(function* () {
          record.compiled++
          yield* Effect.addFinalizer(() => Effect.sync(() => void record.released++))
          return yield* plain.compile(program, options)
        })
    }
    const backend: Backend = { ...counted, ...change(counted, record) }
    return Effect.gen(function* () {
      const device = yield* Device
      const result = yield* Effect.scoped(test(record))
      assert.strictEqual(yield* device.liveBuffers, 0, "live buffers at the end of the test")
      assert.strictEqual(record.allocated, record.freed, "allocations at the end of the test")
      return result
    }).pipe(
      Effect.provide(Device.layer(Effect.succeed(backend))),
      Effect.tap(() => Effect.sync(() => assert.strictEqual(record.compiled, record.released, "executables")))
    )
  })

const unchanged = () => ({})

describe("the cache of programs", () => {
  it.effect("compiles equal structures once, whatever the data", () =>
    onBackend(unchanged, (record) =>
      Effect.gen(function* () {
        const device = yield* Device
        const one = yield* device.realize(vector(5))
        for (let i = 0; i < 4; i++) yield* device.realize(add(vector(i), i % 2 === 0 ? vector(1) : one))
        assert.strictEqual(record.compiled, 1)
        yield* device.realize(mul(vector(1), vector(1)))
        yield* device.realize(add(vector(1, 2), vector(1, 2)))
        const x = vector(1)
        yield* device.realize(add(x, x))
        assert.strictEqual(record.compiled, 4)
      })
    )
  )

  it.effect("serves compiled functions and realize alike, but not other donations", () =>
    onBackend(unchanged, (record) =>
      Effect.gen(function* () {
        const device = yield* Device
        const plus = (x: Tensor, y: Tensor) => add(x, y)
        const f = yield* device.compile(plus)
        const g = yield* device.compile(plus, { donate: [0] })
        yield* f(vector(1), vector(2))
        yield* device.realize(add(vector(1), vector(2)))
        assert.strictEqual(record.compiled, 1)
        yield* g(vector(1), vector(2))
        assert.strictEqual(record.compiled, 2)
      })
    )
  )

  it.effect("releases what was used longest ago, but nothing that a compiled function holds", () =>
    onBackend(unchanged, (record) =>
      Effect.gen(function* () {
        const device = yield* Device
        const shifted = (x: Tensor, by: number) => add(x, full({ shape: [1], dtype: "f32", value: by }))
        const f = yield* device.compile((x: Tensor) => shifted(x, -1))
        yield* f(vector(1))
        for (let i = 0; i < 300; i++) yield* Effect.scoped(device.realize(shifted(vector(1), i)))
        assert.strictEqual(record.compiled, 301)
        assert.strictEqual(record.released, 301 - 256)
        yield* f(vector(1))
        yield* Effect.scoped(device.realize(shifted(vector(1), 299)))
        assert.strictEqual(record.compiled, 301)
        yield* Effect.scoped(device.realize(shifted(vector(1), 0)))
        assert.strictEqual(record.compiled, 302)
      })
    )
  )
})

describe("a device that fails", () => {
  it.effect("passes on why a program cannot be compiled, and tries again the next time", () =>
    onBackend(
      (backend, record) => ({
        compile: (program, options) =>
          Effect.flatMap(backend.compile(program, options), (executable) =>
            record.compiled === 1
              ? Effect.fail(new CompileFailed({ device: "test", reason: "too many kernels" }))
              : Effect.succeed(executable)
          )
      }),
      () =>
        Effect.gen(function* () {
          const device = yield* Device
          const f = yield* device.compile((x: Tensor) => add(x, x))
          const error = yield* Effect.flip(f(vector(1)))
          assert.strictEqual(error.message, "the device test cannot compile the program: too many kernels")
          yield* f(vector(1))
        })
    )
  )

  it.effect("frees results and donated arguments when a run is lost", () =>
    onBackend(
      (backend) => ({
        compile: (program, options) =>
          Effect.map(backend.compile(program, options), (executable) => ({
            ...executable,
            run: () => Effect.fail(new DeviceLost({ device: "test", reason: "unplugged" }))
          }))
      }),
      () =>
        Effect.gen(function* () {
          const device = yield* Device
          const f = yield* device.compile((x: Tensor, _y: Tensor) => [add(x, x), mul(x, x)], { donate: [0, 1] })
          const x = yield* device.realize(vector(1))
          const error = yield* Effect.flip(f(x, vector(1, 2)))
          assert.strictEqual(error.message, "the device test is lost: unplugged")
          assert.strictEqual(yield* device.liveBuffers, 0)
          assert.strictEqual((yield* Effect.flip(device.read(x)))._tag, "UseAfterDonation")
        })
    )
  )
})

describe("interruption", () => {
  it.effect("waits for the run, then frees everything", () =>
    Effect.gen(function* () {
      const [started, finish] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      let ran = false
      yield* onBackend(
        (backend) => ({
          compile: (program, options) =>
            Effect.map(backend.compile(program, options), (executable) => ({
              ...executable,
              run: (inputs, outputs) =>
                Effect.gen(function* () {
                  yield* Deferred.succeed(started, undefined)
                  yield* Deferred.await(finish)
                  yield* executable.run(inputs, outputs)
                  ran = true
                })
            }))
        }),
        () =>
          Effect.gen(function* () {
            const device = yield* Device
            const fiber = yield* Effect.forkChild(Effect.scoped(device.realize(add(vector(1), vector(2)))))
            yield* Deferred.await(started)
            const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber))
            yield* Effect.yieldNow
            assert.strictEqual(yield* device.liveBuffers, 3)
            yield* Deferred.succeed(finish, undefined)
            yield* Fiber.join(interrupting)
            assert.isTrue(ran)
            assert.strictEqual(yield* device.liveBuffers, 0)
          })
      )
    })
  )

  it.effect("during compilation releases what the program holds", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      yield* onBackend(
        (backend, record) => ({
          compile: (program, options) =>
            record.compiled > 0
              ? backend.compile(program, options)
              : Effect.andThen(
                  backend.compile(program, options),
                  Effect.andThen(Deferred.succeed(started, undefined), Effect.never)
                )
        }),
        () =>
          Effect.gen(function* () {
            const device = yield* Device
            const f = yield* device.compile((x: Tensor) => add(x, x))
            const fiber = yield* Effect.forkChild(Effect.scoped(f(vector(1))))
            yield* Deferred.await(started)
            yield* Fiber.interrupt(fiber)
            const { data } = yield* device.read(yield* f(vector(2)))
            assert.deepStrictEqual([...data], [4])
          })
      )
    })
  )

  it.effect("runs of several fibers do not overlap", () => {
    let active = 0
    return onBackend(
      (backend) => ({
        compile: (program, options) =>
          Effect.map(backend.compile(program, options), (executable) => ({
            ...executable,
            run: (inputs, outputs) =>
              Effect.gen(function* () {
                assert.strictEqual(++active, 1)
                yield* Effect.yieldNow
                yield* executable.run(inputs, outputs)
                active--
              })
          }))
      }),
      () =>
        Effect.gen(function* () {
          const device = yield* Device
          yield* Effect.forEach([1, 2, 3, 4], (n) => device.realize(add(vector(n), vector(1))), {
            concurrency: "unbounded"
          })
        })
    )
  })
})
