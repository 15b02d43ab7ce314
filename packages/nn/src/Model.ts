/**
 * Models: functions with parameters, and the ways to compose them.
 *
 * Training and inference are two functions of a model: `train` may use randomness and gives the next state, `predict`
 * can do neither, by type. So dropout and batch normalization need no flag and no mutation.
 *
 * `andThen` is associative up to the nesting of parameters, and the lifted identity is its unit.
 */
import type { Float } from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Random from "@cotangent/tensor/Random"
import type { Loose, Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import { dual } from "effect/Function"
import type {
  AnyModel,
  Empty,
  EntriesFit,
  Entry,
  FirstInput,
  Fits,
  InputOf,
  LastOutput,
  Named,
  OutputOf,
  ParamsOf,
  ShapePreserving,
  StateOf,
  Through
} from "./Composition.ts"
import type { Kind, Outline } from "./internal/walk.ts"
import { inside, keysOf, visited, walk } from "./internal/walk.ts"

export type { Outline } from "./internal/walk.ts"
export type {
  AnyModel,
  ChannelPreserving,
  Empty,
  InputOf,
  OutputOf,
  ParamsOf,
  ShapePreserving,
  StateOf
} from "./Composition.ts"

/** A function with parameters and state, and the way to draw both. */
export interface Model<Params, State, In, Out> {
  readonly init: (key: Random.Key) => { readonly params: Params; readonly state: State }
  /** Training: may use randomness, returns the next state. */
  readonly train: (
    params: Params,
    state: State,
    input: In,
    key: Random.Key
  ) => { readonly output: Out; readonly state: State }
  /** Inference: no randomness, no state change, by type. */
  readonly predict: (params: Params, state: State, input: In) => Out
  /** What it is and what it is made of, for those who look inside. */
  readonly outline?: Outline
}

/**
 * A model that neither keeps state nor draws at random: training and inference are one function. Summaries call it by its
 * `kind`.
 */
export const stateless = <Params, In, Out>({
  apply,
  init,
  kind = "model"
}: {
  readonly init: (key: Random.Key) => Params
  readonly apply: (params: Params, input: In) => Out
  readonly kind?: Kind
}): Model<Params, Empty, In, Out> => ({
  init: (key) => ({ params: init(key), state: {} }),
  train: (params, state, input) => ({ output: apply(params, input), state }),
  predict: (params, _, input) => apply(params, input),
  outline: { kind }
})

/** A function as a model without parameters. */
export const lift: {
  (
    f: <S extends Shape, D extends Float>(input: Tensor.Tensor<S, D>) => Tensor.Tensor<S, D>
  ): ShapePreserving<Empty, Empty>
  <In, Out>(f: (input: In) => Out): Model<Empty, Empty, In, Out>
} = <In, Out>(f: (input: In) => Out): Model<Empty, Empty, In, Out> =>
  stateless({ init: () => ({}), apply: (_, input) => f(input), kind: f })

/** A model as its composition sees it. */
type Erased = Model<unknown, unknown, unknown, unknown>

/**
 * Runs `self`, then `that`.
 *
 * **Example** (Composing two affine maps)
 *
 * ```ts run
 * const model = pipe(linear(4, 3), Model.andThen(Model.lift(Activation.relu)), Model.andThen(linear(3, 2)))
 * const { params, state } = model.init(Random.key(0))
 * model.predict(params, state, Tensor.ones([5, 4])).shape // => [5, 2]
 * ```
 */
export const andThen: {
  <M extends AnyModel>(
    that: M
  ): <P, S, I, O>(
    self: Model<P, S, I, O> & Fits<O, InputOf<M>>
  ) => Model<readonly [P, ParamsOf<M>], readonly [S, StateOf<M>], I, Through<O, M>>
  <P, S, I, O, M extends AnyModel>(
    self: Model<P, S, I, O>,
    that: M & Fits<O, InputOf<M>>
  ): Model<readonly [P, ParamsOf<M>], readonly [S, StateOf<M>], I, Through<O, M>>
} = dual(
  2,
  (self: Erased, that: Erased): Model<readonly [unknown, unknown], readonly [unknown, unknown], unknown, unknown> => ({
    init: (key) => {
      const [first, second] = Random.split(key)
      const [a, b] = [self.init(first), that.init(second)]
      return { params: [a.params, b.params], state: [a.state, b.state] }
    },
    train: ([p, q], [s, t], input, key) => {
      const [first, second] = Random.split(key)
      const inner = self.train(p, s, input, first)
      const outer = that.train(q, t, inner.output, second)
      return { output: outer.output, state: [inner.state, outer.state] }
    },
    predict: ([p, q], [s, t], input) => that.predict(q, t, self.predict(p, s, input)),
    outline: {
      kind: "andThen",
      walk: (run) => {
        // The parameters and states of both.
        const [[p, q], [s, t]] = [run.params, run.state] as ReadonlyArray<readonly [unknown, unknown]>
        const [first, second] = keysOf(run.key, 2)
        const input = walk(self, { ...run, path: inside(run.path, "0"), params: p, state: s, key: first })
        return walk(that, { ...run, path: inside(run.path, "1"), params: q, state: t, key: second, input })
      }
    }
  })
)

/** A model as it walks: whoever runs it knows its parameters. */
const erased = (model: unknown): Erased => model as Erased

/** `f` of the output. */
export const map: {
  <O, R>(f: (output: O) => R): <P, S, I>(self: Model<P, S, I, O>) => Model<P, S, I, R>
  <P, S, I, O, R>(self: Model<P, S, I, O>, f: (output: O) => R): Model<P, S, I, R>
} = dual(2, <P, S, I, O, R>(self: Model<P, S, I, O>, f: (output: O) => R): Model<P, S, I, R> => ({
  init: self.init,
  train: (params, state, input, key) => {
    const next = self.train(params, state, input, key)
    return { output: f(next.output), state: next.state }
  },
  predict: (params, state, input) => f(self.predict(params, state, input)),
  outline: {
    kind: "map",
    // What the model gives, whoever has seen it.
    walk: (run) => visited(run, f, "map", f(walk(erased(self), run) as O))
  }
}))

/** The model of `f` of the input. */
export const contramap: {
  <J, I>(f: (input: J) => I): <P, S, O>(self: Model<P, S, I, O>) => Model<P, S, J, O>
  <P, S, I, O, J>(self: Model<P, S, I, O>, f: (input: J) => I): Model<P, S, J, O>
} = dual(2, <P, S, I, O, J>(self: Model<P, S, I, O>, f: (input: J) => I): Model<P, S, J, O> => ({
  init: self.init,
  train: (params, state, input, key) => self.train(params, state, f(input), key),
  predict: (params, state, input) => self.predict(params, state, f(input)),
  outline: {
    kind: "contramap",
    walk: (run) => walk(erased(self), { ...run, input: visited(run, f, "contramap", f(run.input as J)) })
  }
}))

/** `inner`, whose output meets its own input in `combine`. */
const around = <P, S, I, O, R>(
  kind: string,
  inner: Model<P, S, I, O>,
  combine: (input: I, output: O) => R
): Model<P, S, I, R> => ({
  init: inner.init,
  train: (params, state, input, key) => {
    const next = inner.train(params, state, input, key)
    return { output: combine(input, next.output), state: next.state }
  },
  predict: (params, state, input) => combine(input, inner.predict(params, state, input)),
  outline: {
    kind,
    walk: (run) => visited(run, kind, kind, combine(run.input as I, walk(erased(inner), run) as O))
  }
})

/** `x + inner(x)`. **Source** He et al. 2016, equation 1. */
export const residual = <P, S, T extends Shape>(
  inner: Model<P, S, Tensor.Tensor<T, Float>, Tensor.Tensor<T, Float>>
): Model<P, S, Tensor.Tensor<T, Float>, Tensor.Tensor<T, Float>> =>
  around("residual", inner, (input, output) => Tensor.add(input, output))

/**
 * `around(x) + inner(x)`: a residual connection where the shape changes.
 *
 * **Source** He et al. 2016, equation 2.
 */
export const shortcut = <P, S, Q, U, I, T extends Shape>({
  around,
  inner
}: {
  readonly inner: Model<P, S, I, Tensor.Tensor<T, Float>>
  readonly around: Model<Q, U, I, Tensor.Tensor<T, Float>>
}): Model<
  { readonly inner: P; readonly around: Q },
  { readonly inner: S; readonly around: U },
  I,
  Tensor.Tensor<T, Float>
> => {
  type Floats = Tensor.Tensor<T, Float>
  const sum = (both: { readonly inner: Floats; readonly around: Floats }): Floats => Tensor.add(both.inner, both.around)
  // `parallel` gives to both what they accept alike.
  return map(parallel({ inner, around }) as unknown as Model<never, never, I, never>, sum) as never
}

/**
 * `x` and after it `inner(x)` along the axis of features or channels, so that everything that follows sees both: layers of a
 * DenseNet grow its features, each by what it adds.
 *
 * **Shapes** `[batch, n, …]` → `[batch, n + m, …]` for an `inner` of `[batch, n, …] → [batch, m, …]`. **Source** Huang et al.
 * 2017, equation 2.
 *
 * **Example** (Two layers that each add three features)
 *
 * ```ts run
 * const grow = (inputs: number) => Model.dense(Model.map(linear(inputs, 3), Tensor.relu))
 * const block = Model.sequential(["first", grow(4)], ["second", grow(7)])
 * const { params, state } = block.init(Random.key(0))
 * block.predict(params, state, Tensor.ones([2, 4])).shape // => [2, 10]
 * ```
 */
export const dense = <P, S, T extends Shape, U extends Shape>(
  inner: Model<P, S, Tensor.Tensor<T, Float>, Tensor.Tensor<U, Float>>
): Model<P, S, Tensor.Tensor<T, Float>, Tensor.Tensor<Loose<T>, Float>> =>
  around("dense", inner, (input, output) => {
    const both: Tensor.Tensor<Shape, Float> = Tensor.concatenate([input as Tensor.Tensor<Shape, Float>, output], 1)
    // There are as many axes as before.
    return both as Tensor.Tensor<Loose<T>, Float>
  })

/**
 * `t · transform(x) + (1 − t) · x` with `t = sigmoid(gate(x))`: learned, element by element, how much of the input is changed.
 * A `gate` whose bias begins below 0 lets most of the input pass, through any number of layers.
 *
 * **Source** Srivastava et al. 2015, equation 3.
 *
 * **Example** (Closed, it passes its input)
 *
 * ```ts run
 * const gate = linear(2, 2, { initializer: Initializer.zeros, biasInitializer: Initializer.constant(-100) })
 * const layer = Model.highway({ transform: linear(2, 2), gate })
 * const { params, state } = layer.init(Random.key(0))
 * await evaluate(layer.predict(params, state, Tensor.of([[3, 4]]))) // => [[3, 4]]
 * ```
 */
export const highway = <P, S, Q, U, T extends Shape>({
  gate,
  transform
}: {
  readonly transform: Model<P, S, Tensor.Tensor<T, Float>, Tensor.Tensor<T, Float>>
  readonly gate: Model<Q, U, Tensor.Tensor<T, Float>, Tensor.Tensor<T, Float>>
}): Model<
  { readonly transform: P; readonly gate: Q },
  { readonly transform: S; readonly gate: U },
  Tensor.Tensor<T, Float>,
  Tensor.Tensor<T, Float>
> => {
  type Floats = Tensor.Tensor<T, Float>
  const mix = (input: Floats, both: { readonly transform: Floats; readonly gate: Floats }): Floats =>
    Tensor.add(input, Tensor.mul(Tensor.sigmoid(both.gate), Tensor.sub(both.transform, input)))
  // `parallel` gives to both what they accept alike.
  return around("highway", parallel({ transform, gate }) as unknown as Model<never, never, Floats, never>, mix) as never
}

/** A layer as `sequential` runs it. */
interface Stage {
  readonly name: string | undefined
  readonly model: Erased
}

const stageOf = (layer: Entry): Stage => {
  // Types are checked by the signature of `sequential`; here a layer is what it looks like.
  if (typeof layer === "function")
    return { name: undefined, model: lift(layer as (input: unknown) => unknown) as Erased }
  return "init" in layer ? { name: undefined, model: layer as Erased } : { name: layer[0], model: layer[1] as Erased }
}

/**
 * Runs `layers` from first to last. A layer is a pair of a name and a model, a model without parameters and state, or
 * a function. Names lead to the parameters: `hidden.weight`.
 *
 * **Throws** `ArgumentError` if a name is used twice.
 *
 * **Example** (Defining a classifier)
 *
 * ```ts run
 * const classifier = Model.sequential(["hidden", linear(4, 3)], Activation.relu, ["output", linear(3, 2)])
 * const { params, state } = classifier.init(Random.key(0))
 * params.hidden.weight.shape // => [4, 3]
 * classifier.predict(params, state, Tensor.ones([5, 4])).shape // => [5, 2]
 * ```
 */
export const sequential = <const L extends ReadonlyArray<Entry>>(
  ...layers: L & EntriesFit<FirstInput<L>, L>
): Model<Named<L, "params">, Named<L, "state">, FirstInput<L>, LastOutput<FirstInput<L>, L>> =>
  // Names, parts and inputs are those that the signature reads off the layers.
  inSequence(layers.map(stageOf)) as never

type Parts = Readonly<Record<string, unknown>>

const inSequence = (stages: ReadonlyArray<Stage>): Model<Parts, Parts, unknown, unknown> => {
  const names = stages.flatMap(({ name }) => name ?? [])
  const repeated = names.find((name, i) => names.indexOf(name) !== i)
  if (repeated !== undefined) {
    throw new ArgumentError({ operation: "sequential", expected: "each name once", received: `"${repeated}" twice` })
  }
  /** What `part` gives for each named stage, under its name. */
  const named = (part: (stage: Stage, i: number) => unknown): Parts =>
    Object.fromEntries(stages.flatMap((stage, i) => (stage.name === undefined ? [] : [[stage.name, part(stage, i)]])))
  const of = (parts: Parts, { name }: Stage): unknown => (name === undefined ? {} : parts[name])
  return {
    init: (key) => {
      const keys = Random.split(key, names.length)
      const drawn = new Map(stages.filter(({ name }) => name !== undefined).map((s, i) => [s, s.model.init(keys[i])]))
      return { params: named((stage) => drawn.get(stage)!.params), state: named((stage) => drawn.get(stage)!.state) }
    },
    train: (params, state, input, key) => {
      const keys = Random.split(key, stages.length)
      let output = input
      const next = stages.map((stage, i) => {
        const result = stage.model.train(of(params, stage), of(state, stage), output, keys[i])
        output = result.output
        return result.state
      })
      return { output, state: named((_, i) => next[i]) }
    },
    predict: (params, state, input) =>
      stages.reduce((x, stage) => stage.model.predict(of(params, stage), of(state, stage), x), input),
    outline: {
      kind: "sequential",
      walk: (run) => {
        const keys = keysOf(run.key, stages.length)
        // The parameters and states of the named stages.
        const [params, state] = [run.params, run.state] as ReadonlyArray<Parts>
        return stages.reduce((input, stage, i) => {
          const path = inside(run.path, stage.name ?? String(i))
          return walk(stage.model, {
            ...run,
            params: of(params, stage),
            state: of(state, stage),
            input,
            key: keys[i],
            path
          })
        }, run.input)
      }
    }
  }
}

/** The input that every branch accepts. */
type Shared<B extends Readonly<Record<string, AnyModel>>> = {
  readonly [K in keyof B]: (input: InputOf<B[K]>) => void
}[keyof B] extends (input: infer I) => void
  ? I
  : never

/**
 * Gives the same input to every branch; the output is the record of theirs.
 *
 * **Example** (Predicting a mean and a variance)
 *
 * ```ts run
 * const model = Model.parallel({ mean: linear(4, 1), variance: Model.map(linear(4, 1), Tensor.softplus) })
 * const { params, state } = model.init(Random.key(0))
 * model.predict(params, state, Tensor.ones([5, 4])).variance.shape // => [5, 1]
 * ```
 */
export const parallel = <const B extends Readonly<Record<string, AnyModel>>>(
  branches: B
): Model<
  { readonly [K in keyof B]: ParamsOf<B[K]> },
  { readonly [K in keyof B]: StateOf<B[K]> },
  Shared<B>,
  { readonly [K in keyof B]: OutputOf<B[K]> }
> => {
  // Types are checked by the signature; here a branch is a model of anything.
  const entries = Object.entries(branches as unknown as Readonly<Record<string, Erased>>)
  const each = (f: (branch: Erased, name: string, i: number) => unknown): Parts =>
    Object.fromEntries(entries.map(([name, branch], i) => [name, f(branch, name, i)]))
  const part = (results: Parts, of: string): Parts => each((_, name) => (results[name] as Parts)[of])
  const model: Model<Parts, Parts, unknown, unknown> = {
    init: (key) => {
      const keys = Random.split(key, entries.length)
      const drawn = each((branch, _, i) => branch.init(keys[i]))
      return { params: part(drawn, "params"), state: part(drawn, "state") }
    },
    train: (params, state, input, key) => {
      const keys = Random.split(key, entries.length)
      const results = each((branch, name, i) => branch.train(params[name], state[name], input, keys[i]))
      return { output: part(results, "output"), state: part(results, "state") }
    },
    predict: (params, state, input) => each((branch, name) => branch.predict(params[name], state[name], input)),
    outline: {
      kind: "parallel",
      walk: (run) => {
        const keys = keysOf(run.key, entries.length)
        const [params, state] = [run.params, run.state] as ReadonlyArray<Parts>
        return each((branch, name, i) =>
          walk(branch, { ...run, params: params[name], state: state[name], key: keys[i], path: inside(run.path, name) })
        )
      }
    }
  }
  // Each part has the names of the branches, as the signature says.
  return model as never
}
