import { assert, describe, it } from "@effect/vitest"
import { make } from "@cotangent/tensor/HostArray"
import { mul } from "@cotangent/tensor/primitive/bilinear"
import { constant, full } from "@cotangent/tensor/primitive/leaf"
import { add, broadcast, neg, reverse, sum } from "@cotangent/tensor/primitive/linear"
import { max, where } from "@cotangent/tensor/primitive/selection"
import { less } from "@cotangent/tensor/primitive/discrete"
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Reference from "@cotangent/tensor/Reference"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { Device } from "../src/Device.ts"
import { onReference } from "./onReference.ts"

/** Functions of a few vectors of length 3. */
const operations: ReadonlyArray<(x: Tensor, y: Tensor) => Tensor> = [
  (x, y) => add(x, y),
  (x, y) => mul(x, y),
  (x, y) => max(x, y),
  (x) => neg(x),
  (x) => reverse(x, { axes: [0] }),
  (x) => broadcast(sum(x, { axes: [0] }), { shape: [3], axes: [0] }),
  (x, y) => where(less(x, y), x, y),
  (x) => add(x, full({ shape: [3], dtype: "f32", value: 0.5 }))
]

const data = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }))
const steps = fc.array(fc.tuple(fc.nat(operations.length - 1), fc.nat(9), fc.nat(9)), { minLength: 1, maxLength: 8 })

/** Grows expressions from `inputs`: each step applies an operation to two earlier ones. */
const grow = (
  inputs: ReadonlyArray<Tensor>,
  program: ReadonlyArray<readonly [number, number, number]>
): ReadonlyArray<Tensor> => {
  const made = [...inputs]
  for (const [operation, i, j] of program)
    made.push(operations[operation](made[i % made.length], made[j % made.length]))
  return made.slice(inputs.length)
}

const run = <A, E>(effect: Effect.Effect<A, E, Device>): A => Effect.runSync(onReference()(effect))

describe("a device", () => {
  it("realize gives what the reference evaluates", () => {
    fc.assert(
      fc.property(fc.array(data, { minLength: 1, maxLength: 3 }), steps, (inputs, program) => {
        const results = grow(
          inputs.map((values) => constant(make([3], "f32", values))),
          program
        )
        const values = run(
          Effect.gen(function* () {
            const device = yield* Device
            return yield* Effect.scoped(
              Effect.flatMap(device.realize(results), (tree) => Effect.forEach(tree, device.read))
            )
          })
        )
        assert.deepStrictEqual(values, Reference.evaluate(results))
      })
    )
  })

  it("a compiled function gives what the function gives, with and without donation, realized arguments or not", () => {
    const cases = fc.tuple(fc.array(data, { minLength: 1, maxLength: 3 }), steps, fc.boolean(), fc.boolean())
    fc.assert(
      fc.property(cases, ([inputs, program, donate, realized]) => {
        const f = (...xs: ReadonlyArray<Tensor>) => grow(xs, program)
        const args = inputs.map((values) => constant(make([3], "f32", values)))
        const twice = run(
          Effect.scoped(
            Effect.gen(function* () {
              const device = yield* Device
              const compiled = yield* device.compile(f, { donate: donate ? inputs.map((_, i) => i) : [] })
              const once = Effect.gen(function* () {
                const given = realized ? yield* device.realize(args) : args
                return yield* Effect.forEach(yield* compiled(...given), device.read)
              })
              return [yield* once, yield* once]
            })
          )
        )
        const expected = Reference.evaluate(f(...args))
        assert.deepStrictEqual(twice, [expected, expected])
      })
    )
  })
})
