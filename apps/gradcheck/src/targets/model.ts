/**
 * Models as functions of their parameters.
 */
import type { Model } from "@cotangent/nn/Model"
import * as Random from "@cotangent/tensor/Random"
import type { Dims } from "@cotangent/tensor/Shape"
import type * as Tensor from "@cotangent/tensor/Tensor"
import type { Check } from "../Target.ts"
import { check } from "../Target.ts"

const key = Random.key(0)

/** An example of an input. */
export const normal = (...shape: Dims): Tensor.Tensor => Random.normal(Random.foldIn(key, 1), shape)

/** Any model on one input. */
// Models state which inputs they take; each is given an example of one.
// oxlint-disable-next-line typescript/no-explicit-any
type Any<P, S> = Model<P, S, any, unknown>

/** A model as a function of its parameters, state and input, in inference and in training. */
export const model = <P, S>({ init, predict, train }: Any<P, S>, input: unknown): Check => {
  const { params, state } = init(key)
  return check(
    (params: P, state: S, input: unknown) => [predict(params, state, input), train(params, state, input, key).output],
    [params, state, input]
  )
}
