/**
 * Attention on processors: strips of a few rows of scores at a time, which stay in the cache; each thread has memory for
 * one. Columns of which no row of a strip counts any, as keys that come after all of its queries, are left out.
 */
import * as Affine from "@cotangent/tensor/Affine"
import type { Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { rewriter } from "./Axes.ts"
import { substitution } from "./Cut.ts"
import type { Term } from "./Hidden.ts"
import { isHidden } from "./Hidden.ts"
import type {
  Attention,
  Buffer,
  Contraction,
  Nest,
  Operand,
  Stage,
  Step,
  Store,
  Tiles,
  Weighed
} from "./LoopProgram.ts"
import { partsIn, sharedIn } from "./Shared.ts"
import type { Privatize } from "./Tiles.ts"

/** The most rows of a strip: with more it leaves the cache, with fewer every product packs its second operand too often. */
const mostRows = 128

/** With fewer rows than this, a strip is a whole matrix. */
const leastRows = 16

/** Parts of the rows, and of the columns, that are looked at for what does not count. */
const pieces = 8

/** `steps`, attention as tiles. */
export const inStrips = (steps: ReadonlyArray<Step>, privatize: Privatize): ReadonlyArray<Step> =>
  steps.flatMap((step): ReadonlyArray<Step> => (step.tag === "attention" ? stripsOf(step, privatize) : [step]))

/** Rows that see the same columns. */
interface Band {
  readonly rows: Affine.Bounds
  readonly columns: Affine.Bounds
}

const stripsOf = (step: Attention, privatize: Privatize): ReadonlyArray<Tiles> =>
  bandsOf(step).map((band) => strip(step, band, privatize))

const piecesOf = (extent: number): ReadonlyArray<Affine.Bounds> => {
  const count = extent % (pieces * leastRows) === 0 ? pieces : 1
  const length = extent / count
  return Array.from({ length: count }, (_, i) => [i * length, (i + 1) * length - 1])
}

/** Bands of rows, each with all of the columns that any of them counts. */
const bandsOf = (step: Attention): ReadonlyArray<Band> => {
  const { other, own, sums, weighed } = step
  const terms: ReadonlyArray<Term> = [
    ...sums.flatMap(({ isKnown, sum }) =>
      isKnown ? [] : [{ value: sum.body, neutral: S.identity(sum.combine, sum.dtype) }]
    ),
    ...weighed.map(({ weight }) => ({ value: weight, neutral: 0 }))
  ]
  const bands: Array<Band> = []
  for (const rows of piecesOf(own.extent)) {
    const seen = piecesOf(other.extent).filter(
      (columns) =>
        !isHidden(
          terms,
          new Map([
            [own, rows],
            [other, columns]
          ])
        )
    )
    // Values that nothing adds to are still stored.
    const [first, last] = seen.length === 0 ? [[0, other.extent - 1] as const] : [seen[0], seen[seen.length - 1]]
    const columns = [first[0], (last ?? first)[1]] as const
    const before = bands.at(-1)
    if (before !== undefined && before.columns[0] === columns[0] && before.columns[1] === columns[1])
      bands[bands.length - 1] = { rows: [before.rows[0], rows[1]], columns }
    else bands.push({ rows, columns })
  }
  return bands
}

/** The greatest divisor of `extent` that is at most `most`. */
const divisorOf = (extent: number, most: number): number => {
  for (let divisor = Math.min(most, extent); divisor > 1; divisor--) if (extent % divisor === 0) return divisor
  return 1
}

/** The tiles of a band. */
const strip = (step: Attention, { columns: [left, right], rows: [top, bottom] }: Band, privatize: Privatize): Tiles => {
  const { batch, name, other, own, scores } = step
  const extent = bottom - top + 1
  const found = divisorOf(extent, mostRows)
  const length = found < leastRows ? extent : found
  const counter = S.variable((batch.extent * extent) / length)
  const [entry, part] = Affine.unflatten(counter, [batch.extent, extent / length])
  const [row, column] = [S.variable(length), S.variable(right - left + 1)]
  const start = S.add(S.mul(part, S.constant(length)), S.constant(top))
  const put = substitution(
    new Map<Scalar, Scalar>([
      [batch, entry],
      [own, S.add(start, row)],
      [other, S.add(S.constant(left), column)]
    ])
  )
  const begin = substitution(
    new Map<Scalar, Scalar>([
      [batch, entry],
      [own, start],
      [other, S.constant(left)]
    ])
  )
  /** An operand whose free axis, or depth, begins at a place. */
  const from = (operand: Operand, along: "stride" | "depthStride", place: Scalar): Operand => ({
    ...operand,
    offset: Affine.simplified(S.add(begin(operand.offset), S.mul(place, S.constant(operand[along]))))
  })
  const matrix = (dtype: Buffer["dtype"]): Matrix => matrixOf(privatize, row, column, dtype)
  const held = scores.map(({ accumulator }) => matrix(accumulator.dtype))
  const products = scores.map((score, i): Contraction => {
    const accumulator = put(score.accumulator) as Reduce
    return {
      tag: "contraction",
      name: `${name}_scores`,
      batch: [],
      row,
      column,
      depth: score.depth,
      a: from(score.own, "stride", start),
      b: from(score.other, "stride", S.constant(left)),
      accumulator,
      stores: [{ buffer: held[i].buffer, offset: held[i].position, value: accumulator }]
    }
  })
  const known = new Map<Scalar, Scalar>(scores.map(({ accumulator }, i) => [put(accumulator), held[i].element]))
  const rows = rowsOf(step, { put, held, known, row, column, matrix, privatize })
  const results = step.weighed.map((weighed, i) => {
    const operand = from(weighed.operand, "depthStride", S.constant(left))
    return weighedBy(rows.weights[i], weighed, { name, operand, put, known: rows.known })
  })
  return { tag: "tiles", counter, steps: [...products, rows.nest, ...results] }
}

/** An element for each row and column of a strip. */
interface Matrix {
  readonly buffer: Buffer
  readonly row: Variable
  readonly position: Scalar
  readonly element: Scalar
}

const matrixOf = (privatize: Privatize, row: Variable, column: Variable, dtype: Buffer["dtype"]): Matrix => {
  const buffer = privatize(row.extent * column.extent, dtype)
  const position = Affine.flatten([row, column], [row.extent, column.extent])
  return { buffer, row, position, element: S.load(buffer, [position]) }
}

type Put = (scalar: Scalar) => Scalar

interface Setting {
  /** Puts places of the strip in the place of those of the whole. */
  readonly put: Put
  /** Where scores are. */
  readonly held: ReadonlyArray<Matrix>
  /** What is in memory before the nest. */
  readonly known: ReadonlyMap<Scalar, Scalar>
  readonly row: Variable
  readonly column: Variable
  readonly matrix: (dtype: Buffer["dtype"]) => Matrix
  readonly privatize: Privatize
}

interface Rows {
  readonly nest: Nest
  readonly weights: ReadonlyArray<Matrix>
  /** What is in memory after the nest. */
  readonly known: ReadonlyMap<Scalar, Scalar>
}

/** Row by row: its sums, what is stored of them, and the weights. */
const rowsOf = ({ name, stores, sums, weighed }: Attention, setting: Setting): Rows => {
  const { column, held, known: before, matrix, privatize, put, row } = setting
  const known = new Map(before)
  const stages: Array<Stage> = []
  const meaning = (scalar: Scalar): Scalar => replaced(known)(scalar)
  /** A stage over the columns. */
  const across = (made: (along: Put, axis: Variable) => ReadonlyArray<Store>): void => {
    const axis = S.variable(column.extent)
    stages.push({ axes: [axis], stores: made(substitution(new Map([[column, axis]])), axis) })
  }
  const values = sums.map(({ sum }) => put(sum) as Reduce)
  const wholes = weighed.map(({ weight }) => put(weight))
  const terms = values.filter((_, i) => !sums[i].isKnown).map(({ body }) => body)
  const isApart = (scalar: Scalar): boolean => before.has(scalar) || values.includes(scalar as Reduce)
  const shared = sharedIn([...terms, ...wholes], isApart)
  /** Keeps the parts of `scalar` that others need, too, for one row at a time. */
  const keep = (scalar: Scalar): void =>
    partsIn(scalar, shared, isApart).forEach((part) => {
      if (known.has(part)) return
      const buffer = privatize(column.extent, part.dtype)
      const value = meaning(part)
      across((along, axis) => [{ buffer, offset: axis, value: along(value) }])
      known.set(part, S.load(buffer, [column]))
    })
  sums.forEach(({ isKnown, place }, i) => {
    const sum = values[i]
    const { buffer, offset } =
      place === undefined
        ? { buffer: privatize(row.extent, sum.dtype), offset: row }
        : { buffer: place.buffer, offset: Affine.simplified(put(place.offset)) }
    if (!isKnown) {
      keep(sum.body)
      const axis = S.variable(column.extent)
      const body = substitution(new Map([[column, axis]]))(meaning(sum.body))
      const value = S.cast({ ...sum, variables: [axis], body }, buffer.dtype)
      stages.push({ axes: [], stores: [{ buffer, offset, value }] })
    }
    // Sums that are kept for others may have another dtype there.
    known.set(sum, S.cast(S.load(buffer, [offset]), sum.dtype))
  })
  wholes.forEach(keep)
  // An element's scores are not needed any more when its weights are stored.
  if (stores.length > 0) {
    const placed = ({ buffer, offset, value }: Store): Store => ({
      buffer,
      offset: Affine.simplified(put(offset)),
      value: meaning(put(value))
    })
    stages.push({ axes: [], stores: stores.map(placed) })
  }
  const weights = wholes.map((weight, i) => (held[i]?.buffer.dtype === weight.dtype ? held[i] : matrix(weight.dtype)))
  if (weights.length > 0) {
    const elements = wholes.map(meaning)
    across((along) =>
      weights.map(({ buffer, position }, i) => ({ buffer, offset: along(position), value: along(elements[i]) }))
    )
  }
  return { nest: { tag: "nest", name, axes: [row], stages }, weights, known }
}

const replaced = (known: ReadonlyMap<Scalar, Scalar>): Put => rewriter((scalar) => known.get(scalar))

/** The product of the weights of a strip with what they weigh. */
const weighedBy = (
  { buffer, row }: Matrix,
  { column, stores, accumulator: sum }: Weighed,
  {
    known,
    name,
    operand,
    put
  }: Pick<Rows, "known"> & { readonly name: string; readonly operand: Operand; readonly put: Put }
): Contraction => {
  const width = buffer.shape[0] / row.extent
  const depth = S.variable(width)
  const a: Operand = { buffer, offset: S.constant(0), stride: width, depthStride: 1 }
  const at = ({ depthStride, offset, stride }: Operand, free: Variable): Scalar =>
    Affine.simplified([offset, S.mul(free, S.constant(stride)), S.mul(depth, S.constant(depthStride))].reduce(S.add))
  const body = S.mul(S.load(buffer, [at(a, row)]), S.load(operand.buffer, [at(operand, column)]))
  const accumulator: Reduce = { tag: "reduce", combine: "add", dtype: sum.dtype, variables: [depth], body }
  const meaning = replaced(new Map([...known, [put(sum), accumulator]]))
  return {
    tag: "contraction",
    name: `${name}_weighed`,
    batch: [],
    row,
    column,
    depth,
    a,
    b: operand,
    accumulator,
    stores: stores.map((store) => ({
      buffer: store.buffer,
      offset: Affine.simplified(put(store.offset)),
      value: meaning(put(store.value))
    }))
  }
}
