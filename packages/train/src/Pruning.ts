/**
 * Pruning: masks of parameters that do without the least of them, training under a mask, and the search for a part of a
 * network that trains as well as the whole from where the whole began.
 *
 * A mask is a tree like the parameters, of ones and zeros in their dtypes.
 */
import type { GradientTransformation, Leaves, Paths } from "@cotangent/optim/GradientTransformation"
import type { Optimizer } from "@cotangent/optim/Optimizer"
import * as Optimizers from "@cotangent/optim/Optimizer"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import { ArgumentError } from "@cotangent/tensor/errors"
import { size } from "@cotangent/tensor/Shape"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { isWeight } from "./internal/weights.ts"

/** Which parameters may be pruned, by path; `weight` unless stated, so biases and gains stay. */
export interface Prunable {
  readonly selects?: (path: string) => boolean
}

/** A mask that keeps everything. */
export const full = <P>(params: P): P => Tree.map(params, (leaf) => Tensor.onesLike(leaf))

/** The parameters under a mask: 0 where it is 0. **Throws** `ArgumentError` where the trees do not match. */
export const apply = <P>(params: P, mask: NoInfer<P>): P =>
  // What is pruned is 0, even if it was not finite.
  Tree.zipWith(params, mask, (param, kept) => Tensor.where(Tensor.equal(kept, 0), Tensor.zerosLike(param), param))

/** How far to prune, and what is compared. */
export interface MagnitudeOptions extends Prunable {
  /** The share of what is kept so far that is kept further, above 0 and at most 1. */
  readonly keep: number
  /** Whether parameters compete with all others (unless stated) or only with those of their own leaf. */
  readonly scope?: "global" | "leaf"
}

type Flat = Tensor.Tensor<readonly [number], Tensor.Float>

/** Ones for the greatest `keep` of those that are alive, exactly so many, the later of equals first. */
const strongest = (magnitudes: Flat, alive: Flat, keep: number): Flat => {
  const isAlive = Tensor.notEqual(alive, 0)
  const count = Tensor.sum(Tensor.cast(isAlive, "i32"))
  const kept = Tensor.cast(Tensor.round(Tensor.mul(Tensor.cast(count, "f64"), keep)), "i32")
  // What is pruned ranks below everything.
  const order = Tensor.argSort(Tensor.where(isAlive, magnitudes, -1))
  const rank = Tensor.argSort(order)
  const isKept = Tensor.greaterEqual(rank, Tensor.sub(magnitudes.shape[0], kept) as Tensor.Tensor<readonly [], "i32">)
  return Tensor.cast(isKept, alive.dtype) as Flat
}

/**
 * The mask that keeps the greatest by magnitude of those parameters that `mask` keeps: so many of them as `keep` says, rounded,
 * of all together or of each leaf.
 *
 * **Throws** `ArgumentError` unless `keep` is above 0 and at most 1, and where the trees do not match.
 *
 * **Source** Han et al. 2015, section 3; Frankle & Carbin 2019, section 2.
 *
 * **Example** (Half of two weights)
 *
 * ```ts run
 * const params = { a: { weight: Tensor.of([[1, -5]]) }, b: { weight: Tensor.of([[3, 4]]), bias: Tensor.of([0.1]) } }
 * const all = Pruning.byMagnitude(params, Pruning.full(params), { keep: 0.5 })
 * await evaluate(all.a.weight) // => [[0, 1]]
 * await evaluate(all.b.weight) // => [[0, 1]]
 * await evaluate(all.b.bias) // => [1]
 * ```
 */
export const byMagnitude = <P>(
  params: P,
  mask: NoInfer<P>,
  { keep, scope = "global", selects = isWeight }: MagnitudeOptions
): P => {
  if (!(keep > 0 && keep <= 1)) {
    const expected = "a share above 0 and at most 1"
    throw new ArgumentError({ operation: "Pruning.byMagnitude", expected, received: String(keep) })
  }
  const { leaves, structure } = Tree.flatten(params)
  // Parameters and masks are floats.
  const masks = Tree.leavesLike(structure, mask) as Leaves
  const chosen = [...structure.paths.keys()].filter((i) => selects(structure.paths[i]))
  const groups = scope === "leaf" ? chosen.map((i) => [i]) : chosen.length === 0 ? [] : [chosen]
  const next: Array<Tensor.Tensor> = [...masks]
  for (const group of groups) {
    // Rounded to `f32`, doubles would tie with what they outweigh.
    const dtype = group.some((i) => structure.types[i].dtype === "f64") ? "f64" : "f32"
    const row = (trees: ReadonlyArray<Tensor.Tensor>): Flat =>
      Tensor.concatenate(group.map((i) => Tensor.flatten(Tensor.cast(trees[i], dtype)))) as Flat
    const kept = strongest(Tensor.abs(row(leaves)), row(masks), keep)
    const sizes = group.map((i) => size(structure.types[i].shape))
    Tensor.split(kept, sizes).forEach((part, k) => {
      const { dtype, shape } = structure.types[group[k]]
      next[group[k]] = Tensor.cast(Tensor.reshape(part, shape), dtype)
    })
  }
  return Tree.restore(structure, next)
}

/** How many of the prunable parameters a mask keeps, and how many there are. */
export const kept = (
  mask: unknown,
  { selects = isWeight }: Prunable = {}
): { readonly count: Tensor.Tensor<readonly [], "i32">; readonly of: number } => {
  const { leaves, structure } = Tree.flatten(mask)
  const chosen = leaves.filter((_, i) => selects(structure.paths[i]))
  const none: Tensor.Tensor<readonly [], "i32"> = Tensor.full([], 0, "i32")
  const count = chosen.reduce<Tensor.Tensor<readonly [], "i32">>(
    (sum, leaf) => Tensor.add(sum, Tensor.sum(Tensor.cast(Tensor.notEqual(leaf, 0), "i32"))),
    none
  )
  return { count, of: chosen.reduce((sum, { shape }) => sum + size(shape), 0) }
}

/** The state of an optimizer under a mask. */
export interface Masked<State> {
  readonly mask: Leaves
  readonly inner: State
}

/** The transformation that gives no update to what `mask` prunes, and shows `inner` no gradient of it. */
export const maskedTransformation = <State>(
  mask: unknown,
  inner: GradientTransformation<State>
): GradientTransformation<Masked<State>> => {
  const under = (leaves: Leaves, masks: Leaves): Leaves =>
    leaves.map((leaf, i) => Tensor.where(Tensor.equal(masks[i], 0), Tensor.zerosLike(leaf), leaf))
  return {
    init: (params: Leaves, paths: Paths) => ({ mask: Tree.leaves(mask) as Leaves, inner: inner.init(params, paths) }),
    update: (gradients, before, params, paths) => {
      const [updates, after] = inner.update(under(gradients, before.mask), before.inner, params, paths)
      return [under(updates, before.mask), { mask: before.mask, inner: after }]
    }
  }
}

/**
 * An optimizer under which what `mask` prunes stays as it is, 0 if the parameters began under the mask. The mask is part of
 * the state, so programs are the same for all masks, and checkpoints hold it.
 *
 * **Throws** `ArgumentError` where the parameters do not match the mask.
 */
export const masked = <State>(mask: unknown, { transformation }: Optimizer<State>): Optimizer<Masked<State>> => {
  const optimizer = Optimizers.make(maskedTransformation(mask, transformation))
  return {
    ...optimizer,
    init: (params) => {
      Tree.leavesLike(Tree.structure(mask), params)
      return optimizer.init(params)
    }
  }
}

/** A round of the search for a ticket. */
export interface Round<P> {
  /** The mask that was trained under: at first everything. */
  readonly mask: P
  /** How many prunable parameters it keeps. */
  readonly kept: number
  /** Where the training began: the parameters that the search goes back to, under the mask. */
  readonly start: P
  /** What came of it. */
  readonly trained: P
}

/** How tickets are sought. */
export interface LotteryOptions<P, E, R> extends Omit<MagnitudeOptions, "keep"> {
  /** The parameters that every round goes back to: those of the beginning, or of an early step. */
  readonly initial: P
  /** Trains the parameters under the mask. */
  readonly train: (start: P, mask: P, round: number) => Effect.Effect<P, E, R>
  /** The share of all prunable parameters that are left in the last round. */
  readonly target: number
  /** How often it prunes: each time by the same share of what is left. */
  readonly rounds: number
}

/**
 * Trains, prunes the least by magnitude, goes back to the initial values of what is left, and again: the first round trains
 * everything, the last one what is left of it, the ticket. Masks and starts live as long as the surrounding scope.
 *
 * **Fails** as the training and the device do. **Throws** `ArgumentError` unless the target is above 0 and at most 1 and the
 * number of rounds whole from 1. **Source** Frankle & Carbin 2019, section 2, strategy 2; Frankle et al. 2020 for early steps.
 */
export const lottery = <P, E, R>(
  options: LotteryOptions<P, E, R>
): Effect.Effect<ReadonlyArray<Round<P>>, E | DeviceError, R | Device | Scope.Scope> =>
  Effect.gen(function* () {
    const { initial, rounds, target, train, ...rest } = options
    if (!(target > 0 && target <= 1) || !Number.isInteger(rounds) || rounds < 1) {
      const expected = "a target above 0 and at most 1, and rounds from 1"
      throw new ArgumentError({ operation: "Pruning.lottery", expected, received: `${target} and ${rounds}` })
    }
    const device = yield* Device
    const done: Array<Round<P>> = []
    let mask = yield* device.realize(full(initial))
    for (let round = 0; round <= rounds; round++) {
      const before = done.at(-1)
      if (before !== undefined) {
        const { of } = kept(mask, rest)
        // What is left in the end is the target of all, whatever rounding there was on the way.
        const wanted = Math.round(of * target ** (round / rounds)) / before.kept
        mask = yield* device.realize(byMagnitude(before.trained, mask, { ...rest, keep: Math.min(1, wanted) }))
      }
      const start = yield* device.realize(apply(initial, mask))
      const trained = yield* train(start, mask, round)
      done.push({ mask, kept: yield* device.readNumber(kept(mask, rest).count), start, trained })
    }
    return done
  })
