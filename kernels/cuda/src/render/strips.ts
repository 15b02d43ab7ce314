/**
 * Operands of attention in shared memory: strips of own places, which stay, and strips of other places, a tile of them at a
 * time, of which the next is on its way while one is worked on.
 */
import type { Attention, Buffer, Operand } from "@cotangent/compiler/LoopProgram"
import * as Affine from "@cotangent/tensor/Affine"
import { bytes } from "@cotangent/tensor/DType"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import type { Body, Index, Scope } from "./Body.ts"
import { memoryOf } from "./spelling.ts"

/** Bytes of shared memory that a block has at least, so that it may do attention. */
export const mostShared = 98304
/** What of that strips may take: weights that threads exchange, and numbers of other places, take the rest. */
const mostForStrips = 86016

/** An operand as rows: `step` elements between neighbors of a row, of which there is one for each place. */
interface Strip {
  readonly buffer: Buffer
  readonly offset: Scalar
  readonly rowStride: number
  readonly step: number
  readonly width: number
  readonly places: Variable
}

/** A strip that has a place in shared memory. */
export interface Placed extends Strip {
  readonly name: string
  /** Elements of a row with zeros behind it. */
  readonly padded: number
  /** Elements between rows. */
  readonly lead: number
  /** Elements of a strip of a block, or of a tile. */
  readonly size: number
  readonly start: number
}

/** What lies in shared memory. */
export interface Layout {
  /** Other places of a tile, and how many tiles there are at a time. */
  readonly columns: number
  readonly turns: number
  readonly own: ReadonlyMap<Scalar, Placed>
  readonly other: ReadonlyMap<Scalar, Placed>
  readonly bytes: number
}

const rowsOf = ({ buffer, depthStride, offset, stride }: Operand, width: Variable, places: Variable): Strip => ({
  buffer,
  offset,
  rowStride: stride,
  step: depthStride,
  width: width.extent,
  places
})

const transposed = (operand: Operand): Operand => ({
  ...operand,
  stride: operand.depthStride,
  depthStride: operand.stride
})

const isSame = (x: Strip, y: Strip): boolean => {
  const [a, b] = [Affine.of(x.offset), Affine.of(y.offset)]
  return (
    x.buffer === y.buffer &&
    x.rowStride === y.rowStride &&
    x.step === y.step &&
    x.width === y.width &&
    a.constant === b.constant &&
    a.terms.size === b.terms.size &&
    [...a.terms].every(([atom, factor]) => b.terms.get(atom) === factor)
  )
}

/** Where the operands of `step` lie, by the sums that they are for; tiles are as large as there is room. */
export const layoutOf = ({ other, own, scores, weighed }: Attention, ownPlaces: number): Layout => {
  const owned = scores.map((score) => [score.accumulator, rowsOf(score.own, score.depth, own)] as const)
  const others = [
    ...scores.map((score) => [score.accumulator, rowsOf(score.other, score.depth, other)] as const),
    ...weighed.map((each) => [each.accumulator, rowsOf(transposed(each.operand), each.column, other)] as const)
  ]
  const [[, { buffer }]] = others
  const width = bytes(buffer.dtype)
  // Threads have registers for so many sums of results and of scores.
  const isWide = width > 2 || others.some(([, strip]) => strip.width > 64)
  const candidates = isWide ? [[32, 2] as const, [32, 1] as const] : [[64, 2] as const, [64, 1] as const]
  const layouts = candidates.map(([columns, turns]): Layout => {
    let used = 0
    const place = (list: ReadonlyArray<readonly [Scalar, Strip]>, kind: string, rows: number, times: number) => {
      const distinct: Array<Placed> = []
      const found = new Map<Scalar, Placed>()
      for (const [sum, strip] of list) {
        const padded = Math.ceil(strip.width / 16) * 16
        const lead = padded + 16 / width
        const fresh = (): Placed => {
          const made = { ...strip, name: `${kind}${distinct.length}`, padded, lead, size: rows * lead, start: used }
          used += times * rows * lead * width
          distinct.push(made)
          return made
        }
        found.set(sum, distinct.find((each) => isSame(each, strip)) ?? fresh())
      }
      return found
    }
    const [ownStrips, otherStrips] = [place(owned, "ours", ownPlaces, 1), place(others, "theirs", columns, turns)]
    return { columns, turns, own: ownStrips, other: otherStrips, bytes: used }
  })
  return layouts.find((layout) => layout.bytes <= mostForStrips) ?? layouts[layouts.length - 1]
}

/** What statements are written with. */
export interface Writing {
  readonly body: Body
  readonly scopes: ReadonlyArray<Scope>
  readonly pointer: (buffer: Buffer) => string
  readonly index: Index
  readonly threads: number
}

/** Declares the strips of a layout. */
export const declared = ({ other, own }: Layout): ReadonlyArray<string> => [
  "extern __shared__ uint4 shared[];",
  ...[...new Set([...own.values(), ...other.values()])].map(({ buffer, name, start }) => {
    const type = memoryOf(buffer.dtype)
    return `${type}* const ${name} = (${type}*)((unsigned char*)shared + ${start});`
  })
]

/** Brings rows of a strip from place `from` on to `to`, and zeros where there are none. */
export const fetched = (strip: Placed, to: string, from: string, writing: Writing): ReadonlyArray<string> => {
  const { buffer, lead, offset, padded, places, rowStride, size, step, width } = strip
  const { body, index, pointer, scopes, threads } = writing
  const vector = 16 / bytes(buffer.dtype)
  const { constant, terms } = Affine.of(offset)
  const isWhole = [width, rowStride, constant, ...terms.values()].every((value) => value % vector === 0)
  const rows = size / lead
  const [base] = body.position(offset, scopes)
  const at = (row: string, column: string): string =>
    `${pointer(buffer)}[${base} + (${index})(${row}) * ${rowStride} + (${index})${column} * ${step}]`
  const isVector = isWhole && step === 1
  const across = isVector ? padded / vector : padded
  const isByRows = isVector || step === 1 || rowStride !== 1
  const [row, column] = isByRows ? [`e / ${across}`, `e % ${across}`] : [`e % ${rows}`, `e / ${rows}`]
  return [
    "#pragma unroll 4",
    `for (int e = threadIdx.x; e < ${rows * across}; e += ${threads}) {`,
    `  const int f = ${row}, d = ${isVector ? `${column} * ${vector}` : column};`,
    `  const bool isThere = ${from} + f < ${places.extent} && d < ${width};`,
    isVector
      ? `  ct_fetch(${to} + f * ${lead} + d, isThere ? &${at(`${from} + f`, "d")} : ${pointer(buffer)}, isThere);`
      : `  (${to})[f * ${lead} + d] = isThere ? ${at(`${from} + f`, "d")} : (${memoryOf(buffer.dtype)})0;`,
    "}"
  ]
}

/** The element type of a strip, as a class of the library. */
export const elementOf = ({ buffer }: Strip): string => `ct_${buffer.dtype}`
