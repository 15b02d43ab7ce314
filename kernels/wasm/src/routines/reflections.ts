/**
 * Orthogonal factors by Householder reflections.
 */
import type { Local } from "../FunctionBuilder.ts"
import type { Algorithm } from "./Algorithm.ts"
import type { Frame } from "./factorization.ts"
import { factorization, signOf, writeIdentity } from "./factorization.ts"
import type { Matrix, Push } from "./numbers.ts"

/** What reflections of the columns of `w` leave behind: their product, and vectors of what they are made of. */
export interface Reflections {
  readonly w: Matrix
  readonly q: Matrix
  /** The diagonal of the triangular factor. */
  readonly heads: Matrix
  readonly scales: Matrix
  readonly sums: Matrix
}

/** The spaces of `Reflections`, in this order. */
export const reflectionSpaces = (m: number, n: number): ReadonlyArray<readonly [number, number]> => [
  [m, n],
  [m, n],
  [1, n],
  [1, n],
  [1, n]
]

/** Names the spaces of `Reflections`. */
export const reflectionsIn = ([w, q, heads, scales, sums]: ReadonlyArray<Matrix>): Reflections => ({
  w,
  q,
  heads,
  scales,
  sums
})

/** Applies reflection `k` to the columns of `x` from `from` on. */
const reflect = (
  frame: Frame,
  { sums: { base: sums }, w }: Reflections,
  { from, k, scale, x }: { readonly x: Matrix; readonly k: Local<"index">; scale: Local<"f64">; from: Local<"index"> }
): void => {
  const { add, div, entry, get, loop, mul, number, put, row, sub } = frame
  const n = x.width
  const eachRow = (visit: (factor: Push, address: Local<"index">) => void): void =>
    loop(k, frame.rows, (i) => visit(get(frame.variable(frame.cell(w, i, k))), row(x, i)))
  // Nothing to reflect: the column was zero.
  frame.when(frame.differs(get(scale), number(0)), () => {
    loop(from, n, (j) => put(sums, j, number(0)))
    eachRow((factor, address) =>
      loop(from, n, (j) => put(sums, j, add(entry(sums, j), mul(factor, entry(address, j)))))
    )
    loop(from, n, (j) => put(sums, j, div(entry(sums, j), get(scale))))
    eachRow((factor, address) =>
      loop(from, n, (j) => put(address, j, sub(entry(address, j), mul(factor, entry(sums, j)))))
    )
  })
}

/** Makes the columns of `w` triangular, and `q` the product of the reflections that did. */
export const emitReflections = (frame: Frame, spaces: Reflections): void => {
  const { abs, add, cell, choose, entry, get, greater, loop, mul, neg, number, put, row, set, sub, variable } = frame
  const { heads, q, scales, w } = spaces
  const [m, n] = [frame.rows, frame.columns]
  loop(0, n, (k) => {
    const squares = variable(number(0))
    loop(k, m, (i) => {
      const value = get(variable(cell(w, i, k)))
      set(squares, add(get(squares), mul(value, value)))
    })
    const norm = variable(frame.sqrt(get(squares)))
    const address = row(w, k)
    const head = variable(entry(address, k))
    put(heads.base, k, choose(greater(get(head), number(0)), neg(get(norm)), get(norm)))
    const scale = variable(mul(get(norm), add(get(norm), abs(get(head)))))
    put(scales.base, k, get(scale))
    put(address, k, sub(get(head), entry(heads.base, k)))
    reflect(frame, spaces, { x: w, k, scale, from: frame.next(k) })
  })
  writeIdentity(frame, q, m)
  loop(0, n, (step) => {
    const k = frame.mirrored(step, n)
    reflect(frame, spaces, { x: q, k, scale: variable(entry(scales.base, k)), from: k })
  })
}

/** An element of the orthogonal factor whose triangular factor has no negative diagonal. */
export const orthogonal = (frame: Frame, { heads, q }: Reflections, i: Local<"index">, j: Local<"index">): Push =>
  frame.mul(frame.cell(q, i, j), signOf(frame, frame.entry(heads.base, j)))

/** Reduced factors. */
export const qr: Algorithm = factorization(reflectionSpaces, (frame) => {
  const { cell, choose, entry, mul, number } = frame
  const spaces = reflectionsIn(frame.spaces)
  const { heads, w } = spaces
  frame.read(0, w)
  emitReflections(frame, spaces)
  frame.write(0, frame.columns, (i, j) => orthogonal(frame, spaces, i, j))
  frame.write(1, frame.columns, (i, j) => {
    const head = entry(heads.base, i)
    const value = mul(choose(frame.isSame(i, j), head, cell(w, i, j)), signOf(frame, head))
    return choose(frame.isBefore(j, i), number(0), value)
  })
})
