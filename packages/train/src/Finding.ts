/**
 * What an examination of a training finds: judgements of losses, curves and ratios, as plain data with a schema, so that
 * they can be printed, drawn, stored and sent. Each comes from a pure function of numbers; `Diagnosis` measures those.
 */
// @effect-diagnostics schemaNumber:off
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Schema from "effect/Schema"
import { explosion, leastAt, meanOf, medianOf, parts, smoothed } from "./internal/curve.ts"

const Numbers = Schema.Array(Schema.Number)

/**
 * What a curve of losses looks like.
 *
 * - `exploded`: a loss was no number, or more than three times the first.
 * - `flat`: it never fell by a twentieth; the rate is far too low, or nothing reaches the parameters.
 * - `late`: it was flat at first and fell then, as from a bad initialization.
 * - `slow`: it was still falling at the end as fast as before; the rate is too low, or the training too short.
 * - `healthy`: none of these.
 */
export const Shape = Schema.Literals(["exploded", "flat", "late", "slow", "healthy"])

/** What a curve of losses looks like. */
export type Shape = typeof Shape.Type

/** One try of a search. */
export const Trial = Schema.Struct({ learningRate: Schema.Number, strength: Schema.Number, score: Schema.Number })

/** One try of a search: the less its score the better; one that exploded has NaN. */
export type Trial = typeof Trial.Type

/**
 * Something that was found. `isHealthy` says whether it is as it should be.
 *
 * - `InitialLoss`: whether a model that knows nothing has the loss that theory expects.
 * - `Regularization`: whether more regularization raises the loss.
 * - `RateRange`: losses while the learning rate grows; the rate that is `suggested`, NaN where the loss never fell; the
 *   least rate where the loss exploded, if it did.
 * - `Overfit`: whether a few examples were learned by heart; the accuracy at the end, where there is one.
 * - `Search`: the tries, the position of the best (-1 if all exploded), and which of their settings were best at the end of
 *   what was tried, so that more should be.
 * - `Curve`: the losses of a training and their shape.
 * - `Updates`: how far a step moves each weight, as a share of its norm, in the middle of all steps; the paths of those that
 *   move far more or less than they should.
 */
export const Finding = Schema.TaggedUnion({
  InitialLoss: { isHealthy: Schema.Boolean, loss: Schema.Number, expected: Schema.Number },
  Regularization: { isHealthy: Schema.Boolean, strengths: Numbers, losses: Numbers },
  RateRange: {
    isHealthy: Schema.Boolean,
    rates: Numbers,
    losses: Numbers,
    suggested: Schema.Number,
    explodesAt: Schema.optionalKey(Schema.Number)
  },
  Overfit: { isHealthy: Schema.Boolean, losses: Numbers, accuracy: Schema.optionalKey(Schema.Number) },
  Search: {
    isHealthy: Schema.Boolean,
    trials: Schema.Array(Trial),
    best: Schema.Int,
    atEdge: Schema.Array(Schema.Literals(["learningRate", "strength"]))
  },
  Curve: { isHealthy: Schema.Boolean, losses: Numbers, shape: Shape },
  Updates: {
    isHealthy: Schema.Boolean,
    ratios: Schema.Record(Schema.String, Schema.Number),
    outliers: Schema.Array(Schema.String)
  }
})

/** Something that was found. */
export type Finding = typeof Finding.Type

/** A finding of one kind. */
export type Of<K extends keyof typeof Finding.cases> = (typeof Finding.cases)[K]["Type"]

/** The cross-entropy of a model that gives all classes the same probability: `ln classes`. */
export const uniformLoss = (classes: number): number => Math.log(classes)

/**
 * Whether the loss before the first step is what theory expects: within a quarter, unless `tolerance` says otherwise.
 *
 * **Example** (Ten classes)
 *
 * ```ts run
 * Finding.initialLoss({ loss: 2.35, expected: Finding.uniformLoss(10) }).isHealthy // => true
 * Finding.initialLoss({ loss: 7.1, expected: Finding.uniformLoss(10) }).isHealthy // => false
 * ```
 */
export const initialLoss = ({
  expected,
  loss,
  tolerance = 0.25
}: {
  readonly loss: number
  readonly expected: number
  readonly tolerance?: number
}): Of<"InitialLoss"> =>
  Finding.cases.InitialLoss.make({
    isHealthy: Math.abs(loss - expected) <= tolerance * Math.abs(expected),
    loss,
    expected
  })

/** Whether each loss is above the one before it, for strengths of regularization that grow. */
export const regularization = (tried: {
  readonly strengths: ReadonlyArray<number>
  readonly losses: ReadonlyArray<number>
}): Of<"Regularization"> =>
  Finding.cases.Regularization.make({
    isHealthy: tried.losses.length > 1 && tried.losses.every((loss, i) => i === 0 || loss > tried.losses[i - 1]),
    ...tried
  })

/** What counts as falling: a twentieth of the first loss. */
const leastFall = 0.05

const hasFallen = (from: number, to: number): boolean => from - to >= leastFall * Math.abs(from) && to < from

/**
 * Where the learning rate should be, from losses while it grew by the same factor at each step: where the smoothed loss
 * fell fastest, but no more than a tenth of where it was least. Healthy if the loss fell at all.
 *
 * **Source** Smith 2017, section 3.3; three times the first loss as an explosion, as in the lecture notes, section 3.6.
 */
export const rateRange = (tried: {
  readonly rates: ReadonlyArray<number>
  readonly losses: ReadonlyArray<number>
}): Of<"RateRange"> => {
  const { losses, rates } = tried
  const end = explosion(losses)
  const curve = smoothed(losses.slice(0, end), Math.max(1, Math.round(losses.length / 20)))
  const least = leastAt(curve)
  const isHealthy = least > 0 && hasFallen(curve[0], curve[least])
  const slopes = curve.slice(1).map((loss, i) => loss - curve[i])
  const suggested = isHealthy ? Math.min(rates[leastAt(slopes)], Math.max(rates[0], rates[least] / 10)) : Number.NaN
  return Finding.cases.RateRange.make({
    isHealthy,
    ...tried,
    suggested,
    ...(end < losses.length ? { explodesAt: rates[end] } : {})
  })
}

/** Whether a few examples were learned by heart: the last accuracy is 1 or, where there is none, the loss a hundredth. */
export const overfit = ({
  accuracy,
  losses
}: {
  readonly losses: ReadonlyArray<number>
  readonly accuracy?: number | undefined
}): Of<"Overfit"> =>
  Finding.cases.Overfit.make({
    isHealthy: accuracy === undefined ? losses.at(-1)! <= 0.01 * losses[0] : accuracy === 1,
    losses,
    ...(accuracy === undefined ? {} : { accuracy })
  })

/** The best of several trials. Healthy if there is one and its learning rate is not the least or greatest that was tried. */
export const search = (trials: ReadonlyArray<Trial>): Of<"Search"> => {
  const best = leastAt(trials.map(({ score }) => score))
  const atEdge = (["learningRate", "strength"] as const).filter((setting) => {
    const tried = trials.map((trial) => trial[setting])
    const [least, greatest] = [Math.min(...tried), Math.max(...tried)]
    return best >= 0 && least < greatest && (tried[best] === least || tried[best] === greatest)
  })
  return Finding.cases.Search.make({
    isHealthy: best >= 0 && !atEdge.includes("learningRate"),
    trials,
    best,
    atEdge
  })
}

/** The parts of a curve that are compared with each other. */
const resolution = 20

const shapeOf = (losses: ReadonlyArray<number>): Shape => {
  if (explosion(losses) < losses.length) return "exploded"
  const curve = parts(losses, resolution)
  const least = Math.min(...curve)
  const drop = curve[0] - least
  if (!hasFallen(curve[0], least)) return "flat"
  const start = curve.findIndex((loss) => curve[0] - loss >= 0.1 * drop)
  if (start / curve.length > 0.2) return "late"
  const before = curve[Math.floor(0.75 * (curve.length - 1))]
  return before - curve[curve.length - 1] > 0.2 * drop ? "slow" : "healthy"
}

/**
 * What the losses of a training look like, at twenty places that are means: so twenty steps are the least that say much.
 *
 * **Throws** `ArgumentError` for no losses. **Source** The lecture notes, section 3.6; Karpathy, "CS231n", on the process
 * of learning.
 *
 * **Example** (Falling at once, and after a while)
 *
 * ```ts run
 * const steps = Array.from({ length: 100 }, (_, step) => step)
 * Finding.curve(steps.map((step) => Math.exp(-step / 30))).shape // => "healthy"
 * Finding.curve(steps.map((step) => 1 / (1 + Math.exp((step - 50) / 5)))).shape // => "late"
 * Finding.curve(steps.map((step) => Math.exp(step / 30))).shape // => "exploded"
 * ```
 */
export const curve = (losses: ReadonlyArray<number>): Of<"Curve"> => {
  if (losses.length === 0) throw new ArgumentError({ operation: "curve", expected: "losses", received: "none" })
  const shape = shapeOf(losses)
  return Finding.cases.Curve.make({ isHealthy: shape === "healthy", losses, shape })
}

/** Shares of a weight that a step may move: a tenth of what is called healthy, and ten times as much. */
const bounds = { least: 1e-4, most: 1e-1 }

/**
 * Whether steps move weights by a healthy share of their norms, a thousandth or a hundredth, up to a factor of ten: from
 * the ratios of all steps by path. Where the loss has settled for most of them they are small, and say nothing.
 *
 * **Source** The lecture notes, section 3.6.
 */
export const updates = (ratios: Readonly<Record<string, ReadonlyArray<number>>>): Of<"Updates"> => {
  const middle = Object.entries(ratios).map(([path, values]) => [path, medianOf(values)] as const)
  const outliers = middle.filter(([, ratio]) => !(ratio >= bounds.least && ratio <= bounds.most)).map(([path]) => path)
  return Finding.cases.Updates.make({
    isHealthy: middle.length > 0 && outliers.length === 0,
    ratios: Object.fromEntries(middle),
    outliers
  })
}

const digits = (value: number): string => String(Number(value.toPrecision(3)))

const shapes: Readonly<Record<Shape, string>> = {
  exploded: "the loss exploded: the learning rate is too high",
  flat: "the loss stayed where it was: the learning rate is far too low, or no gradient arrives",
  late: "the loss was flat and fell then: the initialization is suspect",
  slow: "the loss was still falling at the end: the learning rate is too low, or the training too short",
  healthy: "the loss fell at once and settled"
}

/** A finding in a sentence. */
export const describe: (finding: Finding) => string = Finding.match({
  InitialLoss: ({ expected, loss }) =>
    `the loss before the first step is ${digits(loss)}; theory expects ${digits(expected)}`,
  Regularization: ({ isHealthy, losses, strengths }) =>
    isHealthy
      ? `regularization of ${digits(strengths.at(-1)!)} raises the loss from ${digits(losses[0])} to ${digits(losses.at(-1)!)}`
      : "regularization does not raise the loss: it does not reach it, or all weights are 0",
  RateRange: ({ explodesAt, isHealthy, suggested }) =>
    (isHealthy
      ? `a learning rate of ${digits(suggested)} lowers the loss well`
      : "no learning rate that was tried lowers the loss") +
    (explodesAt === undefined ? "" : `; it explodes at ${digits(explodesAt)}`),
  Overfit: ({ accuracy, isHealthy, losses }) =>
    `${isHealthy ? "a few examples were learned by heart" : "not even a few examples were learned by heart"} in ${losses.length} steps` +
    (accuracy === undefined ? "" : `: accuracy ${digits(100 * accuracy)} %`),
  Search: ({ atEdge, best, trials }) =>
    best === -1
      ? `all ${trials.length} trials exploded`
      : `of ${trials.length} trials the best has a learning rate of ${digits(trials[best].learningRate)} and a regularization of ${digits(trials[best].strength)}` +
        (atEdge.includes("learningRate") ? "; it is at the edge of the rates that were tried" : ""),
  Curve: ({ shape }) => shapes[shape],
  Updates: ({ outliers, ratios }) =>
    outliers.length === 0
      ? `a step moves weights by ${digits(meanOf(Object.values(ratios)))} of their norms`
      : `a step moves ${outliers.map((path) => `${path} by ${digits(ratios[path])}`).join(", ")} of its norm; around 0.001 to 0.01 is healthy`
})
