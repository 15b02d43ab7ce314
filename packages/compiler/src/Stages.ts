/**
 * From a group of kernels to steps, most often one: which loops they share, which values stay in registers, what is stored.
 */
import * as Affine from "@cotangent/tensor/Affine"
import type { Tensor } from "@cotangent/tensor/Primitive"
import type { Index, Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { merge } from "./Axes.ts"
import { cut } from "./Cut.ts"
import type { Group, Kernel } from "./Group.ts"
import { inliner, rule } from "./Inline.ts"
import type { Buffer, Copy, Nest, Stage, Step, Store } from "./LoopProgram.ts"
import { split } from "./Ranges.ts"
import { recognize } from "./Recognize.ts"
import type { Target } from "./Target.ts"
import { unrollAxes, unrollReductions } from "./Unroll.ts"

/** A place in memory where a tensor begins: element `base` of `buffer`. */
export interface Location {
  readonly buffer: Buffer
  readonly base: Scalar
}

/** The first element of a buffer. */
export const start = (buffer: Buffer): Location => ({ buffer, base: S.constant(0) })

/** Copies `length` elements. */
export const copy = (from: Location, to: Location, length: number): Copy => ({
  tag: "copy",
  from: from.buffer,
  fromOffset: from.base,
  to: to.buffer,
  toOffset: to.base,
  length
})

/** What a group needs to know of its surroundings. */
export interface Surroundings {
  /** Where a tensor lies; undefined for one that has no memory. Makes room for members of the group. */
  readonly locate: (tensor: Tensor) => Location | undefined
  /** Whether anything after this group reads the tensor. */
  readonly isReadOutside: (tensor: Tensor) => boolean
  readonly target: Target
}

/** Kernels that run in one innermost loop. */
interface Draft {
  readonly axes: ReadonlyArray<Variable>
  readonly members: Array<Kernel>
}

const positionOf = ({ base }: Location, index: Index, shape: ReadonlyArray<number>): Scalar =>
  Affine.toScalar(Affine.of(S.add(base, Affine.flatten(index, shape))))

/** The steps that compute `group`; none depends on another. */
export const stepsOf = (group: Group, surroundings: Surroundings): ReadonlyArray<Step> => {
  const { depth, kernels } = group
  const outer = kernels[0].axes.slice(0, depth)
  const drafts = draft(group)
  const home = new Map<Tensor, Draft>()
  for (const stage of drafts) for (const { tensor } of stage.members) home.set(tensor, stage)
  const { loaded, valueIn } = values(outer, home, surroundings)
  // All values first: they tell which members are read from memory.
  const computed = drafts.map((stage) => stage.members.map(({ tensor }) => valueIn(stage, tensor)))
  const isStored = (tensor: Tensor): boolean => loaded.has(tensor) || surroundings.isReadOutside(tensor)
  const stages = drafts.map((stage, i): Stage => ({
    axes: stage.axes,
    stores: stage.members.flatMap(({ tensor }, j): ReadonlyArray<Store> => {
      if (!isStored(tensor)) return []
      const location = surroundings.locate(tensor)!
      const offset = positionOf(location, [...outer, ...stage.axes], tensor.shape)
      return [{ buffer: location.buffer, offset, value: computed[i][j] }]
    })
  }))
  const name = kernels.map(({ tensor }) => tensor.application.primitive.name).join("_")
  return finish(
    name,
    outer,
    stages.filter(({ stores }) => stores.length > 0),
    surroundings.target
  )
}

/**
 * One domain: no outer loops, and perhaps a matrix product. Loops are split and axes cut so that values choose and
 * divide as little as can be; then axes that step alike are merged.
 */
const finish = (
  name: string,
  outer: ReadonlyArray<Variable>,
  stages: ReadonlyArray<Stage>,
  target: Target
): ReadonlyArray<Step> => {
  const piecesOf = (stage: Stage): ReadonlyArray<Stage> => (target.isSplit ? split(stage) : undefined) ?? [stage]
  const shorten = (nest: Nest): Nest => (target.isSplit ? unrollAxes(nest) : nest)
  if (stages.length > 1) {
    const pieces = unrollReductions(stages).flatMap(piecesOf)
    const evenly = cutNest({ tag: "nest", name, axes: outer, stages: pieces })
    return [shorten(mergeNest({ ...evenly, stages: evenly.stages.flatMap(piecesOf) }))]
  }
  if (stages.length === 0) return []
  const [{ stores }] = stages
  const whole: Stage = { axes: [...outer, ...stages[0].axes], stores }
  const { axes, stores: evenly } = cutStage(whole)
  const product = recognize(name, axes, evenly, target)
  if (product !== undefined) return [product]
  // Pieces of one stage are independent: each is a step that threads can share.
  // Cut axes may have bounds that were hidden before.
  const pieces = unrollReductions([whole]).flatMap(piecesOf).map(cutStage).flatMap(piecesOf)
  return pieces.map((piece) => shorten(mergeNest({ tag: "nest", name, axes: [], stages: [piece] })))
}

const cutStage = (stage: Stage): Stage => {
  const { stages } = cutNest({ tag: "nest", name: "", axes: [], stages: [stage] })
  return stages[0]
}

/** Cuts the axes of loops that are read in parts. */
const cutNest = (nest: Nest): Nest => {
  const stores = nest.stages.flatMap((stage) => stage.stores)
  const pieces = cut(
    [...nest.axes, ...nest.stages.flatMap(({ axes }) => axes)],
    stores.flatMap(({ offset, value }) => [offset, value])
  )
  if (pieces === undefined) return nest
  return {
    ...nest,
    axes: pieces.axes(nest.axes),
    stages: nest.stages.map((stage) => ({
      axes: pieces.axes(stage.axes),
      stores: stage.stores.map(({ buffer, offset, value }) => ({
        buffer,
        offset: Affine.toScalar(Affine.of(pieces.rewrite(offset))),
        value: pieces.rewrite(value)
      }))
    }))
  }
}

const mergeNest = (nest: Nest): Nest => {
  const stores = nest.stages.flatMap((stage) => stage.stores)
  const merged = merge(
    [nest.axes, ...nest.stages.map((stage) => stage.axes)],
    stores.map(({ value }) => value),
    stores.map(({ offset }) => offset)
  )
  return {
    ...nest,
    axes: merged.axes(nest.axes),
    stages: nest.stages.map((stage) => ({
      axes: merged.axes(stage.axes),
      stores: stage.stores.map(({ buffer, offset, value }) => ({
        buffer,
        offset: merged.position(offset),
        value: merged.rewrite(value)
      }))
    }))
  }
}

/** Puts each kernel into the first stage that runs after everything it reads from memory. */
const draft = ({ depth, kernels }: Group): ReadonlyArray<Draft> => {
  const drafts: Array<Draft> = []
  /** The first stage that may use a tensor's value, and the stage that computes it. */
  const ready = new Map<Tensor, { readonly from: number; readonly in: number | undefined }>()
  for (const kernel of kernels) {
    const inner = kernel.axes.slice(depth)
    let from = 0
    for (const load of kernel.reads) {
      // Loads of kernels refer to tensors.
      const source = ready.get(load.source as Tensor)
      if (source === undefined) continue
      const own = load.index.length === kernel.axes.length && load.index.every((i, axis) => i === kernel.axes[axis])
      const sameStage = own && source.in !== undefined && matches(drafts[source.in].axes, inner)
      from = Math.max(from, sameStage ? source.in! : source.from)
    }
    let at = drafts.findIndex((stage, i) => i >= from && matches(stage.axes, inner))
    if (at < 0)
      at =
        drafts.push({ axes: inner.length === 0 ? [] : inner.map(({ extent }) => S.variable(extent)), members: [] }) - 1
    drafts[at].members.push(kernel)
    // The value of a row, which has no inner axes, is there for every stage from the one that could compute it.
    ready.set(kernel.tensor, inner.length === 0 ? { from, in: undefined } : { from: at + 1, in: at })
  }
  return drafts
}

const matches = (x: ReadonlyArray<Variable>, y: ReadonlyArray<Variable>): boolean =>
  x.length === y.length && x.every(({ extent }, axis) => extent === y[axis].extent)

/** Values of members in the loops of a stage, forwarded where the reader runs at the writer's own index. */
const values = (
  outer: ReadonlyArray<Variable>,
  home: ReadonlyMap<Tensor, Draft>,
  { locate }: Surroundings
): {
  readonly loaded: ReadonlySet<Tensor>
  readonly valueIn: (stage: Draft, tensor: Tensor) => Scalar
} => {
  const loaded = new Set<Tensor>()
  const known = new Map<Tensor, Scalar>()
  const atStage = new Map<Draft, ReturnType<typeof inliner>>()
  const reader = (stage: Draft): ReturnType<typeof inliner> => {
    const existing = atStage.get(stage)
    if (existing !== undefined) return existing
    const at = inliner((tensor, index) => {
      const owner = home.get(tensor)
      if (owner !== undefined) {
        const own = [...outer, ...owner.axes]
        const isOwnIndex = index.length === own.length && index.every((i, axis) => i === own[axis])
        if (isOwnIndex && (owner === stage || owner.axes.length === 0)) return valueIn(owner, tensor)
        loaded.add(tensor)
      }
      const location = locate(tensor)
      return location === undefined ? undefined : S.load(location.buffer, [positionOf(location, index, tensor.shape)])
    })
    atStage.set(stage, at)
    return at
  }
  const valueIn = (stage: Draft, tensor: Tensor): Scalar => {
    const existing = known.get(tensor)
    if (existing !== undefined) return existing
    const value = rule(tensor, [...outer, ...stage.axes], reader(stage))
    known.set(tensor, value)
    return value
  }
  return { loaded, valueIn }
}
