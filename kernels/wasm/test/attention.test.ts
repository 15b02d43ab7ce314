import * as ReferenceDevice from "@cotangent/runtime/ReferenceDevice"
import { compile } from "@cotangent/compiler/Compile"
import { Attention } from "@cotangent/testing"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"

const assertProperty: typeof fc.assert = fc.assert

describe("attention by strips", () => {
  const settings: ReadonlyArray<Wasm.Options> = [{}, { threads: 3, isWide: true }]
  const devices = settings.map((options) => ManagedRuntime.make(Wasm.layerWith({ ...options, leastScores: 0 })))
  afterAll(() => Promise.all(devices.map((device) => device.dispose())))

  it("is that of the reference, and so are its gradients, whatever its size and its mask", () =>
    assertProperty(
      fc.asyncProperty(
        Attention.cases({ dtypes: ["f32"], queries: [5, 17, 70, 128], keys: [7, 37, 65, 128] }),
        async (given) => {
          const expected = await Effect.runPromise(Effect.provide(Attention.results(given), ReferenceDevice.layer))
          const [first, ...others] = await Promise.all(
            devices.map((device) => device.runPromise(Attention.results(given)))
          )
          first.forEach((values, i) => {
            const size = Math.max(1, ...Array.from(expected[i], Math.abs))
            const error = Math.max(...Array.from(values, (x, at) => Math.abs(x - expected[i][at])))
            expect(error, `${["values", "dQ", "dK", "dV"][i]} of size ${size}`).toBeLessThanOrEqual(1e-5 * size)
            // The same bits, whoever computes them.
            for (const other of others) expect(Array.from(other[i]).join()).toBe(Array.from(values).join())
          })
        }
      ),
      { numRuns: 12 }
    ))

  it("leaves out keys that come after all queries of a strip, and keeps no matrix of scores", () => {
    const [heads, places, width] = [3, 1024, 16]
    const { arenaBytes, privateBytes, steps } = compile(Attention.causal(heads, places, width))
    const columns = steps.flatMap((step) =>
      step.tag !== "tiles" ? [] : step.steps.flatMap((each) => (each.tag === "contraction" ? [each.column.extent] : []))
    )
    expect(columns.filter((extent) => extent !== width)).toEqual([128, 256, 384, 512, 640, 768, 896, 1024])
    expect(arenaBytes).toBeLessThan(4 * places * places)
    expect(privateBytes).toBeLessThan(4 * places * places)
  })
})
