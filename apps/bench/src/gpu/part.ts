/**
 * Runs a part of the conformance cases on the GPU, in a process of its own: takes which part and of how many, writes a line
 * for each suite and precision.
 */
import * as Cuda from "@cotangent/cuda/Cuda"
import { runSuite } from "@cotangent/testing/conformance/run"
import { load, ownFolder } from "@cotangent/testing/conformance/suites"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Line } from "./conformance.ts"

const [index, of] = process.argv.slice(2).map(Number)

const program = Effect.gen(function* () {
  const suites = yield* load(ownFolder)
  for (const precision of ["f32", "f64"] as const) {
    for (const suite of suites) {
      // Random streams have a dtype of their own.
      if ("normalTolerance" in suite && precision === "f64") continue
      const report = yield* runSuite(suite, precision, { index, of })
      yield* Console.log(JSON.stringify({ suite: suite.suite, precision, ...report } satisfies Line))
    }
  }
})

program.pipe(Effect.provide(Layer.merge(Cuda.layer, NodeServices.layer)), NodeRuntime.runMain)
