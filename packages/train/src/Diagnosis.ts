/**
 * Examining a training before it is trusted: short experiments that give a `Finding` each. All of them run programs of the
 * same structure, whatever the learning rate and the strength of the regularization, so they compile once.
 */
import type { Leaves } from "@cotangent/optim/GradientTransformation"
import type { Optimizer } from "@cotangent/optim/Optimizer"
import * as Penalty from "@cotangent/optim/Penalty"
import type { Scalar } from "@cotangent/optim/Schedule"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Cursor, Event } from "./Event.ts"
import { start } from "./Event.ts"
import type { Finding, Of } from "./Finding.ts"
import * as Findings from "./Finding.ts"
import { fit } from "./Fit.ts"
import { toHost } from "./Host.ts"
import { isExploded, meanOf } from "./internal/curve.ts"
import { isWeight } from "./internal/weights.ts"
import type { Setting } from "./Settings.ts"
import * as Settings from "./Settings.ts"
import type { Task } from "./TrainState.ts"
import * as TrainState from "./TrainState.ts"

/** The training that is examined. */
export interface Subject<Params, State, Moments, Batch, E = never, R = never> {
  /** The parameters before the first step. */
  readonly params: Params
  readonly state: State
  /** The loss without regularization: without penalties and, best, without dropout. A metric `accuracy` is made use of. */
  readonly loss: Task<Params, State, Moments, Batch>["loss"]
  readonly optimizer: (learningRate: Scalar) => Optimizer<Moments>
  /** The batches of an epoch, as `fit` asks for them. */
  readonly batches: (cursor: Cursor) => Stream.Stream<Batch, E, R>
  /** About twenty examples that the model shall be able to learn by heart. */
  readonly few: Batch
  /** The loss that theory expects of a model that knows nothing, such as `Finding.uniformLoss`. */
  readonly expectedLoss: number
  /** What regularization adds to the loss; half the squared norm of the weights, times the strength, unless stated. */
  readonly penalty?: (params: Params, strength: Scalar) => Tensor.Tensor
  /** What the results of a search are compared by, such as the loss on other examples; unless stated the last losses. */
  readonly score?: (params: Params, state: State) => Tensor.Tensor
  /** Whose updates are watched; weights unless stated. */
  readonly watches?: (path: string) => boolean
  readonly key: Random.Key
}

/** What a step of an experiment is given. */
interface Given<Batch> {
  readonly examples: Batch
  readonly learningRate: Scalar
  readonly strength: Scalar
}

/** A step that has been done. */
type Step = typeof Event.cases.Step.Type

/** The loss without what regularization adds. */
const plainLoss = "loss without regularization"

/** What the loss is a function of beside its key. */
interface Input<P, S, B> {
  readonly params: P
  readonly state: S
  readonly examples: B
  readonly strength: Scalar
}

const penalized = <P, S, M, B, E, R>({ loss, penalty }: Subject<P, S, M, B, E, R>) => {
  const of = penalty ?? ((params: P, strength: Scalar) => Penalty.l2(params, strength, isWeight))
  return ({ examples, params, state, strength }: Input<P, S, B>, key: Random.Key) => {
    const result = loss(params, state, examples, key)
    // Losses and penalties are floats.
    const [fit, extra] = [result.loss, of(params, strength)] as Leaves
    return { ...result, loss: Tensor.add(fit, extra), metrics: { ...result.metrics, [plainLoss]: fit } }
  }
}

/** How an experiment trains. */
interface Experiment<B, E, R> {
  readonly batches: (cursor: Cursor) => Stream.Stream<B, E, R>
  readonly steps: number
  /** The learning rate of a step, counted from 0. */
  readonly learningRate: (step: number) => number
  readonly strength: number
}

/** What came of an experiment. */
interface Outcome<A> {
  /** The steps, to the one whose loss exploded if one did. */
  readonly steps: ReadonlyArray<Step>
  /** What was made of the end. */
  readonly end: A
}

/** Parameters and state. */
interface At<P, S> {
  readonly params: P
  readonly state: S
}

/** Makes something of where an experiment ended. */
type AtEnd<P, S, A> = (at: At<P, S>, steps: ReadonlyArray<Step>) => Effect.Effect<A, DeviceError, Device>

const nothing: AtEnd<unknown, unknown, void> = () => Effect.void

const lossesOf = ({ steps }: Outcome<unknown>): ReadonlyArray<number> => steps.map(({ loss }) => loss)

const experiment = <P, S, M, B, E, R, A>(
  subject: Subject<P, S, M, B, E, R>,
  { batches, learningRate, steps, strength }: Experiment<B, E, R>,
  atEnd: AtEnd<P, S, A>
): Effect.Effect<Outcome<A>, E | DeviceError, R | Device> =>
  Effect.gen(function* () {
    const { key, optimizer, params, state, watches = isWeight } = subject
    const lossOf = penalized(subject)
    const training = yield* fit({
      initial: TrainState.make({ params, state, optimizer: optimizer(Tensor.scalar(0)), key }),
      step: (before: TrainState.TrainState<P, S, M>, { examples, learningRate, strength }: Given<B>) => {
        const loss: Task<P, S, M, undefined>["loss"] = (params, state, _, key) =>
          lossOf({ params, state, examples, strength }, key)
        const step = TrainState.step({ loss, optimizer: optimizer(learningRate) })
        return TrainState.withUpdateRatio(step, watches)(before, undefined)
      },
      batches: (cursor) =>
        Stream.map(Stream.zipWithIndex(batches(cursor)), ([examples, i]): Given<B> => ({
          examples,
          learningRate: Tensor.scalar(learningRate(cursor.step + i)),
          strength: Tensor.scalar(strength)
        })),
      // There is a step in each.
      epochs: steps,
      examples: () => 1
    })
    let first: number | undefined
    const done = yield* training.events.pipe(
      Stream.filter((event): event is Step => event._tag === "Step"),
      Stream.take(steps),
      Stream.takeUntil(({ loss }) => isExploded(loss, (first ??= loss))),
      Stream.runCollect
    )
    if (done.length === 0) {
      throw new ArgumentError({ operation: "Diagnosis", expected: "batches and steps", received: "none" })
    }
    return { steps: done, end: yield* atEnd(yield* training.state, done) }
  }).pipe(Effect.scoped)

/** The score of the subject, or the mean loss of the last tenth of the steps; NaN if the loss exploded. */
const scoreOf =
  <P, S, M, B, E, R>({ score }: Subject<P, S, M, B, E, R>): AtEnd<P, S, number> =>
  ({ params, state }, steps) =>
    Effect.gen(function* () {
      if (isExploded(steps.at(-1)!.loss, steps[0].loss)) return Number.NaN
      if (score === undefined)
        return meanOf(steps.slice(Math.floor(-steps.length / 10)).map(({ metrics }) => metrics[plainLoss]))
      const device = yield* Device
      const measure = yield* device.compile(score, { name: "score" })
      return yield* device.readNumber(yield* measure(params, state))
    }).pipe(Effect.scoped)

/** The losses of the first batch before any step, for strengths of the regularization. */
const lossesAt = <P, S, M, B, E, R>(
  subject: Subject<P, S, M, B, E, R>,
  strengths: ReadonlyArray<number>
): Effect.Effect<ReadonlyArray<number>, E | DeviceError, R | Device> =>
  Effect.gen(function* () {
    const device = yield* Device
    const lossOf = penalized(subject)
    const measure = yield* device.compile((at: Input<P, S, B>, key: Random.Key) => lossOf(at, key).loss, {
      name: "loss"
    })
    const { params, state } = subject
    const key = Random.foldIn(subject.key, 0)
    const found = yield* subject.batches(start).pipe(
      Stream.take(1),
      Stream.mapEffect((examples) =>
        Effect.forEach(strengths, (strength) => {
          const at = { params, state, examples, strength: Tensor.scalar(strength) }
          return Effect.scoped(Effect.flatMap(measure(at, key), device.readNumber))
        })
      ),
      Stream.runCollect
    )
    if (found.length > 0) return found[0]
    throw new ArgumentError({ operation: "Diagnosis", expected: "a batch", received: "none" })
  }).pipe(Effect.scoped)

/**
 * Whether the loss of the first batch before any step is what theory expects.
 *
 * **Fails** as the device and the batches do. **Throws** `ArgumentError` where there is no batch.
 */
export const initialLoss = <P, S, M, B, E, R>(
  subject: Subject<P, S, M, B, E, R>
): Effect.Effect<Of<"InitialLoss">, E | DeviceError, R | Device> =>
  Effect.map(lossesAt(subject, [0]), ([loss]) => Findings.initialLoss({ loss, expected: subject.expectedLoss }))

/**
 * Whether the loss of the first batch grows with the strength of the regularization.
 *
 * **Fails** as the device and the batches do. **Throws** `ArgumentError` where there is no batch.
 */
export const regularization = <P, S, M, B, E, R>(
  subject: Subject<P, S, M, B, E, R>,
  strengths: ReadonlyArray<number> = [0, 1e-2, 1e-1, 1]
): Effect.Effect<Of<"Regularization">, E | DeviceError, R | Device> =>
  Effect.map(lossesAt(subject, strengths), (losses) => Findings.regularization({ strengths, losses }))

/** The range of learning rates, and how many are tried. */
export interface RateOptions {
  readonly range?: Settings.Range
  readonly steps?: number
}

/**
 * Trains without regularization while the learning rate grows from step to step, until the loss explodes.
 *
 * **Fails** as the device and the batches do. **Throws** `ArgumentError` where there is no batch, and as `Settings.between`
 * does. **Source** Smith 2017, section 3.3.
 */
export const rateRange = <P, S, M, B, E, R>(
  subject: Subject<P, S, M, B, E, R>,
  { range = [1e-5, 10], steps = 100 }: RateOptions = {}
): Effect.Effect<Of<"RateRange">, E | DeviceError, R | Device> =>
  Effect.suspend(() => {
    const rates = Settings.between(range, steps)
    const { batches } = subject
    return Effect.map(
      experiment(subject, { batches, steps, learningRate: (i) => rates[i], strength: 0 }, nothing),
      (outcome) => {
        const losses = lossesOf(outcome)
        return Findings.rateRange({ rates: rates.slice(0, losses.length), losses })
      }
    )
  })

/** How long one setting is trained. */
export interface TrainingOptions {
  readonly learningRate: number
  readonly steps?: number
}

/**
 * Trains on a few examples without regularization, until they should be known by heart.
 *
 * **Fails** as the device does.
 */
export const overfit = <P, S, M, B, E, R>(
  subject: Subject<P, S, M, B, E, R>,
  { learningRate, steps = 300 }: TrainingOptions
): Effect.Effect<Of<"Overfit">, E | DeviceError, R | Device> => {
  const batches = () => Stream.make(subject.few)
  return Effect.map(
    experiment(subject, { batches, steps, learningRate: () => learningRate, strength: 0 }, nothing),
    (outcome) => {
      const { accuracy } = outcome.steps.at(-1)!.metrics as { readonly accuracy?: number }
      return Findings.overfit({ losses: lossesOf(outcome), accuracy })
    }
  )
}

/**
 * Trains with each setting, from the same beginning, and compares the scores.
 *
 * **Fails** as the device and the batches do. **Throws** `ArgumentError` where there is no batch.
 */
export const search = <P, S, M, B, E, R>(
  subject: Subject<P, S, M, B, E, R>,
  settings: ReadonlyArray<Setting>,
  { steps = 100 }: { readonly steps?: number } = {}
): Effect.Effect<Of<"Search">, E | DeviceError, R | Device> =>
  Effect.map(
    Effect.forEach(settings, ({ learningRate, strength }) =>
      Effect.map(
        experiment(
          subject,
          { batches: subject.batches, steps, learningRate: () => learningRate, strength },
          scoreOf(subject)
        ),
        ({ end }) => ({ learningRate, strength, score: end })
      )
    ),
    Findings.search
  )

/**
 * Trains with one setting, and judges the curve of the losses and the updates of weights; beside them, where it ended, in the
 * memory of the host.
 *
 * **Fails** as the device and the batches do. **Throws** `ArgumentError` where there is no batch.
 */
export const training = <P, S, M, B, E, R>(
  subject: Subject<P, S, M, B, E, R>,
  { learningRate, steps = 200, strength = 0 }: TrainingOptions & Partial<Setting>
): Effect.Effect<readonly [Of<"Curve">, Of<"Updates">, At<P, S>], E | DeviceError, R | Device> =>
  Effect.map(
    experiment(
      subject,
      { batches: subject.batches, steps, learningRate: () => learningRate, strength },
      ({ params, state }) => toHost({ params, state })
    ),
    (outcome) => {
      const prefix = "updateRatio "
      const names = Object.keys(outcome.steps[0].metrics).filter((name) => name.startsWith(prefix))
      const ratios = names.map((name) => [name.slice(prefix.length), outcome.steps.map(({ metrics }) => metrics[name])])
      return [Findings.curve(lossesOf(outcome)), Findings.updates(Object.fromEntries(ratios)), outcome.end]
    }
  )

/** How thorough an examination is. */
export interface DiagnoseOptions {
  readonly rates?: RateOptions
  /** Steps on the few examples. */
  readonly overfitSteps?: number
  /** The settings that are tried, if need be chosen by the range of learning rates that was found; and steps with each. */
  readonly search?: {
    readonly settings: ReadonlyArray<Setting> | ((range: Of<"RateRange">) => ReadonlyArray<Setting>)
    readonly steps?: number
  }
  /** Steps of the training whose curve is judged. */
  readonly steps?: number
  /** Is told each finding as soon as there is one. */
  readonly tell?: (finding: Finding) => Effect.Effect<void>
}

/** What an examination gives: the parameters and the state are those of its last training, else those it began with. */
export interface Diagnosis<Params = unknown, State = unknown> {
  readonly findings: ReadonlyArray<Finding>
  /** The setting that it found best; undefined where no learning rate lowers the loss. */
  readonly setting: Setting | undefined
  readonly params: Params
  readonly state: State
}

/**
 * Examines a training step by step, as one should before spending hours on it: the loss before the first step, and with
 * regularization; the range of learning rates; a few examples learned by heart; unless there are no `settings`, a search; a
 * training with the best setting, its curve and its updates. Where no learning rate lowers the loss it ends there.
 *
 * **Fails** as the device and the batches do. **Throws** `ArgumentError` where there is no batch. **Source** The lecture
 * notes, section 3.6.
 *
 * **Example** (A training, examined)
 *
 * ```ts
 * const { findings, setting } = yield* Diagnosis.diagnose({
 *   ...model.init(Random.key(0)), loss, optimizer: (learningRate) => Optimizer.adam({ learningRate }),
 *   batches, few, expectedLoss: Finding.uniformLoss(10), key: Random.key(1)
 * })
 * findings.filter(({ isHealthy }) => !isHealthy).map(Finding.describe)
 * ```
 */
export const diagnose = Effect.fnUntraced(function* <P, S, M, B, E, R>(
  subject: Subject<P, S, M, B, E, R>,
  options: DiagnoseOptions = {}
): Effect.fn.Return<Diagnosis<P, S>, E | DeviceError, R | Device> {
  const { overfitSteps, rates, steps, tell = () => Effect.void } = options
  const findings: Array<Finding> = []
  const found = <F extends Finding>(finding: F): Effect.Effect<F> =>
    Effect.suspend(() => {
      findings.push(finding)
      return Effect.as(tell(finding), finding)
    })
  yield* Effect.flatMap(initialLoss(subject), found)
  yield* Effect.flatMap(regularization(subject), found)
  const range = yield* Effect.flatMap(rateRange(subject, rates), found)
  const { params, state } = subject
  if (!range.isHealthy) return { findings, setting: undefined, params, state }
  const { suggested } = range
  yield* Effect.flatMap(overfit(subject, { learningRate: suggested, ...given("steps", overfitSteps) }), found)
  let setting: Setting = { learningRate: suggested, strength: 0 }
  if (options.search !== undefined) {
    const { settings, ...rest } = options.search
    const tried = typeof settings === "function" ? settings(range) : settings
    const { best, trials } = yield* Effect.flatMap(search(subject, tried, rest), found)
    if (best >= 0) setting = { learningRate: trials[best].learningRate, strength: trials[best].strength }
  }
  const [curve, updates, end] = yield* training(subject, { ...setting, ...given("steps", steps) })
  yield* found(curve)
  yield* found(updates)
  return { findings, setting, ...end }
})

/** A property that is absent where it is undefined. */
const given = <K extends string, A>(name: K, value: A | undefined): { readonly [P in K]?: A } =>
  (value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: A }
