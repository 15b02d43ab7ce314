/**
 * Models as functions that learn: mapped, composed, put side by side.
 *
 * `andThen` nests parameters, so a composition has another type for each way of putting parentheses. Where the
 * parameters and states of both sides correspond by the isomorphisms below, models are equal: they predict the same,
 *   predict(andThen(andThen(f, g), h))(p) = predict(andThen(f, andThen(g, h)))(associator.to(p))
 *   predict(andThen(id, f))(p) = predict(f)(leftUnitor.to(p))
 *   predict(andThen(f, id))(p) = predict(f)(rightUnitor.to(p))
 * and so they train, except that randomness is split along other lines. For a `Category` the types of parameters and
 * states must not show: `SomeModel` hides them. `Functor` and `Profunctor` need no such thing:
 *   map(m, identity) = m,  map(map(m, f), g) = map(m, g ∘ f)
 *   promap(m, identity, identity) = m,  promap(promap(m, f, g), h, i) = promap(m, f ∘ h, i ∘ g)
 */
import type { Empty, Model } from "@cotangent/nn/Model"
import * as Models from "@cotangent/nn/Model"
import type { Tensor } from "@cotangent/tensor/Tensor"
import type { Tree } from "@cotangent/tensor/Tree"
import type { Category2 } from "fp-ts/lib/Category.js"
import type { Functor4 } from "fp-ts/lib/Functor.js"
import type * as M from "fp-ts/lib/Monoid.js"
import type { Profunctor4 } from "fp-ts/lib/Profunctor.js"
import type { Strong2 } from "fp-ts/lib/Strong.js"

/** The name of `Model<Params, State, In, Out>` among the kinds of fp-ts. */
export const URI = "@cotangent/fp-ts/Model"

/** The type of `URI`. */
export type URI = typeof URI

/** The name of `SomeModel<In, Out>` among the kinds of fp-ts. */
export const SomeURI = "@cotangent/fp-ts/SomeModel"

/** The type of `SomeURI`. */
export type SomeURI = typeof SomeURI

declare module "fp-ts/HKT.js" {
  interface URItoKind4<S, R, E, A> {
    readonly [URI]: Model<S, R, E, A>
  }
  interface URItoKind2<E, A> {
    readonly [SomeURI]: SomeModel<E, A>
  }
}

/** Functions of the output. */
export const Functor: Functor4<URI> = { URI, map: Models.map }

/** Functions of the input, which run before, and of the output, which run after. */
export const Profunctor: Profunctor4<URI> = {
  ...Functor,
  promap: (model, f, g) => Models.map(Models.contramap(model, f), g)
}

/** A model of which one knows only that its parameters and its state are trees of tensors. */
export type SomeModel<In, Out> = Model<Tree<Tensor>, Tree<Tensor>, In, Out>

/** Hides the types of parameters and state. Only what the model gave itself may be given back to it. */
export const hide = <Params, State, In, Out>(model: Model<Params, State, In, Out>): SomeModel<In, Out> =>
  // Parameters and states are trees of tensors, and come from the model itself.
  model as unknown as SomeModel<In, Out>

/** `andThen` as it is in a category: what the first gives is what the second takes, so nothing is left to check. */
const andThen = Models.andThen as unknown as <A, B, C>(
  self: SomeModel<A, B>,
  that: SomeModel<B, C>
) => Model<readonly [Tree<Tensor>, Tree<Tensor>], readonly [Tree<Tensor>, Tree<Tensor>], A, C>

/**
 * The category of models under `andThen`; the identity has no parameters.
 *
 * **Example** (Composing from right to left)
 *
 * ```ts run
 * const hidden = model.hide(linear(4, 3))
 * const output = model.hide(linear(3, 2))
 * const both = model.Category.compose(output, hidden)
 * const { params, state } = both.init(Random.key(0))
 * both.predict(params, state, Tensor.ones([5, 4])).shape // => [5, 2]
 * ```
 */
export const Category: Category2<SomeURI> = {
  URI: SomeURI,
  compose: (that, self) => hide(andThen(self, that)),
  id: <A>() => hide(Models.lift((input: A) => input))
}

/**
 * Models beside an input that passes by. With `split` and `fanOut` of fp-ts: models side by side.
 *   map(first(m), fst) = contramap(m, fst),  first(first(m)) = first(m) up to ((a, c), d) ≅ (a, (c, d))
 *   second(m) = promap(first(m), swap, swap)
 */
export const Strong: Strong2<SomeURI> = {
  URI: SomeURI,
  map: Models.map,
  promap: Profunctor.promap,
  first: <A, B, C>({ init, predict, train }: SomeModel<A, B>): SomeModel<[A, C], [B, C]> => ({
    init,
    train: (params, state, [input, passing], key) => {
      const next = train(params, state, input, key)
      return { output: [next.output, passing], state: next.state }
    },
    predict: (params, state, [input, passing]) => [predict(params, state, input), passing]
  }),
  second: <A, B, C>(model: SomeModel<B, C>): SomeModel<[A, B], [A, C]> =>
    Strong.promap(Strong.first<B, C, A>(model), swap<A, B>, swap<C, A>)
}

const swap = <A, B>([a, b]: [A, B]): [B, A] => [b, a]

/**
 * Models of one input in parallel, their outputs summed in `M`: an ensemble, with parameters of its own for each part.
 * Associative, and with unit, as `M` is; parameters re-associate as those of compositions do.
 *
 * **Example** (The sum of two models)
 *
 * ```ts run
 * const { add, zero } = tensor.getRing(Tensor.zeros([5, 2]))
 * const ensemble = model.getMonoid({ concat: add, empty: zero }).concat(linear(4, 2), linear(4, 2))
 * const { params, state } = ensemble.init(Random.key(0))
 * ensemble.predict(params, state, Tensor.ones([5, 4])).shape // => [5, 2]
 * ```
 */
export const getMonoid = <In, Out>(M: M.Monoid<Out>): M.Monoid<SomeModel<In, Out>> => ({
  concat: (first, second) =>
    hide(Models.map(Models.parallel({ first, second }), (outputs) => M.concat(outputs.first, outputs.second))),
  empty: hide(Models.lift(() => M.empty))
})

/** Two functions, each the inverse of the other. */
export interface Isomorphism<A, B> {
  readonly to: (a: A) => B
  readonly from: (b: B) => A
}

/** Parameters, or states, of `andThen(andThen(f, g), h)` as those of `andThen(f, andThen(g, h))`, and back. */
export const associator = <P, Q, R>(): Isomorphism<readonly [readonly [P, Q], R], readonly [P, readonly [Q, R]]> => ({
  to: ([[p, q], r]) => [p, [q, r]],
  from: ([p, [q, r]]) => [[p, q], r]
})

/** Parameters, or states, of `andThen(id, f)` as those of `f`, and back. */
export const leftUnitor = <P>(): Isomorphism<readonly [Empty, P], P> => ({ to: ([, p]) => p, from: (p) => [{}, p] })

/** Parameters, or states, of `andThen(f, id)` as those of `f`, and back. */
export const rightUnitor = <P>(): Isomorphism<readonly [P, Empty], P> => ({ to: ([p]) => p, from: (p) => [p, {}] })
