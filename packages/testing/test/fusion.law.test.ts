import * as Wasm from "@cotangent/wasm/Wasm"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, describe, expect, it } from "vitest"
import { directed, withGradients } from "../src/directions.ts"
import { errorModel } from "@cotangent/gradcheck/laws/device"
import type { Violation } from "../src/laws/Violation.ts"
import { agree, first } from "../src/laws/Violation.ts"
import { programs } from "../src/programs.ts"
import type { Given } from "./laws.ts"
import { eventualCounterexample, valuesOf } from "./laws.ts"

describe("fusion", () => {
  const fused = ManagedRuntime.make(Wasm.layer)
  const unfused = ManagedRuntime.make(Wasm.layerWith({ fusion: false }))
  afterAll(() => Promise.all([fused.dispose(), unfused.dispose()]))

  it("changes nothing but the order of roundings", async () => {
    const law = async (given: Given): Promise<Violation> => {
      const [received, expected] = [await fused.runPromise(valuesOf(given)), await unfused.runPromise(valuesOf(given))]
      return first(
        ...expected.map((value, i) => agree(`result ${i}`, value, received[i], errorModel(value.dtype, value, 1 << 16)))
      )
    }
    expect(await eventualCounterexample(law, programs().chain(directed).map(withGradients))).toBeUndefined()
  })
})
