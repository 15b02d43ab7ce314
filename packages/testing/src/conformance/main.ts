/**
 * Runs the conformance cases and prints a line for each suite, each failure, and what came of all.
 *
 * `CONFORMANCE_DIR` names another folder of cases, `CONFORMANCE_DEVICE` another device than the reference,
 * `CONFORMANCE_SUITES` some suites, separated by commas.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { DeviceRow } from "../devices.ts"
import { devices } from "../devices.ts"
import { runSuite } from "./run.ts"
import { later, load, ownFolder } from "./suites.ts"

const settings = Config.all({
  folder: Config.option(Config.String("CONFORMANCE_DIR")),
  device: Config.String("CONFORMANCE_DEVICE").pipe(Config.withDefault("reference")),
  suites: Config.option(Config.String("CONFORMANCE_SUITES"))
})

const rows: Readonly<Record<string, DeviceRow>> = devices

const program = Effect.gen(function* () {
  const { device, folder, suites } = yield* settings
  if (!Object.hasOwn(rows, device)) {
    const expected = Object.keys(rows).join(" or ")
    return yield* new ArgumentError({ operation: "conformance", expected, received: device })
  }
  const { dtypes, layer } = rows[device]
  const all = yield* load(Option.getOrElse(folder, () => ownFolder))
  const wanted = Option.map(suites, (text) => new Set(text.split(",").map((name) => name.trim())))
  const isLeftOut = (name: string): boolean =>
    Option.match(wanted, { onSome: (names) => !names.has(name), onNone: () => Option.isNone(folder) && later.has(name) })
  const total = { passed: 0, failed: 0 }
  for (const suite of all.filter((suite) => !isLeftOut(suite.suite))) {
    for (const precision of "normalTolerance" in suite ? dtypes.slice(0, 1) : dtypes) {
      const { failures, passed } = yield* runSuite(suite, precision).pipe(Effect.provide(layer))
      total.passed += passed
      total.failed += failures.length
      yield* Console.log(`${suite.suite.padEnd(14)} ${precision}  ${passed} passed, ${failures.length} failed`)
      yield* Effect.forEach(failures, (failure) => Console.log(`  FAIL ${suite.suite}/${failure}`))
    }
  }
  const leftOut = all.map(({ suite }) => suite).filter(isLeftOut)
  if (leftOut.length > 0) yield* Console.log(`left out: ${leftOut.join(", ")}`)
  yield* Console.log(`${total.passed} passed, ${total.failed} failed`)
  if (total.failed > 0) process.exitCode = 1
})

program.pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
