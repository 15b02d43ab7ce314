/**
 * Runs jobs in processes of their own, so that first calls find nothing compiled and heaps nothing left.
 */
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import { Wrong } from "./failure.ts"
import type { Expected } from "./checks.ts"
import { objection } from "./checks.ts"
import * as Jobs from "./Job.ts"
import * as Results from "./Result.ts"
import type { Workload } from "./Workload.ts"

/** The lines that a process writes. **Fails** with `Wrong` where it ends badly. */
const linesOf = Effect.fnUntraced(function* (program: string, job: Jobs.Job, stderr: "inherit" | "ignore") {
  const argument = yield* Effect.orDie(Schema.encodeEffect(Jobs.json)(job))
  const path = fileURLToPath(new URL(program, import.meta.url))
  const handle = yield* ChildProcess.make(process.execPath, ["--no-warnings", path, argument], { stderr })
  const text = yield* handle.stdout.pipe(Stream.decodeText(), Stream.mkString)
  const code = yield* handle.exitCode
  if (Number(code) !== 0) return yield* new Wrong({ message: `${job.workload}: its process ended with ${code}` })
  return text.trimEnd().split("\n")
}, Effect.scoped)

/** Times a workload of ours; gives the result and what its process said beside it. */
export const timeOurs = Effect.fnUntraced(function* (job: Jobs.Job) {
  const lines = yield* linesOf("child.ts", job, "inherit")
  const result = yield* Effect.orDie(Schema.decodeUnknownEffect(Results.json)(lines.at(-1)))
  return { result, said: lines.slice(0, -1) }
})

/** How long another library may take for a workload. */
export const patience = "2 minutes"

/** Times a workload of another library. What it cannot do, computes otherwise or takes too long for, is skipped. */
export const timePeer = Effect.fnUntraced(function* (job: Jobs.Job, workload: Workload, values: Expected) {
  const skipped = (reason: string): Results.Outcome => ({ workload: job.workload, device: job.device, reason })
  return yield* linesOf("peers/child.ts", job, "ignore").pipe(
    Effect.flatMap((lines) => Effect.orDie(Schema.decodeUnknownEffect(Results.outcomeJson)(lines.at(-1)))),
    Effect.map((outcome) => {
      const wrong = "reason" in outcome ? undefined : objection(outcome, workload, values)
      return wrong === undefined ? outcome : skipped(`its values differ: ${wrong}`)
    }),
    Effect.catchTag("Wrong", ({ message }) => Effect.succeed(skipped(message))),
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => Effect.succeed(skipped(`it takes more than ${patience}`))
    })
  )
})
