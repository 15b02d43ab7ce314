/**
 * Neighbors along an axis that a thread works on side by side: as many as a load takes.
 */
import * as Affine from "@cotangent/tensor/Affine"
import type { DType } from "@cotangent/tensor/DType"
import { bytes } from "@cotangent/tensor/DType"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import { partsOf } from "./freedom.ts"
import { unflattened } from "./spelling.ts"

/** Bytes that a load takes at most. */
const vectorBytes = 16
/** Scalars in a body that is worth writing out for several lanes. */
const mostScalars = 160

/** A position that is loaded from or stored to. */
export interface Access {
  readonly position: Scalar
  readonly dtype: DType
}

/** What is loaded within `roots`. */
export const loadsOf = (roots: ReadonlyArray<Scalar>): ReadonlyArray<Access> =>
  [...partsOf(roots)].flatMap((scalar) =>
    scalar.tag === "load" ? [{ position: scalar.index[0], dtype: scalar.dtype }] : []
  )

/** How many lanes fill the loads and stores that step along `variable` one by one; 1 where there are none. */
export const lanesAlong = (
  variable: Variable | undefined,
  accesses: ReadonlyArray<Access>,
  roots: ReadonlyArray<Scalar>
): number => {
  if (variable === undefined || partsOf(roots).size > mostScalars) return 1
  const dense = accesses.filter(({ position }) => Affine.of(position).terms.get(variable) === 1)
  if (dense.length === 0) return 1
  return Math.min(8, vectorBytes / Math.max(...dense.map(({ dtype }) => bytes(dtype))))
}

/** `lanes`, or as many fewer as divide `extent`. */
export const dividing = (lanes: number, extent: number): number =>
  extent % lanes === 0 ? lanes : dividing(lanes / 2, extent)

/** The names of neighbors. */
export const neighbors = (name: string, lanes: number): ReadonlyArray<string> =>
  Array.from({ length: lanes }, (_, lane) => (lane === 0 ? name : `(${name} + ${lane})`))

/** Statements that give indices their values from a row-major position, which counts `lanes` of the innermost as one. */
export const stripped = (
  flat: string,
  extents: ReadonlyArray<number>,
  { index, lanes, names }: { readonly names: ReadonlyArray<string>; readonly index: string; readonly lanes: number }
): ReadonlyArray<string> => {
  if (lanes === 1) return unflattened(flat, extents, { names, index })
  const last = names.length - 1
  const raw = names.map((name, axis) => (axis === last ? `${name}n` : name))
  const fewer = extents.map((extent, axis) => (axis === last ? extent / lanes : extent))
  return [
    ...unflattened(flat, fewer, { names: raw, index }),
    `const ${index} ${names[last]} = ${raw[last]} * ${lanes};`
  ]
}
