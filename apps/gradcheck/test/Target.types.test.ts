import * as Effect from "effect/Effect"
import { describe, expect, expectTypeOf, it } from "vitest"
import type { Check } from "../src/Target.ts"
import { group } from "../src/Target.ts"

interface Module {
  readonly sin: unknown
  readonly cos: unknown
  readonly argMax: unknown
}

const holds: Check = ({ name }) => Effect.succeed({ name, seed: 1, laws: [] })

describe("a group", () => {
  it("has all exports of its module, each checked or left out for a reason", () => {
    const { exclusions, targets } = group<Module>()(
      "f",
      { "gives whole numbers": ["argMax"] },
      { sin: holds, cos: { near: holds, far: holds } }
    )
    expect(targets.map(({ name }) => name)).toEqual(["f/sin", "f/cos (near)", "f/cos (far)"])
    expect(exclusions).toEqual([{ name: "f/argMax", reason: "gives whole numbers" }])
  })

  it("does not compile where an export is forgotten, or where a name is none", () => {
    const groupOf = group<Module>()
    // @ts-expect-error -- cos has no row
    expectTypeOf(groupOf("f", { "gives whole numbers": ["argMax"] }, { sin: holds })).toBeObject()
    // @ts-expect-error -- argMax has no row
    expectTypeOf(groupOf("f", {}, { sin: holds, cos: holds })).toBeObject()
    // @ts-expect-error -- tan is no export
    expectTypeOf(groupOf("f", { "is no export": ["tan"] }, { sin: holds, cos: holds, argMax: holds })).toBeObject()
    // @ts-expect-error -- tan is no export
    expectTypeOf(groupOf("f", {}, { sin: holds, cos: holds, argMax: holds, tan: holds })).toBeObject()
  })
})
