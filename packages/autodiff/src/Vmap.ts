/**
 * Batching: runs a function of one example on many at once.
 */
import type { Tensor } from "@cotangent/tensor/Primitive"
import { between } from "./internal/between.ts"

/**
 * The `outputs` for a batch of `size` examples: `inputs[i]` becomes `examples[i]`, which has them along a new leading
 * axis. An input without examples stays as it is. `undefined` stands for an output that is the same for every example.
 */
export const batch = (
  outputs: ReadonlyArray<Tensor>,
  inputs: ReadonlyArray<Tensor>,
  examples: ReadonlyArray<Tensor | undefined>,
  size: number
): ReadonlyArray<Tensor | undefined> => {
  const batchOf = new Map<Tensor, Tensor>()
  inputs.forEach((x, i) => {
    const many = examples[i]
    if (many !== undefined) batchOf.set(x, many)
  })
  for (const application of between(outputs, new Set(batchOf.keys()))) {
    const mapped = application.inputs.map((x) => batchOf.has(x))
    const given = application.inputs.map((x) => batchOf.get(x) ?? x)
    const results = application.primitive.batch({ inputs: given, mapped, size, params: application.params })
    application.outputs.forEach((y, i) => batchOf.has(y) || batchOf.set(y, results[i]))
  }
  return outputs.map((y) => batchOf.get(y))
}
