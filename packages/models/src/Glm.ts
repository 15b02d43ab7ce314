/**
 * Generalized linear models: an affine map of features gives the natural parameter of a distribution, whose mean is the
 * prediction. The inverse of its link is what a network calls the activation of its last layer.
 *
 * In all of them the gradient of the loss by the natural parameter is `mean − target`, over the number of examples.
 * **Source** Nelder & Wedderburn 1972; McCullagh & Nelder 1989, section 2.2.
 */
import { Activation, Initializer, Loss, Model, linear } from "@cotangent/nn"
import type { Affine } from "@cotangent/nn"
import { Minimizer, Penalty } from "@cotangent/optim"
import type { Float, Integer } from "@cotangent/tensor/DType"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { FeatureMap } from "./Features.ts"

type Floats = Tensor.Tensor<Shape, Float>
type Scalar = Tensor.Tensor<readonly [], Float>

/** A distribution by its natural parameter. `Y` is what is observed of it. */
export interface Family<Y> {
  /** The mean, by the inverse of the canonical link. **Shapes** natural parameters → the same. */
  readonly mean: (natural: Floats) => Floats
  /** The mean negative logarithm of the likelihood, without what the observations alone decide. */
  readonly loss: (natural: Floats, observed: Y) => Scalar
}

/** A normal distribution of variance 1: linear regression. Half the squared error. */
export const gaussian: Family<Floats> = {
  mean: (natural) => natural,
  loss: (natural, observed) => Tensor.mul(Loss.mse(natural, observed as never), 0.5)
}

/** Yes or no: logistic regression. Observations are from 0 to 1. */
export const bernoulli: Family<Floats> = {
  mean: (natural) => Activation.sigmoid(natural),
  loss: (natural, observed) => Loss.binaryCrossEntropyWithLogits(natural, observed as never)
}

/** One of several classes: softmax regression. Observations are numbers of classes. */
export const categorical: Family<Tensor.Tensor<Shape, Integer>> = {
  mean: (natural) => Activation.softmax(natural),
  loss: (natural, observed) => Loss.crossEntropy(natural, observed)
}

/** Counts: Poisson regression, whose natural parameter is the logarithm of the rate. */
export const poisson: Family<Floats> = {
  mean: (natural) => Tensor.exp(natural),
  loss: (natural, observed) => Loss.poissonNegativeLogLikelihood(natural, observed as never)
}

/** The parameters of a generalized linear model. */
export type GlmParams = Affine<number, number>

/** A generalized linear model: its `predict` gives natural parameters, which `family.mean` makes predictions of. */
export interface Glm<Y> {
  readonly model: Model.Model<GlmParams, Model.Empty, Floats, Floats>
  readonly family: Family<Y>
}

/** How many inputs and outputs, and which features are made of the inputs. */
export interface GlmOptions {
  readonly inputs: number
  /** 1 unless stated. */
  readonly outputs?: number
  /** The inputs themselves unless stated. */
  readonly features?: FeatureMap
}

/**
 * The generalized linear model of a family. Its parameters begin at 0, since the loss has one lowest place only.
 *
 * **Shapes** `[…, inputs] → […, outputs]`
 */
export const make = <Y>(family: Family<Y>, { features = (x) => x, inputs, outputs = 1 }: GlmOptions): Glm<Y> => {
  const width = features(Tensor.zeros([1, inputs])).shape.at(-1) ?? 0
  const map = linear(width, outputs, { initializer: Initializer.zeros })
  // Rows of as many features as there are.
  return { family, model: Model.contramap(map, (x: Floats) => features(x) as never) as Glm<Y>["model"] }
}

/** Linear regression. **Shapes** `[…, inputs] → […, outputs]` */
export const linearRegression = (options: GlmOptions): Glm<Floats> => make(gaussian, options)

/** Logistic regression. **Shapes** `[…, inputs] → […, outputs]` */
export const logisticRegression = (options: GlmOptions): Glm<Floats> => make(bernoulli, options)

/** Softmax regression: a classifier of so many `outputs`. **Shapes** `[…, inputs] → […, outputs]` */
export const softmaxRegression = (
  options: GlmOptions & { readonly outputs: number }
): Glm<Tensor.Tensor<Shape, Integer>> => make(categorical, options)

/** Poisson regression. **Shapes** `[…, inputs] → […, outputs]` */
export const poissonRegression = (options: GlmOptions): Glm<Floats> => make(poisson, options)

/** What was seen. */
export interface Observations<Y> {
  readonly input: Floats
  readonly observed: Y
}

/** The loss of a model on observations, with an L2 penalty of strength `l2` (0 unless stated) on its weights. */
export const loss =
  <Y>({ family, model }: Glm<Y>, { input, observed }: Observations<Y>, l2 = 0) =>
  (params: GlmParams): Scalar => {
    const likelihood = family.loss(model.predict(params, {}, input), observed)
    return l2 === 0
      ? likelihood
      : Tensor.add(
          likelihood,
          Penalty.l2(params, l2, (path) => path === "weight")
        )
  }

/**
 * The parameters under which the observations are most likely, by L-BFGS within the program.
 *
 * **Example** (A line)
 *
 * ```ts run
 * const observations = { input: Tensor.of([[0], [1], [2]]), observed: Tensor.of([[1], [3], [5]]) }
 * const { params } = Glm.fit(Glm.linearRegression({ inputs: 1 }), observations)
 * await evaluate(Tensor.round(Tensor.mul(params.weight, 1000))) // => [[2000]]
 * await evaluate(Tensor.round(Tensor.mul(params.bias, 1000))) // => [1000]
 * ```
 */
export const fit = <Y>(
  glm: Glm<Y>,
  observations: Observations<Y>,
  { l2, steps = 100, ...options }: Minimizer.MinimizerOptions & { readonly l2?: number; readonly steps?: number } = {}
): Minimizer.Minimization<GlmParams, Minimizer.Changes> => {
  const { params } = glm.model.init(Random.key(0))
  const { dtype } = observations.input
  const start = { weight: Tensor.cast(params.weight, dtype), bias: Tensor.cast(params.bias, dtype) }
  return Minimizer.minimize(Minimizer.lbfgs(options), loss(glm, observations, l2), start, { steps })
}
