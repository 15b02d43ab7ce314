/**
 * Emits nests of loops: outer loops, then stages one after the other, each with its innermost loop in vectors.
 */
import type { Nest, Stage } from "@cotangent/compiler/LoopProgram"
import type { DType } from "@cotangent/tensor/DType"
import { bytes } from "@cotangent/tensor/DType"
import type { Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import { children } from "@cotangent/tensor/Scalar"
import type { Split } from "./Conflicts.ts"
import type { Emitter, Lanes } from "./Emitter.ts"
import type { Bound } from "./FunctionBuilder.ts"
import { pushBound } from "./FunctionBuilder.ts"
import type { Portion } from "./Parts.ts"
import { share, shares } from "./Parts.ts"
import type { Address } from "./Prepare.ts"
import type { Workspace } from "./Prepare.ts"
import { strideIn } from "./Prepare.ts"
import type { Means } from "./Totals.ts"
import { emitTotals, isSingle, largeTotals } from "./Totals.ts"
import { isVectorizable, jumps, preferredLanes, work } from "./Vectorize.ts"

/** A store in terms of the emitter's workspace. */
export interface Target {
  readonly dtype: DType
  readonly address: Address
  readonly position: Scalar
  readonly value: Scalar
}

/** The ranges of the parallel axis that threads have; undefined where they share anything else. */
type Ranges = Split["ranges"] | undefined

/**
 * Emits the loops of `nest`: those of its outermost axis for a part of it only, where there are threads; gives the parts
 * of all. Where there are no loops, they share those of the large sums.
 */
export const emitNest = (nest: Nest, emitter: Emitter, means: Means): Ranges => {
  const targets = nest.stages.map((stage) => targetsOf(stage.stores, emitter))
  const inner = nest.stages.flatMap((stage) => stage.axes)
  if (isSingle(nest)) {
    const totals = largeTotals(targets.flat().map(({ value }) => value))
    if (totals.length > 0) {
      storeTotals(totals, targets.flat(), emitter, means)
      return undefined
    }
  }
  const run = (axes: ReadonlyArray<Variable>, split: Portion | undefined): Ranges => {
    // Only what has a single stage is split inside of it.
    if (axes.length === 0) return nest.stages.map((stage, i) => emitStage(stage.axes, targets[i], emitter, split))[0]
    const [axis, ...rest] = axes
    emitter.hoist(rootsOf(targets.flat()), new Set([...axes, ...inner]))
    const { ranges, ...range } = rangeOf(axis, emitter, split)
    emitter.loop(axis, range, () => run(rest, undefined))
    return ranges
  }
  return run(nest.axes, means.portion)
}

const storeTotals = (
  totals: ReadonlyArray<Reduce>,
  targets: ReadonlyArray<Target>,
  emitter: Emitter,
  means: Means
): void => {
  const values = emitTotals(totals, emitter, means)
  const store = (): void => emitter.within(values, () => storeAll(targets, emitter))
  if (means.portion === undefined) return store()
  emitter.code.get(means.portion.threads.thread).op("index.eqz").if(store)
}

/** Elements that one thread gets in a row: threads must not write to one cache line in turns. */
const granule = 16

/** The axis whose range can be split over threads: the outermost of loops that are independent of one another. */
export const parallelAxis = ({ axes, stages }: Nest): Variable | undefined =>
  axes[0] ?? (stages.length === 1 ? stages[0].axes[0] : undefined)

const rangeOf = (
  { extent }: Variable,
  { code }: Emitter,
  split: Portion | undefined
): { readonly from: Bound; readonly to: Bound; readonly step: number; readonly ranges: Ranges } => {
  if (split === undefined) return { from: 0, to: extent, step: 1, ranges: undefined }
  const { part, threads } = split
  const each = extent >= granule * threads.count * 4 ? granule : 1
  return { ...share(code, part, extent, each), step: 1, ranges: shares(threads.count, extent, each) }
}

/** Stores in the form that code is generated from. */
export const targetsOf = (stores: Stage["stores"], { workspace }: Emitter): ReadonlyArray<Target> =>
  stores.map(({ buffer, offset, value }) => ({
    dtype: buffer.dtype,
    position: workspace.unify(offset),
    address: workspace.address(buffer, offset),
    value: workspace.unify(value)
  }))

/** What must be known to do the stores. */
export const rootsOf = (targets: ReadonlyArray<Target>): ReadonlyArray<Scalar> =>
  targets.flatMap(({ address, value }) => [value, address.base])

const emitStage = (
  axes: ReadonlyArray<Variable>,
  targets: ReadonlyArray<Target>,
  emitter: Emitter,
  split: Portion | undefined
): Ranges => {
  const roots = rootsOf(targets)
  emitter.hoist(roots, new Set(axes))
  const [axis, ...rest] = axes
  if (axis === undefined) {
    storeAll(targets, emitter)
    return undefined
  }
  if (rest.length > 0) {
    const { ranges, ...range } = rangeOf(axis, emitter, split)
    emitter.loop(axis, range, () => emitStage(rest, targets, emitter, undefined))
    return ranges
  }
  if (split !== undefined) return splitStage(axis, targets, emitter, split)
  const lanes = lanesFor(axis, targets, emitter)
  if (lanes === undefined) eachElement(axis, 0, targets, emitter)
  else runs([lanes.unroll, 4, 1], { ...lanes, from: 0 }, targets, emitter)
  return undefined
}

/** Runs from `from` on: as far as whole rounds of the first of `unrolls` go, then of the next; the rest one by one. */
const runs = (
  [unroll, ...others]: ReadonlyArray<number>,
  { from, ...lanes }: Lanes & { readonly from: number },
  targets: ReadonlyArray<Target>,
  emitter: Emitter
): void => {
  const { axis } = lanes
  if (unroll === undefined) return eachElement(axis, from, targets, emitter)
  if (unroll > lanes.unroll) return runs(others, { ...lanes, from }, targets, emitter)
  const to = axis.extent - ((axis.extent - from) % (lanes.lanes * unroll))
  if (to > from) vectors({ ...lanes, unroll }, { from, to }, targets, emitter)
  runs(others, { ...lanes, from: to }, targets, emitter)
}

const eachElement = (axis: Variable, from: number, targets: ReadonlyArray<Target>, emitter: Emitter): void =>
  emitter.loop(axis, { from, to: axis.extent, step: 1 }, () => storeAll(targets, emitter))

/**
 * The innermost axis is also the one that threads share: each has whole rounds of the vector loop, and the last part
 * what is left over.
 */
const splitStage = (axis: Variable, targets: ReadonlyArray<Target>, emitter: Emitter, split: Portion): Ranges => {
  const { code } = emitter
  const { part, threads } = split
  const lanes = lanesFor(axis, targets, emitter, threads.count)
  if (lanes === undefined) {
    const { ranges, ...range } = rangeOf(axis, emitter, split)
    emitter.loop(axis, range, () => storeAll(targets, emitter))
    return ranges
  }
  const step = lanes.lanes * lanes.unroll
  const main = axis.extent - (axis.extent % step)
  const each = Math.max(step, granule)
  vectors(lanes, share(code, part, main, each), targets, emitter)
  const ranges = shares(threads.count, main, each)
  if (main === axis.extent) return ranges
  pushBound(code.get(part.to), part.of).op("index.eq")
  code.if(() => emitter.within([], () => runs([4, 1], { ...lanes, from: main }, targets, emitter)))
  return ranges.map(([from, to], thread) => (thread === threads.count - 1 ? [from, axis.extent] : [from, to]))
}

/** All values before any store: a store may replace what another value was loaded from. */
const storeAll = (targets: ReadonlyArray<Target>, emitter: Emitter): void => {
  targets.forEach(({ value }) => emitter.scalar(value))
  targets.forEach(({ address, dtype, value }) => emitter.store(dtype, address, value))
}

const vectors = (
  lanes: Lanes,
  { from, to }: { readonly from: Bound; readonly to: Bound },
  targets: ReadonlyArray<Target>,
  emitter: Emitter
): void =>
  emitter.along(
    lanes,
    targets.map(({ value }) => value),
    () =>
      emitter.loop(lanes.axis, { from, to, step: lanes.lanes * lanes.unroll }, () => {
        targets.forEach(({ value }) => emitter.vector(value))
        storeAllVectors(lanes.axis, targets, emitter)
      })
  )

const storeAllVectors = (axis: Variable, targets: ReadonlyArray<Target>, emitter: Emitter): void => {
  const strideOf = ({ position }: Target): number => strideIn(position, axis, emitter.workspace)!
  const partnerOf = (target: Target): Target | undefined =>
    strideOf(target) === 2 && bytes(target.dtype) === 4
      ? targets.find((other) => strideOf(other) === 2 && isBehind(target, other))
      : undefined
  const seconds = new Set(targets.map(partnerOf))
  for (const target of targets) {
    const { address, dtype, value } = target
    const partner = partnerOf(target)
    if (seconds.has(target)) continue
    if (partner === undefined) emitter.storeVectors(dtype, address, value, strideOf(target))
    else emitter.storeAlternating(address, [value, partner.value])
  }
}

const isBehind = ({ address: { base, offset }, dtype }: Target, { address, ...other }: Target): boolean =>
  address.base === base && address.offset === offset + bytes(dtype) && other.dtype === dtype

/** How the innermost axis runs in vectors; undefined where it runs element by element. */
const lanesFor = (
  axis: Variable,
  targets: ReadonlyArray<Target>,
  { workspace }: Emitter,
  sharers = 1
): Lanes | undefined => {
  const roots = targets.map(({ value }) => value)
  const lanes = preferredLanes(roots, axis, workspace) ?? (targets.every(({ dtype }) => dtype === "f64") ? 2 : 4)
  if (axis.extent < lanes || !areNeighbors(axis, targets, workspace)) return undefined
  // A stored value that does not vary fills vectors too, so it must have their width.
  if (targets.some(({ dtype }) => (dtype === "f64") !== (lanes === 2))) return undefined
  if (!isVectorizable(roots, axis, { lanes, workspace, dense: false })) return undefined
  const sums = reductionsIn(roots).filter((sum) => workspace.free(sum).has(axis))
  // A sum whose terms lie side by side is better off with vectors of its own.
  if (sums.some((sum) => runsAlong(sum, axis, lanes))) return undefined
  const operations = work(roots, axis, workspace)
  const most = Math.max(1, Math.floor(axis.extent / lanes))
  if (operations > 24) return { axis, lanes, unroll: Math.min(most, 2) }
  // Sums of columns walk through rows: the more of a row each round takes, the better memory likes it.
  const isColumnSum = sums.length === 1 && operations <= 4
  const wide = [16, 8].find((unroll) => isColumnSum && unroll * sharers <= most)
  return { axis, lanes, unroll: wide ?? Math.min(most, 4) }

  function runsAlong(sum: Reduce, outer: Variable, width: 2 | 4): boolean {
    const inner = sum.variables[sum.variables.length - 1]
    if (inner.extent < 2 * width || jumps([sum.body], outer, workspace) === 0) return false
    return isVectorizable([sum.body], inner, { lanes: width, workspace, dense: true })
  }
}

/** Whether vectors are stored side by side: those of one store, or of several in turns. */
const areNeighbors = (axis: Variable, targets: ReadonlyArray<Target>, workspace: Workspace): boolean => {
  const strides = targets.map(({ position }) => strideIn(position, axis, workspace))
  const [stride] = strides
  if (stride === undefined || strides.some((other) => other !== stride)) return false
  return stride === 1 || (stride > 1 && stride <= 4 && targets.length % stride === 0)
}

const reductionsIn = (roots: ReadonlyArray<Scalar>): ReadonlyArray<Reduce> => {
  const found: Array<Reduce> = []
  const seen = new Set<Scalar>()
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return
    seen.add(scalar)
    if (scalar.tag === "reduce") found.push(scalar)
    children(scalar).forEach(visit)
  }
  roots.forEach(visit)
  return found
}
