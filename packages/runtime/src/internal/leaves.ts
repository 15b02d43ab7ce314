/**
 * What expressions read from outside: host data and realized tensors.
 */
import { ArgumentError } from "@cotangent/tensor/errors"
import { hostArray } from "@cotangent/tensor/primitive/leaf"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { describe } from "@cotangent/tensor/Primitive"
import type { Program } from "@cotangent/tensor/Program"
import { applications, parameter, substitute } from "@cotangent/tensor/Program"
import { isRealized } from "../Buffer.ts"

/**
 * The leaves that `results` depend on, except `parameters`, in an order that follows from their structure.
 * **Throws** `ArgumentError` where one has no value.
 */
export const leavesOf = (
  results: ReadonlyArray<Tensor>,
  parameters: ReadonlySet<Tensor> = new Set()
): ReadonlyArray<Tensor> => {
  const leaves: Array<Tensor> = []
  for (const { outputs, primitive } of applications(results)) {
    const [leaf] = outputs
    if (primitive.lowering.kind !== "leaf" || parameters.has(leaf)) continue
    if (!isRealized(leaf) && hostArray(leaf) === undefined) {
      throw new ArgumentError({
        operation: "realize",
        expected: "expressions over host data and realized tensors",
        received: `the ${primitive.name} ${describe(leaf)}`,
        hint: "an argument of a traced function has no value outside of that function"
      })
    }
    leaves.push(leaf)
  }
  return leaves
}

/** The program of `results` over `parameters`, followed by one parameter in the place of each of `leaves`. */
export const close = (
  parameters: ReadonlyArray<Tensor>,
  leaves: ReadonlyArray<Tensor>,
  results: ReadonlyArray<Tensor>
): Program => {
  if (leaves.length === 0) return { parameters, results }
  const holes = leaves.map(parameter)
  return { parameters: [...parameters, ...holes], results: substitute({ parameters: leaves, results }, holes) }
}
