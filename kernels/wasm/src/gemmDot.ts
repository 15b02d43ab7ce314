/**
 * Dot products of one contiguous vector with several others: the form of a matrix product with a single row whose
 * operands have their depth side by side.
 */
import type { Local } from "./FunctionBuilder.ts"
import type { KernelBuilder } from "./gemmFinish.ts"
import type { FloatType, Spread } from "./gemmVector.ts"
import { arithmetic, lanesOf, loadSome, multiplyAdd, sizeOf, spread } from "./gemmVector.ts"

/** Dot products over a depth known beforehand. */
export interface DotSpec {
  readonly dtype: FloatType
  readonly isRelaxed: boolean
  readonly depth: number
  /** How many columns there are, and the bytes from each to the next. */
  readonly columns: number
  readonly columnBytes: number
}

/** Chains of sums for each column: enough to keep the adders busy, few enough for 16 registers. */
const chainsFor = (columns: number): number => (columns > 3 ? 2 : columns > 1 ? 3 : 6)

interface Dot {
  readonly code: KernelBuilder
  readonly spec: DotSpec
  readonly columns: Spread
  /** For each column, sums that are added up at the end. */
  readonly chains: ReadonlyArray<ReadonlyArray<Local<"v128">>>
}

/** Emits code that leaves the dot product of column `i` in lane `i`, counted through all of `sums`. */
export const dotProducts = (code: KernelBuilder, sums: ReadonlyArray<Local<"v128">>, spec: DotSpec): void => {
  const { dtype, depth } = spec
  const [left, right] = code.parameters
  const lanes = lanesOf(dtype)
  const width = chainsFor(spec.columns)
  const columns = spread(spec.columns, spec.columnBytes)
  const chains = columns.offsets.map(() => Array.from({ length: width }, () => code.local("v128")))
  const dot: Dot = { code, spec, columns, chains }
  const rounds = Math.floor(depth / (width * lanes))
  code.advance(right, columns.shift)
  if (rounds > 0) {
    const end = code.local("index")
    code
      .get(left)
      .whole(rounds * width * 16)
      .op("index.add")
      .set(end)
    code.forLoop({ local: left, to: end, step: width * 16, isNonEmpty: true }, () => {
      for (let chain = 0; chain < width; chain += 1) addVector(dot, chain, lanes)
      code.advance(right, width * 16)
    })
  }
  for (let done = rounds * width * lanes, chain = 0; done < depth; done += lanes, chain += 1) {
    addVector(dot, chain, Math.min(lanes, depth - done))
  }
  const zero = code.local("v128")
  const totals = chains.map((column) => addUp(dot, column))
  sums.forEach((sum, j) => {
    const present = totals.slice(j * lanes, (j + 1) * lanes)
    sumLanes(dot, sum, [...present, zero, zero, zero].slice(0, lanes))
  })
}

/** Adds the products of the vectors at position `chain` of the present round, of `count` elements each. */
const addVector = ({ code, spec, columns, chains }: Dot, chain: number, count: number): void => {
  const { dtype } = spec
  const [left, right] = code.parameters
  const [x, y] = [code.borrow("v128"), code.borrow("v128")]
  loadSome(code, { pointer: left, offset: chain * 16, count, dtype }).set(x)
  columns.offsets.forEach((offset, column) => {
    loadSome(code, { pointer: right, offset: offset + chain * 16, count, dtype }).set(y)
    multiplyAdd(code, spec, { x, y, sum: chains[column][chain] })
  })
  code.release(x, y)
}

const addUp = ({ code, spec }: Dot, [total, ...others]: ReadonlyArray<Local<"v128">>): Local<"v128"> => {
  for (const other of others) code.get(total).get(other).op(arithmetic[spec.dtype].add).set(total)
  return total
}

/** Sets lane `i` of `target` to the sum of the lanes of vector `i`. */
const sumLanes = ({ code, spec }: Dot, target: Local<"v128">, vectors: ReadonlyArray<Local<"v128">>): void => {
  const { add } = arithmetic[spec.dtype]
  const [a, b, c, d] = vectors
  if (sizeOf(spec.dtype) === 8) {
    code.get(a).get(b).shuffle([0, 2]).get(a).get(b).shuffle([1, 3]).op(add).set(target)
    return
  }
  const [low, high] = [code.borrow("v128"), code.borrow("v128")]
  code.get(a).get(b).shuffle([0, 4, 1, 5]).get(a).get(b).shuffle([2, 6, 3, 7]).op(add).set(low)
  code.get(c).get(d).shuffle([0, 4, 1, 5]).get(c).get(d).shuffle([2, 6, 3, 7]).op(add).set(high)
  code.get(low).get(high).shuffle([0, 1, 4, 5]).get(low).get(high).shuffle([2, 3, 6, 7]).op(add).set(target)
  code.release(low, high)
}
