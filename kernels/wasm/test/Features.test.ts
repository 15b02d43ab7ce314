import { describe, expect, it } from "vitest"
import * as Features from "../src/Features.ts"

describe("Features", () => {
  it("finds what every engine of the last years has", () => {
    expect(Features.detect()).toMatchObject({ simd: true, threads: true })
  })

  it("agrees with the engine on memories with 64-bit addresses", () => {
    const limits: WebAssembly.MemoryDescriptor & { readonly address: "i64" } = { initial: 1, address: "i64" }
    let isAccepted = true
    try {
      // Engines that know 64-bit addresses want the limits as bigints; others ignore the field.
      Reflect.construct(WebAssembly.Memory, [{ ...limits, initial: 1n }])
    } catch {
      isAccepted = false
    }
    expect(Features.detect().memory64).toBe(isAccepted)
  })
})
