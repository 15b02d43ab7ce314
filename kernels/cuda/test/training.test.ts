import * as ReferenceDevice from "@cotangent/runtime/ReferenceDevice"
import * as Effect from "effect/Effect"
import { beforeAll, describe, expect, it } from "vitest"
import { compileAhead } from "./ahead.ts"
import { layerOn } from "./device.ts"
import { lessons, losses } from "./lessons.ts"
import { emulator } from "./support.ts"

const standIn = emulator()

describe.skipIf(standIn.obstacle !== undefined)("a training step on the stand-in for CUDA", () => {
  beforeAll(
    () =>
      compileAhead(
        standIn,
        Effect.forEach(Object.values(lessons), (lesson) => losses(lesson, 1))
      ),
    300_000
  )

  it.each(Object.entries(lessons))(
    "of %s, replayed as a graph, is that of the reference",
    async (_, lesson) => {
      const before = standIn.statistics().replays
      const received = await Effect.runPromise(losses(lesson, 8).pipe(Effect.provide(layerOn(standIn))))
      expect(standIn.statistics().replays).toBeGreaterThan(before)
      const expected = await Effect.runPromise(losses(lesson, 8).pipe(Effect.provide(ReferenceDevice.layer)))
      received.forEach((loss, i) => expect(Math.abs(loss - expected[i])).toBeLessThan(2e-4 * Math.max(1, expected[i])))
      expect(expected[7]).toBeLessThan(expected[0])
    },
    300_000
  )
})
