/**
 * The perceptron: one unit that says on which side of a plane a point lies, and learns from its mistakes alone.
 */
import { scan } from "@cotangent/autodiff"
import { Initializer, Model, linear } from "@cotangent/nn"
import type { Affine } from "@cotangent/nn"
import type { Float } from "@cotangent/tensor/DType"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"

type Floats = Tensor.Tensor<Shape, Float>

/** The parameters of a perceptron. */
export type PerceptronParams = Affine<number, 1>

/**
 * The model of so many `inputs`: 1 where `x · w + b ≥ 0`, else 0, from parameters of 0. It has no gradient but 0; `epoch`
 * trains it.
 *
 * **Shapes** `[…, inputs] → […, 1]`. **Source** Rosenblatt 1958.
 */
export const perceptron = (inputs: number): Model.Model<PerceptronParams, Model.Empty, Floats, Floats> =>
  // Rows of as many inputs.
  Model.map(linear(inputs, 1, { initializer: Initializer.zeros }), (score): Floats =>
    Tensor.cast(Tensor.greaterEqual(score, 0), score.dtype)
  ) as Model.Model<PerceptronParams, Model.Empty, Floats, Floats>

/** Points, and the side on which each lies. */
export interface Sides {
  /** `[count, inputs]` */
  readonly input: Tensor.Tensor<readonly [number, number], Float>
  /** 0 or 1, `[count]` */
  readonly side: Tensor.Tensor<readonly [number], Float>
}

/**
 * One pass over all examples, one after the other: a mistake moves the plane by `rate` times the example, towards it or away.
 * Points that a plane can part are parted after at most `(R/γ)²` mistakes in all passes together, where `R` is the norm of the
 * longest and `γ` the margin of the best plane, both of points with a constant 1 beside them.
 *
 * **Source** Rosenblatt 1958; Novikoff 1962 for the bound.
 */
export const epoch = (
  params: PerceptronParams,
  examples: Sides,
  rate = 1
): { readonly params: PerceptronParams; readonly mistakes: Tensor.Tensor<readonly [], Float> } => {
  const { predict } = perceptron(params.weight.shape[0])
  const [next, wrong] = scan(
    (
      before: PerceptronParams,
      { input, side }: { readonly input: Floats; readonly side: Tensor.Tensor<readonly [], Float> }
    ) => {
      const row: Floats = Tensor.expandDims(input, 0)
      const error: Floats = Tensor.sub(side as Floats, Tensor.reshape(predict(before, {}, row), []))
      const move = Tensor.mul(error, rate)
      const weight: Floats = Tensor.add(before.weight as Floats, Tensor.expandDims(Tensor.mul(input, move), -1))
      const bias: Floats = Tensor.add(before.bias as Floats, move)
      // Moving keeps shapes.
      return [{ weight, bias } as unknown as PerceptronParams, Tensor.abs(error)] as const
    },
    params,
    examples
  )
  return { params: next, mistakes: Tensor.sum(wrong) as Tensor.Tensor<readonly [], Float> }
}
