/**
 * The command `devices`.
 */
import type { DeviceDescription } from "@cotangent/runtime/Backend"
import { Device } from "@cotangent/runtime/Device"
import type { WideSimd } from "@cotangent/wasm/WideSimd"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { describe } from "../failure.ts"
import { bytes } from "../terminal/format.ts"
import type { Style } from "../terminal/style.ts"
import * as Screens from "../terminal/Screen.ts"
import { table } from "../terminal/table.ts"
import { featuresText } from "../train/summary.ts"
import { devices as layers } from "./layers.ts"

/** A device, and what it says of itself or why it cannot be used. */
export interface Listed {
  readonly name: string
  readonly description?: DeviceDescription
  readonly reason?: string
}

const inspect = (name: string, layer: (typeof layers)[string]): Effect.Effect<Listed> =>
  Effect.map(Device, ({ description }) => ({ name, description })).pipe(
    Effect.provide(layer),
    Effect.catch((error) => Effect.succeed({ name, reason: describe(error) }))
  )

const memoryText = ({ memoryBytes }: DeviceDescription): string => (memoryBytes === undefined ? "" : bytes(memoryBytes))

/** The devices as a table. */
export const linesOf = (listed: ReadonlyArray<Listed>, style: Style): ReadonlyArray<string> => {
  const automatic = listed.find(({ description }) => description !== undefined)?.name
  const rows = listed.map(({ description, name, reason }) =>
    description === undefined
      ? [name, style.red("no"), "", "", reason ?? ""]
      : [name, style.green("yes"), String(description.threads), memoryText(description), featuresText(description)]
  )
  const heads = ["device", "available", "threads", "memory", "features"].map(style.dim)
  return [
    ...table([heads, ...rows], ["left", "left", "right", "right", "left"]),
    ...(automatic === undefined ? [] : ["", `--device auto takes ${style.bold(automatic)}`])
  ]
}

/** What became of vectors of 256 bits, in a sentence. */
export const wideText = (wide: WideSimd): string =>
  wide.isEnabled
    ? "256-bit SIMD is on: it passed the self-check against 128 bits"
    : `256-bit SIMD is off: ${wide.reason}`

/** Lists the devices. */
export const devices = Effect.fnUntraced(function* ({ json }: { readonly json: boolean }) {
  const { style } = yield* Screens.make
  // Before anything else is compiled, so that the comparison is one of without and with.
  const wideSimd = (yield* Effect.promise(() => import("@cotangent/wasm/WideSimd"))).enable()
  const listed = yield* Effect.forEach(Object.entries(layers), ([name, layer]) => inspect(name, layer))
  yield* Console.log(
    json ? JSON.stringify({ devices: listed, wideSimd }) : [...linesOf(listed, style), wideText(wideSimd)].join("\n")
  )
})
