/**
 * Rows: what one stage of a nest leaves for the next, round by round of the outer loops, needs memory for a round
 * alone, which stays in the cache. The exponentials of a softmax, for one, never exist for more than a row at a time.
 */
import * as Affine from "@cotangent/tensor/Affine"
import { bytes } from "@cotangent/tensor/DType"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { rewriter } from "./Axes.ts"
import type { Buffer, Nest, Stage, Step, Store } from "./LoopProgram.ts"
import { footprint, inner } from "./LoopProgram.ts"
import type { Privatize } from "./Tiles.ts"

/** `steps`, with private buffers in the place of temporaries that a nest uses a row at a time. */
export const byRows = (steps: ReadonlyArray<Step>, privatize: Privatize, rowBytes: number): ReadonlyArray<Step> => {
  const uses = usesOf(steps)
  const visit = (step: Step): Step => {
    if (step.tag === "nest") return narrowed(step, uses, { privatize, rowBytes })
    return step.tag === "repeat" ? { ...step, steps: step.steps.map(visit) } : step
  }
  return steps.map(visit)
}

/** How many steps touch each buffer; those made of steps touch only what they decide by. */
const usesOf = (steps: ReadonlyArray<Step>): ReadonlyMap<Buffer, number> => {
  const uses = new Map<Buffer, number>()
  const note = (buffer: Buffer): unknown => uses.set(buffer, (uses.get(buffer) ?? 0) + 1)
  const visit = (step: Step): void => {
    const parts = inner(step)
    parts.forEach(visit)
    if ("predicate" in step) note(step.predicate.buffer)
    if (parts.length > 0) return
    const { reads, writes } = footprint(step)
    new Set([...reads, ...writes]).forEach(note)
  }
  steps.forEach(visit)
  return uses
}

const narrowed = (
  nest: Nest,
  uses: ReadonlyMap<Buffer, number>,
  { privatize, rowBytes }: { readonly privatize: Privatize; readonly rowBytes: number }
): Nest => {
  const rows = new Map<Buffer, Buffer>()
  let left = rowBytes
  for (const stage of nest.stages) {
    for (const { buffer } of stage.stores) {
      if (buffer.role !== "temporary" || uses.get(buffer) !== 1) continue
      const length = rowLength(nest, buffer)
      if (length === undefined || length * bytes(buffer.dtype) > left) continue
      left -= length * bytes(buffer.dtype)
      rows.set(buffer, privatize(length, buffer.dtype))
    }
  }
  if (rows.size === 0) return nest
  const outer = new Set<Scalar>(nest.axes)
  const within = (position: Scalar): Scalar => {
    const { constant, terms } = Affine.of(position)
    return Affine.toScalar({ constant, terms: new Map([...terms].filter(([atom]) => !outer.has(atom))) })
  }
  const moved = rewriter((scalar) => {
    const row = scalar.tag === "load" ? rows.get(scalar.source as Buffer) : undefined
    // Positions of rows are affine in variables, so there is nothing in them to rewrite.
    return row === undefined || scalar.tag !== "load" ? undefined : S.load(row, [within(scalar.index[0])])
  })
  const store = ({ buffer, offset, value }: Store): Store => {
    const row = rows.get(buffer)
    return row === undefined
      ? { buffer, offset: moved(offset), value: moved(value) }
      : { buffer: row, offset: within(offset), value: moved(value) }
  }
  return { ...nest, stages: nest.stages.map(({ axes, stores }) => ({ axes, stores: stores.map(store) })) }
}

/**
 * The elements of `buffer` that a round of the outer loops writes, all before it reads any, and which no other round
 * touches; undefined where that is not so.
 */
const rowLength = ({ axes, stages }: Nest, buffer: Buffer): number | undefined => {
  const writer = stages.findIndex(({ stores }) => stores.some((store) => store.buffer === buffer))
  const writes = stages[writer].stores.filter((store) => store.buffer === buffer)
  if (axes.length === 0 || writes.length !== 1) return undefined
  const stored = rowOf(axes, writes[0].offset)
  const length = stages[writer].axes.reduce((product, { extent }) => product * extent, 1)
  if (stored === undefined || stored.from !== 0 || !isDense(stages[writer].axes, writes[0].offset)) return undefined
  if (stored.strides.some((stride, i) => axes[i].extent > 1 && Math.abs(stride) < length)) return undefined
  for (const [at, stage] of stages.entries()) {
    for (const position of readsOf(stage, buffer)) {
      const read = at > writer ? rowOf(axes, position) : undefined
      if (read === undefined || read.from < 0 || read.from + read.span > length) return undefined
      if (read.strides.some((stride, i) => stride !== stored.strides[i])) return undefined
    }
    if (at !== writer && stage.stores.some((store) => store.buffer === buffer)) return undefined
  }
  return length
}

interface Row {
  /** Elements between rounds of each outer axis. */
  readonly strides: ReadonlyArray<number>
  /** Where in the row a round begins, and how far it reaches. */
  readonly from: number
  readonly span: number
}

/** A position as outer axes and a range; undefined where it is more than a sum of variables. */
const rowOf = (axes: ReadonlyArray<Variable>, position: Scalar): Row | undefined => {
  const { constant, terms } = Affine.of(position)
  const strides = axes.map((axis) => terms.get(axis) ?? 0)
  const rest = new Map([...terms].filter(([atom]) => !axes.some((axis) => axis === atom)))
  if ([...rest.keys()].some(({ tag }) => tag !== "variable")) return undefined
  const [low, high] = Affine.bounds({ constant, terms: rest })
  return { strides, from: low, span: high - low + 1 }
}

/** Whether each axis steps by what lies within. */
const isDense = (axes: ReadonlyArray<Variable>, position: Scalar): boolean => {
  const { terms } = Affine.of(position)
  let stride = 1
  for (const axis of axes.toReversed()) {
    if (axis.extent > 1 && terms.get(axis) !== stride) return false
    stride *= axis.extent
  }
  return true
}

/** Where a stage reads `buffer`. */
const readsOf = ({ stores }: Stage, buffer: Buffer): ReadonlyArray<Scalar> => {
  const found: Array<Scalar> = []
  const seen = new Set<Scalar>()
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return
    seen.add(scalar)
    if (scalar.tag === "load" && scalar.source === buffer) found.push(scalar.index[0])
    S.children(scalar).forEach(visit)
  }
  for (const { offset, value } of stores) [offset, value].forEach(visit)
  return found
}
