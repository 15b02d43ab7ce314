/**
 * Triangular factors and systems: Cholesky, substitution, Gaussian elimination.
 */
import type { Local } from "../FunctionBuilder.ts"
import type { Algorithm } from "./Algorithm.ts"
import type { Frame } from "./factorization.ts"
import { factorization } from "./factorization.ts"

/** The lower factor row by row; what is left of a row is a product with each row above it. */
export const cholesky: Algorithm = factorization(
  (n) => [[n, n]],
  (frame) => {
    const { choose, div, entry, get, greater, isBefore, loop, mul, next, number, put, row, sqrt, sub } = frame
    const [x] = frame.spaces
    const n = frame.rows
    frame.read(0, x)
    loop(0, n, (i) => {
      const left = row(x, i)
      loop(0, next(i), (j) => {
        const above = row(x, j)
        const rest = frame.variable(mul(number(0.5), frame.add(entry(left, j), entry(above, i))))
        loop(0, j, (k) => frame.set(rest, sub(get(rest), mul(entry(left, k), entry(above, k)))))
        frame.when(
          isBefore(j, i),
          () => put(left, j, div(get(rest), entry(above, j))),
          () => put(left, j, choose(greater(get(rest), number(0)), sqrt(get(rest)), number(Number.NaN)))
        )
      })
    })
    // The last pivot depends on all others.
    const poison = frame.variable(mul(number(0), frame.cell(x, n - 1, n - 1)))
    frame.write(0, n, (i, j) => choose(isBefore(i, j), number(0), frame.add(frame.cell(x, i, j), get(poison))))
  }
)

/** Substitution, from the side where the triangle has one element. */
export const triangularSolve: Algorithm = factorization(
  (n, _, { outputs: [{ shape }] }) => [
    [n, n],
    [n, shape.at(-1)!]
  ],
  (frame) => {
    const { cell, div, entry, get, loop, mul, put, row, sub } = frame
    // The primitive states these parameters.
    const { lower, transpose, unitDiagonal } = frame.params as Readonly<
      Record<"lower" | "transpose" | "unitDiagonal", boolean>
    >
    const [a, x] = frame.spaces
    const n = frame.rows
    const place = (step: Local<"index">): Local<"index"> => (lower === transpose ? frame.mirrored(step, n) : step)
    frame.read(0, a)
    frame.read(1, x)
    loop(0, n, (step) => {
      const i = place(step)
      const solved = row(x, i)
      loop(0, step, (before) => {
        const k = place(before)
        const known = row(x, k)
        const factor = frame.variable(transpose ? cell(a, k, i) : cell(a, i, k))
        loop(0, x.width, (j) => put(solved, j, sub(entry(solved, j), mul(get(factor), entry(known, j)))))
      })
      if (unitDiagonal) return
      const pivot = frame.variable(cell(a, i, i))
      loop(0, x.width, (j) => put(solved, j, div(entry(solved, j), get(pivot))))
    })
    frame.write(0, x.width, (i, j) => cell(x, i, j))
  }
)

/** Elimination with the greatest element of each column as its pivot. */
export const lu: Algorithm = factorization(
  (n) => [[n, n]],
  (frame) => {
    const { div, entry, get, loop, mul, next, number, put, row, sub } = frame
    const [x] = frame.spaces
    const n = frame.rows
    frame.read(0, x)
    loop(0, n, (i) => permutationAt(frame, i).get(i).toI32().op("i32.store"))
    loop(0, n, (k) => {
      const best = bestRow(frame, k)
      frame.swapRows(x, k, best)
      swapPermutation(frame, k, best)
      const top = row(x, k)
      const pivot = frame.variable(entry(top, k))
      // Under a pivot of 0 there are only zeros.
      frame.when(frame.differs(get(pivot), number(0)), () =>
        loop(next(k), n, (i) => {
          const below = row(x, i)
          const factor = frame.variable(div(entry(below, k), get(pivot)))
          put(below, k, get(factor))
          loop(next(k), n, (j) => put(below, j, sub(entry(below, j), mul(get(factor), entry(top, j)))))
        })
      )
    })
    frame.write(0, n, (i, j) => frame.cell(x, i, j))
  }
)

/** The row from `k` on with the greatest element in column `k`. */
const bestRow = (frame: Frame, k: Local<"index">): Local<"index"> => {
  const { abs, cell, get, greater, set, variable } = frame
  const [x] = frame.spaces
  const best = frame.index(get(k))
  const most = variable(abs(cell(x, k, k)))
  frame.loop(frame.next(k), frame.rows, (i) => {
    const candidate = variable(abs(cell(x, i, k)))
    frame.when(greater(get(candidate), get(most)), () => {
      set(best, get(i))
      set(most, get(candidate))
    })
  })
  return best
}

/** Pushes the address of an element of the permutation. */
const permutationAt = ({ code, outputs }: Frame, i: Local<"index">) =>
  code.get(outputs[1]).get(i).whole(2).op("index.shl").op("index.add")

const swapPermutation = (frame: Frame, i: Local<"index">, j: Local<"index">): void => {
  const read = (at: Local<"index">): Local<"index"> =>
    frame.index(() => permutationAt(frame, at).op("i32.load").toIndex())
  const [left, right] = [read(i), read(j)]
  permutationAt(frame, i).get(right).toI32().op("i32.store")
  permutationAt(frame, j).get(left).toI32().op("i32.store")
}
