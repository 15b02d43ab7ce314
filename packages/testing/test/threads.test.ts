import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { programs, valuesWith } from "./pool/shared.ts"

describe("threads", () => {
  it.effect.each(Object.keys(programs))("give the same bits, however many they are: %s", (name) =>
    Effect.gen(function* () {
      const alone = yield* valuesWith({}, programs[name])
      for (const threads of [2, 3]) assert.deepStrictEqual(yield* valuesWith({ threads }, programs[name]), alone)
    })
  )
})
