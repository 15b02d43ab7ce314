/**
 * The worked examples of the lecture notes, with their numbers.
 *
 * **Source** Bahng 2023, "Deep Learning", examples 1.3, 1.4 and 4.4.
 */
import { Activation, Initializer, Model } from "@cotangent/nn"
import type { Affine, Rows } from "@cotangent/nn"
import type { Float } from "@cotangent/tensor/DType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { MlpParams } from "./mlp.ts"
import { mlp } from "./mlp.ts"

type Scalar = Tensor.Tensor<readonly [], Float>

/** The weights of example 1.3; there is none from the second input to the second unit. */
export interface TwoUnits {
  readonly b1: Scalar
  readonly b2: Scalar
  readonly w11: Scalar
  readonly w12: Scalar
  readonly w21: Scalar
  readonly w31: Scalar
  readonly w32: Scalar
  /** Of the output. */
  readonly v1: Scalar
  readonly v2: Scalar
}

const names = ["b1", "b2", "w11", "w12", "w21", "w31", "w32", "v1", "v2"] as const

/**
 * Example 1.3: a unit with a sigmoid that sees all three inputs, one with a tanh that sees the first and the third, and their
 * weighted sum.
 *
 * **Shapes** `[…, 3] → […]`
 */
export const twoUnits: Model.Model<
  TwoUnits,
  Model.Empty,
  Rows<3>,
  Tensor.Tensor<Tensor.Shape, Float>
> = Model.stateless({
  kind: "twoUnits",
  init: (key) => {
    const drawn = Tensor.split(Initializer.normal(1)(key, [names.length]), names.length)
    // One for each name.
    return Object.fromEntries(names.map((name, i) => [name, Tensor.reshape(drawn[i], [])])) as unknown as TwoUnits
  },
  apply: (w: TwoUnits, x: Rows<3>) => {
    type Floats = Tensor.Tensor<Tensor.Shape, Float>
    const [x1, x2, x3] = Tensor.unstack(x as Floats, -1) as ReadonlyArray<Floats>
    const sum = (terms: ReadonlyArray<readonly [Floats, Scalar]>): Floats =>
      terms
        .map(([x, weight]): Floats => Tensor.mul(x, weight as never))
        .reduce((total, term) => Tensor.add(total, term))
    const one: Floats = Tensor.onesLike(x1)
    const a1 = Activation.sigmoid(
      sum([
        [x1, w.w11],
        [x2, w.w21],
        [x3, w.w31],
        [one, w.b1]
      ])
    )
    const a2 = Activation.tanh(
      sum([
        [x1, w.w12],
        [x3, w.w32],
        [one, w.b2]
      ])
    )
    return sum([
      [a1, w.v1],
      [a2, w.v2]
    ])
  }
})

/** Example 1.4: two inputs, two hidden units and two outputs, each rectified. **Shapes** `[…, 2] → […, 2]` */
export const twoLayers: Model.Model<MlpParams<readonly [2, 2, 2]>, Model.Empty, Rows<2>, Rows<2>> = Model.map(
  mlp({ sizes: [2, 2, 2] }),
  (output) => Activation.relu(output)
)

const affine = (weight: ReadonlyArray<ReadonlyArray<number>>, bias: ReadonlyArray<number>): Affine<2, 2> => ({
  weight: Tensor.make([2, 2], weight.flat(), "f64"),
  bias: Tensor.make([2], bias, "f64")
})

/** The numbers of example 1.4. */
export const twoLayersNumbers = {
  params: {
    layer1: affine(
      [
        [1, 0.5],
        [-0.5, 1]
      ],
      [-0.5, -0.5]
    ),
    layer2: affine(
      [
        [0.5, -2],
        [-1, 0.5]
      ],
      [1, 1]
    )
  },
  input: Tensor.make([1, 2], [1, 2], "f64"),
  target: Tensor.make([1, 2], [2, 4], "f64")
} as const

/** The image and the filter of example 4.4, `[1, 3, 4, 4]` and `[1, 3, 3, 3]`; the bias is 2. */
export const filtering = {
  image: Tensor.make(
    [1, 3, 4, 4],
    [
      [2, 1, 0, 0, 0, 0, 2, 1, 0, 2, 0, 1, 2, 1, 0, 1],
      [2, 2, 0, 0, 0, 0, 2, 1, 0, 0, 2, 0, 0, 1, 0, 1],
      [2, 1, 0, 0, 0, 0, 2, 1, 2, 0, 0, 0, 0, 1, 0, 1]
    ].flat(),
    "f64"
  ),
  weight: Tensor.make(
    [1, 3, 3, 3],
    [
      [1, 0, 0, 0, -2, 0, 0, 0, -1],
      [1, 2, 0, 2, 0, -1, 0, -1, 1],
      [0, 0, -2, 0, 1, 2, -2, 2, 0]
    ].flat(),
    "f64"
  ),
  bias: 2
} as const
