/**
 * The algorithms of matrix factorizations on one row-major matrix, in `f64` and in the order of operations that every
 * device keeps to, so that results differ by the rounding to their dtype only.
 */
import type { HostArray } from "../HostArray.ts"
import { make } from "../HostArray.ts"
import type { TensorType } from "../Shape.ts"
import { size } from "../Shape.ts"

/** A row-major matrix, or a vector. */
export type Numbers = Float64Array

/** Applies `factor` to each matrix of a batch; it gives a part of each output. */
export const eachMatrix = (
  inputs: ReadonlyArray<HostArray>,
  types: ReadonlyArray<TensorType>,
  factor: (matrices: ReadonlyArray<Numbers>) => ReadonlyArray<ArrayLike<number>>
): ReadonlyArray<HostArray> => {
  const count = size(inputs[0].shape.slice(0, -2))
  const values = types.map(({ shape }) => new Float64Array(size(shape)))
  for (let batch = 0; batch < count; batch++) {
    const matrices = inputs.map(({ data }) => {
      const length = data.length / count
      return Float64Array.from(data.subarray(batch * length, (batch + 1) * length))
    })
    factor(matrices).forEach((part, i) => values[i].set(part, batch * part.length))
  }
  return types.map(({ dtype, shape }, i) => make(shape, dtype, values[i]))
}

/** 0, or NaN for what is no finite number: added to results, it makes them tell. */
const poisonOf = (x: number): number => (Number.isFinite(x) ? 0 : Number.NaN)

/** The lower factor of the symmetric part of `a`, row by row. A pivot that is not positive makes all of it NaN. */
export const cholesky = (a: Numbers, n: number): Numbers => {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = 0.5 * (a[i * n + j] + a[j * n + i])
      for (let k = 0; k < j; k++) rest -= a[i * n + k] * a[j * n + k]
      a[i * n + j] = i > j ? rest / a[j * n + j] : rest > 0 ? Math.sqrt(rest) : Number.NaN
    }
  }
  // The last pivot depends on all others.
  const poison = poisonOf(a[n * n - 1])
  return a.map((value, at) => (at % n > Math.floor(at / n) ? 0 : value + poison))
}

/** Which triangle of a matrix counts, whether it is transposed, and whether its diagonal counts as ones. */
export interface Triangle {
  readonly lower: boolean
  readonly transpose: boolean
  readonly unitDiagonal: boolean
}

/** Substitution in the `n` rows of `x`, from the side where the triangle has one element. */
export const substitute = (a: Numbers, x: Numbers, n: number, triangle: Triangle): Numbers => {
  const { lower, transpose, unitDiagonal } = triangle
  const width = x.length / n
  const place = (step: number): number => (lower === transpose ? n - 1 - step : step)
  for (let step = 0; step < n; step++) {
    const i = place(step)
    for (let before = 0; before < step; before++) {
      const k = place(before)
      const factor = a[transpose ? k * n + i : i * n + k]
      for (let j = 0; j < width; j++) x[i * width + j] -= factor * x[k * width + j]
    }
    if (!unitDiagonal) for (let j = 0; j < width; j++) x[i * width + j] /= a[i * n + i]
  }
  return x
}

const swap = (x: Numbers | Array<number>, i: number, j: number, width = 1): void => {
  for (let k = 0; k < width; k++) [x[i * width + k], x[j * width + k]] = [x[j * width + k], x[i * width + k]]
}

/** Gaussian elimination with the greatest element of each column as its pivot; both factors in one matrix. */
export const eliminate = (a: Numbers, n: number): readonly [factors: Numbers, permutation: ReadonlyArray<number>] => {
  const permutation = Array.from({ length: n }, (_, i) => i)
  for (let k = 0; k < n; k++) {
    let best = k
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i * n + k]) > Math.abs(a[best * n + k])) best = i
    swap(a, k, best, n)
    swap(permutation, k, best)
    const pivot = a[k * n + k]
    // Under a pivot of 0 there are only zeros.
    if (pivot === 0) continue
    for (let i = k + 1; i < n; i++) {
      const factor = a[i * n + k] / pivot
      a[i * n + k] = factor
      for (let j = k + 1; j < n; j++) a[i * n + j] -= factor * a[k * n + j]
    }
  }
  return [a, permutation]
}

/** Applies `1 − v vᵀ / scale` to columns `from … n − 1` of `x`; `v` is column `k` of `w` from row `k` on. */
const reflect = (w: Numbers, x: Numbers, n: number, reflection: { k: number; scale: number; from: number }): void => {
  const { from, k, scale } = reflection
  // Nothing to reflect: the column was zero.
  if (scale === 0) return
  const sums = new Float64Array(n)
  for (let i = k; i * n < w.length; i++) for (let j = from; j < n; j++) sums[j] += w[i * n + k] * x[i * n + j]
  for (let j = from; j < n; j++) sums[j] /= scale
  for (let i = k; i * n < w.length; i++) for (let j = from; j < n; j++) x[i * n + j] -= w[i * n + k] * sums[j]
}

/** Householder reflections of the `n` columns of `w`, at least as long: the reduced factors, with `r[k][k] ≥ 0`. */
export const reflections = (w: Numbers, n: number): readonly [q: Numbers, r: Numbers] => {
  const [heads, scales] = [new Float64Array(n), new Float64Array(n)]
  for (let k = 0; k < n; k++) {
    let squares = 0
    for (let i = k; i * n < w.length; i++) squares += w[i * n + k] * w[i * n + k]
    const [norm, head] = [Math.sqrt(squares), w[k * n + k]]
    heads[k] = head > 0 ? -norm : norm
    scales[k] = norm * (norm + Math.abs(head))
    w[k * n + k] = head - heads[k]
    reflect(w, w, n, { k, scale: scales[k], from: k + 1 })
  }
  const q = new Float64Array(w.length)
  for (let k = 0; k < n; k++) q[k * n + k] = 1
  for (let k = n - 1; k >= 0; k--) reflect(w, q, n, { k, scale: scales[k], from: k })
  const r = w.slice(0, n * n).map((value, at) => {
    const [i, j] = [Math.floor(at / n), at % n]
    return i > j ? 0 : (i === j ? heads[i] : value) * sign(heads[i])
  })
  return [q.map((value, at) => value * sign(heads[at % n])), r]
}

const sign = (x: number): number => (x < 0 ? -1 : 1)

/** The most passes over all pairs; convergence is quadratic, so that a few are enough. */
const passes = 60

/** Tangent of the angle whose rotation makes the element between two others zero. */
const tangentOf = (difference: number, between: number): number => {
  const ratio = difference / (2 * between)
  const tangent = 1 / (Math.abs(ratio) + Math.sqrt(ratio * ratio + 1))
  return ratio < 0 ? -tangent : tangent
}

interface Rotation {
  readonly p: number
  readonly q: number
  readonly tangent: number
}

/** Rotates rows `p` and `q` of a matrix; `width` and `step` lie between its columns and rows, or the other way around. */
const rotate = (x: Numbers, { p, q, tangent }: Rotation, count: number, [row, column]: readonly [number, number]) => {
  const cosine = 1 / Math.sqrt(tangent * tangent + 1)
  const sine = tangent * cosine
  for (let k = 0; k < count; k++) {
    const [i, j] = [p * row + k * column, q * row + k * column]
    const [left, right] = [x[i], x[j]]
    x[i] = cosine * left - sine * right
    x[j] = sine * left + cosine * right
  }
}

const identity = (n: number): Numbers => Float64Array.from({ length: n * n }, (_, at) => Number(at % (n + 1) === 0))

/** Visits all pairs again and again until `visit` finds nothing to do. */
const untilSettled = (n: number, visit: (p: number, q: number) => boolean): void => {
  let isSettled = false
  for (let pass = 0; pass < passes && !isSettled; pass++) {
    isSettled = true
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) if (visit(p, q)) isSettled = false
  }
}

/** Puts `values` in ascending order, with the rows of `others`; `direction` −1 makes it descending. */
const order = (values: Numbers, direction: number, others: ReadonlyArray<readonly [Numbers, width: number]>): void => {
  for (let i = 0; i < values.length; i++) {
    let best = i
    for (let j = i + 1; j < values.length; j++) if (direction * values[j] < direction * values[best]) best = j
    swap(values, i, best)
    for (const [rows, width] of others) swap(rows, i, best, width)
  }
}

/** An entry of a vector is small up to this part of the largest. */
const small = 0.3

/** The sign of the first entry of each row of `v` that is not small. */
const signsOf = (v: Numbers, n: number): Numbers =>
  Float64Array.from({ length: n }, (_, i) => {
    const row = v.subarray(i * n, (i + 1) * n)
    const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    return sign(row.find((value) => Math.abs(value) > small * largest) ?? 1)
  })

/** `vᵀ` with signs for its columns. */
const columnsOf = (v: Numbers, n: number, signs: Numbers, poison: number): Numbers =>
  v.map((_, at) => v[(at % n) * n + Math.floor(at / n)] * signs[at % n] + poison)

/** Jacobi rotations of the symmetric part of `a`. */
export const eigen = (a: Numbers, n: number): readonly [values: Numbers, vectors: Numbers] => {
  const x = a.map((value, at) => 0.5 * (value + a[(at % n) * n + Math.floor(at / n)]))
  const v = identity(n)
  const norm = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0))
  untilSettled(n, (p, q) => {
    const between = x[p * n + q]
    if (!(Math.abs(between) > 2 ** -60 * norm)) return false
    const rotation = { p, q, tangent: tangentOf(x[q * n + q] - x[p * n + p], between) }
    rotate(x, rotation, n, [n, 1])
    rotate(x, rotation, n, [1, n])
    x[p * n + q] = 0
    x[q * n + p] = 0
    rotate(v, rotation, n, [n, 1])
    return true
  })
  const values = Float64Array.from({ length: n }, (_, i) => x[i * n + i])
  order(values, 1, [[v, n]])
  const poison = poisonOf(norm)
  return [values.map((value) => value + poison), columnsOf(v, n, signsOf(v, n), poison)]
}

/**
 * One-sided Jacobi: rotates the `n` columns of `a`, at least as long, until they are orthogonal. Their norms are the
 * singular values; the orthogonal factor of what is left is `u`, also where columns are zero.
 */
export const singular = (a: Numbers, n: number): readonly [u: Numbers, s: Numbers, v: Numbers] => {
  const m = n === 0 ? 0 : a.length / n
  const w = a.map((_, at) => a[(at % m) * n + Math.floor(at / m)])
  const v = identity(n)
  const dot = (p: number, q: number): number => {
    let sum = 0
    for (let k = 0; k < m; k++) sum += w[p * m + k] * w[q * m + k]
    return sum
  }
  untilSettled(n, (p, q) => {
    const [left, right, between] = [dot(p, p), dot(q, q), dot(p, q)]
    if (!(Math.abs(between) > m * 2 ** -52 * Math.sqrt(left * right))) return false
    const rotation = { p, q, tangent: tangentOf(right - left, between) }
    rotate(w, rotation, m, [m, 1])
    rotate(v, rotation, n, [n, 1])
    return true
  })
  const s = Float64Array.from({ length: n }, (_, i) => Math.sqrt(dot(i, i)))
  const poison = poisonOf(s.reduce((sum, value) => sum + value, 0))
  order(s, -1, [
    [w, m],
    [v, n]
  ])
  const signs = signsOf(v, n)
  const columns = w.map((_, at) => w[(at % n) * m + Math.floor(at / n)])
  const [q] = reflections(columns, n)
  return [
    q.map((value, at) => value * signs[at % n] + poison),
    s.map((value) => value + poison),
    columnsOf(v, n, signs, poison)
  ]
}
