import { Device } from "@cotangent/runtime/Device"
import type { DType } from "@cotangent/tensor/DType"
import * as HostArray from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import * as Reference from "@cotangent/tensor/Reference"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Features from "@cotangent/wasm/Features"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, describe, it } from "vitest"

const assertProperty: typeof fc.assert = fc.assert

type Numbers = ArrayLike<number>

/** What the bits of floats say, except of what is not a number. */
const spelled = (values: Numbers): ReadonlyArray<string> =>
  Array.from(values, (value) => (Object.is(value, -0) ? "-0" : String(value)))

describe("reductions", () => {
  const settings: ReadonlyArray<Wasm.Options> = [{}, { isWide: true }, { threads: 2 }, { threads: 3, isWide: true }]
  const in64: ReadonlyArray<Wasm.Options> = Features.detect().memory64
    ? [{ addressBits: 64 }, { threads: 3, addressBits: 64 }]
    : []
  const devices = [...settings, ...in64].map((options) => ManagedRuntime.make(Wasm.layerWith(options)))
  afterAll(() => Promise.all(devices.map((device) => device.dispose())))

  const received = (x: Tensor.Tensor): Promise<ReadonlyArray<Numbers>> =>
    Promise.all(
      devices.map((device) =>
        device.runPromise(
          Effect.scoped(Effect.flatMap(Device, (service) => Effect.map(service.read(x), ({ data }) => data)))
        )
      )
    )

  const isExact = async (y: Tensor.Tensor): Promise<boolean> => {
    const [expected] = Reference.evaluate([y])
    const wanted = spelled(expected.data).join()
    return (await received(y)).every((values) => spelled(values).join() === wanted)
  }

  const special = fc.constantFrom(0, -0, 1, -1, 2.5, Infinity, -Infinity)
  const terms = fc.oneof({ weight: 4, arbitrary: special }, { weight: 1, arbitrary: fc.constant(Number.NaN) })
  const extents = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70 }))

  it.each([
    ["max", Tensor.max],
    ["min", Tensor.min]
  ] as const)("find the %s as it is defined: zeros have signs, what is not a number wins", (_, f) =>
    assertProperty(
      fc.asyncProperty(
        extents.chain(([rows, columns]) =>
          fc.tuple(
            fc.constant([rows, columns]),
            fc.oneof(
              fc.array(special, { minLength: rows * columns, maxLength: rows * columns }),
              fc.array(terms, { minLength: rows * columns, maxLength: rows * columns })
            ),
            fc.constantFrom<ReadonlyArray<number>>([0], [1], [0, 1]),
            fc.constantFrom<DType>("f32", "f64", "f16")
          )
        ),
        ([shape, values, axes, dtype]) => isExact(f(constant(HostArray.make(shape, dtype, values)), axes))
      ),
      { numRuns: 60 }
    )
  )

  it("take every term of a large total once, on any number of threads", () =>
    assertProperty(
      fc.asyncProperty(
        fc.integer({ min: 32_700, max: 41_000 }),
        fc.constantFrom<DType>("f32", "f64", "i32", "u8"),
        fc.integer({ min: 1, max: 5 }),
        (length, dtype, rows) => {
          // Small whole numbers: their sums are exact in any order.
          const values = Array.from({ length: rows * length }, (_, i) => (i * 7919) % 13)
          const x = constant(HostArray.make([rows, length], dtype, values))
          return isExact(Tensor.sum(Tensor.mul(x, x)))
        }
      ),
      { numRuns: 12 }
    ))

  it("are the same bits on any number of threads, wide or not", () =>
    assertProperty(
      fc.asyncProperty(
        fc.integer({ min: 32_700, max: 90_000 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        async (length, rows, isTransposed) => {
          const waves = Float32Array.from({ length: rows * length }, (_, i) => Math.sin(i))
          const x = constant(HostArray.view([rows, length], "f32", waves))
          const y = isTransposed ? constant(HostArray.view([length, rows], "f32", waves)) : Tensor.transpose(x)
          const terms = Tensor.exp(Tensor.add(Tensor.transpose(y), x))
          const [first, ...others] = await received(Tensor.stack([Tensor.sum(terms), Tensor.max(terms)]))
          return others.every((other) => spelled(other).join() === spelled(first).join())
        }
      ),
      { numRuns: 12 }
    ))
})
