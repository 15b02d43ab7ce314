/**
 * `pnpm run cuda:check [conformance] [recipes] [WORKLOAD …]`: ends with 1 where something is wrong, or where there is no GPU.
 * `CUDA_CHECK_SECONDS` names other limits, separated by commas: of the conformance cases, of a workload, after how long
 * no workload is begun and everything ends, and of the recipes. `pnpm run cuda:check --profile WORKLOAD …` prints how long each kind of operation
 * of a workload takes, instead.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { check, profiles, usual } from "./check.ts"

const stated = process.env["CUDA_CHECK_SECONDS"]
const [conformance, workload, workloads, all, recipes = usual.recipes] = (stated ?? "").split(",").map(Number)
const budget = stated === undefined ? usual : { conformance, workload, workloads, all, recipes }

const [first, ...others] = process.argv.slice(2)

Effect.gen(function* () {
  return first === "--profile" ? yield* profiles(others) : yield* check(process.argv.slice(2), budget)
}).pipe(
  Effect.catch((error) => Effect.as(Console.log(JSON.stringify({ section: "status", reason: error.message })), 1)),
  Effect.tap((wrong) => Effect.sync(() => void (process.exitCode = wrong === 0 ? 0 : 1))),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
