/**
 * The spelling of `select` on vectors: one instruction where it is an extremum or one side is zero.
 */
import { isFloat } from "@cotangent/tensor/DType"
import type { Call, Scalar } from "@cotangent/tensor/Scalar"
import type { OpcodeOf } from "./Opcode.ts"
import { laneShapeOf } from "./vectorInstructions.ts"

/** An instruction and its operands, parts of the `select`, in stack order. */
export interface Choice {
  readonly name: OpcodeOf<"none">
  readonly operands: ReadonlyArray<Scalar>
}

/** How `select` is spelled. A condition is all ones or all zeros in each lane, so any way to blend by it will do. */
export const choiceOf = ({ args: [condition, x, y], dtype }: Call, lanes: 2 | 4, isRelaxed: boolean): Choice => {
  const extremum = extremumOf(condition, x, y)
  if (extremum !== undefined) {
    // Only floats are compared here.
    const shape = laneShapeOf(dtype, lanes) as "f32x4" | "f64x2"
    return { name: `${shape}.${extremum.name}`, operands: extremum.operands }
  }
  if (isZero(y)) return { name: "v128.and", operands: [x, condition] }
  if (isZero(x)) return { name: "v128.andnot", operands: [y, condition] }
  const blend = lanes === 2 ? "i64x2.relaxed_laneselect" : "i32x4.relaxed_laneselect"
  return { name: isRelaxed ? blend : "v128.bitselect", operands: [x, y, condition] }
}

/** `pmax(a, b)` is `a < b ? b : a`, `pmin(a, b)` is `b < a ? b : a`: like `select`, the second unless the comparison holds. */
const extremumOf = (condition: Scalar, x: Scalar, y: Scalar) => {
  if (condition.tag !== "call" || condition.op !== "less") return undefined
  const [low, high] = condition.args
  if (!isFloat(low.dtype)) return undefined
  if (x === high && y === low) return { name: "pmax", operands: [low, high] } as const
  if (x === low && y === high) return { name: "pmin", operands: [high, low] } as const
  return undefined
}

const isZero = (x: Scalar): boolean => x.tag === "constant" && Object.is(x.value, 0)
