/**
 * What a case claims: expressions with the values that a device must find for them.
 */
import { hvp } from "@cotangent/autodiff/Derivatives"
import { grad, valueAndGrad } from "@cotangent/autodiff/Gradient"
import { jvp } from "@cotangent/autodiff/Jvp"
import { vjp } from "@cotangent/autodiff/Vjp"
import { vmap } from "@cotangent/autodiff/Vmap"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import * as Random from "@cotangent/tensor/Random"
import type { Dims } from "@cotangent/tensor/Shape"
import type { Tensor } from "@cotangent/tensor/Tensor"
import * as Tensors from "@cotangent/tensor/Tensor"
import type { Tolerance } from "@cotangent/gradcheck/Comparison"
import { exact, largest } from "@cotangent/gradcheck/Comparison"
import * as Attributes from "./Attributes.ts"
import type { ArrayJson, OperationCase, ProgramCase, RandomCase } from "./format.ts"
import { arrayOf } from "./format.ts"
import type { Input } from "./operations.ts"
import { operations } from "./operations.ts"
import { reading } from "./reading.ts"

/** The dtypes of floats that cases are run in. */
export type Precision = "f64" | "f32"

/** A value that a case states. */
interface Claim {
  /** What it is: `y`, `gradient of x`. */
  readonly name: string
  readonly tensor: Tensor
  readonly expected: HostArray
}

/** A value that is to be found, and how closely. */
export interface Check extends Claim {
  readonly tolerance: Tolerance
}

/**
 * What a case allows in `f64`; in `f32`, 2 · 10⁻⁵ of the largest magnitude of the case: where a derivative is a
 * difference of larger numbers, or a function is level, single precision cannot tell it more closely.
 */
const checksOf = (
  claims: ReadonlyArray<Claim>,
  precision: Precision,
  { atol, rtol }: { readonly atol: number; readonly rtol: number }
): ReadonlyArray<Check> => {
  const largestOfAll = claims.reduce((total, { expected }) => largest(expected.data, total), 0)
  const tolerance =
    precision === "f64" ? { absolute: atol, relative: rtol } : { absolute: 2e-5 * largestOfAll, relative: 0 }
  return claims.map((claim) => ({ ...claim, tolerance }))
}

type Named = Readonly<Record<string, Tensor>>

/**
 * Applies the operation called `op`. **Throws** `ArgumentError` if there is none, or where it has no use for an input
 * or an attribute: what it does not read it would not obey.
 */
export const applyNamed = (op: string, inputs: Named, record: Readonly<Record<string, unknown>>): Named => {
  const operation = Object.hasOwn(operations, op) ? operations[op] : undefined
  if (operation === undefined) {
    throw new ArgumentError({ operation: "conformance", expected: "a known operation", received: op })
  }
  // Which dtype an input has, the case alone knows.
  const [given, attributes] = [reading(inputs as Readonly<Record<string, Input>>), reading(record)]
  const result = operation(given.record, Attributes.make(attributes.record))
  const unread = [...given.unread(), ...attributes.unread()]
  if (unread.length > 0) {
    throw new ArgumentError({
      operation: op,
      expected: "inputs and attributes that it knows",
      received: unread.join(", ")
    })
  }
  return Tensors.isTensor(result) ? { y: result } : result
}

/**
 * Worked examples have no cotangents: they ask for the gradients of their scalar results, by numbers that stand among
 * the attributes. With cotangents of 1, and those numbers among the inputs, they are cases like the others.
 */
const explicit = (given: OperationCase): OperationCase => {
  const { attrs, cotangents, gradients, inputs, outputs } = given
  if (gradients === undefined || cotangents !== undefined) return given
  const scalar = (value: unknown): ArrayJson => ({ dtype: "f64", shape: [], data: [Number(value)] })
  const moves = ([name, value]: readonly [string, unknown]): boolean =>
    Object.hasOwn(gradients, name) && typeof value === "number"
  const pick = <A>(record: Readonly<Record<string, A>>, wanted: (entry: readonly [string, A]) => boolean) =>
    Object.entries(record).filter(wanted)
  return {
    ...given,
    attrs: Object.fromEntries(pick(attrs, (entry) => !moves(entry))),
    inputs: {
      ...inputs,
      ...Object.fromEntries(pick(attrs, moves).map(([name, value]) => [name, scalar(value)]))
    },
    cotangents: Object.fromEntries(
      pick(outputs, ([, { shape }]) => shape.length === 0).map(([name]) => [name, scalar(1)])
    )
  }
}

/** The outputs of an operation, and the gradients that its cotangents are pulled back to. */
export const checksOfOperation = (stated: OperationCase, precision: Precision): ReadonlyArray<Check> => {
  const given = explicit(stated)
  const host = (array: ArrayJson): HostArray => arrayOf(array, precision)
  const claims = (arrays: Readonly<Record<string, ArrayJson>>, kind: string, tensors: Named): ReadonlyArray<Claim> =>
    Object.entries(arrays).map(([name, array]) => ({
      name: `${kind}${name}`,
      tensor: demand(tensors, name),
      expected: host(array)
    }))
  const constants = (arrays: Readonly<Record<string, ArrayJson>>): Named =>
    Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, constant(host(array))]))
  const inputs = constants(given.inputs)
  const cotangents = constants(given.cotangents ?? {})
  const outputs = applyNamed(given.op, inputs, given.attrs)
  const differentiated = Object.keys(given.gradients ?? {}).map((name) => [name, demand(inputs, name)] as const)
  const [, pull] = vjp((by: Named) => {
    const values = applyNamed(given.op, { ...inputs, ...by }, given.attrs)
    return Object.fromEntries(Object.keys(cotangents).map((name) => [name, demand(values, name)]))
  })(Object.fromEntries(differentiated))
  const [gradients] = pull(cotangents)
  const all = [...claims(given.outputs, "", outputs), ...claims(given.gradients ?? {}, "gradient of ", gradients)]
  return checksOf(all, precision, given)
}

const demand = (tensors: Named, name: string): Tensor => {
  if (Object.hasOwn(tensors, name)) return tensors[name]
  throw new ArgumentError({ operation: "conformance", expected: Object.keys(tensors).join(", "), received: name })
}

/** Names of the operands of a statement. More than two are only ever put together, in their order. */
const operandNames = (count: number): ReadonlyArray<string> =>
  count === 1 ? ["x"] : Array.from({ length: count }, (_, i) => (i < 2 ? ["a", "b"][i] : `operand${i}`))

/** The program of a case as a function of its inputs. */
const runProgram = (given: ProgramCase, inputs: ReadonlyArray<Tensor>): Tensor => {
  const values: Record<string, Tensor> = Object.fromEntries(given.inputs.map(({ id }, i) => [id, inputs[i]]))
  for (const { attrs, id, inputs: operands, op } of given.statements) {
    const names = operandNames(operands.length)
    const named = Object.fromEntries(operands.map((operand, i) => [names[i], demand(values, operand)]))
    values[id] = demand(applyNamed(op, named, attrs), "y")
  }
  return values[given.statements[given.statements.length - 1].id]
}

/** Value, gradient, jvp, Hessian-vector product, and the gradients of a batch. */
export const checksOfProgram = (
  given: ProgramCase,
  precision: Precision,
  allowed: { readonly rtol: number; readonly atol: number }
): ReadonlyArray<Check> => {
  const constantOf = (shape: Dims, data: ReadonlyArray<number>): Tensor => constant(make(shape, precision, data))
  const inputs = given.inputs.map(({ data, shape }) => constantOf(shape, data))
  const tangents = given.inputs.map(({ shape, tangent }) => constantOf(shape, tangent))
  const batches = given.inputs.map(({ batch, data, shape }) =>
    constantOf([batch.length / data.length, ...shape], batch)
  )
  const claim = (name: string, tensor: Tensor, data: ReadonlyArray<number>, shape: Dims = []): Claim => ({
    name,
    tensor,
    expected: make(shape, precision, data)
  })
  /** One claim for each input, of its shape. */
  const each = (
    name: string,
    tensors: ReadonlyArray<Tensor>,
    data: ReadonlyArray<ReadonlyArray<number>>,
    like = inputs
  ): ReadonlyArray<Claim> =>
    given.inputs.map(({ id }, i) => claim(`${name} of ${id}`, tensors[i], data[i], like[i].shape))
  const f = (values: ReadonlyArray<Tensor>): Tensor => runProgram(given, values)
  const [value, gradient] = valueAndGrad(f)(inputs)
  const claims = [
    claim("value", value, [given.value]),
    claim("jvp", jvp(f)([inputs], [tangents])[1], [given.jvp]),
    ...each("gradient", gradient, given.gradient),
    ...each("Hessian-vector product", hvp(f)(inputs, tangents), given.hessianVectorProduct),
    ...each("gradient of a batch", vmap(grad(f))(batches), given.vmapGradient, batches)
  ]
  return checksOf(claims, precision, allowed)
}

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
  // Words, numbers or booleans, as JSON has them.
  const numbers = (data: unknown): ReadonlyArray<number> => (data as ReadonlyArray<number | boolean>).map(Number)
  const compare = (name: string, tensor: Tensor, data: unknown, isExact = true): Check => {
    const tolerance = isExact ? exact : { absolute: normal.atol, relative: normal.rtol }
    return { name, tensor, expected: make(tensor.shape, tensor.dtype, numbers(data)), tolerance }
  }
  return [
    compare("key", root, key),
    ...Random.split(root, split.length).map((part, i) => compare(`split ${i}`, part, split[i])),
    ...Object.entries(rest).map(([name, data]) => {
      const [, kind, parameter, extents] = drawName.exec(name) ?? []
      const draw = draws[kind]
      if (draw === undefined) {
        throw new ArgumentError({ operation: "conformance", expected: "a known draw", received: name })
      }
      const shape = extents === undefined || extents === "scalar" ? [] : extents.split("x").map(Number)
      return compare(name, draw.of(root, shape, Number(parameter)), data, draw.isExact)
    })
  ]
}
