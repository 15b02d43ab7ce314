/**
 * Eigenvalues and singular values by Jacobi rotations.
 */
import type { Local } from "../FunctionBuilder.ts"
import type { Algorithm } from "./Algorithm.ts"
import type { Frame } from "./factorization.ts"
import { factorization, signOf, transposeInto, writeIdentity } from "./factorization.ts"
import type { Matrix, Push } from "./numbers.ts"
import { emitReflections, orthogonal, reflectionSpaces, reflectionsIn } from "./reflections.ts"

/** The most passes over all pairs. */
const passes = 60

/** An entry of a vector is small up to this part of the largest. */
const small = 0.3

/** Visits all pairs again and again until no visit says that it changed something. */
const untilSettled = (
  { code, columns: n, loop, next }: Frame,
  visit: (p: Local<"index">, q: Local<"index">, changed: () => void) => void
): void => {
  const [isSettled, pass] = [code.local("i32"), code.local("index")]
  code.i32(0).set(isSettled).whole(0).set(pass)
  code.block((done) =>
    code.loop((again) => {
      code.get(isSettled).get(pass).whole(passes).op("index.ge_u").op("i32.or").brIf(done)
      code.advance(pass, 1).i32(1).set(isSettled)
      loop(0, n, (p) => loop(next(p), n, (q) => visit(p, q, () => code.i32(0).set(isSettled))))
      code.br(again)
    })
  )
}

interface Rotation {
  readonly p: Local<"index">
  readonly q: Local<"index">
  readonly cosine: Push
  readonly sine: Push
}

/** The rotation that makes the element `between` two others zero, by their difference. */
const rotationOf = (
  { abs, add, choose, div, get, less, mul, neg, number, sqrt, variable }: Frame,
  [p, q]: readonly [Local<"index">, Local<"index">],
  difference: Push,
  between: Push
): Rotation => {
  const ratio = get(variable(div(difference, mul(number(2), between))))
  const size = get(variable(div(number(1), add(abs(ratio), sqrt(add(mul(ratio, ratio), number(1)))))))
  const tangent = get(variable(choose(less(ratio, number(0)), neg(size), size)))
  const cosine = get(variable(div(number(1), sqrt(add(mul(tangent, tangent), number(1))))))
  return { p, q, cosine, sine: get(variable(mul(tangent, cosine))) }
}

/** A place in memory, read and written. */
type Place = readonly [address: Local<"index">, at: Local<"index">]

const rotatePair = (
  { add, entry, get, mul, put, sub, variable }: Frame,
  { cosine, sine }: Rotation,
  [left, right]: readonly [Place, Place]
): void => {
  const [x, y] = [get(variable(entry(...left))), get(variable(entry(...right)))]
  put(...left, sub(mul(cosine, x), mul(sine, y)))
  put(...right, add(mul(sine, x), mul(cosine, y)))
}

const rotateRows = (frame: Frame, x: Matrix, rotation: Rotation): void => {
  const [p, q] = [frame.row(x, rotation.p), frame.row(x, rotation.q)]
  frame.loop(0, x.width, (k) =>
    rotatePair(frame, rotation, [
      [p, k],
      [q, k]
    ])
  )
}

const rotateColumns = (frame: Frame, x: Matrix, rotation: Rotation): void =>
  frame.loop(0, x.width, (k) => {
    const address = frame.row(x, k)
    rotatePair(frame, rotation, [
      [address, rotation.p],
      [address, rotation.q]
    ])
  })

/** Puts a vector in order, and rows of matrices with it. */
const order = (frame: Frame, { base }: Matrix, isDescending: boolean, others: ReadonlyArray<Matrix>): void => {
  const { columns: n, entry, get, greater, less, loop, next, set } = frame
  loop(0, n, (i) => {
    const best = frame.index(get(i))
    loop(next(i), n, (j) => {
      const comesFirst = (isDescending ? greater : less)(entry(base, j), entry(base, best))
      frame.when(comesFirst, () => set(best, get(j)))
    })
    frame.swap(base, i, best)
    for (const rows of others) frame.swapRows(rows, i, best)
  })
}

/** The sign of the first entry of each row that is not small. */
const emitSigns = (frame: Frame, v: Matrix, signs: Matrix): void => {
  const { abs, choose, entry, get, greater, loop, mul, number, set, variable } = frame
  loop(0, v.width, (i) => {
    const address = frame.row(v, i)
    const largest = variable(number(0))
    loop(0, v.width, (j) => {
      const size = abs(entry(address, j))
      set(largest, choose(greater(size, get(largest)), size, get(largest)))
    })
    const sign = variable(number(1))
    // From the last to the first, which so has the last word.
    loop(0, v.width, (step) => {
      const value = entry(address, frame.mirrored(step, v.width))
      const isLarge = greater(abs(value), mul(number(small), get(largest)))
      set(sign, choose(isLarge, signOf(frame, value), get(sign)))
    })
    frame.put(signs.base, i, get(sign))
  })
}

/** The row `j` of `v` as a column with its sign. */
const vector =
  ({ add, cell, entry, mul }: Frame, v: Matrix, signs: Matrix, poison: Push) =>
  (i: Local<"index">, j: Local<"index">): Push =>
    add(mul(cell(v, j, i), entry(signs.base, j)), poison)

/** Makes `x` its symmetric part; gives the norm. */
const symmetrize = (frame: Frame, x: Matrix): Push => {
  const { add, cell, entry, get, loop, mul, next, number, put, row, set, variable } = frame
  loop(0, x.width, (i) =>
    loop(0, next(i), (j) => {
      const [left, above] = [row(x, i), row(x, j)]
      const mean = get(variable(mul(number(0.5), add(entry(left, j), entry(above, i)))))
      put(left, j, mean)
      put(above, i, mean)
    })
  )
  const squares = variable(number(0))
  loop(0, x.width, (i) =>
    loop(0, x.width, (j) => {
      const value = get(variable(cell(x, i, j)))
      set(squares, add(get(squares), mul(value, value)))
    })
  )
  return get(variable(frame.sqrt(get(squares))))
}

/** Rotations of rows and columns. */
export const symmetricEigen: Algorithm = factorization(
  (n) => [
    [n, n],
    [n, n],
    [1, n],
    [1, n]
  ],
  (frame) => {
    const { abs, add, cell, entry, get, greater, mul, number, put, sub, variable } = frame
    const [x, v, values, signs] = frame.spaces
    frame.read(0, x)
    const norm = symmetrize(frame, x)
    writeIdentity(frame, v, x.width)
    untilSettled(frame, (p, q, changed) => {
      const between = get(variable(cell(x, p, q)))
      frame.when(greater(abs(between), mul(number(2 ** -60), norm)), () => {
        const rotation = rotationOf(frame, [p, q], sub(cell(x, q, q), cell(x, p, p)), between)
        rotateRows(frame, x, rotation)
        rotateColumns(frame, x, rotation)
        put(frame.row(x, p), q, number(0))
        put(frame.row(x, q), p, number(0))
        rotateRows(frame, v, rotation)
        changed()
      })
    })
    frame.loop(0, x.width, (i) => put(values.base, i, cell(x, i, i)))
    order(frame, values, false, [v])
    emitSigns(frame, v, signs)
    const poison = get(variable(mul(number(0), norm)))
    frame.write(0, x.width, (_, j) => add(entry(values.base, j), poison))
    frame.write(1, x.width, vector(frame, v, signs, poison))
  }
)

/** The inner product of two rows. */
const dot = (frame: Frame, x: Matrix, p: Local<"index">, q: Local<"index">): Push => {
  const { add, entry, get, mul, number, row, set, variable } = frame
  const [left, right, sum] = [row(x, p), row(x, q), variable(number(0))]
  frame.loop(0, x.width, (k) => set(sum, add(get(sum), mul(entry(left, k), entry(right, k)))))
  return get(sum)
}

/** Rotations of columns, which stand as rows, then reflections of what they leave. */
export const svd: Algorithm = factorization(
  (m, n) => [...reflectionSpaces(m, n), [n, m], [n, n], [1, n], [1, n]],
  (frame) => {
    const { abs, add, entry, get, greater, mul, number, put, set, sqrt, sub, variable } = frame
    const reflections = reflectionsIn(frame.spaces)
    const [w, v, s, signs] = frame.spaces.slice(5)
    const [m, n] = [frame.rows, frame.columns]
    frame.read(0, reflections.w)
    transposeInto(frame, reflections.w, w, n)
    writeIdentity(frame, v, n)
    untilSettled(frame, (p, q, changed) => {
      const [left, right, between] = [dot(frame, w, p, p), dot(frame, w, q, q), dot(frame, w, p, q)]
      frame.when(greater(abs(between), mul(number(m * 2 ** -52), sqrt(mul(left, right)))), () => {
        const rotation = rotationOf(frame, [p, q], sub(right, left), between)
        rotateRows(frame, w, rotation)
        rotateRows(frame, v, rotation)
        changed()
      })
    })
    const total = variable(number(0))
    frame.loop(0, n, (i) => {
      put(s.base, i, sqrt(dot(frame, w, i, i)))
      set(total, add(get(total), entry(s.base, i)))
    })
    const poison = get(variable(mul(number(0), get(total))))
    order(frame, s, true, [w, v])
    emitSigns(frame, v, signs)
    transposeInto(frame, w, reflections.w, m)
    emitReflections(frame, reflections)
    frame.write(0, n, (i, j) => add(mul(orthogonal(frame, reflections, i, j), entry(signs.base, j)), poison))
    frame.write(1, n, (_, j) => add(entry(s.base, j), poison))
    frame.write(2, n, vector(frame, v, signs, poison))
  }
)
