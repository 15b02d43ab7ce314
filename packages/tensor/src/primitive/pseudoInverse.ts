/**
 * The inverse of any matrix. Its value is composed of the singular value decomposition; its derivative, which exists where
 * that of singular vectors does not, is stated.
 */
import * as DTypes from "../DType.ts"
import { DTypeError, ShapeError } from "../errors.ts"
import * as M from "../internal/matrices.ts"
import type { AnyPrimitive, Op, Tensor } from "../Primitive.ts"
import { apply } from "../Primitive.ts"
import { trace } from "../Program.ts"
import type { TensorType } from "../Shape.ts"
import { size } from "../Shape.ts"
import { div } from "./elementwise.ts"
import { full, zeros } from "./leaf.ts"
import { svd } from "./linalg.ts"
import { add, neg, sub } from "./linear.ts"
import { where } from "./selection.ts"

/** Up to which share of the greatest singular value one counts as zero. */
export interface Tolerance {
  readonly tolerance: number
}

/** A call does not see its inputs, so their type is a parameter. */
interface Params extends Tolerance {
  readonly input: TensorType
}

const typeOf = ({ dtype, shape }: TensorType): TensorType => {
  if (!DTypes.isFloat(dtype)) {
    throw new DTypeError({ operation: "pinv", expected: "floats", received: [dtype], hint: 'use cast(x, "f32")' })
  }
  if (shape.length < 2) throw new ShapeError({ operation: "pinv", expected: "[..., m, n]", received: [shape] })
  const [rows, columns] = shape.slice(-2)
  return { dtype, shape: [...shape.slice(0, -2), columns, rows] }
}

/** `V diag(1/s) Uᵀ`, without what belongs to singular values that count as zero. */
const valueOf = (a: Tensor, tolerance: number): Tensor => {
  const output = typeOf(a)
  if (size(a.shape) === 0) return zeros(output)
  const isTall = a.shape.at(-2)! >= a.shape.at(-1)!
  const [u, s, v] = svd(isTall ? a : M.transposed(a))
  const isKept = M.isSignificant(s, tolerance)
  const one = full({ shape: s.shape, dtype: s.dtype, value: 1 })
  const inverse = where(isKept, div(one, where(isKept, s, one)), zeros(s))
  const result = M.product(M.scaledColumns(v, inverse), M.transposed(u))
  return isTall ? result : M.transposed(result)
}

/** `1 − a b`, which is symmetric where one is the pseudo-inverse of the other. */
const complement = (a: Tensor, b: Tensor): Tensor => {
  const x = M.product(a, b)
  return sub(M.identityLike(x), x)
}

const primitive: AnyPrimitive = {
  name: "pseudoInverse",
  type: ([a]) => [typeOf(a)],
  lowering: {
    kind: "call",
    call: (params) => {
      const { input, tolerance } = params as Params
      return { body: trace([input], (a) => [valueOf(a, tolerance)]), isolated: false }
    }
  },
  // −P dA P + P Pᵀ dAᵀ (1 − A P) + (1 − P A) dAᵀ Pᵀ P
  jvp: ({ inputs: [a], outputs: [p], tangents: [da] }) => {
    if (da === undefined) return [undefined]
    const [across, turned] = [M.transposed(da), M.transposed(p)]
    const inside = neg(M.product(M.product(p, da), p))
    const left = M.product(M.product(p, M.product(turned, across)), complement(a, p))
    const right = M.product(M.product(complement(p, a), across), M.product(turned, p))
    return [add(add(inside, left), right)]
  },
  // −Pᵀ G Pᵀ + (1 − A P) Gᵀ P Pᵀ + Pᵀ P Gᵀ (1 − P A)
  vjp: ({ cotangents: [g], inputs: [a], outputs: [p] }) => {
    if (g === undefined) return [undefined]
    const [across, turned] = [M.transposed(g), M.transposed(p)]
    const inside = neg(M.product(M.product(turned, g), turned))
    const left = M.product(complement(a, p), M.product(M.product(across, p), turned))
    const right = M.product(M.product(turned, M.product(p, across)), complement(p, a))
    return [add(add(inside, left), right)]
  },
  batch: ({ inputs: [a], params }) => [pseudoInverse(a, params as Params)]
}

/**
 * The Moore-Penrose inverse `P` of matrices, `[…, m, n] → […, n, m]`. Singular values up to `tolerance` times the greatest
 * count as zero; derivatives are those at constant rank.
 *
 * **Source** of the derivative: Golub & Pereyra 1973, "The differentiation of pseudo-inverses and nonlinear least squares
 * problems whose variables separate", equation 4.12.
 */
export const pseudoInverse: Op<1, Tolerance> = Object.assign(
  (a: Tensor, { tolerance }: Tolerance): Tensor =>
    apply(primitive, [a], { input: { shape: a.shape, dtype: a.dtype }, tolerance })[0],
  { primitive }
)
