/**
 * What a case claims: expressions with the values that a device must find for them.
 */
import { pushforward } from "@cotangent/autodiff/Jvp"
import { pullback } from "@cotangent/autodiff/Vjp"
import { batch } from "@cotangent/autodiff/Vmap"
import * as DTypes from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import * as Random from "@cotangent/tensor/Random"
import type { Dims } from "@cotangent/tensor/Shape"
import type { Tensor } from "@cotangent/tensor/Tensor"
import * as Tensors from "@cotangent/tensor/Tensor"
import type { Tolerance } from "../Comparison.ts"
import { exact, ofLargest } from "../Comparison.ts"
import * as Attributes from "./Attributes.ts"
import type { ArrayJson, OperationCase, ProgramCase, RandomCase } from "./format.ts"
import { arrayOf } from "./format.ts"
import type { Input, Inputs } from "./operations.ts"
import { operations } from "./operations.ts"

/** The dtypes of floats that cases are run in. */
export type Precision = "f64" | "f32"

/** A value that is to be found. */
export interface Check {
  /** What it is: `y`, `gradient of x`. */
  readonly name: string
  readonly tensor: Tensor
  readonly expected: HostArray
  readonly tolerance: Tolerance
}

/** What a case allows in `f64`; in `f32`, 2 · 10⁻⁵ of the largest magnitude. */
const toleranceOf = (
  precision: Precision,
  expected: HostArray,
  { atol, rtol }: { readonly atol: number; readonly rtol: number }
): Tolerance => (precision === "f64" ? { absolute: atol, relative: rtol } : ofLargest(2e-5, expected.data))

/** The tensor of host data, of which the case alone knows the dtype. */
const input = (array: HostArray): Input => constant(array) as Input

/** Applies the operation called `op`. **Throws** `ArgumentError` if there is none, or it leaves an attribute unread. */
const applyNamed = (
  op: string,
  inputs: Inputs,
  record: Readonly<Record<string, unknown>>
): Readonly<Record<string, Tensor>> => {
  const operation = Object.hasOwn(operations, op) ? operations[op] : undefined
  if (operation === undefined) {
    throw new ArgumentError({ operation: "conformance", expected: "a known operation", received: op })
  }
  const attributes = Attributes.make(record)
  const result = operation(inputs, attributes)
  const unread = attributes.unread()
  if (unread.length > 0) {
    throw new ArgumentError({ operation: op, expected: "known attributes", received: unread.join(", ") })
  }
  return Tensors.isTensor(result) ? { y: result } : result
}

/** The outputs of an operation, and the gradients that its cotangents are pulled back to. */
export const checksOfOperation = (given: OperationCase, precision: Precision): ReadonlyArray<Check> => {
  const host = (array: ArrayJson): HostArray => arrayOf(array, precision)
  const inputs = Object.fromEntries(Object.entries(given.inputs).map(([name, array]) => [name, input(host(array))]))
  const outputs = applyNamed(given.op, inputs, given.attrs)
  const check = (name: string, tensor: Tensor | undefined, array: ArrayJson): Check => {
    const expected = host(array)
    return {
      name,
      // A gradient that is symbolically zero.
      tensor: tensor ?? Tensors.zeros(array.shape, expected.dtype),
      expected,
      tolerance: toleranceOf(precision, expected, given)
    }
  }
  const values = Object.entries(given.outputs).map(([name, array]) => {
    if (outputs[name] === undefined) {
      throw new ArgumentError({ operation: given.op, expected: `the output ${name}`, received: Object.keys(outputs).join() })
    }
    return check(name, outputs[name], array)
  })
  const cotangents = Object.entries(given.cotangents ?? {})
  const gradients = Object.entries(given.gradients ?? {})
  const pulled = pullback(
    cotangents.map(([name]) => outputs[name]),
    gradients.map(([name]) => inputs[name]),
    cotangents.map(([, array]) => constant(host(array)))
  )
  return [...values, ...gradients.map(([name, array], i) => check(`gradient of ${name}`, pulled[i], array))]
}

/** The program of a case as a function of its inputs. */
const runProgram = (given: ProgramCase, inputs: ReadonlyArray<Tensor>): Tensor => {
  const values = new Map(given.inputs.map(({ id }, i) => [id, inputs[i]]))
  for (const { attrs, id, inputs: operands, op } of given.statements) {
    const names = operands.length === 1 ? ["x"] : ["a", "b", "c"]
    // The names are the case's; so are the dtypes.
    const named = Object.fromEntries(operands.map((operand, i) => [names[i], values.get(operand) as Input]))
    values.set(id, applyNamed(op, named, attrs)["y"])
  }
  return values.get(given.statements[given.statements.length - 1].id)!
}

/** Value, gradient, jvp, Hessian-vector product, and the gradients of a batch. */
export const checksOfProgram = (
  given: ProgramCase,
  precision: Precision,
  allowed: { readonly rtol: number; readonly atol: number }
): ReadonlyArray<Check> => {
  const tensor = (shape: Dims, data: ReadonlyArray<number>): Tensor => constant(make(shape, precision, data))
  const check = (name: string, tensor: Tensor | undefined, data: ReadonlyArray<number>, shape: Dims): Check => {
    const expected = make(shape, precision, data)
    return {
      name,
      tensor: tensor ?? Tensors.zeros(shape, precision),
      expected,
      tolerance: toleranceOf(precision, expected, allowed)
    }
  }
  const inputs = given.inputs.map(({ data, shape }) => tensor(shape, data))
  const tangents = given.inputs.map(({ shape, tangent }) => tensor(shape, tangent))
  const value = runProgram(given, inputs)
  const gradient = pullback([value], inputs, [Tensors.scalar(1, precision)])
  const known = gradient.filter((part) => part !== undefined)
  const second = pushforward(known, inputs, tangents)
  const examples = given.inputs.map(({ batch, shape }) => tensor([batch.length / Math.max(size(shape), 1), ...shape], batch))
  const many = batch(known, inputs, examples, examples[0].shape[0])
  const each = (name: string, parts: ReadonlyArray<Tensor | undefined>, data: ReadonlyArray<ReadonlyArray<number>>, stacked = false) =>
    given.inputs.map(({ id, shape }, i) => {
      const part = gradient[i] === undefined ? undefined : parts[known.indexOf(gradient[i])]
      return check(`${name} of ${id}`, part, data[i], stacked ? examples[i].shape : shape)
    })
  return [
    check("value", value, [given.value], []),
    check("jvp", pushforward([value], inputs, tangents)[0], [given.jvp], []),
    ...each("gradient", known, given.gradient),
    ...each("Hessian-vector product", second, given.hessianVectorProduct),
    ...each("gradient of a batch", many, given.vmapGradient, true)
  ]
}

const size = (shape: Dims): number => shape.reduce((total, extent) => total * extent, 1)

/** Draws of one kind, and how close they must be. */
interface Draw {
  readonly of: (key: Random.Key, shape: Dims, parameter: number) => Tensor
  readonly isExact: boolean
}

const draws: Readonly<Record<string, Draw>> = {
  bits: { of: (key, shape) => Random.bits(key, shape), isExact: true },
  uniform: { of: (key, shape) => Random.uniform(key, shape), isExact: true },
  normal: { of: (key, shape) => Random.normal(key, shape), isExact: false },
  bernoulli: { of: (key, shape, p) => Random.bernoulli(key, p, shape), isExact: true },
  foldIn: { of: (key, _, data) => Random.foldIn(key, data), isExact: true }
}

/** `uniform/2x3`, `bernoulli0.3/scalar`, `foldIn7` */
const drawName = /^([a-zA-Z]+?)(\d[\d.]*)?(?:\/(\S+))?$/

/** Words, keys and draws of a seed. */
export const checksOfStreams = (
  { key, seed, split, ...rest }: RandomCase,
  normal: { readonly rtol: number; readonly atol: number }
): ReadonlyArray<Check> => {
  const root = Random.key(seed)
  const numbers = (data: unknown): ReadonlyArray<number> => (data as ReadonlyArray<number | boolean>).map(Number)
  const check = (name: string, tensor: Tensor, data: unknown, isExact = true): Check => ({
    name,
    tensor,
    expected: make(tensor.shape, tensor.dtype, numbers(data)),
    tolerance: isExact ? exact : { absolute: normal.atol, relative: normal.rtol }
  })
  return [
    check("key", root, key),
    ...Random.split(root, split.length).map((part, i) => check(`split ${i}`, part, split[i])),
    ...Object.entries(rest).map(([name, data]) => {
      const [, kind, parameter, extents] = drawName.exec(name) ?? []
      const draw = draws[kind]
      if (draw === undefined) {
        throw new ArgumentError({ operation: "conformance", expected: "a known draw", received: name })
      }
      const shape = extents === undefined || extents === "scalar" ? [] : extents.split("x").map(Number)
      return check(name, draw.of(root, shape, Number(parameter)), data, draw.isExact)
    })
  ]
}
