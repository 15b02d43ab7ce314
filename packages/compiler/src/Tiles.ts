/**
 * Tiles: neighboring steps that all run over the same batch run together for one part of the batch after the other, so
 * that what passes between them stays in the cache and needs memory for that part alone. The scores of attention, for
 * one, never exist for more than a head at a time.
 */
import * as Affine from "@cotangent/tensor/Affine"
import type { Load, Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { rewriter } from "./Axes.ts"
import { substitution } from "./Cut.ts"
import type { Buffer, Contraction, Nest, Operand, Step, Store, Tiles } from "./LoopProgram.ts"
import { footprint } from "./LoopProgram.ts"

/** Fewer parts than this are not worth running one by one: threads could not share them evenly. */
const leastParts = 16

/** Makes buffers that each thread has for itself. */
export type Privatize = (length: number, dtype: Buffer["dtype"]) => Buffer

/** `steps`, those that can run by tiles put together where that saves memory. */
export const tiled = (steps: ReadonlyArray<Step>, privatize: Privatize): ReadonlyArray<Step> => {
  const uses = usesOf(steps)
  const result: Array<Step> = []
  for (let at = 0; at < steps.length;) {
    const run = longestRun(steps, at)
    const passed = run === undefined ? [] : passedOn(run, uses)
    if (run === undefined || passed.length === 0) result.push(steps[at++])
    else {
      result.push(together(run, passed, privatize))
      at += run.parts.length
    }
  }
  return result
}

/** How many of the steps touch each buffer. */
const usesOf = (steps: ReadonlyArray<Step>): ReadonlyMap<Buffer, number> => {
  const uses = new Map<Buffer, number>()
  for (const step of steps) {
    const { reads, writes } = footprint(step)
    for (const buffer of new Set([...reads, ...writes])) uses.set(buffer, (uses.get(buffer) ?? 0) + 1)
  }
  return uses
}

/** A step for one tile, and for each buffer whether the tile touches only its own slice. */
interface Part {
  readonly step: Nest | Contraction
  readonly isSliced: ReadonlyMap<Buffer, boolean>
}

interface Run {
  readonly tile: Variable
  readonly parts: ReadonlyArray<Part>
}

/** The steps from `at` on that can run by the tiles of the first, a product with a batch. */
const longestRun = (steps: ReadonlyArray<Step>, at: number): Run | undefined => {
  const [first] = steps.slice(at, at + 1)
  if (first.tag !== "contraction") return undefined
  const count = first.batch.reduce((product, { extent }) => product * extent, 1)
  if (count < leastParts) return undefined
  const tile = S.variable(count)
  const parts: Array<Part> = []
  /** Of the buffers that the run writes or reads: whether every step keeps to its slice. */
  const sliced = new Map<Buffer, boolean>()
  const written = new Set<Buffer>()
  for (const step of steps.slice(at)) {
    const part = step.tag === "nest" || step.tag === "contraction" ? partOf(step, tile) : undefined
    if (part === undefined) break
    const { writes } = footprint(part.step)
    const fits = [...part.isSliced].every(([buffer, isSliced]) => {
      const before = sliced.get(buffer)
      const isShared = before !== undefined && (written.has(buffer) || writes.has(buffer))
      return !isShared || (isSliced && before)
    })
    if (!fits) break
    part.isSliced.forEach((isSliced, buffer) => sliced.set(buffer, isSliced && (sliced.get(buffer) ?? true)))
    writes.forEach((buffer) => written.add(buffer))
    parts.push(part)
  }
  return parts.length < 2 ? undefined : { tile, parts }
}

/** The temporaries that nobody but the run touches. */
const passedOn = ({ parts }: Run, uses: ReadonlyMap<Buffer, number>): ReadonlyArray<Buffer> => {
  const inside = usesOf(parts.map(({ step }) => step))
  return [...inside].flatMap(([buffer, count]) => {
    const isOwn = buffer.role === "temporary" && uses.get(buffer) === count
    return isOwn && parts.every(({ isSliced }) => isSliced.get(buffer) ?? true) ? [buffer] : []
  })
}

/** A step in terms of the tile instead of its outer axes; undefined where those do not make up the tiles. */
const partOf = (given: Nest | Contraction, tile: Variable): Part | undefined => {
  const step = given.tag === "nest" ? tileOfNest(given, tile) : tileOfContraction(given, tile)
  if (step === undefined) return undefined
  const isSliced = new Map<Buffer, boolean>()
  for (const { buffer, position, reach } of accesses(step)) {
    const isOwn = keepsToSlice(buffer, Affine.of(position), reach, tile)
    isSliced.set(buffer, isOwn && (isSliced.get(buffer) ?? true))
  }
  return { step, isSliced }
}

const tileOfContraction = (step: Contraction, tile: Variable): Contraction | undefined => {
  const outer = leading(step.batch, tile)
  if (outer === undefined || outer.rest !== undefined) return undefined
  const moved = mover(outer.values)
  return {
    ...step,
    batch: step.batch.slice(outer.count),
    a: movedOperand(step.a, moved),
    b: movedOperand(step.b, moved),
    // A reduction stays one when its body is rewritten.
    accumulator: moved(step.accumulator) as Reduce,
    stores: step.stores.map(movedStore(moved))
  }
}

const tileOfNest = (nest: Nest, tile: Variable): Nest | undefined => {
  const isFlat = nest.axes.length === 0 && nest.stages.length === 1
  const axes = isFlat ? nest.stages[0].axes : nest.axes
  const outer = leading(axes, tile)
  if (outer === undefined) return undefined
  const moved = mover(outer.values)
  const rest = [...(outer.rest === undefined ? [] : [outer.rest]), ...axes.slice(outer.count)]
  const stages = nest.stages.map((stage) => ({
    axes: isFlat ? rest : stage.axes,
    stores: stage.stores.map(movedStore(moved))
  }))
  return { ...nest, axes: isFlat ? [] : rest, stages }
}

/** Loops that make up the tiles together. */
interface Leading {
  readonly values: ReadonlyMap<Scalar, Scalar>
  readonly count: number
  /** What is left of the last of them. */
  readonly rest: Variable | undefined
}

const leading = (axes: ReadonlyArray<Variable>, tile: Variable): Leading | undefined => {
  let count = 0
  let product = 1
  while (count < axes.length && tile.extent % (product * axes[count].extent) === 0 && product < tile.extent) {
    product *= axes[count++].extent
  }
  const missing = tile.extent / product
  const last = missing === 1 ? undefined : axes[count]
  if (missing > 1 && (last === undefined || last.extent % missing !== 0)) return undefined
  const extents = [...axes.slice(0, count).map(({ extent }) => extent), ...(missing === 1 ? [] : [missing])]
  const index = Affine.unflatten(tile, extents)
  const values = new Map<Scalar, Scalar>(axes.slice(0, count).map((axis, i) => [axis, index[i]]))
  if (last === undefined) return { values, count, rest: undefined }
  const rest = S.variable(last.extent / missing)
  values.set(last, S.add(S.mul(index[count], S.constant(rest.extent)), rest))
  return { values, count: count + 1, rest }
}

type Move = (scalar: Scalar) => Scalar

const mover = (values: ReadonlyMap<Scalar, Scalar>): Move => substitution(values)

const movedStore =
  (moved: Move) =>
  ({ buffer, offset, value }: Store): Store => ({
    buffer,
    offset: Affine.simplified(moved(offset)),
    value: moved(value)
  })

const movedOperand = (operand: Operand, moved: Move): Operand => ({
  ...operand,
  offset: Affine.simplified(moved(operand.offset))
})

/** A place that a step reads or writes; an operand reaches on from there. */
interface Access {
  readonly buffer: Buffer
  readonly position: Scalar
  readonly reach: readonly [below: number, above: number]
}

const accesses = (step: Nest | Contraction): ReadonlyArray<Access> => {
  const found: Array<Access> = []
  const seen = new Set<Scalar>()
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return
    seen.add(scalar)
    // Loads of loop programs refer to buffers.
    if (scalar.tag === "load") found.push({ buffer: scalar.source as Buffer, position: scalar.index[0], reach: [0, 0] })
    S.children(scalar).forEach(visit)
  }
  const stores = step.tag === "nest" ? step.stages.flatMap((stage) => stage.stores) : step.stores
  if (step.tag === "contraction") {
    // Its operands tell where the sum reads.
    seen.add(step.accumulator)
    const { a, b, column, depth, row } = step
    found.push({ buffer: a.buffer, position: a.offset, reach: reachOf(a, row, depth) })
    found.push({ buffer: b.buffer, position: b.offset, reach: reachOf(b, column, depth) })
  }
  for (const { buffer, offset, value } of stores) {
    found.push({ buffer, position: offset, reach: [0, 0] })
    visit(offset)
    visit(value)
  }
  return found
}

const reachOf = ({ depthStride, stride, walk }: Operand, free: Variable, depth: Variable): Access["reach"] => {
  const rounds =
    walk === undefined
      ? [
          { extent: free.extent, stride },
          { extent: depth.extent, stride: depthStride }
        ]
      : [...walk.free, ...walk.depth]
  const steps = rounds.map((round) => (round.extent - 1) * round.stride)
  return [
    steps.reduce((sum, step) => sum + Math.min(0, step), 0),
    steps.reduce((sum, step) => sum + Math.max(0, step), 0)
  ]
}

const sliceOf = (buffer: Buffer, tile: Variable): number => buffer.shape[0] / tile.extent

/** Whether all positions lie in the slice of the buffer that belongs to the tile. */
const keepsToSlice = (
  buffer: Buffer,
  { constant, terms }: Affine.Affine,
  [below, above]: Access["reach"],
  tile: Variable
): boolean => {
  const length = sliceOf(buffer, tile)
  if (!Number.isInteger(length) || terms.get(tile) !== length) return false
  const rest = new Map(terms)
  rest.delete(tile)
  const [low, high] = Affine.bounds({ constant, terms: rest })
  return low + below >= 0 && high + above < length
}

/** The steps of a run, tile by tile; what passes between them alone has memory for one. */
const together = ({ parts, tile }: Run, passed: ReadonlyArray<Buffer>, privatize: Privatize): Tiles => {
  const own = new Map(passed.map((buffer) => [buffer, privatize(sliceOf(buffer, tile), buffer.dtype)] as const))
  const within = (buffer: Buffer, position: Scalar): Scalar => {
    const { constant, terms } = Affine.of(position)
    const rest = new Map(terms)
    if (own.has(buffer)) rest.delete(tile)
    return Affine.toScalar({ constant, terms: rest })
  }
  const moved = rewriter((scalar, rewrite) => {
    if (scalar.tag !== "load") return undefined
    const [position] = scalar.index.map(rewrite)
    return movedLoad(scalar, position)
  })
  const movedLoad = (load: Load, position: Scalar): Scalar => {
    const buffer = load.source as Buffer
    return S.load(own.get(buffer) ?? buffer, [within(buffer, position)])
  }
  const store = ({ buffer, offset, value }: Store): Store => ({
    buffer: own.get(buffer) ?? buffer,
    offset: within(buffer, offset),
    value: moved(value)
  })
  const operand = (given: Operand): Operand => ({
    ...given,
    buffer: own.get(given.buffer) ?? given.buffer,
    offset: within(given.buffer, given.offset)
  })
  const steps = parts.map(({ step }): Step =>
    step.tag === "nest"
      ? { ...step, stages: step.stages.map(({ axes, stores }) => ({ axes, stores: stores.map(store) })) }
      : {
          ...step,
          a: operand(step.a),
          b: operand(step.b),
          accumulator: moved(step.accumulator) as Reduce,
          stores: step.stores.map(store)
        }
  )
  return { tag: "tiles", counter: tile, steps }
}
