/**
 * Rewritings of gradients: the parts that optimizers are made of.
 *
 * A transformation sees the leaves of a tree of gradients in order. Its state is a tree of tensors, so that a step can
 * be compiled, its memory donated, and its progress written to a checkpoint; counters are `i32` scalars.
 *
 * Transformations form a monoid up to the nesting of states:
 *   chain(identity, t) = t = chain(t, identity)
 *   chain(chain(a, b), c) = chain(a, chain(b, c))
 */
import { cond } from "@cotangent/autodiff/Control"
import type { Float } from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Scalar, Schedule } from "./Schedule.ts"

/** A parameter, or a gradient of its shape and dtype. */
export type Leaf = Tensor.Tensor<Shape, Float>

/** Tensors in the leaf order of a tree of parameters. */
export type Leaves = ReadonlyArray<Leaf>

/** Where each leaf stands in the tree, as in `hidden.weight`. */
export type Paths = ReadonlyArray<string>

/** A pure rewriting of gradients that may carry state from step to step. */
export interface GradientTransformation<State> {
  readonly init: (params: Leaves, paths: Paths) => State
  readonly update: (
    gradients: Leaves,
    state: State,
    params: Leaves,
    paths: Paths
  ) => readonly [updates: Leaves, state: State]
}

/** The state of a transformation that keeps none. */
export type Stateless = readonly []

/** A counter of steps. */
export type Counter = Tensor.Tensor<readonly [], "i32">

/** No steps yet. */
export const noSteps = (): Counter => Tensor.full([], 0, "i32")

/** A rewriting of each gradient, given its parameter. */
export const stateless = (rule: (gradient: Leaf, param: Leaf) => Leaf): GradientTransformation<Stateless> => ({
  init: () => [],
  update: (gradients, state, params) => [gradients.map((gradient, i) => rule(gradient, params[i])), state]
})

/** Leaves gradients as they are. */
export const identity: GradientTransformation<Stateless> = stateless((gradient) => gradient)

/** Applies `transformations` from first to last. */
export const chain = <const States extends ReadonlyArray<unknown>>(
  ...transformations: { readonly [K in keyof States]: GradientTransformation<States[K]> }
): GradientTransformation<States> => ({
  // Mapping a tuple keeps its length, and each state its place.
  init: (params, paths) => transformations.map(({ init }) => init(params, paths)) as ReadonlyArray<unknown> as States,
  update: (gradients, state, params, paths) => {
    let updates = gradients
    const next = transformations.map(({ update }, i) => {
      const [rewritten, after] = update(updates, state[i], params, paths)
      updates = rewritten
      return after
    })
    return [updates, next as ReadonlyArray<unknown> as States]
  }
})

/**
 * Gives each leaf to the transformation of its group, which `groupOf` reads off its path. Each transformation sees the leaves
 * of its group alone, so a common norm is that of the group.
 *
 * **Throws** `ArgumentError` naming the path of a leaf whose group there is not.
 *
 * **Example** (Biases that move faster)
 *
 * ```ts run
 * const { grouped, scale } = GradientTransformation
 * const groupOf = (path: string) => (path.endsWith("bias") ? "fast" : "slow")
 * const optimizer = Optimizer.make(grouped(groupOf, { fast: scale(-1), slow: scale(-0.1) }))
 * const params = { weight: Tensor.of([0]), bias: Tensor.of([0]) }
 * const next = optimizer.update({ weight: Tensor.of([10]), bias: Tensor.of([10]) }, optimizer.init(params), params)
 * await evaluate(next.params.weight) // => [-1]
 * await evaluate(next.params.bias) // => [-10]
 * ```
 */
export const grouped = <const States extends Readonly<Record<string, unknown>>>(
  groupOf: (path: string) => keyof NoInfer<States> & string,
  transformations: { readonly [K in keyof States]: GradientTransformation<States[K]> }
): GradientTransformation<States> => {
  const placesOf = (paths: Paths): ReadonlyMap<string, ReadonlyArray<number>> => {
    const groups = paths.map((path) => {
      const group = groupOf(path)
      if (Object.hasOwn(transformations, group)) return group
      const expected = `one of the groups ${Object.keys(transformations).join(", ")} for ${path}`
      throw new ArgumentError({ operation: "grouped", expected, received: group })
    })
    return Map.groupBy(paths.keys(), (i) => groups[i])
  }
  /** What `f` gives for each group, its transformation and the places of its leaves, under its name. */
  const each = <A>(
    paths: Paths,
    f: (transformation: GradientTransformation<unknown>, places: ReadonlyArray<number>, name: string) => A
  ): Readonly<Record<string, A>> => {
    const places = placesOf(paths)
    // Each state is given back to the transformation that it is of.
    const entries = Object.entries(transformations as Readonly<Record<string, GradientTransformation<unknown>>>)
    return Object.fromEntries(entries.map(([name, part]) => [name, f(part, places.get(name) ?? [], name)]))
  }
  const pick = <A>(items: ReadonlyArray<A>, places: ReadonlyArray<number>): ReadonlyArray<A> =>
    places.map((i) => items[i])
  return {
    init: (params, paths) => each(paths, ({ init }, at) => init(pick(params, at), pick(paths, at))) as States,
    update: (gradients, state, params, paths) => {
      const updates = [...gradients]
      const next = each(paths, ({ update }, at, name) => {
        const [rewritten, after] = update(pick(gradients, at), state[name], pick(params, at), pick(paths, at))
        at.forEach((place, i) => (updates[place] = rewritten[i]))
        return after
      })
      return [updates, next as States]
    }
  }
}

/** Makes every gradient 0: what it is given stays as it is. */
export const freeze: GradientTransformation<Stateless> = stateless((gradient) => Tensor.zerosLike(gradient))

/** The state of `accumulate`. */
export interface Accumulated<State> {
  /** Gradients in `sums`. */
  readonly count: Counter
  readonly sums: Leaves
  readonly inner: State
}

/**
 * Gathers the gradients of so many `steps` and gives their mean to `inner`, whose update comes with the last of them; the
 * updates of the others are 0. A step of `inner` then sees a batch that need not fit into memory.
 *
 * **Throws** `ArgumentError` unless `steps` is a whole number from 1.
 */
export const accumulate = <State>(
  steps: number,
  inner: GradientTransformation<State>
): GradientTransformation<Accumulated<State>> => {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new ArgumentError({ operation: "accumulate", expected: "a number of steps from 1", received: String(steps) })
  }
  return {
    init: (params, paths) => ({
      count: noSteps(),
      sums: params.map((param) => Tensor.zerosLike(param)),
      inner: inner.init(params, paths)
    }),
    update: (gradients, before, params, paths) => {
      const none: Leaves = gradients.map((gradient) => Tensor.zerosLike(gradient))
      const sums: Leaves = before.sums.map((sum, i) => Tensor.add(sum, gradients[i]))
      const count = Tensor.remainder(Tensor.add(before.count, 1), steps)
      const [updates, rest, after] = cond(
        Tensor.equal(count, 0),
        (sums: Leaves, state: State, params: Leaves): readonly [Leaves, Leaves, State] => {
          const means = sums.map((sum) => Tensor.mul(sum, 1 / steps))
          const [updates, next] = inner.update(means, state, params, paths)
          return [updates, none, next]
        },
        (sums, state) => [none, sums, state],
        sums,
        before.inner,
        params
      )
      return [updates, { count, sums: rest, inner: after }]
    }
  }
}

/** A factor: a number, a scalar tensor, or a function of the step. */
export type Rate = number | Scalar | Schedule

/** The step as a float that is at least as precise as every leaf. */
export const floatStep = (step: Counter, leaves: Leaves): Scalar =>
  Tensor.cast(step, leaves.some(({ dtype }) => dtype === "f64") ? "f64" : "f32")

/** `leaf · factor`, in the dtype of the leaf. */
export const times = (leaf: Leaf, factor: number | Scalar): Leaf =>
  Tensor.mul(leaf, typeof factor === "number" ? factor : Tensor.cast(factor, leaf.dtype))

/** Multiplies gradients by `factor`. */
export const scale = (factor: number | Scalar): GradientTransformation<Stateless> =>
  stateless((gradient) => times(gradient, factor))

/** Multiplies gradients by `rate`, which counts steps from 0 if it is a schedule. */
export const scaleBy = (rate: Rate): GradientTransformation<Counter> => ({
  init: noSteps,
  update: (gradients, step) => {
    const factor = typeof rate === "function" ? rate(floatStep(step, gradients)) : rate
    return [gradients.map((gradient) => times(gradient, factor)), Tensor.add(step, 1)]
  }
})

/**
 * The last part of an optimizer: moves against the gradient by the learning rate.
 *
 * **Throws** `ArgumentError` for a number below 0.
 */
export const descend = (learningRate: Rate): GradientTransformation<Counter> => {
  if (typeof learningRate === "function") return scaleBy((step) => Tensor.neg(learningRate(step)))
  if (typeof learningRate !== "number") return scaleBy(Tensor.neg(learningRate))
  if (learningRate >= 0) return scaleBy(-learningRate)
  throw new ArgumentError({ operation: "descend", expected: "a learning rate from 0", received: String(learningRate) })
}

/** Adds `weightDecay · parameter`, the gradient of `weightDecay/2 · |parameter|²`. */
export const addWeightDecay = (weightDecay: number): GradientTransformation<Stateless> =>
  weightDecay === 0 ? identity : stateless((gradient, param) => Tensor.add(gradient, Tensor.mul(param, weightDecay)))

/** Moves each element into `[-limit, limit]`. **Throws** `ArgumentError` unless `limit` is above 0. */
export const clipByValue = (limit: number): GradientTransformation<Stateless> => {
  checkLimit("clipByValue", limit)
  return stateless((gradient) => Tensor.clamp(gradient, -limit, limit))
}

/**
 * Scales all gradients by one factor where their common norm exceeds `limit`, so that it becomes `limit`.
 *
 * **Throws** `ArgumentError` unless `limit` is above 0. **Source** Pascanu et al. 2013, algorithm 1.
 */
export const clipByGlobalNorm = (limit: number): GradientTransformation<Stateless> => {
  checkLimit("clipByGlobalNorm", limit)
  return {
    init: () => [],
    update: (gradients, state) => {
      const factor = Tensor.div(limit, Tensor.maximum(globalNorm(gradients), limit))
      return [gradients.map((gradient) => times(gradient, factor)), state]
    }
  }
}

/**
 * Scales each gradient by itself where its norm exceeds `limit`, so that it becomes `limit`.
 *
 * **Throws** `ArgumentError` unless `limit` is above 0.
 */
export const clipByNorm = (limit: number): GradientTransformation<Stateless> => {
  checkLimit("clipByNorm", limit)
  return stateless((gradient) => times(gradient, Tensor.div(limit, Tensor.maximum(globalNorm([gradient]), limit))))
}

/**
 * The last transformation of a chain: changes updates so that after them the incoming weights of each unit have a norm of at
 * most `limit`. Those are the columns of a weight `[inputs, outputs]`, and the kernel of each channel of
 * `[outputs, inputs, …window]`; parameters of fewer axes are left alone.
 *
 * **Throws** `ArgumentError` unless `limit` is above 0. **Source** Srebro et al. 2005; Srivastava et al. 2014, section 5.1.
 */
export const maxNorm = (limit: number): GradientTransformation<Stateless> => {
  checkLimit("maxNorm", limit)
  return stateless((update, param) => {
    const rank = param.shape.length
    if (rank < 2) return update
    const next: Leaf = Tensor.add(param, update)
    const axes = rank === 2 ? [0] : Array.from({ length: rank - 1 }, (_, i) => i + 1)
    const norms: Leaf = Tensor.norm(next, axes, { keepDims: true })
    return Tensor.sub(Tensor.mul(next, Tensor.div(limit, Tensor.maximum(norms, limit))), param)
  })
}

const checkLimit = (operation: string, limit: number): void => {
  if (!(limit > 0)) throw new ArgumentError({ operation, expected: "a limit above 0", received: String(limit) })
}

/** The Euclidean norm of all elements of all leaves together, in the precision of `floatStep`. */
export const globalNorm = (leaves: Leaves): Scalar => {
  const dtype = floatStep(noSteps(), leaves).dtype
  const squares = leaves.map((leaf) => Tensor.sum(Tensor.square(Tensor.cast(leaf, dtype))))
  return Tensor.sqrt(squares.reduce((total, part) => Tensor.add(total, part), Tensor.full([], 0, dtype)))
}

/**
 * Accumulates gradients with `decay`, unless it is 0: the momentum of gradient descent, `b ← decay · b + g`; with `nesterov` the update
 * looks one step ahead, `g + decay · b`.
 *
 * **Source** Sutskever et al. 2013, section 2; a learning rate applied afterwards, as in most libraries.
 */
export const trace = (
  decay: number,
  { nesterov = false }: { readonly nesterov?: boolean } = {}
): GradientTransformation<Leaves> => ({
  init: (params) => (decay === 0 ? [] : params.map((param) => Tensor.zerosLike(param))),
  update: (gradients, state) => {
    if (decay === 0) return [gradients, state]
    const next = gradients.map((gradient, i) => Tensor.add(Tensor.mul(state[i], decay), gradient))
    if (!nesterov) return [next, next]
    return [gradients.map((gradient, i) => Tensor.add(gradient, Tensor.mul(next[i], decay))), next]
  }
})
