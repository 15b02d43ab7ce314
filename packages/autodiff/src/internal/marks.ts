/**
 * What is there and what is not: tangents, cotangents and batches of which some are missing.
 */
import type { BatchRule, Cotangent, PullRule, Tensor } from "@cotangent/tensor/Primitive"
import { add, broadcast } from "@cotangent/tensor/primitive/linear"
import type { Program } from "@cotangent/tensor/Program"
import { parameter } from "@cotangent/tensor/Program"
import type { TensorType } from "@cotangent/tensor/Shape"
import { batch } from "../Vmap.ts"

export const isDefined = (value: Cotangent): value is Tensor => value !== undefined

/** Whether the cotangent of an input will be used. */
export const isWanted = ({ wanted }: PullRule, input: number): boolean => wanted === undefined || wanted[input]

/** A parameter for each type that is marked. */
export const holes = (types: ReadonlyArray<TensorType>, marks: ReadonlyArray<boolean>): ReadonlyArray<Cotangent> =>
  types.map((each, i) => (marks[i] ? parameter(each) : undefined))

/** Puts `values`, one for each mark that is set, at the places of the marks. */
export const place = <A>(marks: ReadonlyArray<boolean>, values: ReadonlyArray<A>): ReadonlyArray<A | undefined> => {
  let next = 0
  return marks.map((mark) => (mark ? values[next++] : undefined))
}

/** Adds to `marks` what `step` finds until it finds nothing new; gives what it found last. */
export const settle = <A>(
  marks: ReadonlyArray<boolean>,
  step: (marks: ReadonlyArray<boolean>) => readonly [found: ReadonlyArray<boolean>, result: A]
): A => {
  for (let current = marks; ;) {
    const [found, result] = step(current)
    if (found.every((mark, i) => current[i] || !mark)) return result
    current = current.map((mark, i) => mark || found[i])
  }
}

/** The sum of what is there. */
export const plus = (x: Cotangent, y: Cotangent): Cotangent => (x === undefined ? y : y === undefined ? x : add(x, y))

/** The type of `length` of `each` along a first axis. */
export const stack =
  (length: number) =>
  ({ dtype, shape }: TensorType): TensorType => ({ dtype, shape: [length, ...shape] })

/** `x` once for each of `size` examples. */
export const repeat = (x: Tensor, size: number): Tensor => broadcast(x, { shape: [size, ...x.shape], axes: [0] })

/** `program` where the marked parameters have examples along a first axis, and all results. */
export const batchProgram = (
  { parameters, results }: Program,
  { mapped, size }: Pick<BatchRule, "mapped" | "size">
): Program => {
  const many = holes(parameters.map(stack(size)), mapped)
  return {
    parameters: parameters.map((hole, i) => many[i] ?? hole),
    results: batch(results, parameters, many, size).map((examples, i) => examples ?? repeat(results[i], size))
  }
}
