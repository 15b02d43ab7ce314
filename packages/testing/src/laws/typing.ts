/**
 * Law: the type rule tells the shape and dtype of the value, and every element is a value of that dtype.
 */
import * as DTypes from "@cotangent/tensor/DType"
import { constant } from "@cotangent/tensor/primitive/leaf"
import { describe } from "@cotangent/tensor/Primitive"
import * as Reference from "@cotangent/tensor/Reference"
import { size } from "@cotangent/tensor/Shape"
import type { Case } from "../Case.ts"
import type { Violation } from "./Violation.ts"

/** The value of an application has the type that its type rule states. */
export const valueHasType = ({ apply, inputs }: Case): Violation => {
  const output = apply(inputs.map(constant))
  const [value] = Reference.evaluate([output])
  if (describe(value) !== describe(output)) return `expected ${describe(output)}, received ${describe(value)}`
  if (value.data.length !== size(output.shape))
    return `expected ${size(output.shape)} elements, received ${value.data.length}`
  const odd = value.data.find((element) => !Object.is(DTypes.round(output.dtype, element), element))
  return odd === undefined ? undefined : `expected values of ${output.dtype}, received ${odd}`
}
