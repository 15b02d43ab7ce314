/**
 * Training: a pure step, folded over batches.
 */
import type { CompiledFunction } from "@cotangent/runtime/Device"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Cursor } from "./Event.ts"
import { Event, start } from "./Event.ts"
import { countExamples } from "./internal/examples.ts"
import type { Rolling } from "./internal/rolling.ts"
import * as Rollings from "./internal/rolling.ts"
import type { Stop } from "./Stop.ts"
import * as Stops from "./Stop.ts"

/** What one step gives: the next state, and scalars to watch. */
export interface StepResult<S> {
  readonly state: S
  readonly loss: Tensor
  readonly metrics?: Readonly<Record<string, Tensor>>
}

/** What a checkpoint holds. */
export interface Snapshot<S> {
  readonly state: S
  readonly cursor: Cursor
}

/** Where checkpoints go and when. */
export interface Checkpointing<S, E, R> {
  /** Stores a snapshot; gives the path it is found at. */
  readonly save: (snapshot: Snapshot<S>) => Effect.Effect<string, E, R>
  /** Steps between checkpoints; there is one after each epoch, and one when the training stops, in any case. */
  readonly everySteps?: number
}

/** What a training consists of. `S` is a tree of tensors. */
export interface FitOptions<S, B, E = never, R = never, E2 = never, R2 = never, E3 = never, R3 = never> {
  /** The state before the first step. It is copied, so it can be used afterwards. */
  readonly initial: S
  /** The next state for one batch. It is compiled; it takes over the memory of the state it is given. */
  readonly step: (state: S, batch: B) => StepResult<S>
  /** The batches of `cursor.epoch` from number `cursor.batch` on: the same ones whenever it is asked for them. */
  readonly batches: (cursor: Cursor) => Stream.Stream<B, E, R>
  readonly epochs: number
  /** Where to begin: the cursor of a checkpoint, with the state of the same checkpoint as `initial`. */
  readonly cursor?: Cursor
  /** Steps between two `Step` events: only for those the loss is read back. */
  readonly readEvery?: number
  /** How many examples a batch has; the extent of its first axis unless stated. */
  readonly examples?: (batch: B) => number
  /** Measures a state after each epoch, for `EpochFinished`. */
  readonly evaluate?: (state: S) => Effect.Effect<Readonly<Record<string, number>>, E2, R2>
  readonly checkpoint?: Checkpointing<S, E3, R3>
  readonly stop?: Stop
}

/** A training that was set up. */
export interface Training<S, E, R> {
  /** Trains while it is consumed: it runs no further than its consumer asks. */
  readonly events: Stream.Stream<Event, E, R>
  /** The state now. It lives until the next step, the last one as long as the scope of the training. */
  readonly state: Effect.Effect<S>
}

/** A state, and the scalars of the step that gave it. */
interface Held<S> {
  readonly state: S
  readonly loss?: Tensor
  readonly metrics?: Readonly<Record<string, Tensor>>
}

/** What changes while a training runs. Times are in nanoseconds. */
interface Progress {
  cursor: Cursor
  /** The cursor of the last checkpoint. */
  saved: Cursor
  /** The losses that were read in this epoch. */
  losses: Array<number>
  epochSince: bigint
  /** Examples and start of what the next `Step` reports. */
  examples: number
  since: bigint
}

/** All that the parts of a training work with. */
interface Context<S, B, E, R> {
  readonly options: FitOptions<S, B, E, R, E, R, E, R>
  readonly device: Device["Service"]
  readonly step: CompiledFunction<[S, B], StepResult<S>>
  readonly held: Rolling<Held<S>>
  readonly progress: Progress
  /** Why the training shall stop; undefined while it shall not. */
  readonly stop: Effect.Effect<string | undefined>
}

/**
 * Sets up a training on the device. Memory stays flat: each step runs in a scope of its own, and the scope of the step
 * before it is closed.
 *
 * **Fails** when the initial state finds no room; the events fail as device, batches, evaluation and checkpoints do.
 *
 * **Example** (Training)
 *
 * ```ts
 * const training = yield* fit({ initial, step, batches, epochs: 2 })
 * yield* Stream.runForEach(training.events, (event) => Console.log(event))
 * const { params } = yield* training.state
 * ```
 */
export const fit = Effect.fnUntraced(function* <
  S,
  B,
  E = never,
  R = never,
  E2 = never,
  R2 = never,
  E3 = never,
  R3 = never
>(
  options: FitOptions<S, B, E, R, E2, R2, E3, R3>
): Effect.fn.Return<Training<S, E | E2 | E3 | DeviceError, R | R2 | R3>, DeviceError, Device | Scope.Scope> {
  const device = yield* Device
  const step = yield* device.compile(options.step, { donate: [0], name: "step" })
  const held = yield* Rollings.make<Held<S>, DeviceError, Scope.Scope>(
    Effect.map(device.realize(options.initial), (state) => ({ state }))
  )
  const cursor = options.cursor ?? start
  const progress: Progress = { cursor, saved: cursor, losses: [], epochSince: 0n, examples: 0, since: 0n }
  const stop = options.stop === undefined ? Effect.undefined : Stops.requested(options.stop)
  return {
    events: eventsOf<S, B, E | E2 | E3, R | R2 | R3>({ options, device, step, held, progress, stop }),
    state: Effect.sync(() => held.current().state)
  }
})

const eventsOf = <S, B, E, R>(context: Context<S, B, E, R>): Stream.Stream<Event, E | DeviceError, R> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { device, options, progress, stop } = context
      const { epoch, step } = progress.cursor
      progress.since = yield* Clock.currentTimeNanos
      const epochs = Array.from({ length: Math.max(0, options.epochs - epoch) }, (_, i) => epoch + i)
      const started = Event.cases.Started.make({ device: device.description.name, epoch, epochs: options.epochs, step })
      return Stream.make(started as Event).pipe(
        Stream.concat(
          Stream.fromIterable(epochs).pipe(
            whileGoing(stop),
            Stream.flatMap(() => epochOf(context))
          )
        ),
        Stream.concat(Stream.unwrap(finish(context)))
      )
    })
  )

/** Ends a stream before its next element once a stop is requested. */
const whileGoing =
  (stop: Effect.Effect<string | undefined>) =>
  <A, E, R>(self: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
    self.pipe(
      Stream.rechunk(1),
      Stream.takeWhileEffect(() => Effect.map(stop, (reason) => reason === undefined))
    )

/** What is left of the epoch. */
const epochOf = <S, B, E, R>(context: Context<S, B, E, R>) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { options, progress, stop } = context
      progress.losses = []
      progress.epochSince = yield* Clock.currentTimeNanos
      return options.batches(progress.cursor).pipe(
        whileGoing(stop),
        // Two effects, so that an event reaches the consumer before what comes after it is done.
        Stream.map((batch): ReadonlyArray<Effect.Effect<ReadonlyArray<Event>, E | DeviceError, R>> => [
          advance(context, batch),
          saveWhenDue(context)
        ]),
        Stream.flattenIterable,
        Stream.mapEffect((effect) => effect),
        Stream.flattenIterable,
        Stream.concat(
          Stream.unwrap(Effect.map(stop, (reason) => (reason === undefined ? finishEpoch(context) : Stream.empty)))
        )
      )
    })
  )

/** One step, and its event if it is one that is read. */
const advance = Effect.fnUntraced(function* <S, B, E, R>(context: Context<S, B, E, R>, batch: B) {
  const { held, options, progress, step } = context
  const examples = (options.examples ?? countExamples)(batch)
  const { batch: number, epoch, step: before } = progress.cursor
  const done = before + 1
  // Together, or an interruption between them would count the step wrongly.
  yield* Effect.uninterruptible(
    Effect.map(held.replace(step(held.current().state, batch)), () => {
      progress.cursor = { epoch, batch: number + 1, step: done }
      progress.examples += examples
    })
  )
  return done % (options.readEvery ?? 1) === 0 ? [yield* report(context)] : []
})

const saveWhenDue = <S, B, E, R>(context: Context<S, B, E, R>): Effect.Effect<ReadonlyArray<Event>, E, R> =>
  Effect.suspend(() => {
    const every = context.options.checkpoint?.everySteps
    return every !== undefined && context.progress.cursor.step % every === 0 ? save(context) : Effect.succeed([])
  })

/** The event of the step that was just done: the only place where training waits for the device. */
const report = Effect.fnUntraced(function* <S, B, E, R>({ device, held, progress }: Context<S, B, E, R>) {
  const { loss, metrics = {} } = held.current()
  const value = loss === undefined ? Number.NaN : yield* device.readNumber(loss)
  const entries = yield* Effect.forEach(Object.entries(metrics), ([name, metric]) =>
    Effect.map(device.readNumber(metric), (number) => [name, number] as const)
  )
  progress.losses.push(value)
  const now = yield* Clock.currentTimeNanos
  const { cursor, examples, since } = progress
  progress.examples = 0
  progress.since = now
  return Event.cases.Step.make({
    step: cursor.step,
    epoch: cursor.epoch,
    loss: value,
    metrics: Object.fromEntries(entries),
    examples,
    millis: millis(since, now)
  })
})

/** Writes a checkpoint, if the training keeps one. */
const save = Effect.fnUntraced(function* <S, B, E, R>({ held, options, progress }: Context<S, B, E, R>) {
  const { cursor } = progress
  if (options.checkpoint === undefined || progress.saved === cursor) return []
  const path = yield* options.checkpoint.save({ state: held.current().state, cursor })
  progress.saved = cursor
  return [Event.cases.Checkpointed.make({ path, step: cursor.step })]
})

/** Measures and reports the epoch, moves on to the next one, then writes a checkpoint. */
const finishEpoch = <S, B, E, R>(context: Context<S, B, E, R>) => {
  const measure = Effect.gen(function* () {
    const { device, held, options, progress } = context
    const { loss, state } = held.current()
    const { epoch, step } = progress.cursor
    if (progress.losses.length === 0 && loss !== undefined) progress.losses.push(yield* device.readNumber(loss))
    const metrics = options.evaluate === undefined ? {} : yield* options.evaluate(state)
    const now = yield* Clock.currentTimeNanos
    progress.cursor = { epoch: epoch + 1, batch: 0, step }
    return Event.cases.EpochFinished.make({
      epoch,
      step,
      loss: mean(progress.losses),
      metrics,
      millis: millis(progress.epochSince, now)
    })
  })
  return Stream.concat(Stream.fromEffect(measure), Stream.flattenIterable(Stream.fromEffect(save(context))))
}

/** The last checkpoint, if there were steps since the one before it, and the last event. */
const finish = Effect.fnUntraced(function* <S, B, E, R>(context: Context<S, B, E, R>) {
  const reason = (yield* context.stop) ?? "completed"
  const { epoch, step } = context.progress.cursor
  return Stream.fromIterable<Event>([...(yield* save(context)), Event.cases.Stopped.make({ reason, epoch, step })])
})

const millis = (from: bigint, to: bigint): number => Number(to - from) / 1e6

const mean = (values: ReadonlyArray<number>): number =>
  values.length === 0 ? Number.NaN : values.reduce((total, value) => total + value, 0) / values.length
