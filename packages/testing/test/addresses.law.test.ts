/**
 * A device with 64-bit addresses computes the same bits as one with 32-bit addresses, for which the laws are checked.
 */
import type { Float } from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { encode } from "@cotangent/tensor/HostArray"
import * as Features from "@cotangent/wasm/Features"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, describe, expect, it } from "vitest"
import { directedAs, withGradients } from "../src/directions.ts"
import { names, signatures } from "../src/generators.ts"
import type { Violation } from "../src/laws/Violation.ts"
import { first } from "../src/laws/Violation.ts"
import { programs } from "../src/programs.ts"
import type { Given } from "./laws.ts"
import { eventualCounterexample, valuesOf } from "./laws.ts"
import * as Shared from "./pool/shared.ts"

const sameBits = (name: string, expected: HostArray, received: HostArray): Violation => {
  const [x, y] = [encode(expected), encode(received)]
  const at = x.findIndex((byte, i) => byte !== y[i])
  return at < 0 && x.length === y.length ? undefined : `${name}: byte ${at} differs`
}

const hint = "the engine has no 64-bit addresses"

describe.skipIf(!Features.detect().memory64)(`64-bit addresses, where there are any (${hint} otherwise)`, () => {
  const narrow = ManagedRuntime.make(Wasm.layer)
  const wide = ManagedRuntime.make(Wasm.layerWith({ addressBits: 64 }))
  afterAll(() => Promise.all([narrow.dispose(), wide.dispose()]))

  const law = async (given: Given): Promise<Violation> => {
    const [expected, received] = [await narrow.runPromise(valuesOf(given)), await wide.runPromise(valuesOf(given))]
    return first(...expected.map((value, i) => sameBits(`result ${i}`, value, received[i])))
  }

  describe.each<Float>(["f32", "f64", "bf16"])("in %s", (dtype) => {
    it.each(names)("change no bit of %s and its gradients", async (name) => {
      const cases = signatures[name].chain(directedAs(dtype)).map(withGradients)
      expect(await eventualCounterexample(law, cases)).toBeUndefined()
    })

    it("change no bit of random programs and their gradients", async () => {
      expect(await eventualCounterexample(law, programs().chain(directedAs(dtype)).map(withGradients))).toBeUndefined()
    }, 60_000)
  })

  it.each(Object.keys(Shared.programs))("change no bit on several threads, in tiles or not: %s", async (name) => {
    const tensors = Shared.programs[name]
    const expected = await Effect.runPromise(Shared.valuesWith({}, tensors))
    for (const options of [{}, { threads: 2 }, { threads: 3 }]) {
      const received = await Effect.runPromise(Shared.valuesWith({ ...options, addressBits: 64 }, tensors))
      expect(received).toEqual(expected)
    }
  })
})
