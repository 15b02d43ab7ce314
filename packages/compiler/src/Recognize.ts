/**
 * Recognizes contractions: kernels whose value rests on one sum of products of two loads, each affine in the axes.
 *
 * Any such sum is a matrix product, whichever operation wrote it: `matmul`, `einsum`, a derivative of either. Axes
 * that only `a` depends on are rows, axes that only `b` depends on are columns, axes of both (or neither) are batches.
 * Axes that lie side by side in the result are one, even where an operand steps through them otherwise: so is a
 * convolution one product, whose `b` is the windows of the input.
 */
import * as Affine from "@cotangent/tensor/Affine"
import type { DType } from "@cotangent/tensor/DType"
import * as DTypes from "@cotangent/tensor/DType"
import type { Load, Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import type { Merged } from "./Axes.ts"
import { extentOf, merge, replaced } from "./Axes.ts"
import type { Buffer, Contraction, Operand, Store, Stretch } from "./LoopProgram.ts"
import type { Target } from "./Target.ts"

/** The sum of products that `value` rests on, if it is the only reduction in it. */
export const sumOfProducts = (values: ReadonlyArray<Scalar>, target: Target): Reduce | undefined => {
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
  return found.size === 1 && only.combine === "add" && canMultiply(only.dtype, target) && factors(only) !== undefined
    ? only
    : undefined
}

const canMultiply = (dtype: DType, { multipliesHalves }: Target): boolean =>
  dtype === "f32" || dtype === "f64" || (multipliesHalves && DTypes.isFloat(dtype))

const factors = ({ body }: Reduce): readonly [Load, Load] | undefined => {
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
  stores: ReadonlyArray<Store>,
  target: Target
): Contraction | undefined => {
  const sum = sumOfProducts(
    stores.map(({ value }) => value),
    target
  )
  if (sum === undefined) return undefined
  const roles = rolesOf(axes, sum)
  const summed = sum.variables.filter(({ extent }) => extent !== 1)
  if (roles === undefined || summed.length === 0) return undefined
  const moving = new Set<Scalar>([...axes, ...sum.variables])
  const pair = factors(sum)!.map((load): Factor => ({ load, position: Affine.of(load.index[0]), moving }))
  const [a, b] = roles.swapped ? pair.toReversed() : pair
  // Axes are merged as the stores and batches ask for; operands may step through them in any way.
  const hole = S.variable(1)
  const merged = merge(
    [roles.batch, roles.rows, roles.columns],
    stores.map(({ value }) => replaced(sum, hole)(value)),
    [...stores.map(({ offset }) => offset), ...pair.map(({ position }) => along(position, roles.batch))]
  )
  const [batch, rows, columns] = [roles.batch, roles.rows, roles.columns].map((group) => partsOf(group, merged))
  const [row, column] = [rows.at(-1)!, columns.at(-1)!]
  const depth: Part = { axis: S.variable(extentOf(summed)), members: summed }
  // What could not be merged is run one by one.
  const outer = [...batch, ...rows.slice(0, -1), ...columns.slice(0, -1)]
  const all = [...outer, row, column, depth]
  const [x, y] = pair.map((factor) => S.load(factor.load.source, [within(factor, all)]))
  const accumulator: Reduce = { ...sum, variables: [depth.axis], body: S.mul(x, y) }
  return {
    tag: "contraction",
    name,
    batch: outer.map(({ axis }) => axis),
    row: row.axis,
    column: column.axis,
    depth: depth.axis,
    a: operand(a, [row, depth], outer),
    b: operand(b, [column, depth], outer),
    accumulator,
    stores: stores.map(({ buffer, offset, value }) => ({
      buffer,
      offset: merged.position(offset),
      value: replaced(hole, accumulator)(merged.rewrite(replaced(sum, hole)(value)))
    }))
  }
}

/** One factor of the sum, and where it is read. */
interface Factor {
  readonly load: Load
  readonly position: Affine.Affine
  /** Every axis of the kernel and of the sum. */
  readonly moving: ReadonlySet<Scalar>
}

/** A merged axis, and the axes that it is made of, the innermost last. */
interface Part {
  readonly axis: Variable
  readonly members: ReadonlyArray<Variable>
}

/** The terms of a position along some axes. */
const along = ({ terms }: Affine.Affine, axes: ReadonlyArray<Scalar>): Scalar =>
  Affine.toScalar({ constant: 0, terms: new Map([...terms].filter(([atom]) => axes.includes(atom))) })

const partsOf = (group: ReadonlyArray<Variable>, merged: Merged): ReadonlyArray<Part> => {
  const rest = group.filter(({ extent }) => extent !== 1)
  return merged.axes(group).map((axis) => {
    let count = 1
    while (extentOf(rest.slice(0, count)) < axis.extent) count++
    return { axis, members: rest.splice(0, count) }
  })
}

/** A position in terms of the merged axes of some parts; all others are at their start. */
const within = ({ moving, position: { constant, terms } }: Factor, parts: ReadonlyArray<Part>): Scalar => {
  const still = new Map([...terms].filter(([atom]) => !moving.has(atom)))
  const steps = parts.flatMap(({ axis, members }) =>
    Affine.unflatten(
      axis,
      members.map(({ extent }) => extent)
    ).map((index, i) => S.mul(index, S.constant(terms.get(members[i]) ?? 0)))
  )
  return Affine.toScalar(Affine.of(steps.reduce<Scalar>(S.add, Affine.toScalar({ constant, terms: still }))))
}

/** The rounds in which a position steps along a merged axis. */
const stretchesOf = ({ terms }: Affine.Affine, { members }: Part): ReadonlyArray<Stretch> =>
  members.reduceRight<ReadonlyArray<Stretch>>((inner, axis) => {
    const [next, ...rest] = inner
    const stride = terms.get(axis) ?? 0
    return next !== undefined && stride === next.stride * next.extent
      ? [{ extent: axis.extent * next.extent, stride: next.stride }, ...rest]
      : [{ extent: axis.extent, stride }, ...inner]
  }, [])

/** Positions are sums over `outer` axes, the free axis and the axis summed over. */
const operand = (factor: Factor, parts: readonly [free: Part, depth: Part], outer: ReadonlyArray<Part>): Operand => {
  const [free, depth] = parts.map((part) => stretchesOf(factor.position, part))
  const isEven = free.length === 1 && depth.length === 1
  return {
    // Loads of loop programs refer to buffers.
    buffer: factor.load.source as Buffer,
    offset: within(factor, outer),
    stride: isEven ? free[0].stride : 0,
    depthStride: isEven ? depth[0].stride : 0,
    ...(isEven ? {} : { walk: { free, depth } })
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
