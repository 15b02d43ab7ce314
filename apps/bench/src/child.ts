/**
 * Times one workload in a process of its own, so that its first call finds nothing compiled: takes a job as its
 * argument and writes the result as the last line.
 */
import * as AtomicFile from "@cotangent/formats/AtomicFile"
import * as Profile from "@cotangent/wasm/Profile"
import * as Roofline from "@cotangent/wasm/Roofline"
import * as Trace from "@cotangent/wasm/Trace"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { devices } from "./devices.ts"
import * as Jobs from "./Job.ts"
import { measure, quick, thorough } from "./measure.ts"
import * as Results from "./Result.ts"
import { table } from "./table.ts"
import { workloads } from "./workloads.ts"

const program = Effect.gen(function* () {
  const job = yield* Schema.decodeEffect(Jobs.json)(process.argv[2])
  // The parent names workloads and devices that there are.
  const workload = workloads.find(({ name }) => name === job.workload)!
  const profile = job.trace === undefined ? undefined : Profile.make()
  const layer = devices[job.device]({ threads: job.threads, profile })
  const result = yield* measure(workload, job.isQuick ? quick : thorough).pipe(Effect.provide(layer))
  if (profile !== undefined && job.trace !== undefined) {
    yield* AtomicFile.write(job.trace, new TextEncoder().encode(Trace.chromeTrace(profile)))
    const roofline = yield* Roofline.measure.pipe(Effect.provide(devices[job.device]({ threads: job.threads })))
    const kernels = Trace.totals(profile)
    yield* Console.log([...table(Trace.cells(kernels, roofline)), Trace.legend(kernels, roofline)].join("\n"))
  }
  yield* Console.log(yield* Schema.encodeEffect(Results.json)(result))
})

program.pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
