/**
 * A value that is NaN or infinite, in words.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import type { Place, Rule } from "@cotangent/tensor/Origin"
import { ownPlace, place } from "@cotangent/tensor/Origin"
import type { Application, Tensor } from "@cotangent/tensor/Primitive"
import { describe } from "@cotangent/tensor/Primitive"
import type { Dims } from "@cotangent/tensor/Shape"
import { equals, format, strides } from "@cotangent/tensor/Shape"
import type { NonFinite } from "../errors.ts"

/** What is known of a failure. */
export type Fault = ConstructorParameters<typeof NonFinite>[0]

/** What a message calls a leaf; undefined where it has no name of its own. */
export type NameOf = (leaf: Tensor) => string | undefined

/** Whether every element is a number. */
export const isFinite = ({ data }: HostArray): boolean => firstAt(data) < 0

/** Whether some element is NaN. */
export const hasNaN = ({ data }: HostArray): boolean => data.some(Number.isNaN)

/** Whether `application` is what the program itself writes, such as `-Infinity` in a mask. */
export const isLiteral = ({ inputs, primitive }: Application): boolean =>
  inputs.length === 0 && primitive.lowering.kind === "element"

/** The failure at `tensor`, whose value is `value`, with the values of its inputs as far as they are floats. */
export const faultAt = (
  tensor: Tensor,
  value: HostArray,
  inputs: ReadonlyArray<HostArray | undefined>,
  nameOf: NameOf
): Fault => {
  const { application } = tensor
  const found = place(application)
  const source = sourceOf(application)
  const at = firstAt(value.data)
  return {
    operation: operationOf(tensor, nameOf),
    value: summary(value, at),
    inputs: application.inputs.map((input, i) => inputOf(input, inputs[i], value, at)),
    hint: hintOf(tensor, value, inputs),
    ...(source === undefined ? {} : { source }),
    ...(found === undefined ? {} : { place: placeText(found) })
  }
}

/** A place as editors and terminals write it. */
export const placeText = ({ column, file, line }: Place): string => `${file}:${line}:${column}`

const firstAt = (data: HostArray["data"]): number => data.findIndex((x) => !Number.isFinite(x))

const operationOf = (tensor: Tensor, nameOf: NameOf): string => {
  const { inputs, primitive } = tensor.application
  if (inputs.length > 0) return `${primitive.name} ${describe(tensor)}`
  return `${nameOf(tensor) ?? `the ${primitive.name}`} ${describe(tensor)}`
}

/** The index of an element: `[1, 0]`. */
const indexText = (shape: Dims, at: number): string =>
  format(strides(shape).map((stride, axis) => Math.floor(at / stride) % shape[axis]))

const summary = ({ data, shape }: HostArray, at: number): string => {
  let count = 0
  for (const x of data) if (!Number.isFinite(x)) count++
  return shape.length === 0
    ? `${data[at]}`
    : `${data[at]} at ${indexText(shape, at)}, ${count} of ${data.length} values`
}

const digits = (x: number): string => String(Number(x.toPrecision(6)))

/** The range of an input, and its element where that belongs to element `at` of the value. */
const inputOf = (input: Tensor, value: HostArray | undefined, output: HostArray, at: number): string => {
  if (value === undefined || value.data.length === 0) return describe(input)
  let [low, high] = [Infinity, -Infinity]
  for (const x of value.data) {
    low = Math.min(low, x)
    high = Math.max(high, x)
  }
  const range = low === high ? digits(low) : `from ${digits(low)} to ${digits(high)}`
  const isElement = equals(value.shape, output.shape) && output.shape.length > 0 && low !== high
  return `${describe(input)} ${range}${isElement ? `, ${digits(value.data[at])} at ${indexText(output.shape, at)}` : ""}`
}

const rules: Record<Rule, string> = {
  jvp: "the forward-mode derivative",
  vjp: "the reverse-mode derivative",
  batch: "the batch"
}

/** The rules that led to `application`, the last first, and the operation of the user's at which they began. */
const sourceOf = (application: Application): string | undefined => {
  const steps: Array<string> = []
  let from = application
  for (let derived = from.origin?.derived; derived !== undefined; derived = from.origin?.derived) {
    steps.push(rules[derived.rule])
    from = derived.from
    if (ownPlace(from) !== undefined) break
  }
  return steps.length === 0 ? undefined : [...steps, `${from.primitive.name} ${describe(from.outputs[0])}`].join(" of ")
}

/** What to try. */
const hintOf = (tensor: Tensor, value: HostArray, inputs: ReadonlyArray<HostArray | undefined>): string => {
  const { origin, primitive } = tensor.application
  const recorded = origin === undefined ? "; Origin.record or compileChecked adds the line of code" : ""
  if (isLiteral(tensor.application)) return `the program writes this value${recorded}`
  if (tensor.application.inputs.length === 0)
    return "it was so before the computation: look at the data, or at an earlier step"
  if (inputs.some((input) => input !== undefined && !isFinite(input))) {
    return `infinities that the program writes meet here: ∞ - ∞ and 0 · ∞ have no value${recorded}`
  }
  const isDerivative = origin?.derived !== undefined && origin.derived.rule !== "batch"
  const guard = isDerivative
    ? `; if the derivative has no value there, choose a safe argument with where before ${origin.derived.from.primitive.name}, not after it`
    : ""
  if (primitive.domain !== undefined) return `${primitive.name} is finite for ${primitive.domain}${guard}${recorded}`
  const range =
    value.dtype === "f16"
      ? "f16 ends at 65504: f32 and bf16 reach further"
      : `the value is beyond the range of ${value.dtype}`
  return `${range}; scale or clip its inputs, or lower the learning rate${guard}${recorded}`
}
