/**
 * Matrix products by rows: each thread has as many, in one run. It then finds the rows that it wrote in the steps before
 * in its own cache, and need not wait for others.
 */
import { substitution } from "@cotangent/compiler/Cut"
import type { Contraction, Operand } from "@cotangent/compiler/LoopProgram"
import { bytes } from "@cotangent/tensor/DType"
import type { Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"

/** A product whose first batch axis may be groups of rows, of which each thread has one. */
export interface Grouped extends Contraction {
  readonly group?: Variable
}

/** Whether an operand is the same in all rounds that a thread runs through, where there are several. */
export const isFixed = ({ offset }: Operand, { batch, group }: Grouped): boolean => {
  const moving = new Set<Scalar>(batch)
  const depends = (scalar: Scalar): boolean => moving.has(scalar) || S.children(scalar).some(depends)
  return batch.some((axis) => axis !== group) && !depends(offset)
}

/** Rows of each thread from which on it does not matter that each packs all of `b`. */
const manyRows = 256

/** Rows of each thread that make tiles of registers worth their while, where nothing is packed. */
const fewRows = 16

/** The most bytes of `b` that is read in place: see `gemmPlan.ts`. */
const inPlaceBytes = 64 * 1024

/** Whether rows are what threads best share. */
const isBest = (step: Contraction, count: number): boolean => {
  const { a, accumulator, b, batch, depth, row } = step
  // Batches of other rows are as good.
  if (a.walk !== undefined || (batch.length > 0 && !isFixed(a, step)) || row.extent % count !== 0) return false
  const isInPlace =
    b.walk === undefined &&
    b.stride === 1 &&
    b.depthStride > 0 &&
    depth.extent * b.depthStride * bytes(accumulator.dtype) <= inPlaceBytes
  return row.extent / count >= (isInPlace ? fewRows : manyRows)
}

/** `step` with `count` groups of rows, unless threads share it better in another way. Its sums are the same. */
export const byRows = (step: Contraction, count: number): (Grouped & { readonly group: Variable }) | undefined => {
  if (!isBest(step, count)) return undefined
  const { a, accumulator, batch, row, stores } = step
  const [group, rest] = [S.variable(count), S.variable(row.extent / count)]
  const first = S.mul(group, S.constant(rest.extent))
  const rewrite = substitution(new Map([[row, S.add(first, rest)]]))
  return {
    ...step,
    group,
    batch: [group, ...batch],
    row: rest,
    a: { ...a, offset: S.add(a.offset, S.mul(first, S.constant(a.stride))) },
    // A sum stays one.
    accumulator: rewrite(accumulator) as Reduce,
    stores: stores.map(({ buffer, offset, value }) => ({ buffer, offset: rewrite(offset), value: rewrite(value) }))
  }
}
