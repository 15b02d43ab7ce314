/**
 * Steps of optimizers as functions of learning rates, gradients and parameters: what gradients of hyperparameters go
 * through.
 */
import { tensor } from "@cotangent/gradcheck/generators"
import * as Optim from "@cotangent/optim"
import { GradientTransformation, Optimizer, Schedule } from "@cotangent/optim"
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

/** What a transformation makes of the gradients of two steps. */
const transformed = <S>({ init, update }: GradientTransformation.GradientTransformation<S>): Check =>
  check(
    (param: Floats, [first, second]: readonly [Floats, Floats]) => {
      const [early, state] = update([first], init([param]), [param])
      return [early, update([second], state, [param])[0]]
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
    radam: stepped((learningRate) => Optimizer.radam({ learningRate }))
  }
)

const adaptive = group<typeof Optim>()(
  "gradients",
  { "is a module, checked export by export": ["GradientTransformation", "Optimizer", "Schedule"] },
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
    scaleByAdadelta: transformed(Optim.scaleByAdadelta({ epsilon }))
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

/** Optimizers, what they are made of, and schedules. */
export const optimizers: ReadonlyArray<Group> = [complete, adaptive, parts, schedules]
