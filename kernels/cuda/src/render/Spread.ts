/**
 * Few long rows keep few threads busy, and so do few columns, of which a block takes several: their sums are taken in parts
 * that run at the same time, each with a row of its own, and what remains runs element by element.
 */
import { substitution } from "@cotangent/compiler/Cut"
import type { Buffer, Nest, Stage } from "@cotangent/compiler/LoopProgram"
import { footprint } from "@cotangent/compiler/LoopProgram"
import * as Affine from "@cotangent/tensor/Affine"
import type { Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { extentOf, freedomWith, partsOf as scalarsOf, termsOf } from "./freedom.ts"
import { longReductions, reachOf, rowsOf, workOf } from "./mapping.ts"
import type { Site } from "./Site.ts"

/** Fewer rows than this do not fill a device by themselves. */
const fewRows = 512
/** Less work in a row than this is not worth a kernel more. */
const leastWork = 16384
/** Terms that one part of a sum should have. */
const partTerms = 4096
/** No sum has more parts. */
const mostParts = 1024
/** Columns that a block adds up side by side, and blocks that fill a device. */
const columns = 32
const manyBlocks = 1024
/** Terms of all columns that are worth a kernel more, and of one part of a column. */
const leastColumnWork = 2 ** 20
const columnTerms = 128

/** In how many parts sums of so many terms are taken, where that is worth it. */
type Cut = (terms: number) => number

/** How the sums of some rows are cut; undefined where rows are enough, or have little to do. */
const cutOf = (rows: ReadonlyArray<Variable>, stages: ReadonlyArray<Stage>): Cut | undefined => {
  const [count, work] = [extentOf(rows), workOf({ stages })]
  const blocks = Math.ceil(count / columns)
  const isAcross = blocks <= manyBlocks / 4 && count * work >= leastColumnWork && reachOf(rows, stages).isAcross
  const byColumns: Cut = (terms) => Math.min(mostParts, Math.ceil(manyBlocks / blocks), Math.floor(terms / columnTerms))
  if (isAcross && byColumns(work) > 1) return byColumns
  if (count >= fewRows || work < leastWork) return undefined
  return (terms) => Math.min(mostParts, Math.floor(terms / partTerms))
}

/** The nests that do what `nest` does, if that is worth it. */
export const spread = (nest: Nest, site: Site): ReadonlyArray<Nest> | undefined => {
  const { rows, stages } = rowsOf(nest)
  const cut = cutOf(rows, stages)
  if (cut === undefined) return undefined
  if (stages.some(({ stores }) => stores.some(({ buffer }) => buffer.role === "private"))) return undefined
  const inner = new Set(stages.flatMap(({ axes }) => axes))
  const free = freedomWith(new Set(), [])
  const known = new Map<Scalar, Scalar>()
  const before: Array<Nest> = []
  /** A sum with what is known of others put in; its value for a row, by way of memory. */
  const inMemory = (reduce: Reduce, isLast: boolean): void => {
    const given = substitution(known)(reduce)
    if (given.tag !== "reduce") return void known.set(reduce, given)
    const parts = partsOf(given, rows, { cut, site })
    if (parts !== undefined) append(before, parts.nest)
    const sum = parts?.sum ?? given
    if (isLast) return void known.set(reduce, sum)
    const whole = site.temporary(extentOf(rows), sum.dtype)
    const offset = positionOf(rows)
    before.push(nestOf(`${nest.name}_sum`, rows, { axes: [], stores: [{ buffer: whole, offset, value: sum }] }))
    known.set(reduce, S.load(whole, [offset]))
  }
  const result: Array<Nest> = []
  for (const stage of stages) {
    const values = stage.stores.map(({ value }) => value)
    const shared = longReductions(values).filter((reduce) => ![...free(reduce)].some((axis) => inner.has(axis)))
    const isSumOnly = stages.length === 1 && stage.axes.length === 0
    const isWithin = (reduce: Reduce): boolean =>
      shared.some((other) => other !== reduce && scalarsOf([other.body]).has(reduce))
    shared.forEach((reduce) => known.has(reduce) || inMemory(reduce, isSumOnly && !isWithin(reduce)))
    const put = substitution(known)
    result.push(
      ...before.splice(0),
      nestOf(nest.name, rows, {
        axes: stage.axes,
        stores: stage.stores.map((store) => ({ ...store, value: put(store.value) }))
      })
    )
  }
  const isSame = result.length === 1 && result[0].stages[0].axes.length === rows.length + stages[0].axes.length
  return isSame && known.size === 0 && nest.axes.length === 0 ? undefined : result
}

/** A nest of one stage over its rows and its own axes. */
const nestOf = (name: string, rows: ReadonlyArray<Variable>, { axes, stores }: Stage): Nest => ({
  tag: "nest",
  name,
  axes: [],
  stages: [{ axes: [...rows, ...axes], stores }]
})

const positionOf = (rows: ReadonlyArray<Variable>): Scalar =>
  Affine.flatten(
    rows,
    rows.map(({ extent }) => extent)
  )

/** Adds a nest; sums in equal parts of which none needs another are taken by one. */
const append = (nests: Array<Nest>, nest: Nest): void => {
  const [{ axes, stores }] = nest.stages
  const at = nests.findIndex((other) => {
    const [stage] = other.stages
    return other.name === nest.name && stage.axes.every((axis, i) => axis.extent === axes[i].extent)
  })
  const { reads } = footprint(nest)
  const isFree =
    at >= 0 && nests.slice(at).every((other) => ![...footprint(other).writes].some((buffer) => reads.has(buffer)))
  if (!isFree) return void nests.push(nest)
  const [stage] = nests[at].stages
  const put = substitution(new Map<Scalar, Scalar>(axes.map((axis, i) => [axis, stage.axes[i]])))
  const moved = stores.map((store) => ({ ...store, offset: put(store.offset), value: put(store.value) }))
  nests[at] = { ...nests[at], stages: [{ ...stage, stores: [...stage.stores, ...moved] }] }
}

/** A sum as one over the sums of its parts, and the nest that takes these. */
const partsOf = (
  reduce: Reduce,
  rows: ReadonlyArray<Variable>,
  { cut, site }: { readonly cut: Cut; readonly site: Site }
): { readonly nest: Nest; readonly sum: Reduce } | undefined => {
  const { body, combine, dtype, variables } = reduce
  const longest = variables.reduce((x, y) => (y.extent > x.extent ? y : x))
  const count = Math.min(cut(termsOf(reduce)), longest.extent)
  if (count < 2) return undefined
  const length = lengthOf(longest.extent, count)
  const parts = Math.ceil(longest.extent / length)
  const [part, within] = [S.variable(parts), S.variable(length)]
  const at = S.add(S.mul(part, S.constant(length)), within)
  const isEven = parts * length === longest.extent
  const last = S.constant(longest.extent - 1)
  const moved = substitution(new Map([[longest, isEven ? at : S.min(at, last)]]))(body)
  const guarded = isEven
    ? moved
    : S.select(S.less(at, S.constant(longest.extent)), moved, S.constant(S.identity(combine, dtype), dtype))
  const inner: Reduce = {
    ...reduce,
    variables: variables.map((variable) => (variable === longest ? within : variable)),
    body: guarded
  }
  const buffer: Buffer = site.temporary(extentOf(rows) * parts, wideOf(dtype))
  const offset = positionOf([...rows, part])
  const again = S.variable(parts)
  const term = S.load(buffer, [positionOf([...rows, again])])
  return {
    nest: nestOf("parts", rows, { axes: [part], stores: [{ buffer, offset, value: inner }] }),
    sum: { ...reduce, dtype: buffer.dtype, variables: [again], body: term }
  }
}

/** Sums of halves are rounded once, at their end. */
const wideOf = (dtype: Reduce["dtype"]): Reduce["dtype"] => (dtype === "f16" || dtype === "bf16" ? "f32" : dtype)

/** The length of `count` parts or somewhat fewer or more, preferably one that divides the whole. */
const lengthOf = (extent: number, count: number): number => {
  const length = Math.ceil(extent / count)
  for (let longer = length; longer <= 2 * length; longer++) if (extent % longer === 0) return longer
  return length
}
