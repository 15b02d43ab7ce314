/**
 * Recognizes contractions: kernels whose value rests on one sum of products of two loads, each affine in the axes.
 *
 * Any such sum is a matrix product, whichever operation wrote it: `matmul`, `einsum`, a derivative of either. Axes
 * that only `a` depends on are rows, axes that only `b` depends on are columns, axes of both (or neither) are batches.
 */
import * as Affine from "@cotangent/tensor/Affine"
import type { Load, Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { merge } from "./Axes.ts"
import type { Buffer, Contraction, Operand, Store } from "./LoopProgram.ts"

/** The sum of products that `value` rests on, if it is the only reduction in it. */
export const sumOfProducts = (values: ReadonlyArray<Scalar>): Reduce | undefined => {
  const found = new Set<Reduce>()
  const seen = new Set<Scalar>()
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return
    seen.add(scalar)
    if (scalar.tag === "reduce") found.add(scalar)
    else S.children(scalar).forEach(visit)
  }
  values.forEach(visit)
  const [only] = found
  return found.size === 1 && only.combine === "add" && factors(only) !== undefined ? only : undefined
}

const factors = ({ body, dtype }: Reduce): readonly [Load, Load] | undefined => {
  if (dtype !== "f32" && dtype !== "f64") return undefined
  if (body.tag !== "call" || body.op !== "mul") return undefined
  const [x, y] = body.args
  return x.tag === "load" && y.tag === "load" ? [x, y] : undefined
}

/** Which axes step through an operand, and by how much. */
const stepOf = (position: Affine.Affine, axis: Variable): number => position.terms.get(axis) ?? 0

/** Whether any part of a position but plain terms depends on one of `axes`. */
const isAffineIn = (position: Affine.Affine, axes: ReadonlySet<Scalar>): boolean => {
  const depends = (scalar: Scalar): boolean => axes.has(scalar) || S.children(scalar).some(depends)
  return [...position.terms.keys()].every((atom) => atom.tag === "variable" || !depends(atom))
}

/** The contraction that the stores over `axes` amount to, or undefined where they are no matrix product. */
export const recognize = (
  name: string,
  axes: ReadonlyArray<Variable>,
  stores: ReadonlyArray<Store>
): Contraction | undefined => {
  const sum = sumOfProducts(stores.map(({ value }) => value))
  if (sum === undefined) return undefined
  const shape = rolesOf(axes, sum)
  if (shape === undefined) return undefined
  const merged = merge(
    [shape.batch, shape.rows, shape.columns],
    stores.map(({ value }) => value),
    stores.map(({ offset }) => offset)
  )
  const accumulator = merged.rewrite(sum)
  const [batch, rows, columns] = [shape.batch, shape.rows, shape.columns].map(merged.axes)
  if (accumulator.tag !== "reduce" || accumulator.variables.length !== 1) return undefined
  const [row, column] = [rows.at(-1), columns.at(-1)]
  if (row === undefined || column === undefined) return undefined
  const pair = factors(accumulator)!
  const [depth] = accumulator.variables
  const [a, b] = shape.swapped ? [pair[1], pair[0]] : pair
  return {
    tag: "contraction",
    name,
    // What could not be merged is run one by one.
    batch: [...batch, ...rows.slice(0, -1), ...columns.slice(0, -1)],
    row,
    column,
    depth,
    a: operand(a, row, depth),
    b: operand(b, column, depth),
    accumulator,
    stores: stores.map(({ buffer, offset, value }) => ({
      buffer,
      offset: merged.position(offset),
      value: merged.rewrite(value)
    }))
  }
}

const operand = (load: Load, free: Variable, depth: Variable): Operand => {
  const { constant, terms } = Affine.of(load.index[0])
  const rest = new Map(terms)
  rest.delete(free)
  rest.delete(depth)
  return {
    // Loads of loop programs refer to buffers.
    buffer: load.source as Buffer,
    offset: Affine.toScalar({ constant, terms: rest }),
    stride: terms.get(free) ?? 0,
    depthStride: terms.get(depth) ?? 0
  }
}

interface Roles {
  readonly batch: ReadonlyArray<Variable>
  readonly rows: ReadonlyArray<Variable>
  readonly columns: ReadonlyArray<Variable>
  /** The second factor is `a`. */
  readonly swapped: boolean
}

/** Columns belong to the operand that steps along the innermost axis, so that results are stored side by side. */
const rolesOf = (axes: ReadonlyArray<Variable>, sum: Reduce): Roles | undefined => {
  const [x, y] = factors(sum)!.map(({ index }) => Affine.of(index[0]))
  const moving = new Set<Scalar>([...axes, ...sum.variables])
  if (!isAffineIn(x, moving) || !isAffineIn(y, moving)) return undefined
  if ([...axes, ...sum.variables].some(({ extent }) => extent === 0)) return undefined
  const long = axes.filter(({ extent }) => extent !== 1)
  const onlyX = long.filter((axis) => stepOf(x, axis) !== 0 && stepOf(y, axis) === 0)
  const onlyY = long.filter((axis) => stepOf(y, axis) !== 0 && stepOf(x, axis) === 0)
  const innermost = long.at(-1)
  if (innermost === undefined || onlyX.length === 0 || onlyY.length === 0) return undefined
  const swapped = onlyX.includes(innermost)
  if (!swapped && !onlyY.includes(innermost)) return undefined
  const batch = axes.filter((axis) => !onlyX.includes(axis) && !onlyY.includes(axis))
  return { batch, rows: swapped ? onlyY : onlyX, columns: swapped ? onlyX : onlyY, swapped }
}
