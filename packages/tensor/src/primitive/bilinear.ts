/**
 * Bilinear operations: linear in each of two inputs. Both derivatives follow from the two partial applications,
 * d(x ∘ y) = dx ∘ y + x ∘ dy.
 */
import { ShapeError } from "../errors.ts"
import type { Cotangent, DeclarationWithout, Op, OpRule, Tensor } from "../Primitive.ts"
import { make } from "../Primitive.ts"
import * as DTypes from "../DType.ts"
import * as Scalar from "../Scalar.ts"
import type { Dims } from "../Shape.ts"
import { fillValue } from "./leaf.ts"
import { add, batched, numeric, sameType, transpose } from "./linear.ts"

/** What a bilinear operation declares: the adjoints of its partial applications. */
type Bilinear<P> = DeclarationWithout<"jvp" | "vjp", 2, P> & {
  readonly adjoints: (rule: OpRule<2, P> & { readonly cotangent: Tensor }) => readonly [Cotangent, Cotangent]
}

/** An operation that is linear in each of its two inputs. */
export const bilinear = <P = void>({ adjoints, ...declaration }: Bilinear<P>): Op<2, P> => {
  const op: Op<2, P> = make<2, P>({
    ...declaration,
    jvp: ({ inputs: [x, y], output, params, tangents: [dx, dy] }) => {
      if (!DTypes.isFloat(output.dtype)) return undefined
      // `Op` is variadic in types; here its arguments are data.
      const call = op as unknown as (...args: ReadonlyArray<unknown>) => Tensor
      const left = dx === undefined ? undefined : call(dx, y, params)
      const right = dy === undefined ? undefined : call(x, dy, params)
      return left === undefined ? right : right === undefined ? left : add(left, right)
    },
    vjp: (rule) => (DTypes.isFloat(rule.output.dtype) ? adjoints(rule) : [undefined, undefined])
  })
  return op
}

/** `x · y`, element by element. Partial applications are their own adjoints. */
export const mul: Op<2> = bilinear({
  name: "mul",
  arity: 2,
  type: (inputs) => numeric("mul", sameType("mul", inputs)),
  element: ([x, y], index) => Scalar.mul(x.at(index), y.at(index)),
  adjoints: ({ inputs: [x, y], cotangent }) => [mul(cotangent, y), mul(cotangent, x)],
  batch: (rule) => mul(...batched(rule)),
  simplify: ({ inputs: [x, y] }) => (fillValue(x) === 1 ? y : fillValue(y) === 1 ? x : undefined)
})

/** Which axes of the operands of a contraction are summed over in pairs, and which are shared. */
export interface Contraction {
  /** Axes of `a` and of `b` that are summed over, in pairs. */
  readonly contract: readonly [a: Dims, b: Dims]
  /** Axes of `a` and of `b` that both share, in pairs; they lead the result. */
  readonly batch: readonly [a: Dims, b: Dims]
}

const free = (rank: number, contract: Dims, batch: Dims): Dims =>
  Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !contract.includes(axis) && !batch.includes(axis))

const range = (from: number, count: number): Dims => Array.from({ length: count }, (_, i) => from + i)

const isIdentity = (order: Dims): boolean => order.every((axis, i) => axis === i)

/**
 * Puts the result of a contraction into the axis order of an operand: the result's axes are, in turn, those named by
 * `order`.
 */
const ordered = (x: Tensor, order: Dims): Tensor =>
  transpose(x, { permutation: order.map((_, axis) => order.indexOf(axis)) })

/** What one operand's cotangent is made from. */
interface Adjoint {
  readonly other: Tensor
  /** Axes of the cotangent and of the other operand that are summed over. */
  readonly sums: readonly [cotangent: Dims, other: Dims]
  /** Shared axes of the other operand, and of this one. */
  readonly batch: Dims
  readonly target: Dims
  /** Free axes of this operand. */
  readonly kept: Dims
  /** Contracted axes of this operand and of the other. */
  readonly contract: readonly [mine: Dims, others: Dims]
}

/** The cotangent of one operand: a contraction of the result's cotangent with the other operand. */
const towards = (cotangent: Tensor, { batch, contract, kept, other, sums, target }: Adjoint): Tensor => {
  const shared = range(0, batch.length)
  // Contracted axes come out in the order they have in the other operand.
  const summed = contract[1]
    .map((axis, i) => [axis, contract[0][i]] as const)
    .toSorted((x, y) => x[0] - y[0])
    .map(([, axis]) => axis)
  // Either factor may come first: the one that puts the axes in order already.
  return isIdentity([...target, ...summed, ...kept])
    ? dotGeneral(other, cotangent, { contract: [sums[1], sums[0]], batch: [batch, shared] })
    : ordered(dotGeneral(cotangent, other, { contract: sums, batch: [shared, batch] }), [...target, ...kept, ...summed])
}

/**
 * Sums products over paired axes, the one contraction behind `matmul` and `einsum`:
 * `out[batch…, i…, j…] = Σ_k a[batch…, i…, k…] · b[batch…, k…, j…]`.
 *
 * **Shapes** The result has the shared axes, then the free axes of `a`, then those of `b`.
 *
 * **Throws** `ShapeError` where paired axes differ in extent.
 */
export const dotGeneral: Op<2, Contraction> = bilinear<Contraction>({
  name: "dotGeneral",
  arity: 2,
  type: ([a, b], { batch, contract }) => {
    const { dtype } = sameType("dotGeneral", [
      { ...a, dtype: a.dtype, shape: [] },
      { dtype: b.dtype, shape: [] }
    ])
    for (const [axes, others] of [contract, batch]) {
      if (axes.some((axis, i) => a.shape[axis] !== b.shape[others[i]])) {
        throw new ShapeError({
          operation: "dotGeneral",
          expected: `equal extents along paired axes [${axes.join(", ")}] and [${others.join(", ")}]`,
          received: [a.shape, b.shape]
        })
      }
    }
    const left = free(a.shape.length, contract[0], batch[0]).map((axis) => a.shape[axis])
    const right = free(b.shape.length, contract[1], batch[1]).map((axis) => b.shape[axis])
    return numeric("dotGeneral", { shape: [...batch[0].map((axis) => a.shape[axis]), ...left, ...right], dtype })
  },
  element: ([a, b], index, { batch, contract }) => {
    const left = free(a.shape.length, contract[0], batch[0])
    const right = free(b.shape.length, contract[1], batch[1])
    const shared = batch[0].length
    const place = (rank: number, parts: ReadonlyArray<readonly [axes: Dims, from: Scalar.Index]>): Scalar.Index => {
      const result = new Array<Scalar.Scalar>(rank)
      for (const [axes, from] of parts) axes.forEach((axis, i) => (result[axis] = from[i]))
      return result
    }
    return Scalar.reduce(
      "add",
      contract[0].map((axis) => a.shape[axis]),
      (k) =>
        Scalar.mul(
          a.at(
            place(a.shape.length, [
              [batch[0], index],
              [left, index.slice(shared)],
              [contract[0], k]
            ])
          ),
          b.at(
            place(b.shape.length, [
              [batch[1], index],
              [right, index.slice(shared + left.length)],
              [contract[1], k]
            ])
          )
        )
    )
  },
  adjoints: ({ inputs: [a, b], params: { batch, contract }, cotangent }) => {
    const shared = batch[0].length
    const left = free(a.shape.length, contract[0], batch[0])
    const right = free(b.shape.length, contract[1], batch[1])
    const [rows, columns] = [range(shared, left.length), range(shared + left.length, right.length)]
    return [
      towards(cotangent, { other: b, sums: [columns, right], batch: batch[1], kept: left, contract, target: batch[0] }),
      towards(cotangent, {
        other: a,
        sums: [rows, left],
        batch: batch[0],
        kept: right,
        contract: [contract[1], contract[0]],
        target: batch[1]
      })
    ]
  },
  batch: ({ inputs: [a, b], mapped: [aMapped, bMapped], params: { batch, contract } }) => {
    const up = (axes: Dims, moved: boolean): Dims => (moved ? axes.map((axis) => axis + 1) : axes)
    const pairs = (pair: readonly [Dims, Dims]): readonly [Dims, Dims] => [up(pair[0], aMapped), up(pair[1], bMapped)]
    const [batchA, batchB] = pairs(batch)
    if (aMapped && bMapped) {
      return dotGeneral(a, b, {
        contract: pairs(contract),
        batch: [
          [0, ...batchA],
          [0, ...batchB]
        ]
      })
    }
    const result = dotGeneral(a, b, { contract: pairs(contract), batch: [batchA, batchB] })
    // The new axis is the first free axis of its operand; it moves to the front.
    const from = batch[0].length + (aMapped ? 0 : a.shape.length - contract[0].length - batch[0].length)
    const rest = range(0, result.shape.length).filter((axis) => axis !== from)
    return transpose(result, { permutation: [from, ...rest] })
  }
})
