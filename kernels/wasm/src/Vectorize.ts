/**
 * Whether and how well the values of a loop can be computed as vectors.
 */
import type { DType } from "@cotangent/tensor/DType"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import { children } from "@cotangent/tensor/Scalar"
import type { Workspace } from "./Prepare.ts"
import { positionOf, strideIn } from "./Prepare.ts"
import { vectorInstructions } from "./vectorInstructions.ts"

/** Calls `visit` for every part that depends on `axis`, once. */
const eachVarying = (
  roots: ReadonlyArray<Scalar>,
  axis: Variable,
  { given, workspace: { free } }: Pick<Wanted, "given" | "workspace">,
  visit: (scalar: Scalar) => void
): void => {
  const seen = new Set<Scalar>()
  const walk = (scalar: Scalar): void => {
    if (scalar === given || seen.has(scalar) || !free(scalar).has(axis)) return
    seen.add(scalar)
    visit(scalar)
    // Positions of loads are addresses, not values.
    if (scalar.tag !== "load") children(scalar).forEach(walk)
  }
  roots.forEach(walk)
}

/** Lanes that fit what varies along `axis`: two where `f64` occurs, else four; undefined where nothing varies. */
export const preferredLanes = (
  roots: ReadonlyArray<Scalar>,
  axis: Variable,
  workspace: Workspace
): 2 | 4 | undefined => {
  let lanes: 2 | 4 | undefined
  eachVarying(roots, axis, { workspace }, ({ dtype }) => (lanes = dtype === "f64" || lanes === 2 ? 2 : 4))
  return lanes
}

/** What vectors are wanted. */
export interface Wanted {
  readonly lanes: 2 | 4
  readonly workspace: Workspace
  /** Neighbors must lie side by side in memory. */
  readonly dense: boolean
  /** A part whose vectors are there already. */
  readonly given?: Scalar | undefined
}

const fits = (dtype: DType, lanes: 2 | 4): boolean =>
  lanes === 2 ? dtype === "f64" || dtype === "bool" : dtype !== "f64"

/** Whether everything that varies along `axis` has a spelling with vectors. */
export const isVectorizable = (
  roots: ReadonlyArray<Scalar>,
  axis: Variable,
  { dense, given, lanes, workspace }: Wanted
): boolean => {
  let isPossible = true
  eachVarying(roots, axis, { workspace, given }, (scalar) => {
    if (!isPossible) return
    if (!fits(scalar.dtype, lanes)) isPossible = false
    else if (scalar.tag === "variable") isPossible = lanes === 4
    else if (scalar.tag === "load") {
      const stride = strideIn(positionOf(scalar), axis, workspace)
      isPossible = stride !== undefined && (!dense || stride === 1) && (lanes === 4 || scalar.dtype === "f64")
    } else if (scalar.tag === "call") {
      isPossible = scalar.args.every(({ dtype }) => fits(dtype, lanes)) && hasSpelling(scalar, axis, workspace)
    }
  })
  return isPossible
}

const hasSpelling = (scalar: Scalar & { readonly tag: "call" }, axis: Variable, { free }: Workspace): boolean => {
  if (scalar.op === "shiftLeft" || scalar.op === "shiftRight")
    return scalar.dtype !== "u8" && !free(scalar.args[1]).has(axis)
  return vectorInstructions[scalar.op] !== undefined
}

/** How many loads along `axis` jump: each costs a load per lane. */
export const jumps = (roots: ReadonlyArray<Scalar>, axis: Variable, workspace: Workspace): number => {
  let count = 0
  eachVarying(roots, axis, { workspace }, (scalar) => {
    if (scalar.tag === "load" && strideIn(positionOf(scalar), axis, workspace) !== 1) count++
  })
  return count
}

/** How much work an element is: calls, transcendental ones many times. */
export const work = (roots: ReadonlyArray<Scalar>, axis: Variable, workspace: Workspace): number => {
  let total = 0
  eachVarying(roots, axis, { workspace }, (scalar) => (total += scalar.tag === "call" ? 1 : 0))
  return total
}
