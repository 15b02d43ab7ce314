import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { json } from "./options.ts"

/** `cotangent devices`. */
export const devices = Command.make("devices", { json }, (options) =>
  Effect.flatMap(
    Effect.promise(() => import("../devices/run.ts")),
    ({ devices }) => devices(options)
  )
).pipe(Command.withDescription("List where tensors can be computed on this machine"))
