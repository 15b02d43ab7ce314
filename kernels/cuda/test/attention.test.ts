import * as ReferenceDevice from "@cotangent/runtime/ReferenceDevice"
import { Attention } from "@cotangent/testing"
import { recorder } from "@cotangent/testing/gpu"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { layerOn } from "./device.ts"
import { emulator } from "./support.ts"

const standIn = emulator()
const cases = Attention.cases({
  dtypes: ["f32", "bf16", "f16"],
  queries: [5, 64, 70, 130],
  keys: [7, 64, 65, 128]
})
const always = { f16: 0, bf16: 0, f32: 0 }

/** How far sums of products of a dtype may be off, as a part of their size. */
const tolerance: Readonly<Record<Attention.Case["dtype"], number>> = { f32: 2e-5, f16: 1e-2, bf16: 6e-2 }

describe.skipIf(standIn.obstacle !== undefined)("attention by blocks on the stand-in", () => {
  const runtimes = [0, 1, 2].map((ORDER) => layerOn(standIn, { ORDER, options: { leastScores: always } }))
  it(
    "is that of the reference, and so are its gradients, whatever its size and its mask",
    () =>
      fc.assert(
        fc.asyncProperty(cases, fc.nat(2), async (given, ORDER) => {
          standIn.configure({ ORDER })
          const received = await Effect.runPromise(Attention.results(given).pipe(Effect.provide(runtimes[ORDER])))
          const expected = await Effect.runPromise(Attention.results(given).pipe(Effect.provide(ReferenceDevice.layer)))
          received.forEach((values, i) => {
            const size = Math.max(...Array.from(expected[i], Math.abs))
            const error = Math.max(...Array.from(values, (x, at) => Math.abs(x - expected[i][at])))
            expect(error, `${["values", "dQ", "dK", "dV"][i]} of size ${size}`).toBeLessThanOrEqual(
              tolerance[given.dtype] * Math.max(size, 1)
            )
          })
        }),
        { numRuns: Number(process.env["LAW_RUNS"] ?? 16), seed: 1 }
      ),
    300_000
  )
})

describe("attention by blocks", () => {
  it("keeps no scores, and neither do its gradients", async () => {
    const size = { dtype: "f32", heads: 4, queries: 256, keys: 256, width: 16, features: 16, kind: "causal" } as const
    const scores = size.heads * size.queries * size.keys
    for (const [leastScores, isKept] of [
      [{}, true],
      [{ f32: 0 }, false]
    ] as const) {
      const { layer, plans } = recorder({ leastScores })
      await Effect.runPromise(Attention.results(size).pipe(Effect.provide(layer)))
      expect(Math.max(...plans.map(({ scratchBytes }) => scratchBytes)) >= 4 * scores).toBe(isKept)
    }
  })
})
