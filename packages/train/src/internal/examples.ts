/**
 * How large a batch is.
 */
import { ArgumentError } from "@cotangent/tensor/errors"
import { isTensor } from "@cotangent/tensor/Primitive"

/** The extent of the first axis of the first tensor in `batch`. **Throws** `ArgumentError` if there is none. */
export const countExamples = (batch: unknown): number => {
  const found = find(batch)
  if (found !== undefined) return found
  throw new ArgumentError({
    operation: "examples",
    expected: "a batch that holds a tensor with a leading axis",
    received: typeof batch,
    hint: "say how many examples a batch has with the option `examples`"
  })
}

const find = (value: unknown): number | undefined => {
  if (isTensor(value)) return value.shape[0]
  if (typeof value !== "object" || value === null) return undefined
  for (const item of Object.values(value)) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}
