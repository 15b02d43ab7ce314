/**
 * Examining the training of a model on examples, instead of carrying it out.
 */
import type { Columns, Dataset } from "@cotangent/data/Dataset"
import * as Datasets from "@cotangent/data/Dataset"
import type { Scalar } from "@cotangent/optim/Schedule"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as Diagnosis from "@cotangent/train/Diagnosis"
import { start } from "@cotangent/train/Event"
import type { Finding } from "@cotangent/train/Finding"
import * as Settings from "@cotangent/train/Settings"
import type { TrainState } from "@cotangent/train/TrainState"
import * as TrainStates from "@cotangent/train/TrainState"
import * as Effect from "effect/Effect"
import { NothingToExamine } from "../failure.ts"
import type { Batch } from "./feed.ts"
import { exampleOf, tensorsOf } from "./feed.ts"
import type { Trial, TrialError } from "./Lab.ts"
import type { Supervised } from "./supervised.ts"

/** How settings are chosen that are tried. */
export type Search = "grid" | "random"

/** How thorough an examination is. */
export interface Thoroughness {
  /** Steps of the training whose curve is judged; the other experiments have theirs in proportion. */
  readonly steps: number
  readonly search: Search
  /** Is told each finding as soon as there is one. */
  readonly tell?: (finding: Finding) => Effect.Effect<void>
}

/** What was found, and where the training ended that was judged last. */
export interface Examined<S = unknown> extends Pick<Diagnosis.Diagnosis, "findings" | "setting"> {
  readonly state: S
}

/**
 * Examples that are to be learned by heart; those that are held out at most, to compare settings by; those of a step at most,
 * where each step sees all of them.
 */
const counts = { few: 20, heldOut: 1000, whole: 10_000 }

/** Examples to learn from, and others that are held out; the same where there is but one. */
const parted = <C extends Columns>(examples: Dataset<C>): readonly [learned: Dataset<C>, heldOut: Dataset<C>] => {
  const { size } = examples
  return size < 2
    ? [examples, examples]
    : Datasets.split(examples, size - Math.min(counts.heldOut, Math.ceil(size / 10)))
}

/** What is tried: rates in multiples of the suggested one; strengths of L2, or of the recipe's own regularization. */
const spaceOf = (hasPenalty: boolean): Settings.Space => ({
  learningRate: [0.1, 10 ** 1.5],
  strength: hasPenalty ? [0.1, 1] : [1e-5, 1e-3]
})

/** Settings with multiples in the place of rates. */
const multiplesOf: Readonly<
  Record<
    Search,
    (space: Settings.Space, key: Random.Key) => Effect.Effect<ReadonlyArray<Settings.Setting>, DeviceError, Device>
  >
> = {
  grid: (space) => Effect.succeed(Settings.grid(space, { learningRate: 6, strength: 2 })),
  random: (space, key) => Settings.random(space, 12, key)
}

/** What an examination begins with. */
interface Beginning<P, S, C extends Columns, B> {
  readonly params: P
  readonly state: S
  readonly key: Random.Key
  readonly expectedLoss: number
  readonly feedOf: (examples: Dataset<C>) => Trial<never, B>["feed"]
}

/**
 * The examination of a training: whatever it does, on its model, its loss and its examples, but without what makes a
 * step random. A model with state, such as running means, is examined as it trains; others as they predict, so without
 * dropout.
 */
export const examination =
  <P, S, O, C extends Columns, In, Out, Target>(
    options: Supervised<P, S, O, C, In, Out, Target>,
    { expectedLoss, feedOf, key, params, state }: Beginning<P, S, C, Batch<C, In, Target>>
  ) =>
  ({ search, steps, tell }: Thoroughness): Effect.Effect<Examined<TrainState<P, S, O>>, TrialError, Device> =>
    Effect.gen(function* () {
      const device = yield* Device
      // Each experiment begins with them, so they are drawn once.
      const begin = yield* device.realize({ params, state })
      const { loss, metrics, model, optimizer, penalty, prepare, train, validation } = options
      const [learned, heldOut] = validation === undefined ? parted(train) : [train, validation]
      const first = (examples: Dataset<C>, count: number) => tensorsOf(Datasets.take(examples, count).columns)
      const held = prepare(first(heldOut, counts.heldOut))
      const seen = options.batch === "all" ? Datasets.take(learned, counts.whole) : learned
      const feed = yield* feedOf(seen)({ epochs: 1, start })
      const isStateless = Tree.leaves(state).length === 0
      const [running, choosing] = Random.split(key)
      const multiples = yield* multiplesOf[search](spaceOf(penalty !== undefined), choosing)
      const part = (share: number): number => Math.ceil(share * steps)
      const { findings, setting, ...end } = yield* Diagnosis.diagnose(
        {
          ...begin,
          key: running,
          optimizer,
          expectedLoss,
          loss: (params: P, state: S, batch: Batch<C, In, Target>, key: Random.Key) => {
            const { input, target } = exampleOf(prepare, batch)
            const next = isStateless
              ? { output: model.predict(params, state, input), state }
              : model.train(params, state, input, key)
            return { ...next, loss: loss(next.output, target), metrics: metrics?.(next.output, target) ?? {} }
          },
          batches: feed.from,
          few: { columns: first(learned, counts.few) } as Batch<C, In, Target>,
          score: (params, state) => loss(model.predict(params, state, held.input), held.target),
          ...(penalty === undefined
            ? {}
            : { penalty: (params: P, strength: Scalar) => Tensor.mul(penalty(params), strength) })
        },
        {
          rates: { steps: part(1 / 4) },
          overfitSteps: part(3 / 4),
          search: {
            settings: ({ suggested }) =>
              multiples.map(({ learningRate, strength }) => ({ learningRate: learningRate * suggested, strength })),
            steps: part(1 / 4)
          },
          steps,
          ...(tell === undefined ? {} : { tell })
        }
      )
      return {
        findings,
        setting,
        state: TrainStates.make({
          ...(setting === undefined ? { params, state } : end),
          optimizer: optimizer(Tensor.scalar(0)),
          key
        })
      }
    }).pipe(Effect.scoped)

/** Examines a training. **Fails** `NothingToExamine` where it does not learn from examples by gradients. */
export const examine = <S extends object, B>(
  recipe: string,
  trial: Trial<S, B>,
  how: Thoroughness
): Effect.Effect<Examined<S>, TrialError, Device> =>
  trial.examine?.(how) ?? Effect.fail(new NothingToExamine({ recipe, training: trial.name }))
