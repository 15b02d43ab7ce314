/**
 * The lab of the command `train`: trainings in a folder, shown on a screen.
 */
import { hostArray } from "@cotangent/tensor/primitive/leaf"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Checkpoint from "@cotangent/train/Checkpoint"
import { failWhenNotFinite } from "@cotangent/train/EarlyStopping"
import type { Event } from "@cotangent/train/Event"
import { start } from "@cotangent/train/Event"
import type { Snapshot, StepResult } from "@cotangent/train/Fit"
import { fit } from "@cotangent/train/Fit"
import { toHost } from "@cotangent/train/Host"
import * as Stop from "@cotangent/train/Stop"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import { Interrupted } from "../failure.ts"
import type { History } from "../lab/history.ts"
import { empty, record } from "../lab/history.ts"
import { fetchingOn } from "./fetching.ts"
import * as Journal from "../lab/journal.ts"
import type { Lab, Plan, Trained, Trial } from "../lab/Lab.ts"
import type { Task } from "../Recipe.ts"
import { alone } from "../Recipe.ts"
import { count } from "../terminal/format.ts"
import type { Screen } from "../terminal/Screen.ts"
import type { Display } from "./progress.ts"
import { heading, introduction, lineOf, status } from "./progress.ts"
import { signals, stopOnSignals } from "./signals.ts"

/** What a lab is set up for. */
export interface LabOptions {
  /** The name of the recipe, which its checkpoints bear. */
  readonly recipe: string
  readonly task: Task
  /** What determines every random choice, unless it is that of the recipe. */
  readonly seed: number | undefined
  /** Passes over the data, if others than usual. */
  readonly epochs: number | undefined
  readonly limit: number | undefined
  readonly data: string | undefined
  readonly archives: string | undefined
  /** Whether nothing may be fetched. */
  readonly offline: boolean
  /** The folder that checkpoints and journals go to. */
  readonly folder: string
  /** Where to go on: the checkpoint of a recipe with one training; else, and if empty, the folder has them. */
  readonly resume: string | undefined
  readonly json: boolean
  readonly screen: Screen
  /** The device in words. */
  readonly device: string
  /** How to go on after an interruption. */
  readonly goOn: string
}

/** The numbers that determine a training. */
interface Settings {
  readonly seed: number
  readonly epochs: number
  readonly limit: number
}

/** The same in a checkpoint. */
interface Stored {
  readonly key: Random.Key
  readonly epochs: Tensor.Tensor
  readonly limit: Tensor.Tensor
}

/** No limit. */
const most = 2 ** 31 - 1

const store = ({ epochs, limit, seed }: Settings): Stored => ({
  key: Random.key(seed),
  epochs: Tensor.scalar(epochs, "i32"),
  limit: Tensor.scalar(limit, "i32")
})

/** The settings that a checkpoint was made with; they come from a file, so the tensors hold their numbers. */
const restore = ({ epochs, key, limit }: Stored): Settings => {
  const numbers = (tensor: Tensor.Tensor): ArrayLike<number> => hostArray(tensor)!.data
  const [high, low] = Array.from(numbers(key))
  return { seed: high * 2 ** 32 + low, epochs: numbers(epochs)[0], limit: numbers(limit)[0] }
}

/** The files of a training. */
export const filesOf = (folder: string, training: string) => ({
  folder: join(folder, training),
  checkpoint: join(folder, training, "checkpoint.safetensors"),
  journal: join(folder, training, "events.jsonl")
})

/** What the checkpoints of a training bear as the name of their model. */
const modelOf = (recipe: string, training: string): string => (training === alone ? recipe : `${recipe}/${training}`)

/**
 * A lab, the trainings it has carried out, and whether all was as the recipe has it.
 *
 * What is not asked for is as in the checkpoint to go on with, if there is one.
 */
export const make = Effect.fnUntraced(function* (options: LabOptions) {
  const { recipe, resume, task } = options
  const [first] = task.trainings
  const resumed =
    first === undefined || resume === undefined ? undefined : resume || filesOf(options.folder, first).checkpoint
  const before =
    resumed === undefined
      ? { seed: task.seed, limit: most }
      : restore(
          (yield* Checkpoint.loadPart(
            { path: resumed, model: modelOf(recipe, first) },
            { settings: store({ seed: 0, epochs: 0, limit: 0 }) }
          )).settings
        )
  const seed = options.seed ?? before.seed
  const limit = options.limit ?? before.limit
  const trained: Array<Trained> = []
  let isUsual = seed === task.seed && limit === most
  const lab: Lab = {
    seed,
    key: Random.key(seed),
    limit,
    data: options.data,
    ...fetchingOn(options.screen, options),
    train: (trial) =>
      Effect.map(carryOut(trial, { ...options, seed, limit, resumed }), (one) => {
        isUsual &&= one.plan.epochs === trial.epochs
        trained.push(one)
        return one
      })
  }
  return { lab, trained: trained as ReadonlyArray<Trained>, isUsual: () => isUsual }
})

interface Context extends LabOptions {
  readonly seed: number
  readonly limit: number
  /** The checkpoint that the first training goes on with. */
  readonly resumed: string | undefined
}

/** Where a training begins: at its checkpoint, or from nothing. */
const begin = Effect.fnUntraced(function* <S extends object, B>(
  trial: Trial<S, B>,
  { epochs, folder, limit, recipe, resumed, seed, task }: Context
) {
  const fs = yield* FileSystem.FileSystem
  const usual = { seed, epochs: trial.epochs, limit }
  const own = filesOf(folder, trial.name).checkpoint
  const isFirst = trial.name === task.trainings[0]
  const path = isFirst ? resumed : resumed !== undefined && (yield* fs.exists(own)) ? own : undefined
  const like = { ...trial.state, settings: store(usual) }
  const snapshot: Snapshot<typeof like> | undefined =
    path === undefined ? undefined : yield* Checkpoint.load({ path, model: modelOf(recipe, trial.name) }, like)
  const before = snapshot === undefined ? usual : restore(snapshot.state.settings)
  const settings = store({ ...usual, epochs: epochs ?? before.epochs })
  return {
    epochs: epochs ?? before.epochs,
    cursor: snapshot?.cursor ?? start,
    state: { ...(snapshot === undefined ? like : snapshot.state), settings }
  }
})

/** The step of a trial on a state that has settings beside it. */
const beside =
  <S extends object, B>(step: (state: S, batch: B) => StepResult<S>) =>
  <T extends { readonly settings: Stored }>(state: S & T, batch: B): StepResult<S & T> => {
    const next = step(state, batch)
    return { ...next, state: { ...state, ...next.state } }
  }

const carryOut = <S extends object, B>(trial: Trial<S, B>, context: Context) =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const files = filesOf(context.folder, trial.name)
      yield* fs.makeDirectory(files.folder, { recursive: true })
      const { cursor, epochs, state } = yield* begin(trial, context)
      const feed = yield* trial.feed({ epochs, start: cursor })
      const steps = feed.epochs * feed.stepsPerEpoch
      const stop = yield* Stop.make
      const evaluate = trial.measure === undefined ? undefined : yield* trial.measure
      const training = yield* fit({
        initial: state,
        step: beside(trial.step(steps)),
        batches: feed.from,
        epochs: feed.epochs,
        cursor: feed.start,
        readEvery: feed.readEvery,
        ...(evaluate === undefined ? {} : { evaluate }),
        checkpoint: Checkpoint.keep(
          { path: files.checkpoint, model: modelOf(context.recipe, trial.name) },
          { everySteps: feed.checkpointEvery }
        ),
        stop
      })
      const { model, name, parameters, pass, unit } = trial
      const plan: Plan = {
        training: name,
        model,
        parameters,
        pass,
        unit,
        seed: context.seed,
        epochs,
        steps,
        examples: feed.examples,
        batch: feed.batch,
        start: feed.start
      }
      const watched = trial.watch === undefined ? training.events : trial.watch(stop)(training.events)
      const events = trial.mayDiverge === true ? watched : failWhenNotFinite(watched)
      const history = yield* Effect.scoped(
        Effect.andThen(stopOnSignals(stop), follow(events, { ...context, plan, journal: files.journal }))
      )
      const signal = signals.find((name) => name === history.stopped)
      if (signal !== undefined) return yield* interrupted(signal, history, { ...context, plan })
      const { settings: _, ...last } = yield* training.state
      // Without the settings it is a state of the trial again.
      const kept = (yield* toHost(last)) as unknown as S
      return { state: kept, plan, history }
    })
  )

/** Runs the training, and says and stores what it says. */
const follow = Effect.fnUntraced(function* <E, R>(
  events: Stream.Stream<Event, E, R>,
  { device, journal, json, plan, recipe, screen, task }: Context & { readonly plan: Plan; readonly journal: string }
) {
  const past = yield* Journal.begin(journal, plan.start.step)
  const display: Display = { recipe, plan, style: screen.style, of: task.trainings }
  if (!json) yield* screen.print(...introduction(display, device), ...heading(display))
  else if (plan.training !== alone) yield* Console.log(JSON.stringify({ _tag: "Training", ...plan }))
  const show = Effect.fnUntraced(function* (history: History, event: Event) {
    yield* Journal.append(journal, event)
    if (json) return yield* Console.log(Journal.encode(event))
    const line = lineOf(display, history, event)
    if (line !== undefined) yield* screen.print(line)
    yield* screen.status((columns) => status(display, history, columns))
  })
  const history = yield* Stream.runFoldEffect(
    events,
    () => past.reduce(record, empty),
    (before, event) => {
      const history = record(before, event)
      // Giving way lets a signal in.
      return Effect.as(Effect.andThen(show(history, event), Effect.yieldNow), history)
    }
  )
  if (!json) yield* screen.clear
  return history
})

const interrupted = (
  signal: Interrupted["signal"],
  history: History,
  { goOn, json, plan, screen }: Context & { readonly plan: Plan }
): Effect.Effect<never, Interrupted> => {
  const of = plan.training === alone ? "" : ` of the training ${plan.training}`
  const where = `interrupted after step ${count(history.step)} of ${count(plan.steps)}${of}`
  const message =
    history.checkpoint === undefined && plan.start.step === 0
      ? `${where}: there was nothing to save yet`
      : `${where}; everything up to it is saved. Go on with:\n  ${goOn}`
  return Effect.andThen(json ? Effect.void : screen.clear, Effect.fail(new Interrupted({ signal, message })))
}
