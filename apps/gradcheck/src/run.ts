/**
 * Checking all targets.
 */
import { GradientMismatch } from "@cotangent/gradcheck/errors"
import type { Device } from "@cotangent/runtime/Device"
import type { DeviceError, DeviceUnavailable } from "@cotangent/runtime/errors"
import * as AtomicFile from "@cotangent/formats/AtomicFile"
import type { DeviceRow } from "@cotangent/testing/devices"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import type * as Terminal from "effect/Terminal"
import { devices } from "./devices.ts"
import { Refuted, UsageError } from "./failure.ts"
import type { Outcome, Summary } from "./Outcome.ts"
import { refuted, toJson } from "./Outcome.ts"
import type { Target } from "./Target.ts"
import { page } from "./report.ts"
import { targets } from "./targets.ts"
import type { Screen } from "./terminal.ts"
import { linesOf, screen } from "./terminal.ts"

/** What was asked for. */
export interface Options {
  readonly filter: string
  readonly runs: number
  readonly seed: number
  readonly device: string
  readonly json: string | undefined
  readonly html: string | undefined
}

const outcome = (
  { check, name }: Target,
  { runs, seed }: Options,
  dtypes: DeviceRow["dtypes"]
): Effect.Effect<Outcome, DeviceError> =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis
    const result = yield* check({ name, runs, seed, dtypes }).pipe(
      Effect.catchTag("GradientMismatch", (mismatch) => Effect.succeed(mismatch))
    )
    const millis = (yield* Clock.currentTimeMillis) - start
    return result instanceof GradientMismatch
      ? { name, millis, laws: [], mismatch: result }
      : { name, millis, laws: result.laws, mismatch: undefined }
  })

/** Checks `chosen` one after the other, and says which is at work. */
const checkAll = Effect.fnUntraced(function* (
  chosen: ReadonlyArray<Target>,
  options: Options,
  { red, print, status }: Screen
) {
  const dtypes = devices[options.device]?.dtypes ?? []
  const outcomes: Array<Outcome> = []
  for (const target of chosen) {
    yield* status(`${outcomes.length + 1}/${chosen.length}  ${target.name}`)
    // What is drawn on the screen next is seen only once this fiber waits.
    yield* Effect.sleep(0)
    const found = yield* outcome(target, options, dtypes)
    if (found.mismatch !== undefined) yield* print(`${red("broken")}  ${found.name}: ${found.mismatch.statement}`)
    outcomes.push(found)
  }
  yield* status("")
  return outcomes
})

const onDevice = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  row: DeviceRow | undefined
): Effect.Effect<A, E | DeviceUnavailable, Exclude<R, Device>> =>
  // Without a device the laws of devices are not tried, so nothing asks for one.
  row === undefined ? (effect as Effect.Effect<A, E, Exclude<R, Device>>) : Effect.provide(effect, row.layer)

const write = (path: string | undefined, text: () => string) =>
  path === undefined ? Effect.void : AtomicFile.write(path, new TextEncoder().encode(text()))

/**
 * Checks every target whose name contains the filter, and writes what came of it. **Fails** with `Refuted` where a law
 * does not hold.
 */
export const run = (
  options: Options
): Effect.Effect<
  void,
  UsageError | Refuted | DeviceError | DeviceUnavailable | PlatformError,
  Terminal.Terminal | FileSystem.FileSystem
> =>
  Effect.gen(function* () {
    const { device, filter, runs, seed } = options
    const chosen = targets.filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase()))
    if (chosen.length === 0) return yield* new UsageError({ message: `no function is called '${filter}'` })
    if (!Object.hasOwn(devices, device)) {
      const known = Object.keys(devices).join(", ")
      return yield* new UsageError({ message: `unknown device '${device}': expected ${known}` })
    }
    const shown = yield* screen
    const start = yield* Clock.currentTimeMillis
    const outcomes = yield* onDevice(checkAll(chosen, options, shown), devices[device])
    const summary: Summary = { runs, seed, device, millis: (yield* Clock.currentTimeMillis) - start, outcomes }
    yield* shown.print(...linesOf(summary, shown))
    yield* write(options.json, () => toJson(summary))
    yield* write(options.html, () => page(summary))
    const { length: count } = refuted(summary)
    if (count > 0) return yield* new Refuted({ count })
  })
