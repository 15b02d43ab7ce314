/**
 * Batches made ahead, in worker threads.
 *
 * Each batch is the result of a task for its input alone, and batches come in the order of their inputs, so they are the
 * same for any number of workers. A program says how its workers start by layers of its platform (`NodeWorker.layer`), and
 * a worker how it hears from the program (`NodeWorkerRunner.layer`).
 */
import { FormatError } from "@cotangent/formats/FormatError"
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Spawner } from "effect/workers/Worker"
import { WorkerPlatform } from "effect/workers/Worker"
import type { WorkerError } from "effect/workers/WorkerError"
import { WorkerRunnerPlatform } from "effect/workers/WorkerRunner"

/** What a worker does for an input. Both sides must survive structured cloning: arrays and plain records of them do. */
export type Task<in I = never, out O = unknown, R = never> = (input: I) => Effect.Effect<O, FormatError, R>

/** A task that ended in a way it does not foresee, or a worker that did. */
export class TaskFailed extends Schema.TaggedError<TaskFailed>()("TaskFailed", { reason: Schema.String }) {
  override get message(): string {
    return `a worker failed: ${this.reason}`
  }
}

/** How tasks are shared out. */
export interface PrefetchOptions {
  /** Threads that work on tasks. */
  readonly workers: number
  /** Batches that may be made or begun ahead of their use; two for each worker unless stated. */
  readonly ahead?: number
}

/** An input and its number. */
type Request = readonly [id: number, input: unknown]

/** What became of the input of a number: its result, a failure of the task, or that of the worker. */
type Answer = readonly [id: number, outcome: Outcome]
type Outcome =
  | { readonly _tag: "Done"; readonly output: unknown }
  | { readonly _tag: "Invalid"; readonly error: typeof FormatError.Encoded }
  | { readonly _tag: "Died"; readonly reason: string }

type Failure = FormatError | TaskFailed

/** A worker that takes one input at a time. */
type Hand = (input: unknown) => Effect.Effect<unknown, Failure>

const exitOf = (outcome: Outcome): Exit.Exit<unknown, Failure> => {
  if (outcome._tag === "Done") return Exit.succeed(outcome.output)
  if (outcome._tag === "Died") return Exit.fail(new TaskFailed({ reason: outcome.reason }))
  return Exit.fail(new FormatError(outcome.error))
}

/** Starts the worker `index`, which lives as long as the scope. */
const hire = Effect.fnUntraced(function* (
  index: number
): Effect.fn.Return<Hand, WorkerError, Scope.Scope | Spawner | WorkerPlatform> {
  const platform = yield* WorkerPlatform
  const worker = yield* platform.spawn<Answer, Request>(index)
  let id = 0
  let waiting: { readonly id: number; readonly answer: Deferred.Deferred<unknown, Failure> } | undefined
  const life = worker.run(([answered, outcome]) =>
    waiting?.id === answered ? Deferred.done(waiting.answer, exitOf(outcome)) : Effect.void
  )
  // The worker ends in good order only with the scope, when nobody waits any more.
  const ended = yield* Deferred.make<never, TaskFailed>()
  yield* life.pipe(
    Effect.exit,
    Effect.flatMap((exit) =>
      Deferred.fail(ended, new TaskFailed({ reason: Exit.isFailure(exit) ? reasonOf(exit.cause) : "a worker ended" }))
    ),
    Effect.forkScoped
  )
  return Effect.fnUntraced(function* (input: unknown) {
    const answer = yield* Deferred.make<unknown, Failure>()
    waiting = { id: ++id, answer }
    yield* Effect.mapError(worker.send([id, input]), ({ message }) => new TaskFailed({ reason: message }))
    return yield* Effect.raceFirst(Deferred.await(answer), Deferred.await(ended))
  })
})

const reasonOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error.message : String(error)
}

/** **Throws** `ArgumentError` unless `count` is a whole number from 1. */
const check = (name: string, count: number): void => {
  if (Number.isInteger(count) && count >= 1) return
  throw new ArgumentError({
    operation: "Prefetch.through",
    expected: `a whole number of ${name} from 1`,
    received: String(count)
  })
}

/**
 * The results of the task `T` for the elements of a stream, in their order, computed by worker threads ahead of their use.
 *
 * **Throws** `ArgumentError` unless there is a worker and something may be begun.
 *
 * **Fails** with the failure of the first task that fails; `TaskFailed` for a defect of a task or a worker that ends.
 *
 * **Example** (Reading pictures in four threads)
 *
 * ```ts
 * import type { task } from "./pictures.worker.ts"
 *
 * const places = Dataset.batches(Dataset.make({ place }), { size: 32, key, epoch: 0 })
 * places.pipe(Prefetch.through<typeof task>({ workers: 4 }))
 * ```
 */
export const through = <T extends Task<never, unknown, never>>({ ahead, workers }: PrefetchOptions) => {
  check("workers", workers)
  const concurrency = ahead ?? 2 * workers
  check("batches ahead", concurrency)
  return <E, R>(
    self: Stream.Stream<InputOf<T>, E, R>
  ): Stream.Stream<OutputOf<T>, E | Failure | WorkerError, R | Spawner | WorkerPlatform> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const idle = yield* Queue.unbounded<Hand>()
        const hands = yield* Effect.forEach(Array.from({ length: workers }).keys(), hire)
        yield* Queue.offerAll(idle, hands)
        const run = (input: InputOf<T>): Effect.Effect<OutputOf<T>, Failure> =>
          Effect.acquireUseRelease(
            Queue.take(idle),
            // Workers of this stream carry out its task.
            (hand) => hand(input) as Effect.Effect<OutputOf<T>, Failure>,
            (hand) => Queue.offer(idle, hand)
          )
        // Failures wait for their turn like results, so what comes before them does not depend on the workers either.
        return self.pipe(
          Stream.mapEffect((input) => Effect.exit(run(input)), { concurrency }),
          Stream.mapEffect((exit) => exit)
        )
      })
    )
}

/** The inputs of a task. */
export type InputOf<T> = T extends (input: infer I) => unknown ? I : never

/** The results of a task. */
export type OutputOf<T> = T extends (input: never) => Effect.Effect<infer O, FormatError, never> ? O : never

/**
 * What a worker runs: carries out `task` for each input that it is sent, until it is told to end.
 *
 * **Example** (A worker that reads pictures)
 *
 * ```ts
 * export const task = ({ place }: { place: HostArray<"i32"> }) =>
 *   ImageFolder.read(Array.from(place.data, (i) => files[i]), form)
 *
 * Prefetch.serve(task).pipe(Effect.provide(services), Effect.provide(NodeWorkerRunner.layer), NodeRuntime.runMain)
 * ```
 */
export const serve = <I, O, R>(task: Task<I, O, R>): Effect.Effect<void, WorkerError, R | WorkerRunnerPlatform> =>
  Effect.gen(function* () {
    const platform = yield* WorkerRunnerPlatform
    const runner = yield* platform.start<Answer, Request>()
    yield* runner.run((port, [id, input]) =>
      // The program sends what its task takes.
      Effect.exit(task(input as I)).pipe(
        Effect.flatMap((exit) => runner.send(port, [id, outcomeOf(exit)])),
        // What cannot be cloned is found only now.
        Effect.catchDefect((defect) => runner.send(port, [id, { _tag: "Died", reason: String(defect) }]))
      )
    )
  })

const outcomeOf = (exit: Exit.Exit<unknown, FormatError>): Outcome => {
  if (Exit.isSuccess(exit)) return { _tag: "Done", output: exit.value }
  const error = Cause.squash(exit.cause)
  if (error instanceof FormatError) {
    const { format, path, reason } = error
    return { _tag: "Invalid", error: { _tag: "FormatError", path, format, reason } }
  }
  return { _tag: "Died", reason: reasonOf(exit.cause) }
}
