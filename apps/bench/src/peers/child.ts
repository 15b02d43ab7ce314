/**
 * Times one workload of another library, as `child.ts` does ours: the device of the job is the library's name.
 */
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Jobs from "../Job.ts"
import type { Patience } from "../measure.ts"
import { quick, thorough, time } from "../measure.ts"
import { peers } from "../peers.ts"
import * as Results from "../Result.ts"
import { workloads } from "../workloads.ts"
import type { Attempt } from "./Attempt.ts"

const attempted = Effect.fnUntraced(function* (attempt: Attempt, patience: Patience) {
  if (attempt.kind === "calculation") {
    const times = yield* time(Effect.promise(attempt.run), patience)
    return { times, check: yield* Effect.promise(attempt.check) }
  }
  if (attempt.kind === "apart") return yield* Effect.promise(() => attempt.measure(patience))
  const losses: Array<number> = []
  const step = Effect.map(Effect.promise(attempt.step), (loss) => void losses.push(loss))
  const times = yield* time(step, patience)
  return { times, check: losses.slice(0, 5) }
})

const timed = Effect.fnUntraced(function* (job: Jobs.Job) {
  // The parent names workloads, libraries and attempts that there are.
  const workload = workloads.find(({ name }) => name === job.workload)!
  const { attempts, missing, threads } = yield* Effect.promise(() => peers[job.device](job.threads))
  const attempt = attempts[job.workload]
  if (attempt === undefined) return { workload: job.workload, device: job.device, reason: missing[job.workload] }
  const { check, times } = yield* attempted(attempt(), job.isQuick ? quick : thorough)
  return { ...Results.summary(workload, times), device: job.device, threads, check }
})

/** What a library lacks it says by throwing, somewhere deep inside. */
const reasonOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return (error instanceof Error ? error.message : String(error)).split("\n")[0].slice(0, 200)
}

const write = (outcome: Results.Outcome): Effect.Effect<void> =>
  Effect.flatMap(Effect.orDie(Schema.encodeEffect(Results.outcomeJson)(outcome)), Console.log)

await Effect.runPromise(
  Effect.gen(function* () {
    const job = yield* Schema.decodeEffect(Jobs.json)(process.argv[2])
    const { device, workload } = job
    yield* timed(job).pipe(
      Effect.catchCause((cause) => Effect.succeed({ workload, device, reason: reasonOf(cause) })),
      Effect.flatMap(write)
    )
  })
)
// Threads of the library would keep the process alive.
process.exit()
