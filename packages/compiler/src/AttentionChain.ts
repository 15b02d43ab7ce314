/**
 * Chains of attention: products that hang together by sums that need not be kept, and what is left of them to do.
 */
import * as Affine from "@cotangent/tensor/Affine"
import { bytes } from "@cotangent/tensor/DType"
import type { Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { extentOf, replaced, rewriter } from "./Axes.ts"
import { substitution } from "./Cut.ts"
import type { Buffer, Contraction, Nest, Operand, Step, Store, Weighed } from "./LoopProgram.ts"
import { footprint } from "./LoopProgram.ts"
import { bytesOf } from "./Plan.ts"
import type { Target } from "./Target.ts"

/** The axes of sums that are not kept: batch, row and column, outermost first. */
export interface Domain {
  readonly batch: Variable
  readonly row: Variable
  readonly column: Variable
}

/** A product whose sums are not kept. */
export interface Product {
  readonly accumulator: Reduce
  readonly depth: Variable
  readonly rows: Operand
  readonly columns: Operand
}

/** Products that hang together by sums that need not be kept, in terms of one domain. */
export interface Chain {
  readonly domain: Domain
  readonly scores: ReadonlyArray<Product>
  /** The positions of the steps that it stands for. */
  readonly absorbed: ReadonlySet<number>
  /** What is left to do, by the position of the step that did it. */
  readonly results: ReadonlyArray<Result>
  /** The most columns of results that one step may have. */
  readonly mostColumns: number
}

/** Values of rows, or products with the weights, that somebody else reads. */
export interface Result {
  readonly at: number
  readonly isAcross: boolean
  readonly stores: ReadonlyArray<Store>
  readonly weighed: ReadonlyArray<Weighed>
}

const isSame = (x: Affine.Affine, y: Affine.Affine): boolean =>
  x.constant === y.constant &&
  x.terms.size === y.terms.size &&
  [...x.terms].every(([atom, factor]) => y.terms.get(atom) === factor)

/** Whether a step is a product whose sums are worth computing again, each stored once and row by row. */
export const isScore = (step: Step, target: Target): step is Contraction => {
  if (step.tag !== "contraction" || step.stores.length !== 1) return false
  const { a, b, batch, column, depth, row } = step
  const [{ buffer, offset }] = step.stores
  const least = target.leastScores[a.buffer.dtype]
  if (least === undefined || b.buffer.dtype !== a.buffer.dtype || buffer.role !== "temporary") return false
  if (
    bytesOf(buffer) < Math.max(least, target.leastMatrix * extentOf(batch)) ||
    depth.extent * bytes(a.buffer.dtype) > target.widestScores ||
    a.walk !== undefined ||
    b.walk !== undefined
  )
    return false
  const axes = [...batch, row, column]
  const dense = Affine.flatten(
    axes,
    axes.map(({ extent }) => extent)
  )
  return extentOf(batch) > 1 && extentOf(axes) === buffer.shape[0] && isSame(Affine.of(offset), Affine.of(dense))
}

const sizesOf = ({ batch, column, row }: Contraction): string => [extentOf(batch), row.extent, column.extent].join("·")

/** Puts places of a domain in the place of axes that make up the same positions. */
const placed = (axes: ReadonlyArray<Variable>, flat: Scalar): ReadonlyArray<readonly [Scalar, Scalar]> => {
  const index = Affine.unflatten(
    flat,
    axes.map(({ extent }) => extent)
  )
  return axes.map((axis, i) => [axis, index[i]] as const)
}

type Put = (scalar: Scalar) => Scalar

const movedOperand = (operand: Operand, put: Put): Operand => ({
  ...operand,
  offset: Affine.simplified(put(operand.offset))
})

/** The products that hang together with the one at `start`; undefined where some of their sums have to be kept. */
export const chainFrom = (steps: ReadonlyArray<Step>, start: number, target: Target): Chain | undefined => {
  const first = steps[start] as Contraction
  const domain: Domain = {
    batch: S.variable(extentOf(first.batch)),
    row: S.variable(first.row.extent),
    column: S.variable(first.column.extent)
  }
  /** What sums that are not kept mean at a place of the domain. */
  const meanings = new Map<Buffer, Scalar>()
  const scores: Array<Product> = []
  const absorbed = new Set<number>()
  const results: Array<Result> = []
  const others = new Map<Buffer, number>()
  const include = (at: number): void => {
    const { meaning, score } = scoreOf(steps[at] as Contraction, domain)
    scores.push(score)
    meanings.set((steps[at] as Contraction).stores[0].buffer, meaning)
    absorbed.add(at)
  }
  include(start)
  for (let at = start + 1; at < steps.length; at++) {
    const step = steps[at]
    const { reads } = footprint(step)
    if (![...reads].some((buffer) => meanings.has(buffer))) {
      if (isScore(step, target) && sizesOf(step) === sizesOf(first)) others.set(step.stores[0].buffer, at)
      continue
    }
    if (step.tag === "nest") {
      // Another product joins where something is computed from both.
      for (const buffer of reads) if (others.has(buffer) && !meanings.has(buffer)) include(others.get(buffer)!)
      const found = nestIn(step, domain, meanings)
      if (found === undefined) return undefined
      found.meanings.forEach((meaning, buffer) => meanings.set(buffer, meaning))
      if (found.stores.length > 0) results.push({ at, isAcross: false, stores: found.stores, weighed: [] })
    } else {
      const found = step.tag === "contraction" ? weighedIn(step, domain, { meanings, target }) : undefined
      if (found === undefined) return undefined
      results.push({ at, isAcross: found.isAcross, stores: [], weighed: [found.weighed] })
    }
    absorbed.add(at)
  }
  // What rows come to may be kept for others, the sums themselves may not.
  const outside = new Set(
    steps.flatMap((step, at) => {
      const { reads, writes } = footprint(step)
      return absorbed.has(at) ? [] : [...reads, ...writes]
    })
  )
  const isClosed = [...meanings.keys()].every((buffer) => isOfRow(buffer, domain) || !outside.has(buffer))
  if (!isClosed || !results.some(({ weighed }) => weighed.length > 0)) return undefined
  const isNeeded = ({ buffer }: Store): boolean => !meanings.has(buffer) || outside.has(buffer)
  const needed = results.map((result) => ({ ...result, stores: result.stores.filter(isNeeded) }))
  return {
    domain,
    scores,
    absorbed,
    mostColumns: target.mostColumns,
    results: needed.filter(({ stores, weighed }) => stores.length + weighed.length > 0)
  }
}

/** A product in terms of the domain, and what it stores. */
const scoreOf = (
  step: Contraction,
  { batch, column, row }: Domain
): { readonly score: Product; readonly meaning: Scalar } => {
  const put = substitution(
    new Map<Scalar, Scalar>([...placed(step.batch, batch), [step.row, row], [step.column, column]])
  )
  // A sum stays one when its terms are rewritten.
  const accumulator = put(step.accumulator) as Reduce
  return {
    score: { accumulator, depth: step.depth, rows: movedOperand(step.a, put), columns: movedOperand(step.b, put) },
    meaning: put(step.stores[0].value)
  }
}

const positionIn = ({ batch, column, row }: Domain): Affine.Affine =>
  Affine.of(Affine.flatten([batch, row, column], [batch.extent, row.extent, column.extent]))

const rowIn = ({ batch, row }: Domain): Affine.Affine =>
  Affine.of(Affine.flatten([batch, row], [batch.extent, row.extent]))

const dependsOn = (scalar: Scalar, variable: Variable): boolean => {
  const seen = new Set<Scalar>()
  const visit = (part: Scalar): boolean => {
    if (seen.has(part)) return false
    seen.add(part)
    const isBound = part.tag === "reduce" && part.variables.includes(variable)
    return part === variable || (!isBound && S.children(part).some(visit))
  }
  return visit(scalar)
}

/** Loads of what is not kept as what it means, sums of rows as sums over the column of the domain. */
interface Inline {
  readonly value: (scalar: Scalar) => Scalar
  /** Whether everything was read at its own place. */
  readonly isWhole: () => boolean
}

const inliner = (domain: Domain, meanings: ReadonlyMap<Buffer, Scalar>): Inline => {
  const { column } = domain
  const [position, row] = [positionIn(domain), rowIn(domain)]
  let isWhole = true
  const value = rewriter((scalar, again) => {
    if (scalar.tag === "load") {
      // Loads of loop programs refer to buffers.
      const buffer = scalar.source as Buffer
      const meaning = meanings.get(buffer)
      if (meaning === undefined) return undefined
      isWhole &&= isSame(Affine.of(scalar.index[0]), isOfRow(buffer, domain) ? row : position)
      return meaning
    }
    if (scalar.tag !== "reduce" || scalar.variables.length !== 1) return undefined
    const [variable] = scalar.variables
    if (variable.extent !== column.extent || variable === column) return undefined
    isWhole &&= !dependsOn(scalar.body, column)
    const body = again(substitution(new Map<Scalar, Scalar>([[variable, column]]))(scalar.body))
    return { ...scalar, variables: [column], body }
  })
  return { value, isWhole: () => isWhole }
}

/** Whether a buffer has one element for each row of the domain. */
const isOfRow = ({ shape }: Buffer, { batch, row }: Domain): boolean => shape[0] === batch.extent * row.extent

interface Absorbed {
  readonly meanings: ReadonlyMap<Buffer, Scalar>
  /** What is stored for rows. */
  readonly stores: ReadonlyArray<Store>
}

/** A nest over the domain, or over its rows: what it stores as meanings; undefined where it does anything else. */
const nestIn = (nest: Nest, domain: Domain, known: ReadonlyMap<Buffer, Scalar>): Absorbed | undefined => {
  const { batch, column, row } = domain
  const rowAt = Affine.flatten([batch, row], [batch.extent, row.extent])
  const rows = batch.extent * row.extent
  const isByRows = extentOf(nest.axes) === rows
  if (!isByRows && (nest.axes.length > 0 || nest.stages.length > 1)) return undefined
  const meanings = new Map(known)
  const stores: Array<Store> = []
  const inline = inliner(domain, meanings)
  const [position, rowPosition] = [positionIn(domain), rowIn(domain)]
  const [{ axes: flat }] = nest.stages
  const isRowOnly = !isByRows && extentOf(flat) === rows
  if (!isByRows && !isRowOnly && extentOf(flat) !== rows * column.extent) return undefined
  const outer = isByRows ? placed(nest.axes, rowAt) : placed(flat, isRowOnly ? rowAt : Affine.toScalar(position))
  const inner = isByRows
    ? nest.stages.flatMap(({ axes }) => (extentOf(axes) === column.extent ? placed(axes, column) : []))
    : []
  // One substitution for all stages: what they share stays shared.
  const put = substitution(new Map<Scalar, Scalar>([...outer, ...inner]))
  for (const stage of nest.stages) {
    const isRow = isByRows ? stage.axes.length === 0 : isRowOnly
    if (isByRows && !isRow && extentOf(stage.axes) !== column.extent) return undefined
    for (const { buffer, offset, value } of stage.stores) {
      const at = Affine.of(put(offset))
      const meaning = inline.value(put(value))
      const isOwn = buffer.role === "temporary" && isSame(at, isRow ? rowPosition : position)
      if (isOwn && isRow === isOfRow(buffer, domain)) meanings.set(buffer, meaning)
      else if (!isRow) return undefined
      if (isRow) stores.push({ buffer, offset: Affine.toScalar(at), value: meaning })
    }
  }
  if (!inline.isWhole()) return undefined
  return { meanings, stores }
}

/** A product one of whose factors is not kept; `isAcross` says that rows are summed over. */
const weighedIn = (
  step: Contraction,
  domain: Domain,
  { meanings, target }: { readonly meanings: ReadonlyMap<Buffer, Scalar>; readonly target: Target }
): { readonly weighed: Weighed; readonly isAcross: boolean } | undefined => {
  const { a, accumulator, b, depth } = step
  const isLeft = meanings.has(a.buffer)
  const [weights, operand] = isLeft ? [a, b] : [b, a]
  const [free, column] = isLeft ? [step.row, step.column] : [step.column, step.row]
  if (
    meanings.has(operand.buffer) ||
    operand.buffer.dtype !== weights.buffer.dtype ||
    column.extent * bytes(operand.buffer.dtype) > target.widestScores
  )
    return undefined
  if (weights.walk !== undefined || operand.walk !== undefined || extentOf(step.batch) !== domain.batch.extent)
    return undefined
  const width = domain.column.extent
  const isAcross = weights.stride === 1 && weights.depthStride === width
  const [own, other] = isAcross ? [domain.column, domain.row] : [domain.row, domain.column]
  if (!isAcross && (weights.stride !== width || weights.depthStride !== 1)) return undefined
  if (free.extent !== own.extent || depth.extent !== other.extent) return undefined
  const put = substitution(new Map<Scalar, Scalar>([...placed(step.batch, domain.batch), [free, own]]))
  const start = Affine.of(S.mul(domain.batch, S.constant(domain.row.extent * width)))
  if (!isSame(Affine.of(put(weights.offset)), start)) return undefined
  const moved = movedOperand(operand, put)
  const at = [
    moved.offset,
    S.mul(column, S.constant(operand.stride)),
    S.mul(other, S.constant(operand.depthStride))
  ].reduce(S.add)
  const weight = meanings.get(weights.buffer)!
  const sum: Reduce = {
    ...accumulator,
    variables: [other],
    body: S.mul(weight, S.load(operand.buffer, [Affine.simplified(at)]))
  }
  const hole = S.variable(1)
  const stores = step.stores.map(({ buffer, offset, value }) => ({
    buffer,
    offset: Affine.simplified(put(offset)),
    value: replaced(hole, sum)(put(replaced(accumulator, hole)(value)))
  }))
  return { weighed: { weight, operand: moved, column, accumulator: sum, stores }, isAcross }
}
