/**
 * Steps of optimizers as functions of learning rates, gradients and parameters: what gradients of hyperparameters go
 * through.
 */
import type { Domain } from "@cotangent/gradcheck/generators"
import { tensor } from "@cotangent/gradcheck/generators"
import * as Optim from "@cotangent/optim"
import { Averaging, GradientTransformation, Minimizer, Optimizer, Penalty, Plateau, Schedule } from "@cotangent/optim"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import type { Check, Group } from "../Target.ts"
import { check, group } from "../Target.ts"
import type { Floats } from "./inputs.ts"
import { domains, of } from "./inputs.ts"

/** Gradients of two steps. They differ, and none is 0, where the root of a square has a kink. */
const gradients = fc.tuple(tensor([2], domains.nonzero), tensor([2], { ...domains.nonzero, min: 0.25 }))

/**
 * A number beside which gradients are small: without it, scaling by their size alone leaves nothing of them but the sign,
 * and no derivative.
 */
const epsilon = 0.25

const paths = ["w"]

/** What a transformation makes of the gradients of two steps. */
const transformed = <S>({ init, update }: GradientTransformation.GradientTransformation<S>): Check =>
  check(
    (param: Floats, [first, second]: readonly [Floats, Floats]) => {
      const [early, state] = update([first], init([param], paths), [param], paths)
      return [early, update([second], state, [param], paths)[0]]
    },
    fc.tuple(tensor([2]), gradients)
  )

/** The parameters after two steps of what `make` makes for a learning rate. */
const stepped = <S>(make: (learningRate: Schedule.Scalar) => Optimizer.Optimizer<S>): Check =>
  check(
    (learningRate: Schedule.Scalar, params: { readonly w: Floats }, [first, second]: readonly [Floats, Floats]) => {
      const optimizer = make(learningRate)
      const next = optimizer.update({ w: first }, optimizer.init(params), params)
      return optimizer.update({ w: second }, next.state, next.params).params
    },
    fc.tuple(tensor([], { min: 0.01, max: 1 }), fc.record({ w: tensor([2]) }), gradients)
  )

/** The average after two steps. */
const averaged = ({ init, update }: GradientTransformation.GradientTransformation<Averaging.AverageState>): Check =>
  check(
    (param: Floats, [first, second]: readonly [Floats, Floats]) => {
      const [, early] = update([first], init([param], paths), [param], paths)
      return update([second], early, [Tensor.add(param, first)], paths)[1].mean
    },
    fc.tuple(tensor([2]), gradients)
  )

const complete = group<typeof Optimizer>()(
  "optimizer",
  {},
  {
    applyUpdates: of((params, updates) => Optimizer.applyUpdates(params, updates), [3], [3]),
    make: stepped((rate) => Optimizer.make(GradientTransformation.descend(rate))),
    sgd: {
      momentum: stepped((learningRate) => Optimizer.sgd({ learningRate, momentum: 0.9, l2: 0.1 })),
      nesterov: stepped((learningRate) => Optimizer.sgd({ learningRate, momentum: 0.9, nesterov: true }))
    },
    adam: stepped((learningRate) => Optimizer.adam({ learningRate })),
    adamW: stepped((learningRate) => Optimizer.adamW({ learningRate, amsgrad: true })),
    rmsProp: stepped((learningRate) => Optimizer.rmsProp({ learningRate, momentum: 0.9 })),
    adagrad: stepped((learningRate) => Optimizer.adagrad({ learningRate })),
    adadelta: stepped((learningRate) => Optimizer.adadelta({ learningRate })),
    adamax: stepped((learningRate) => Optimizer.adamax({ learningRate })),
    nadam: stepped((learningRate) => Optimizer.nadam({ learningRate })),
    radam: stepped((learningRate) => Optimizer.radam({ learningRate })),
    lion: stepped((learningRate) => Optimizer.lion({ learningRate, beta2: 0.5, weightDecay: 0.1 })),
    grouped: stepped((learningRate) =>
      Optimizer.grouped((path) => (path === "w" ? "all" : "none"), {
        all: Optimizer.sgd({ learningRate, momentum: 0.5 }),
        none: Optimizer.frozen
      })
    ),
    frozen: stepped(() => Optimizer.frozen)
  }
)

const adaptive = group<typeof Optim>()(
  "gradients",
  {
    "is a module, checked export by export": [
      "Averaging",
      "GradientTransformation",
      "Minimizer",
      "Optimizer",
      "Penalty",
      "Plateau",
      "Schedule"
    ]
  },
  {
    scaleByAdam: transformed(Optim.scaleByAdam({ epsilon })),
    scaleByNadam: transformed(Optim.scaleByNadam({ epsilon })),
    scaleByRadam: transformed(Optim.scaleByRadam({ epsilon })),
    scaleByAdamax: transformed(Optim.scaleByAdamax({ epsilon })),
    scaleByRms: {
      plain: transformed(Optim.scaleByRms({ epsilon })),
      centered: transformed(Optim.scaleByRms({ epsilon, centered: true }))
    },
    scaleByAdagrad: transformed(Optim.scaleByAdagrad({ epsilon })),
    scaleByAdadelta: transformed(Optim.scaleByAdadelta({ epsilon })),
    // Weights by which the mean of two gradients is never 0.
    scaleByLion: transformed(Optim.scaleByLion({ beta1: 0.001, beta2: 0.999 }))
  }
)

const { chain, clipByGlobalNorm, descend, scale, scaleBy, trace } = GradientTransformation

/** A schedule as a function of the step. */
const scheduled = (rate: Schedule.Schedule, away: ReadonlyArray<number> = []): Check =>
  check((step: Schedule.Scalar) => rate(step), fc.tuple(tensor([], { min: 0.1, max: 11, away })))

const learningRate = 0.5

const parts = group<typeof GradientTransformation>()(
  "gradients",
  { "counts steps": ["noSteps", "floatStep"] },
  {
    stateless: transformed(GradientTransformation.stateless((gradient, param) => Tensor.mul(gradient, param))),
    identity: transformed(GradientTransformation.identity),
    chain: transformed(chain(clipByGlobalNorm(1), trace(0.5), scale(2))),
    times: of((leaf, factor) => GradientTransformation.times(leaf, Tensor.sum(factor)), [2], [1]),
    scale: transformed(scale(-2)),
    scaleBy: transformed(scaleBy(Schedule.exponential({ learningRate, gamma: 0.5 }))),
    descend: transformed(descend(learningRate)),
    addWeightDecay: transformed(GradientTransformation.addWeightDecay(0.1)),
    clipByValue: transformed(GradientTransformation.clipByValue(1.005)),
    clipByGlobalNorm: {
      clips: transformed(clipByGlobalNorm(0.2)),
      leaves: transformed(clipByGlobalNorm(10))
    },
    clipByNorm: transformed(GradientTransformation.clipByNorm(0.2)),
    maxNorm: check(
      (param: Floats, update: Floats) => GradientTransformation.maxNorm(0.2).update([update], [], [param], paths)[0],
      fc.tuple(tensor([2, 3], { min: 1 }), tensor([2, 3], { min: 0 }))
    ),
    grouped: transformed(
      GradientTransformation.grouped((path) => (path === "w" ? "a" : "b"), { a: trace(0.5), b: scale(2) })
    ),
    freeze: transformed(GradientTransformation.freeze),
    accumulate: transformed(GradientTransformation.accumulate(2, trace(0.5))),
    globalNorm: of((x, y) => GradientTransformation.globalNorm([x, Tensor.add(y, 4)]), [2], [1]),
    trace: {
      plain: transformed(trace(0.9)),
      nesterov: transformed(trace(0.9, { nesterov: true }))
    }
  }
)

const schedules = group<typeof Schedule>()(
  "schedule",
  {},
  {
    constant: scheduled(Schedule.constant(learningRate)),
    step: scheduled(Schedule.step({ learningRate, stepSize: 4, gamma: 0.5 }), [4, 8]),
    exponential: scheduled(Schedule.exponential({ learningRate, gamma: 0.9 })),
    cosine: scheduled(Schedule.cosine({ learningRate, steps: 8, minimum: 0.1 })),
    linearWarmup: scheduled(Schedule.linearWarmup({ learningRate, startFactor: 0.1, steps: 4 }), [4]),
    polynomial: scheduled(Schedule.polynomial({ learningRate, steps: 12, power: 2.5 })),
    warmup: scheduled(Schedule.warmup(4, Schedule.exponential({ learningRate, gamma: 0.9 })), [3]),
    multiStep: scheduled(Schedule.multiStep({ learningRate, gamma: 0.5, milestones: [3, 7] }), [3, 7]),
    inverseTime: scheduled(Schedule.inverseTime({ learningRate, decay: 0.3 })),
    inverseSquareRoot: scheduled(Schedule.inverseSquareRoot({ learningRate, warmup: 4 }), [3]),
    cosineRestarts: {
      even: scheduled(Schedule.cosineRestarts({ learningRate, period: 4 }), [4, 8]),
      growing: scheduled(Schedule.cosineRestarts({ learningRate, period: 2, growth: 2 }), [2, 6])
    },
    cyclic: scheduled(Schedule.cyclic({ minimum: 0.1, maximum: learningRate, stepSize: 3, gamma: 0.9 }), [3, 6, 9]),
    andThen: scheduled(
      Schedule.andThen(Schedule.constant(1), 4, Schedule.exponential({ learningRate, gamma: 0.5 })),
      [4]
    ),
    warmupCosine: scheduled(Schedule.warmupCosine({ learningRate, warmup: 3, steps: 10 }), [3, 10]),
    oneCycle: {
      cosine: scheduled(Schedule.oneCycle({ maximum: learningRate, totalSteps: 12 }), [2.6]),
      linear: scheduled(Schedule.oneCycle({ maximum: learningRate, totalSteps: 12, anneal: "linear" }), [2.6, 11])
    }
  }
)

const averages = group<typeof Averaging>()(
  "average",
  {},
  {
    by: averaged(Averaging.by((step) => Tensor.reciprocal(Tensor.add(step, 1)))),
    exponential: averaged(Averaging.exponential(0.5)),
    stochastic: averaged(Averaging.stochastic({ start: 1 })),
    params: of((mean, x) => Averaging.params({ step: GradientTransformation.noSteps(), mean: [mean] }, { x }), [2], [2])
  }
)

const penalties = group<typeof Penalty>()(
  "penalty",
  {},
  {
    l1: check(
      (w: Floats, strength: Schedule.Scalar) => Penalty.l1({ w }, strength),
      fc.tuple(tensor([3], domains.nonzero), tensor([]))
    ),
    l2: check((w: Floats, strength: Schedule.Scalar) => Penalty.l2({ w }, strength), fc.tuple(tensor([3]), tensor([])))
  }
)

/** The rate and the best after one more loss, which is no better than the best, or is. */
const afterLoss = (loss: Domain): Check =>
  check(
    (learningRate: Schedule.Scalar, best: Schedule.Scalar, loss: Schedule.Scalar) => {
      const { update } = Plateau.make({ learningRate: 1, patience: 0, factor: 0.5 })
      const next = update({ learningRate, best, age: GradientTransformation.noSteps() }, loss)
      return [next.learningRate, next.best]
    },
    fc.tuple(tensor([], { min: 0.1, max: 1 }), tensor([], { min: 1, max: 2 }), tensor([], loss))
  )

const plateaus = group<typeof Plateau>()(
  "plateau",
  {},
  { make: { worse: afterLoss({ min: 3, max: 4 }), better: afterLoss({ min: 0.1, max: 0.5 }) } }
)

/** One step from a point of a bowl; how long it is depends on the bowl, which no kink is near. */
const minimized = <M>(method: Minimizer.Minimizer<M>): Check =>
  check(
    (x: Floats, center: Floats) => {
      const bowl = (p: Floats): Schedule.Scalar => Tensor.sum(Tensor.square(Tensor.square(Tensor.sub(p, center))))
      return method.step(bowl, method.init(bowl, x)).params
    },
    fc.tuple(tensor([2], { min: 1.5, max: 2 }), tensor([2], { min: 0, max: 0.5 })),
    { mode: "forward" }
  )

const minimizers = group<typeof Minimizer>()(
  "minimizer",
  { "ends where the gradient vanishes, after as many steps as it takes": ["minimize"] },
  { bfgs: minimized(Minimizer.bfgs()), lbfgs: minimized(Minimizer.lbfgs()) }
)

/** Optimizers, what they are made of, schedules and plateaus, averages, penalties, and minimizers. */
export const optimizers: ReadonlyArray<Group> = [
  complete,
  adaptive,
  parts,
  schedules,
  plateaus,
  averages,
  penalties,
  minimizers
]
