/**
 * Runs the conformance cases: prints a line for each suite, one for each failure, and what came of all.
 *
 * `CONFORMANCE_DIR` names another folder of cases, `CONFORMANCE_DEVICE` another device than the reference,
 * `CONFORMANCE_SUITES` some suites, separated by commas.
 */
import { ArgumentError } from "@cotangent/tensor/errors"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { DeviceRow } from "../devices.ts"
import { every } from "../devices.ts"
import type { Suite } from "./format.ts"
import { runSuite } from "./run.ts"
import { load, ownFolder } from "./suites.ts"

const settings = Config.all({
  folder: Config.option(Config.String("CONFORMANCE_DIR")),
  device: Config.String("CONFORMANCE_DEVICE").pipe(Config.withDefault("reference")),
  suites: Config.option(Config.String("CONFORMANCE_SUITES"))
})

const demand = (setting: string, known: ReadonlyArray<string>, asked: ReadonlyArray<string>) => {
  const unknown = asked.find((name) => !known.includes(name))
  return unknown === undefined
    ? Effect.void
    : Effect.fail(new ArgumentError({ operation: setting, expected: `one of ${known.join(", ")}`, received: unknown }))
}

/** Runs `suites` one after the other. */
const runAll = Effect.fnUntraced(function* (suites: ReadonlyArray<Suite>, dtypes: DeviceRow["dtypes"]) {
  const total = { passed: 0, failed: 0 }
  for (const suite of suites) {
    // Random streams have a dtype of their own.
    for (const precision of "normalTolerance" in suite ? dtypes.slice(0, 1) : dtypes) {
      const { failures, passed } = yield* runSuite(suite, precision)
      total.passed += passed
      total.failed += failures.length
      yield* Console.log(`${suite.suite.padEnd(14)} ${precision}  ${passed} passed, ${failures.length} failed`)
      yield* Effect.forEach(failures, (failure) => Console.log(`  FAIL ${suite.suite}/${failure}`))
    }
  }
  return total
})

const program = Effect.gen(function* () {
  const { device, folder, suites } = yield* settings
  const rows: Readonly<Record<string, DeviceRow>> = every
  yield* demand("CONFORMANCE_DEVICE", Object.keys(rows), [device])
  const all = yield* load(Option.getOrElse(folder, () => ownFolder))
  const names = all.map(({ suite }) => suite)
  const wanted = Option.match(suites, {
    onNone: () => names,
    onSome: (text) => text.split(",").map((name) => name.trim())
  })
  yield* demand("CONFORMANCE_SUITES", names, wanted)
  const { dtypes, layer } = rows[device]
  const total = yield* runAll(
    all.filter(({ suite }) => wanted.includes(suite)),
    dtypes
  ).pipe(Effect.provide(layer))
  const leftOut = names.filter((name) => !wanted.includes(name))
  if (leftOut.length > 0) yield* Console.log(`left out: ${leftOut.join(", ")}`)
  yield* Console.log(`${total.passed} passed, ${total.failed} failed`)
  if (total.failed > 0) process.exitCode = 1
})

program.pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
