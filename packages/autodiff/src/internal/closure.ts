import type { Tensor } from "@cotangent/tensor/Primitive"
import { reshape } from "@cotangent/tensor/primitive/linear"
import type { Program } from "@cotangent/tensor/Program"
import { parameter, substitute } from "@cotangent/tensor/Program"
import { equals } from "@cotangent/tensor/Shape"
import { between } from "./between.ts"

/**
 * What `results` read apart from `parameters`: the largest sub-expressions that do not depend on them, in the order they
 * are met. Fills and counters, and views of one, are no part of it: they cost nothing to build again.
 */
export const closure = (results: ReadonlyArray<Tensor>, parameters: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> => {
  const held = new Set(parameters)
  const inside = between(results, held)
  const found = new Set<Tensor>()
  const visit = (x: Tensor): void => {
    if (!held.has(x) && !inside.has(x.application) && !isLiteral(x)) found.add(x)
  }
  for (const { inputs } of inside) inputs.forEach(visit)
  results.forEach(visit)
  return [...found]
}

/**
 * `results` as a program that reads nothing but its parameters: one for each of `constants`, which they read apart from
 * `parameters`, then these.
 */
export const close = (
  parameters: ReadonlyArray<Tensor>,
  results: ReadonlyArray<Tensor>
): { readonly constants: ReadonlyArray<Tensor>; readonly body: Program } => {
  const constants = closure(results, parameters)
  const holes = constants.map(parameter)
  return {
    constants,
    body: { parameters: [...holes, ...parameters], results: substitute({ parameters: constants, results }, holes) }
  }
}

/**
 * Whether `tensor` is a chain of element rules over something that reads nothing. A view that changes nothing is none: a
 * transformation may hold it (see `hold`).
 */
const isLiteral = (tensor: Tensor): boolean => {
  let { application } = tensor
  const isElement = (): boolean => application.primitive.lowering.kind === "element"
  while (application.inputs.length === 1 && isElement()) {
    const [input] = application.inputs
    if (application.primitive === reshape.primitive && equals(input.shape, application.outputs[0].shape)) return false
    application = input.application
  }
  return application.inputs.length === 0 && isElement()
}
