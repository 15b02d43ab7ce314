/** How a matrix product of a given shape is cut into tiles, panels and blocks, and what scratch memory that takes. */
import type { Operand, Stretch } from "@cotangent/compiler/LoopProgram"
import type { Epilogue } from "./gemmEpilogue.ts"
import type { FloatType } from "./gemmVector.ts"
import { isReadInPlace, runOf } from "./gemmCost.ts"
import { lanesOf, sizeOf } from "./gemmVector.ts"

/** How an operand is stepped through whose rows, columns or depth are several axes; strides are ignored then. */
export type Walk = NonNullable<Operand["walk"]>

/** What is known of an operand beside its strides. */
export interface OperandSpec {
  readonly walk?: Walk | undefined
  /** Whether all calls after one that prepares them have the same operand. */
  readonly isFixed?: boolean
}

/** A matrix product `C[m, n] = epilogue(Σ_k A[m, k] · B[k, n])`. Strides count elements; they may be 0 or negative. */
export interface GemmSpec {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly a: { readonly rowStride: number; readonly depthStride: number } & OperandSpec
  readonly b: { readonly depthStride: number; readonly columnStride: number } & OperandSpec
  readonly dtype: FloatType
  /** Whether the engine has relaxed SIMD, whose `madd` rounds once where the machine can. */
  readonly isRelaxed: boolean
  /** Whether the engine joins pairs of vectors (see `WideSimd.ts`): larger tiles, which only then fit the registers. */
  readonly isWide: boolean
  readonly epilogue: Epilogue
  /** Overrides parts of the plan; for experiments. */
  readonly tuning?: Partial<Tuning>
}

/** The numbers of a plan that are matters of taste. */
export interface Tuning {
  readonly tileRows: number
  readonly vectors: number
  /** The most depth that a panel of B covers. */
  readonly depthLimit: number
  /** Bytes of A that are combined with all panels before the next rows. */
  readonly blockBytes: number
  /** The most bytes of A that are combined with one panel at a time. */
  readonly streamBytes: number
  readonly packsA: boolean
  readonly packsB: boolean
  /** Whether to go along depth with vectors, as both operands have it side by side. */
  readonly isDot: boolean
  readonly order?: Order
  /** Whether the product is computed as its transpose. */
  readonly isTransposed?: boolean
}

/** When B is packed: each panel right before it is used, all panels of a block of depth, or all at the start. */
export type Order = "stream" | "depthOuter" | "rowsOuter"

/** How rows are cut: `fullTiles` of `tileRows` rows, then tiles of the sizes in `tails`, all of which are one unit. */
export interface RowPlan {
  readonly tileRows: number
  readonly fullTiles: number
  readonly tails: ReadonlyArray<number>
  /** Units of rows: the full tiles, and the tails if there are any. */
  readonly units: number
}

/**
 * How columns are cut: into runs, most often one; each run into panels of `vectors` vectors, the last of which may be
 * narrower.
 */
export interface ColumnPlan {
  readonly runs: number
  readonly runColumns: number
  readonly vectors: number
  readonly columns: number
  /** How many panels of full width each run has. */
  readonly fullPanels: number
  readonly last: { readonly vectors: number; readonly columns: number } | undefined
  readonly panels: number
}

/** A matrix product with all decisions made. */
export interface Plan {
  readonly rows: RowPlan
  readonly columns: ColumnPlan
  /** Depth of all blocks but the last. */
  readonly depthBlock: number
  readonly depthBlocks: number
  /** Steps of depth in each round of a kernel's loop; divides the depth of every block. */
  readonly steps: number
  readonly order: Order
  readonly blockUnits: number
  readonly packsA: boolean
  readonly packsB: boolean
  /** Whether operands are packed once for all calls. */
  readonly preparesA: boolean
  readonly preparesB: boolean
  readonly isDot: boolean
  /** Bytes between rows of sums in scratch memory. */
  readonly sumsBytes: number
  /** Rows of sums for each panel, if sums rest there between blocks of depth. */
  readonly sumsRows: number
  /**
   * Where packed B, packed A and sums lie in scratch memory, and where it ends. In `tables` of an operand that is
   * walked through are the places of its rows or columns, then those of its steps of depth, in bytes.
   */
  readonly scratch: {
    readonly b: number
    readonly a: number
    readonly sums: number
    readonly tables: { readonly a: number; readonly b: number }
    readonly end: number
  }
}

const ceilDivide = (value: number, divisor: number): number => Math.ceil(value / divisor)

/** Decides, where indices have so many bytes in memory. */
export const plan = (spec: GemmSpec, indexBytes: number): Plan => {
  const size = sizeOf(spec.dtype)
  const tuning = tuningOf(spec)
  const { packsA, packsB, isDot } = tuning
  const rows = rowPlan(spec.m, tuning.tileRows)
  const columns = columnPlan(spec, tuning, packsB ? [] : (spec.b.walk?.free ?? []))
  // Two steps in each round of a kernel's loop are a little faster, but not without fused products.
  const steps = spec.isRelaxed && spec.k % 2 === 0 && spec.a.depthStride >= 0 ? 2 : 1
  const blocksAtLeast = packsB ? Math.max(1, ceilDivide(spec.k, tuning.depthLimit)) : 1
  const depthBlock = steps * ceilDivide(spec.k, steps * blocksAtLeast)
  const depthBlocks = depthBlock === 0 ? 1 : ceilDivide(spec.k, depthBlock)
  const tileBytes = Math.max(1, rows.tileRows * depthBlock * size)
  const blockTiles = Math.max(2, Math.round(tuning.blockBytes / tileBytes))
  const order = tuning.order ?? orderOf(spec, tuning, { depth: depthBlock, rows: blockTiles * rows.tileRows })
  const blockUnits = order === "stream" ? rows.units : Math.min(blockTiles, rows.units)
  // One tile more than full tiles need: the tails together may be longer than a tile.
  const tilesOfSums = (order === "rowsOuter" ? blockUnits : rows.units) + 1
  const sumsRows = depthBlocks === 1 ? 0 : tilesOfSums * rows.tileRows
  const sumsBytes = columns.vectors * 16
  const panelsKept = order === "stream" ? 1 : columns.panels
  const depthKept = order === "rowsOuter" ? spec.k : depthBlock
  const ends = ends64([
    packsB ? panelsKept * depthKept * sumsBytes : 0,
    packsA ? (blockUnits + 1) * rows.tileRows * depthBlock * size : 0,
    Math.max(sumsRows * columns.panels, 2 * rows.tileRows) * sumsBytes,
    spec.a.walk === undefined ? 0 : (spec.m + spec.k) * indexBytes,
    spec.b.walk === undefined ? 0 : (spec.n + spec.k) * indexBytes
  ])
  const scratch = { b: 0, a: ends[0], sums: ends[1], tables: { a: ends[2], b: ends[3] }, end: ends[4] }
  const depths = { depthBlock, depthBlocks, steps }
  const prepares = {
    preparesA: packsA && spec.a.isFixed === true && depthBlocks === 1 && blockUnits === rows.units,
    preparesB: packsB && spec.b.isFixed === true && depthBlocks === 1 && order !== "stream"
  }
  const packs = { packsA, packsB, ...prepares }
  return { rows, columns, ...depths, order, blockUnits, ...packs, isDot, sumsBytes, sumsRows, scratch }
}

/** Where each of several regions ends that follow each other at multiples of 64 bytes. */
const ends64 = (sizes: ReadonlyArray<number>): ReadonlyArray<number> => {
  let end = 0
  return sizes.map((size) => (end += ceilDivide(size, 64) * 64))
}

const tuningOf = (spec: GemmSpec): Tuning => {
  const { m, n, k, a, b, dtype } = spec
  const isWalked = a.walk !== undefined || b.walk !== undefined
  const isDot = !isWalked && m <= 4 && b.depthStride === 1 && b.columnStride !== 1 && k > 0
  const tileRows = isDot ? 1 : Math.min(m, spec.isRelaxed ? 6 : 4)
  const bytesOfB = k * b.depthStride * sizeOf(dtype)
  const isPanel = b.columnStride === 1 && b.depthStride > 0
  return {
    tileRows,
    vectors: isDot ? 4 / lanesOf(dtype) : (spec.isWide ? 4 : 2) * (m <= 2 ? 2 : 1),
    depthLimit: 1024,
    blockBytes: 96 * 1024,
    streamBytes: 256 * 1024,
    packsA: a.depthStride !== 1 && (isDot || (n > 80 && m > 1)),
    packsB: !isDot && !(isPanel && (m <= 2 * tileRows || bytesOfB <= 64 * 1024)),
    isDot,
    ...(a.walk === undefined ? {} : { packsA: n > 64 }),
    ...(b.walk === undefined ? {} : { packsB: !isReadInPlace(spec) }),
    ...spec.tuning,
    // Vectors are loaded from neighbors.
    ...(b.walk === undefined || runOf(b.walk) > 1 ? {} : { packsB: true })
  }
}

/** A rest of one or two rows would waste most of the registers, so it shares its rows with the last full tile. */
const rowPlan = (m: number, tileRows: number): RowPlan => {
  const rest = m % tileRows
  const whole = Math.floor(m / tileRows)
  const isShared = (rest === 1 || rest === 2) && whole > 0 && tileRows > 3
  const together = rest + tileRows
  const tails = isShared ? [Math.ceil(together / 2), Math.floor(together / 2)] : rest === 0 ? [] : [rest]
  const fullTiles = isShared ? whole - 1 : whole
  return { tileRows, fullTiles, tails, units: fullTiles + (tails.length > 0 ? 1 : 0) }
}

const columnPlan = (
  { n, dtype, isWide }: GemmSpec,
  { vectors: limit, isDot }: Tuning,
  walk: ReadonlyArray<Stretch>
): ColumnPlan => {
  const runColumns = walk.at(-1)?.extent ?? n
  const lanes = lanesOf(dtype)
  // Pairs of vectors cost as much as single ones where the engine joins them.
  const vectorsFor = (count: number): number =>
    isWide && !isDot ? 2 * ceilDivide(count, 2 * lanes) : ceilDivide(count, lanes)
  const vectors = Math.min(limit, vectorsFor(runColumns))
  const columns = vectors * lanes
  const fullPanels = Math.floor(runColumns / columns)
  const rest = runColumns - fullPanels * columns
  const last = rest === 0 ? undefined : { vectors: vectorsFor(rest), columns: rest }
  const runs = n / runColumns
  return { runs, runColumns, vectors, columns, fullPanels, last, panels: runs * Math.ceil(runColumns / columns) }
}

const orderOf = (
  { m, n, k, b, dtype }: GemmSpec,
  { streamBytes, packsB, blockBytes }: Tuning,
  block: { readonly depth: number; readonly rows: number }
): Order => {
  // Packed once for all calls, where that does not take much memory.
  if (packsB && b.isFixed === true && block.depth === k && k * n * sizeOf(dtype) <= 8 * blockBytes) return "depthOuter"
  if (!packsB || m * block.depth * sizeOf(dtype) <= streamBytes) return "stream"
  // Whichever keeps less in scratch memory: sums of all rows, or all of B.
  return block.depth + m <= k + block.rows ? "depthOuter" : "rowsOuter"
}
