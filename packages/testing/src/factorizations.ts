/**
 * Arbitrary factorizations: matrices far from those at which they have no derivative, and matrices of any kind.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import * as Linalg from "@cotangent/tensor/primitive/linalg"
import * as PseudoInverse from "@cotangent/tensor/primitive/pseudoInverse"
import { cast, reshape } from "@cotangent/tensor/primitive/linear"
import { concatenate } from "@cotangent/tensor/primitive/window"
import type { ManyOp, Tensor } from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"
import type { Dims } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import * as fc from "fast-check"
import * as Arrays from "@cotangent/gradcheck/arrays"
import type { Signature } from "./Case.ts"
import { signature } from "./Case.ts"

/** No batch, or a batch of up to two matrices. */
const batches: fc.Arbitrary<Dims> = fc.array(fc.nat(2), { maxLength: 1 })

/** Shapes of square matrices. */
export const squares: fc.Arbitrary<Dims> = fc.tuple(batches, Arrays.extent).map(([batch, n]) => [...batch, n, n])

/** Shapes of matrices that are no wider than long. */
export const talls: fc.Arbitrary<Dims> = fc
  .tuple(batches, Arrays.extent, fc.nat(2))
  .map(([batch, n, more]) => [...batch, n + more, n])

/** Whole numbers of hundredths, up to `most` of them either way. */
const upTo = (most: number): fc.Arbitrary<number> => fc.integer({ min: -most, max: most }).map((value) => value / 100)

/** Matrices with `diagonal(i)` added on the diagonal, and then their rows in any order where `isShuffled`. */
const around = (
  shape: Dims,
  entry: fc.Arbitrary<number>,
  { diagonal, isShuffled }: { readonly diagonal: (i: number) => number; readonly isShuffled: boolean }
): fc.Arbitrary<HostArray> => {
  const [rows, columns] = shape.slice(-2)
  const order = isShuffled ? Arrays.permutationOf(rows) : fc.constant(Arrays.range(rows))
  return fc.tuple(Arrays.array(shape, "f64", entry), order).map(([{ data }, from]) =>
    make(
      shape,
      "f64",
      Arrays.range(size(shape)).map((at) => {
        const [matrix, i, j] = [Math.floor(at / (rows * columns)), Math.floor(at / columns) % rows, at % columns]
        return data[matrix * rows * columns + from[i] * columns + j] + (from[i] === j ? diagonal(j) : 0)
      })
    )
  )
}

/** Matrices whose diagonal outweighs everything else: regular, and positive definite in their symmetric part. */
export const dominant = (shape: Dims, isShuffled: boolean): fc.Arbitrary<HostArray> =>
  around(shape, upTo(100), { diagonal: () => shape.at(-1)! + 1, isShuffled })

/** Matrices whose eigenvalues and singular values are far from each other, and from zero. */
export const separated = (shape: Dims, isShuffled: boolean): fc.Arbitrary<HostArray> =>
  around(shape, upTo(30), { diagonal: (i) => 4 * (i + 1), isShuffled })

/** Small whole numbers, which make dependent rows and equal values, and numbers that are none. */
const anything = (shape: Dims): fc.Arbitrary<HostArray> =>
  fc.constantFrom(Arrays.halves, Arrays.specials).chain((entry) => Arrays.array(shape, "f64", entry))

/** All outputs of an operation in one row. */
const together = (op: ManyOp<1>, x: Tensor): Tensor => {
  const rows = apply(op.primitive, [x]).map((output) => reshape(output, { shape: [size(output.shape)] }))
  return concatenate(
    rows.map((row) => cast(row, { dtype: x.dtype })),
    { axis: 0 }
  )
}

type Matrices = (shape: Dims, isShuffled: boolean) => fc.Arbitrary<HostArray>

const factorization = (
  op: ManyOp<1>,
  { isShuffled, matrices, shapes }: { readonly shapes: fc.Arbitrary<Dims>; matrices: Matrices; isShuffled: boolean }
): fc.Arbitrary<Signature> =>
  fc.tuple(shapes, fc.boolean()).map(([shape, isSmooth]) => ({
    name: op.primitive.name,
    inputs: [isSmooth ? matrices(shape, isShuffled) : anything(shape)],
    apply: ([x]) => together(op, x),
    differentiable: isSmooth ? [0] : []
  }))

const systems: fc.Arbitrary<Signature> = fc
  .tuple(
    squares,
    Arrays.extent,
    fc.record({ lower: fc.boolean(), transpose: fc.boolean(), unitDiagonal: fc.boolean() }),
    fc.boolean()
  )
  .map(([shape, columns, params, isSmooth]) => {
    const right = Arrays.array([...shape.slice(0, -1), columns], "f64", Arrays.reals)
    return signature(
      Linalg.triangularSolve,
      params,
      [isSmooth ? dominant(shape, false) : anything(shape), right],
      isSmooth ? [0, 1] : []
    )
  })

/** Arbitrary applications of each factorization. */
export const factorizations = {
  cholesky: fc
    .tuple(squares, fc.boolean())
    .map(([shape, isSmooth]) =>
      signature(Linalg.cholesky, undefined, [isSmooth ? dominant(shape, false) : anything(shape)], isSmooth ? [0] : [])
    ),
  triangularSolve: systems,
  lu: factorization(Linalg.lu, { shapes: squares, matrices: dominant, isShuffled: true }),
  qr: factorization(Linalg.qr, { shapes: talls, matrices: dominant, isShuffled: true }),
  symmetricEigen: factorization(Linalg.symmetricEigen, { shapes: squares, matrices: separated, isShuffled: false }),
  svd: factorization(Linalg.svd, { shapes: talls, matrices: separated, isShuffled: true }),
  pseudoInverse: fc.tuple(talls, fc.boolean(), fc.boolean()).map(([shape, isWide, isSmooth]) => {
    const [rows, columns] = shape.slice(-2)
    const turned = isWide ? [...shape.slice(0, -2), columns, rows] : shape
    const regular = around(turned, upTo(100), { diagonal: () => rows + 1, isShuffled: false })
    return {
      name: "pseudoInverse",
      inputs: [isSmooth ? regular : anything(turned)],
      apply: ([x]: ReadonlyArray<Tensor>) => PseudoInverse.pseudoInverse(x, { tolerance: 1e-3 }),
      differentiable: isSmooth ? [0] : []
    }
  })
}
