/**
 * Statistics of activations, as batch normalization keeps them, for parameters other than those they were collected with.
 */
import { jvp } from "@cotangent/autodiff/Jvp"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type { Float } from "@cotangent/tensor/DType"
import { isFloat } from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import { make } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import * as Random from "@cotangent/tensor/Random"
import { size } from "@cotangent/tensor/Shape"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

type Leaf = Tensor.Tensor<Shape, Float>

/** How a state changes while training, and on what. */
export interface Collecting<State, Batch, E = never, R = never> {
  /** The state after a batch, `(1 − share) · state + share · statistics of the batch` in each of its floats. */
  readonly next: (state: State, batch: Batch, key: Random.Key) => State
  readonly batches: Stream.Stream<Batch, E, R>
  readonly key: Random.Key
}

/**
 * What a batch says, in each float of a state that moves by a share of the way to it; the others stay. It does not depend on
 * the averages so far: `next(0) = share · statistics`, and the derivative of `next` by them is `1 − share`.
 */
const statisticsOf = <S, B>(next: Collecting<S, B>["next"], state: S, batch: B, key: Random.Key): S => {
  const zeros = Tree.map(state, (leaf) => (isFloat(leaf.dtype) ? Tensor.zerosLike(leaf) : leaf)) as S
  const ones = Tree.map(state, (leaf) => Tensor.onesLike(leaf)) as S
  const [moved, kept] = jvp((at: S) => next(at, batch, key))([zeros], [ones])
  const leaves = Tree.leaves(state) as ReadonlyArray<Leaf>
  const [by, left] = [moved, kept].map((tree) => Tree.leaves(tree) as ReadonlyArray<Leaf>)
  return Tree.restore(
    Tree.structure(state),
    leaves.map((leaf, i) => {
      if (!isFloat(leaf.dtype)) return leaf
      const share = Tensor.sub(1, left[i])
      return Tensor.where(Tensor.equal(share, 0), leaf, Tensor.div(by[i], share))
    })
  )
}

/**
 * The state with each average replaced by the plain mean of what the batches say: for parameters that are an average of
 * those of many steps, or were pruned, since the state of a training is of its last steps. Neither the averages so far nor
 * the share by which they move matter.
 *
 * **Numerics** Means are taken in double precision. Small shares are known less precisely, as `1 − share` is rounded: to a
 * relative error of about 10⁻⁶ for the usual tenth in `f32`.
 *
 * **Fails** as the device and the batches do. **Throws** `ArgumentError` where there is no batch; a defect of the effect.
 *
 * **Source** Izmailov et al. 2018, section 3.2, "Batch normalization".
 *
 * **Example** (After an average of parameters)
 *
 * ```ts
 * const params = Averaging.params(average, last.params)
 * const state = yield* Statistics.collect(last.state, {
 *   next: (state, { input }, key) => model.train(params, state, input, key).state,
 *   batches: Dataset.batches(examples, { size: 128 }),
 *   key: Random.key(0)
 * })
 * ```
 */
export const collect = Effect.fnUntraced(function* <S, B, E, R>(
  state: S,
  { batches, key, next }: Collecting<S, B, E, R>
): Effect.fn.Return<S, E | DeviceError, R | Device> {
  const device = yield* Device
  const { leaves, structure } = Tree.flatten(state)
  const read = (tree: S) => Effect.forEach(Tree.leaves(tree), device.read)
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const observe = yield* device.compile(
        (state: S, batch: B, key: Random.Key) => statisticsOf(next, state, batch, key),
        { name: "statistics" }
      )
      const { count, totals } = yield* Stream.runFoldEffect(
        batches,
        () => ({ count: 0, totals: leaves.map(({ shape }) => new Float64Array(size(shape))) }),
        ({ count, totals }, batch) =>
          Effect.map(
            Effect.scoped(Effect.flatMap(observe(state, batch, Random.foldIn(key, count)), read)),
            (arrays) => {
              arrays.forEach(({ data }, i) => totals[i].forEach((total, k) => (totals[i][k] = total + Number(data[k]))))
              return { count: count + 1, totals }
            }
          )
      )
      if (count === 0)
        throw new ArgumentError({ operation: "Statistics.collect", expected: "batches", received: "none" })
      return Tree.restore(
        structure,
        leaves.map(({ dtype, shape }, i) =>
          constant(
            make(
              shape,
              dtype,
              totals[i].map((total) => total / count)
            )
          )
        )
      )
    })
  )
})
