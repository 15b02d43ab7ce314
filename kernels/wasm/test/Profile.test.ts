import { Device } from "@cotangent/runtime/Device"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Profile from "@cotangent/wasm/Profile"
import * as Roofline from "@cotangent/wasm/Roofline"
import * as Trace from "@cotangent/wasm/Trace"
import * as Wasm from "@cotangent/wasm/Wasm"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"

const run = (threads: number, profile?: Profile.Profile) =>
  Effect.gen(function* () {
    const device = yield* Device
    const x = Tensor.reshape(Tensor.arange(64 * 48), [64, 48])
    const y = Tensor.softmax(Tensor.matmul(Tensor.sin(x), Tensor.transpose(Tensor.cos(x))), 1)
    return [...(yield* device.read(y)).data]
  }).pipe(Effect.provide(Wasm.layerWith({ threads, ...(profile === undefined ? {} : { profile }) })))

describe("a profile", () => {
  for (const threads of [1, 2])
    it.effect(`changes nothing, and covers every kernel: ${threads} threads`, () =>
      Effect.gen(function* () {
        const profile = Profile.make()
        assert.deepStrictEqual(yield* run(threads, profile), yield* run(threads))
        const kinds = new Set(profile.spans.map(({ kernel }) => kernel.kind))
        assert.isTrue(kinds.has("contraction") && kinds.has("nest"))
        for (const [i, { end, start }] of profile.spans.entries()) {
          assert.isAtLeast(end, start)
          // Spans follow one another.
          if (i > 0) assert.isAtLeast(start, profile.spans[i - 1].start)
        }
        const product = Trace.totals(profile).find(({ kernel }) => kernel.kind === "contraction")
        assert.strictEqual(product?.runs, 1)
        assert.strictEqual(product?.kernel.operations, 2 * 64 * 64 * 48)
      })
    )

  it.effect("adds up to the times of its spans, in the table as in the trace", () =>
    Effect.gen(function* () {
      const profile = Profile.make()
      yield* run(2, profile)
      const sum = profile.spans.reduce((total, { end, start }) => total + end - start, 0)
      const inTable = Trace.totals(profile).reduce((total, { millis, waitMillis }) => total + millis + waitMillis, 0)
      assert.approximately(inTable, sum, 1e-6)
      // The format that it was written in.
      const { traceEvents } = JSON.parse(Trace.chromeTrace(profile)) as {
        traceEvents: ReadonlyArray<{ readonly dur: number }>
      }
      assert.approximately(
        traceEvents.reduce((total, { dur }) => total + dur / 1000, 0),
        sum,
        1e-6
      )
    })
  )

  it("tells the share of what memory or arithmetic allow", () => {
    const kernel = { name: "copy", kind: "copy", loops: "", operations: 0, bytes: 4e6 } as const
    const total = { kernel, runs: 1, millis: 1, leastMillis: 0.5, waitMillis: 0 }
    assert.strictEqual(Trace.share(total, { gflops: 100, gbps: 10 }), 0.8)
  })

  it("is a table of those kernels that took longest", () => {
    const kernel = { name: "double", kind: "nest", loops: "8", operations: 4e6, bytes: 8e6 } as const
    const least = { kernel, runs: 2, millis: 3, leastMillis: 1, waitMillis: 1 }
    const roofline = { gflops: 100, gbps: 10 }
    const [heads, row, ...others] = Trace.cells([least, least], roofline, 1)
    assert.deepStrictEqual(others, [])
    assert.strictEqual(heads.length, row.length)
    assert.deepStrictEqual(row, ["50.0 %", "2", "1.000", "1.500", "0.500", "4.0", "8.0", "80 %", "nest 8 double"])
    assert.match(Trace.legend([least, least], roofline, 1), /^roofline: 100 GFLOP\/s, 10 GB\/s; .*; 1 kernels more$/)
  })

  it.effect("stands beside what the machine can do", () =>
    Effect.gen(function* () {
      const { gbps, gflops } = yield* Roofline.measure
      assert.isTrue(Number.isFinite(gflops) && gflops > 0 && Number.isFinite(gbps) && gbps > 0)
    }).pipe(Effect.provide(Wasm.layer))
  )
})
