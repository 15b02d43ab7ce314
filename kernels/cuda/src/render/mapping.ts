/**
 * Which axes of a nest are rows, each with threads of its own, and how many threads work on a row.
 */
import type { Buffer, Nest, Stage } from "@cotangent/compiler/LoopProgram"
import * as Affine from "@cotangent/tensor/Affine"
import { bytes } from "@cotangent/tensor/DType"
import type { Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import { extentOf, freedomWith, partsOf, termsOf } from "./freedom.ts"
import type { Group } from "./Group.ts"
import { blockOf, column, thread, warp } from "./Group.ts"
import { dividing, lanesAlong } from "./lanes.ts"

/** How the rows of a nest are worked on. */
export interface Mapping {
  /** Axes of which each value has its threads, the innermost last. */
  readonly rows: ReadonlyArray<Variable>
  /** What is done for a row. */
  readonly stages: ReadonlyArray<Stage>
  readonly group: Group
  /** Rows that a thread works on side by side. */
  readonly lanes: number
  /** Which stages read what earlier ones wrote. */
  readonly mustWait: ReadonlyArray<boolean>
}

/** A reduction of fewer terms is a matter of one thread. */
const leastTerms = 8
/** Threads that keep a device busy. */
const many = 65536
/** Of so many times fewer elements it does not matter where they lie. */
const few = 16
/** What is private to the rows of a block takes no more than this. */
const mostShared = 49152

const valuesOf = (stages: ReadonlyArray<Stage>): ReadonlyArray<Scalar> =>
  stages.flatMap(({ stores }) => stores.map(({ value }) => value))

/** The long reductions within `roots` that stand in no other. */
export const longReductions = (roots: ReadonlyArray<Scalar>): ReadonlyArray<Reduce> =>
  [...partsOf(roots)].filter((scalar): scalar is Reduce => scalar.tag === "reduce" && termsOf(scalar) >= leastTerms)

/** Rows and stages of a nest: a nest of one stage has for rows what its long reductions depend on. */
export const rowsOf = (nest: Nest): Pick<Mapping, "rows" | "stages"> => {
  if (nest.axes.length > 0 || nest.stages.length !== 1) return { rows: nest.axes, stages: nest.stages }
  const [{ axes, stores }] = nest.stages
  const free = freedomWith(new Set(), [])
  const inside = new Set<Variable>()
  for (const reduce of longReductions(valuesOf(nest.stages))) for (const axis of free(reduce)) inside.add(axis)
  const needed = axes.filter((axis) => inside.has(axis))
  const isSum = inside.size > 0 || longReductions(valuesOf(nest.stages)).length > 0
  if (!isSum || needed.length === axes.length) return { rows: axes, stages: [{ axes: [], stores }] }
  return { rows: needed, stages: [{ axes: axes.filter((axis) => !inside.has(axis)), stores }] }
}

/** How much there is to do in a row: elements of a stage, or terms of a reduction that is the same for all of them. */
export const workOf = ({ stages }: Pick<Mapping, "stages">): number => {
  const inner = new Set(stages.flatMap(({ axes }) => axes))
  const free = freedomWith(new Set(), [])
  const terms = longReductions(valuesOf(stages))
    .filter((reduce) => ![...free(reduce)].some((variable) => inner.has(variable)))
    .map(termsOf)
  return Math.max(1, ...stages.map(({ axes }) => extentOf(axes)), ...terms)
}

export const mappingOf = (nest: Nest): Mapping => {
  const { rows, stages } = rowsOf(nest)
  const work = workOf({ stages })
  const count = extentOf(rows)
  const reach = reachOf(rows, stages)
  const ordered = reach.best === undefined ? rows : [...rows.filter((axis) => axis !== reach.best), reach.best]
  const base = { stages, mustWait: waits(stages) }
  const isMap = work === 1
  if (isMap || (work < leastTerms && stages.every(({ axes }) => extentOf(axes) < leastTerms))) {
    // What is private is there once for a thread.
    const isVector = isMap && privateBytesOf(stages) === 0
    return { ...base, rows, group: thread, lanes: isVector ? lanesOf(rows, stages) : 1 }
  }
  const shared = privateBytesOf(stages)
  if (reach.isAcross && shared * 32 <= mostShared) {
    if (count >= 2 * many && shared === 0) return { ...base, rows: ordered, group: thread, lanes: 1 }
    return { ...base, rows: ordered, group: column(work >= 512 && count < 8192 ? 32 : 8), lanes: 1 }
  }
  if (work <= 1024 && count > 64) {
    const perBlock = Math.max(1, Math.min(8, Math.floor(mostShared / Math.max(shared, 1))))
    return { ...base, rows, group: warp(perBlock), lanes: 1 }
  }
  return { ...base, rows, group: blockOf(work > 16384 ? 1024 : work > 2048 ? 512 : 128), lanes: 1 }
}

const privateBytesOf = (stages: ReadonlyArray<Stage>): number => {
  const buffers = new Set(stages.flatMap(({ stores }) => stores.map(({ buffer }) => buffer)))
  return [...buffers]
    .filter(({ role }) => role === "private")
    .reduce((total, { dtype, shape }) => total + shape[0] * bytes(dtype) + 64, 0)
}

/** Which stages read what an earlier one has written. */
const waits = (stages: ReadonlyArray<Stage>): ReadonlyArray<boolean> => {
  const written = new Set<unknown>()
  return stages.map(({ stores }) => {
    const roots = stores.flatMap(({ offset, value }) => [offset, value])
    const isWaiting = [...partsOf(roots)].some((scalar) => scalar.tag === "load" && written.has(scalar.source))
    stores.forEach(({ buffer }) => written.add(buffer))
    return isWaiting
  })
}

/** Positions of loads and stores, with the dtype of what stands there. */
const accessesOf = (
  stages: ReadonlyArray<Stage>
): ReadonlyArray<{ readonly position: Scalar; readonly buffer: Buffer }> =>
  stages.flatMap(({ stores }) => [
    ...stores.map(({ buffer, offset }) => ({ position: offset, buffer })),
    ...[...partsOf(stores.map(({ value }) => value))].flatMap((scalar) =>
      // Loads of loop programs refer to buffers.
      scalar.tag === "load" ? [{ position: scalar.index[0], buffer: scalar.source as Buffer }] : []
    )
  ])

/** Whether neighbors in memory belong to neighboring rows rather than to one, and along which axis rows are neighbors. */
export const reachOf = (
  rows: ReadonlyArray<Variable>,
  stages: ReadonlyArray<Stage>
): { readonly isAcross: boolean; readonly best: Variable | undefined } => {
  const across = new Map<Variable, number>()
  let along = 0
  const accesses = accessesOf(stages).flatMap(({ buffer, position }) => {
    if (buffer.role === "private") return []
    const { terms } = Affine.of(position)
    const variables = [...partsOf([...terms.keys()])].filter((scalar) => scalar.tag === "variable")
    return [{ terms, variables, elements: Math.min(buffer.shape[0], extentOf(variables)) }]
  })
  const isByRow = accesses.every(({ variables }) => variables.every((axis) => rows.includes(axis)))
  if (isByRow) return { isAcross: false, best: undefined }
  const most = Math.max(...accesses.map(({ elements }) => elements))
  for (const { elements, terms } of accesses) {
    // What is one number for a row takes next to no time beside what is many.
    if (elements * few < most) continue
    for (const [atom, factor] of terms) {
      if (factor !== 1 || atom.tag !== "variable" || atom.extent < 4) continue
      if (rows.includes(atom)) across.set(atom, (across.get(atom) ?? 0) + 1)
      else along++
    }
  }
  const [[best, votes] = [undefined, 0]] = [...across].toSorted(([, x], [, y]) => y - x)
  return { isAcross: votes > along, best: votes > along ? best : undefined }
}

/** Elements that a thread computes side by side: as many as a load takes. */
const lanesOf = (rows: ReadonlyArray<Variable>, stages: ReadonlyArray<Stage>): number => {
  const innermost = rows[rows.length - 1]
  const accesses = accessesOf(stages).map(({ buffer, position }) => ({ position, dtype: buffer.dtype }))
  const lanes = lanesAlong(innermost, accesses, valuesOf(stages))
  if (lanes === 1) return 1
  return rows.length === 1 && innermost.extent > lanes ? lanes : dividing(lanes, innermost.extent)
}

/** Elements of a stage that a thread of a group takes at a time, so that all threads have some. */
export const stageLanes = ({ axes, stores }: Stage, group: Group): number => {
  const innermost = axes[axes.length - 1]
  if (innermost === undefined) return 1
  const accesses = accessesOf([{ axes, stores }]).map(({ buffer, position }) => ({ position, dtype: buffer.dtype }))
  const values = stores.map(({ value }) => value)
  const lanes = dividing(lanesAlong(innermost, accesses, values), innermost.extent)
  return extentOf(axes) / lanes >= group.lanes ? lanes : 1
}
