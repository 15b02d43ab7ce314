import { Device } from "@cotangent/runtime/Device"
import * as Reference from "@cotangent/tensor/Reference"
import * as Tree from "@cotangent/tensor/Tree"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { ofLargest } from "@cotangent/gradcheck/Comparison"
import { pairs, point, transformations } from "../src/control.ts"
import { agree, first } from "../src/laws/Violation.ts"

const runtime = ManagedRuntime.make(Wasm.layer)
afterAll(() => runtime.dispose())

const read = (tensors: ReadonlyArray<ReturnType<typeof Tree.leaves>[number]>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const device = yield* Device
      return yield* Effect.forEach(yield* device.realize(tensors), device.read)
    })
  )

describe.each(Object.entries(pairs))("%s", (_, { expected, isForward, received }) => {
  const allowed = Object.entries(transformations).filter(
    ([, { isReverse }]) => isForward !== true || isReverse !== true
  )

  it.each(allowed)("is what it stands for under %s", (_, { apply }) => {
    const law = (seed: number, length: number) => {
      const at = point(seed, length)
      const [one, other] = [received, expected].map((f) => Reference.evaluate(Tree.leaves(apply(f, seed)(at))))
      expect(one.length).toBe(other.length)
      expect(first(...other.map((y, i) => agree(`result ${i}`, y, one[i], ofLargest(1e-9, y.data, 1))))).toBeUndefined()
    }
    fc.assert(fc.property(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 1, max: 6 }), law), {
      numRuns: 2,
      seed: 1
    })
  })

  it("has the values of the reference on wasm under all of them", async () => {
    const at = point(5, 5)
    const tensors = allowed.flatMap(([, { apply }]) => Tree.leaves(apply(received, 5)(at)))
    const [values, known] = [await runtime.runPromise(read(tensors)), Reference.evaluate(tensors)]
    expect(
      first(...known.map((y, i) => agree(`result ${i}`, y, values[i], ofLargest(1e-9, y.data, 1))))
    ).toBeUndefined()
  })
})
