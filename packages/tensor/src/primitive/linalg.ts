/**
 * Factorizations of matrices, `[…, n, n]` or `[…, m, n]` with a leading batch. Each is an algorithm in `f64`, whatever
 * the dtype, and has its derivative in closed form, composed of products and triangular systems, so that it nests.
 *
 * **Source** of the derivatives: Giles 2008, "Collected matrix derivative results for forward and reverse mode
 * algorithmic differentiation"; others where they are stated.
 */
import * as DTypes from "../DType.ts"
import { DTypeError, ShapeError } from "../errors.ts"
import type { Triangle } from "../internal/factorization.ts"
import * as Factorization from "../internal/factorization.ts"
import * as M from "../internal/matrices.ts"
import type { Cotangent, ManyOp, Op, Tensor } from "../Primitive.ts"
import { make, makeMany } from "../Primitive.ts"
import type { TensorType } from "../Shape.ts"
import { equals } from "../Shape.ts"
import { mul } from "./bilinear.ts"
import { div } from "./elementwise.ts"
import { full } from "./leaf.ts"
import { add, batched, neg, sameType, sub } from "./linear.ts"

/** **Throws** unless `a` holds matrices of floats that `fits` by their rows and columns. */
const demand = (
  operation: string,
  a: TensorType,
  { expected, fits }: { readonly expected: string; readonly fits: (rows: number, columns: number) => boolean }
): void => {
  if (!DTypes.isFloat(a.dtype)) {
    throw new DTypeError({ operation, expected: "floats", received: [a.dtype], hint: 'use cast(x, "f32")' })
  }
  const [rows, columns] = a.shape.slice(-2)
  if (a.shape.length < 2 || !fits(rows, columns)) throw new ShapeError({ operation, expected, received: [a.shape] })
}

const square = { expected: "square matrices [..., n, n]", fits: (rows: number, columns: number) => rows === columns }
const tall = { expected: "matrices [..., m, n] with m >= n", fits: (rows: number, columns: number) => rows >= columns }

/** `x` without the last axis. */
const rowsOf = ({ dtype, shape }: TensorType): TensorType => ({ dtype, shape: shape.slice(0, -1) })

/** The square matrices of the last axis of `x`. */
const inner = ({ dtype, shape }: TensorType): TensorType => ({
  dtype,
  shape: [...shape.slice(0, -2), shape.at(-1)!, shape.at(-1)!]
})

const plus = (x: Cotangent, y: Cotangent): Cotangent => (x === undefined ? y : y === undefined ? x : add(x, y))

const over = <A, B>(x: A | undefined, f: (x: A) => B): B | undefined => (x === undefined ? undefined : f(x))

/** Φ of Murray: the lower triangle with half the diagonal. */
const halved = (x: Tensor): Tensor => add(M.strictlyLowerOf(x), M.scaled(M.onDiagonal(x), 0.5))

const forward: Triangle = { lower: true, transpose: false, unitDiagonal: false }
const backward: Triangle = { ...forward, transpose: true }
const unit: Triangle = { ...forward, unitDiagonal: true }
const upper: Triangle = { ...forward, lower: false }

/** `x T⁻ᵀ`, for the triangle `T` of `a`: the solutions of systems whose unknowns stand on the left of `Tᵀ`. */
const solveRight = (a: Tensor, x: Tensor, triangle: Triangle): Tensor =>
  M.transposed(triangularSolve(a, M.transposed(x), triangle))

/**
 * The lower triangular `L` with a positive diagonal and `L Lᵀ = ½ (A + Aᵀ)`, the symmetric part of the input.
 * Derivative: `dL = L Φ(L⁻¹ dA L⁻ᵀ)`; adjoint `L⁻ᵀ Φ(Lᵀ L̄) L⁻¹`, symmetrized.
 *
 * **Shapes** `[…, n, n] → […, n, n]`
 *
 * **Domain** Positive definite matrices; for others the lower triangle is NaN.
 *
 * **Source** Murray 2016, "Differentiation of the Cholesky decomposition", equations 8 to 10.
 */
export const cholesky: Op<1> = make({
  name: "cholesky",
  arity: 1,
  domain: "a symmetric, positive definite matrix",
  type: ([a]) => {
    demand("cholesky", a, square)
    return { shape: a.shape, dtype: a.dtype }
  },
  routine: ([a]) => Factorization.eachMatrix([a], [a], ([x]) => [Factorization.cholesky(x, a.shape.at(-1)!)])[0],
  jvp: ({ output: l, tangents: [da] }) =>
    over(da, (tangent) =>
      M.product(l, halved(solveRight(l, triangularSolve(l, M.symmetric(tangent), forward), forward)))
    ),
  vjp: ({ output: l, cotangent }) => {
    const inside = halved(M.product(M.transposed(l), cotangent))
    return [M.symmetric(solveRight(l, triangularSolve(l, inside, backward), backward))]
  },
  batch: ({ inputs: [x] }) => cholesky(x)
})

/** The triangle of `x` that counts, or of its transpose. */
const triangleOf = (x: Tensor, { lower, unitDiagonal }: Triangle): Tensor =>
  lower ? (unitDiagonal ? M.strictlyLowerOf(x) : M.lowerOf(x)) : unitDiagonal ? M.strictlyUpperOf(x) : M.upperOf(x)

/**
 * The `X` with `T X = B`, or `Tᵀ X = B`, where `T` is a triangle of `A`; the other triangle is not read. Linear in `B`.
 * Derivative: `dX = T⁻¹ (dB − dT X)`; adjoint `B̄ = T⁻ᵀ X̄`, `T̄ = −B̄ Xᵀ`.
 *
 * **Shapes** `[…, n, n]`, `[…, n, m] → […, n, m]`
 *
 * **Domain** Diagonals without zeros; elsewhere the solution is infinite or NaN.
 */
export const triangularSolve: Op<2, Triangle> = make<2, Triangle>({
  name: "triangularSolve",
  arity: 2,
  domain: "a matrix without zeros on its diagonal",
  type: ([a, b]) => {
    demand("triangularSolve", a, square)
    sameType("triangularSolve", [rowsOf(a), { dtype: b.dtype, shape: rowsOf(a).shape }])
    if (b.shape.length === a.shape.length && equals(rowsOf(a).shape, rowsOf(b).shape)) {
      return { shape: b.shape, dtype: b.dtype }
    }
    throw new ShapeError({
      operation: "triangularSolve",
      expected: "matrices [..., n, n] and [..., n, m]",
      received: [a.shape, b.shape]
    })
  },
  routine: ([a, b], triangle) =>
    Factorization.eachMatrix([a, b], [b], ([x, y]) => [Factorization.substitute(x, y, a.shape.at(-1)!, triangle)])[0],
  jvp: ({ inputs: [a], output: x, params, tangents: [da, db] }) => {
    const moved = over(da, (tangent) => {
      const triangle = triangleOf(tangent, params)
      return neg(M.product(params.transpose ? M.transposed(triangle) : triangle, x))
    })
    return over(plus(db, moved), (right) => triangularSolve(a, right, params))
  },
  vjp: ({ inputs: [a], output: x, params, cotangent }) => {
    const right = triangularSolve(a, cotangent, { ...params, transpose: !params.transpose })
    const [left, other] = params.transpose ? [x, right] : [right, x]
    return [neg(triangleOf(M.product(left, M.transposed(other)), params)), right]
  },
  batch: ({ params, ...rule }) => triangularSolve(...batched(rule), params)
})

/**
 * Gaussian elimination with partial pivoting: `P A = L U`. Two outputs: `U` on and above the diagonal with `L`, whose
 * diagonal is ones, below it; and the row of `A` that stands at each row of `P A`, as `i32`.
 * Derivative: with `F = L⁻¹ P dA U⁻¹`, `dL = L tril(F, −1)` and `dU = triu(F) U`.
 *
 * **Shapes** `[…, n, n] → […, n, n], […, n]`
 *
 * **Domain** All square matrices have factors; derivatives, as all that divides by `U`, are infinite or NaN where `A` is
 * singular.
 *
 * **Numerics** Pivots are the greatest elements of their columns, the first of equals.
 */
export const lu: ManyOp<1> = makeMany({
  name: "lu",
  arity: 1,
  type: ([a]) => {
    demand("lu", a, square)
    return [
      { shape: a.shape, dtype: a.dtype },
      { shape: rowsOf(a).shape, dtype: "i32" }
    ]
  },
  routine: ([a]) =>
    Factorization.eachMatrix([a], [a, { shape: rowsOf(a).shape, dtype: "i32" }], ([x]) =>
      Factorization.eliminate(x, a.shape.at(-1)!)
    ),
  jvp: ({ outputs: [factors, permutation], tangents: [da] }) => {
    if (da === undefined) return [undefined, undefined]
    const left = triangularSolve(factors, M.permuted(da, permutation), unit)
    const inside = solveRight(factors, left, { ...upper, transpose: true })
    const below = M.strictlyLowerOf(inside)
    const dl = add(below, M.product(M.strictlyLowerOf(factors), below))
    return [add(dl, M.product(M.upperOf(inside), M.upperOf(factors))), undefined]
  },
  vjp: ({ outputs: [factors, permutation], cotangents: [cotangent] }) => {
    if (cotangent === undefined) return [undefined]
    const below = M.strictlyLowerOf(cotangent)
    const l = add(below, M.product(M.transposed(M.strictlyLowerOf(factors)), below))
    const u = M.product(M.upperOf(cotangent), M.transposed(M.upperOf(factors)))
    const inside = add(M.strictlyLowerOf(l), M.upperOf(u))
    const left = solveRight(factors, inside, upper)
    return [M.unpermuted(triangularSolve(factors, left, { ...unit, transpose: true }), permutation)]
  },
  batch: ({ inputs: [x] }) => lu(x)
})

/**
 * The reduced factors `A = Q R`: `QᵀQ = 1`, `R` upper triangular with a diagonal that is not negative.
 * Derivative: with `B = dA R⁻¹` and the skew `Ω` whose lower triangle is that of `QᵀB`, `dR = (QᵀB − Ω) R` and
 * `dQ = B − Q (QᵀB − Ω)`; adjoint `(Q̄ + Q copyltu(R R̄ᵀ − Q̄ᵀQ)) R⁻ᵀ`, where `copyltu` mirrors the lower triangle.
 *
 * **Shapes** `[…, m, n] → […, m, n], […, n, n]`, `m ≥ n`
 *
 * **Domain** All matrices have factors; derivatives are infinite or NaN unless columns are linearly independent.
 *
 * **Numerics** Householder reflections: `Q` is orthogonal to rounding also for dependent columns.
 *
 * **Source** Liao, Liu, Wang, Xiang 2019, "Differentiable programming tensor networks", section III.A.2.
 */
export const qr: ManyOp<1> = makeMany({
  name: "qr",
  arity: 1,
  type: ([a]) => {
    demand("qr", a, tall)
    return [{ shape: a.shape, dtype: a.dtype }, inner(a)]
  },
  routine: ([a]) =>
    Factorization.eachMatrix([a], [a, inner(a)], ([x]) => Factorization.reflections(x, a.shape.at(-1)!)),
  jvp: ({ outputs: [q, r], tangents: [da] }) => {
    if (da === undefined) return [undefined, undefined]
    const b = solveRight(r, da, { ...upper, transpose: true })
    const inside = M.product(M.transposed(q), b)
    const below = M.strictlyLowerOf(inside)
    const rising = sub(inside, sub(below, M.transposed(below)))
    return [sub(b, M.product(q, rising)), M.product(rising, r)]
  },
  vjp: ({ outputs: [q, r], cotangents: [dq, dr] }) => {
    const fromR = over(dr, (given) => M.product(r, M.transposed(M.upperOf(given))))
    const fromQ = over(dq, (given) => neg(M.product(M.transposed(given), q)))
    const inside = over(plus(fromR, fromQ), (x) => add(M.lowerOf(x), M.transposed(M.strictlyLowerOf(x))))
    const total = plus(
      dq,
      over(inside, (x) => M.product(q, x))
    )
    return [over(total, (x) => solveRight(r, x, upper))]
  },
  batch: ({ inputs: [x] }) => qr(x)
})

/** `1 / (x[j] − x[i])` for `i ≠ j`, 0 on the diagonal. */
const reciprocalGaps = (x: Tensor): Tensor => {
  const like: TensorType = { dtype: x.dtype, shape: [...x.shape, x.shape.at(-1)!] }
  const one = full({ ...like, value: 1 })
  const gaps = sub(M.acrossColumns(x, one), M.acrossRows(x, one))
  // The ones on the diagonal keep the division finite there.
  const safe = add(gaps, M.onDiagonal(one))
  return sub(div(one, safe), M.onDiagonal(one))
}

/**
 * Eigenvalues of the symmetric part of `A`, ascending, and their eigenvectors as columns: `½ (A + Aᵀ) = V diag(λ) Vᵀ`,
 * `VᵀV = 1`. The first entry of each vector that exceeds 0.3 of its largest magnitude is positive.
 * Derivative: with `P = Vᵀ dA V` and `F[i][j] = 1 / (λ[j] − λ[i])`, 0 on the diagonal, `dλ = diag(P)` and
 * `dV = V (F ∘ P)`; adjoint `V (diag(λ̄) + F ∘ VᵀV̄) Vᵀ`, symmetrized.
 *
 * **Shapes** `[…, n, n] → […, n], […, n, n]`
 *
 * **Domain** All symmetric matrices. Where eigenvalues are equal the vectors are one basis of many and have no
 * derivative: theirs is infinite or NaN, that of the values alone stays finite and is the one of the basis given. Infinite
 * or NaN inputs make everything NaN.
 *
 * **Numerics** Cyclic Jacobi rotations: vectors are orthogonal to rounding also for equal eigenvalues.
 */
export const symmetricEigen: ManyOp<1> = makeMany({
  name: "symmetricEigen",
  arity: 1,
  type: ([a]) => {
    demand("symmetricEigen", a, square)
    return [rowsOf(a), inner(a)]
  },
  routine: ([a]) => Factorization.eachMatrix([a], [rowsOf(a), a], ([x]) => Factorization.eigen(x, a.shape.at(-1)!)),
  jvp: ({ outputs: [values, vectors], tangents: [da] }) => {
    if (da === undefined) return [undefined, undefined]
    const inside = M.product(M.transposed(vectors), M.product(M.symmetric(da), vectors))
    return [M.diagonalOf(inside), M.product(vectors, mul(reciprocalGaps(values), inside))]
  },
  vjp: ({ outputs: [values, vectors], cotangents: [dValues, dVectors] }) => {
    const fromVectors = over(dVectors, (x) => mul(reciprocalGaps(values), M.product(M.transposed(vectors), x)))
    const inside = plus(over(dValues, M.diagonalMatrix), fromVectors)
    return [over(inside, (x) => M.symmetric(M.product(vectors, M.product(x, M.transposed(vectors)))))]
  },
  batch: ({ inputs: [x] }) => symmetricEigen(x)
})

/** The part of `x` that is orthogonal to the columns of `u`. */
const beyond = (u: Tensor, x: Tensor): Tensor => sub(x, M.product(u, M.product(M.transposed(u), x)))

const squared = (x: Tensor): Tensor => mul(x, x)
const inverted = (x: Tensor): Tensor => div(full({ shape: x.shape, dtype: x.dtype, value: 1 }), x)
const isSquare = ({ shape }: TensorType): boolean => shape.at(-1) === shape.at(-2)

/**
 * The reduced singular value decomposition `A = U diag(s) Vᵀ`: `UᵀU = VᵀV = 1`, `s` descending and not negative. The
 * first entry of each column of `V` that exceeds 0.3 of its largest magnitude is positive.
 * Derivative: with `P = Uᵀ dA V`, `S = diag(s)` and `F[i][j] = 1 / (s[j]² − s[i]²)`, 0 on the diagonal, `ds = diag(P)`,
 * `dV = V (F ∘ (S P + Pᵀ S))`, `dU = U (F ∘ (P S + S Pᵀ)) + (1 − U Uᵀ) dA V S⁻¹`.
 *
 * **Shapes** `[…, m, n] → […, m, n], […, n], […, n, n]`, `m ≥ n`
 *
 * **Domain** All matrices. Where singular values are equal, or zero and `m > n`, `U` and `V` are one choice of many and
 * have no derivative: theirs is infinite or NaN, that of the values alone stays finite. Infinite or NaN inputs make
 * everything NaN.
 *
 * **Numerics** One-sided Jacobi rotations, then Householder reflections for `U`, which so is orthogonal to rounding also
 * where singular values are zero.
 *
 * **Source** Townsend 2016, "Differentiating the singular value decomposition".
 */
export const svd: ManyOp<1> = makeMany({
  name: "svd",
  arity: 1,
  type: ([a]) => {
    demand("svd", a, tall)
    return [{ shape: a.shape, dtype: a.dtype }, rowsOf(inner(a)), inner(a)]
  },
  routine: ([a]) =>
    Factorization.eachMatrix([a], [a, rowsOf(inner(a)), inner(a)], ([x]) => Factorization.singular(x, a.shape.at(-1)!)),
  jvp: ({ outputs: [u, s, v], tangents: [da] }) => {
    if (da === undefined) return [undefined, undefined, undefined]
    const p = M.product(M.transposed(u), M.product(da, v))
    const gaps = reciprocalGaps(squared(s))
    const [right, left] = [M.scaledColumns(p, s), M.scaledRows(s, p)]
    const du = M.product(u, mul(gaps, add(right, M.transposed(right))))
    const dv = M.product(v, mul(gaps, add(left, M.transposed(left))))
    const rest = isSquare(da) ? undefined : M.scaledColumns(beyond(u, M.product(da, v)), inverted(s))
    return [plus(du, rest), M.diagonalOf(p), dv]
  },
  vjp: ({ outputs: [u, s, v], cotangents: [du, ds, dv] }) => {
    const gapsOf = (basis: Tensor, x: Tensor): Tensor => {
      const skew = mul(reciprocalGaps(squared(s)), M.product(M.transposed(basis), x))
      return add(skew, M.transposed(skew))
    }
    const fromU = over(du, (x) => M.scaledColumns(gapsOf(u, x), s))
    const fromV = over(dv, (x) => M.scaledRows(s, gapsOf(v, x)))
    const inside = plus(plus(fromU, fromV), over(ds, M.diagonalMatrix))
    const rest = isSquare(u) ? undefined : over(du, (x) => M.scaledColumns(beyond(u, x), inverted(s)))
    const left = plus(
      over(inside, (x) => M.product(u, x)),
      rest
    )
    return [over(left, (x) => M.product(x, M.transposed(v)))]
  },
  batch: ({ inputs: [x] }) => svd(x)
})
