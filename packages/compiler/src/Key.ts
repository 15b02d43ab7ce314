/**
 * Programs as text that is equal just where they have the same structure: the key of every cache of programs.
 *
 * Primitives, not their names, tell operations apart: two that share a name are two. Values of parameters are no part
 * of a structure. Everything that has no text (typed arrays, functions, tensors in parameters) counts by identity.
 */
import type { Application, Tensor } from "@cotangent/tensor/Primitive"
import { describe } from "@cotangent/tensor/Primitive"
import type { Program } from "@cotangent/tensor/Program"
import { applications } from "@cotangent/tensor/Program"

/** The text of a program's structure. */
export type StructuralKey = (program: Program) => string

/** Numbers objects as they come. */
export type Identify = (object: object) => number

/** Numbers objects without keeping them alive. */
export const identifier = (): Identify => {
  const numbers = new WeakMap<object, number>()
  let next = 0
  return (object) => {
    const known = numbers.get(object)
    if (known !== undefined) return known
    numbers.set(object, next)
    return next++
  }
}

/** The names of tensors that a program can refer to, by the depth of the program that defines them. */
type Scopes = ReadonlyArray<ReadonlyMap<Tensor, number>>

/**
 * A `StructuralKey` with a memory of its own: keys are comparable when they come from the same one. It does not keep
 * programs alive.
 */
export const make = (): StructuralKey => {
  const identify = identifier()
  return (program) => write(program, identify, [])
}

/** The parameters of one application as text. */
export const parametersKey = (application: Application, identify: Identify): string =>
  parameters(application, identify, (body) => `{${write(body, identify, [])}}`)

/** Parameters, then each application after its inputs, then results; tensors are numbered in that order. */
const write = (program: Program, identify: Identify, outer: Scopes): string => {
  const numbers = new Map<Tensor, number>()
  const scopes = [...outer, numbers]
  const define = (tensor: Tensor): void => void numbers.set(tensor, numbers.size)
  program.parameters.forEach(define)
  const nested = (body: Program): string => `{${write(body, identify, scopes)}}`
  const lines = [program.parameters.map(describe).join()]
  const isDefined = ({ outputs }: Application): boolean => outputs.every((output) => find(output, scopes) !== undefined)
  for (const application of applications(program.results, (candidate) => !isDefined(candidate))) {
    const { inputs, outputs, primitive } = application
    const operation = `${primitive.name}#${identify(primitive)}`
    lines.push(
      `${operation}(${inputs.map((input) => find(input, scopes)).join()})${parameters(application, identify, nested)}`
    )
    outputs.forEach(define)
  }
  lines.push(program.results.map((result) => find(result, scopes)).join())
  return lines.join("\n")
}

const find = (tensor: Tensor, scopes: Scopes): string | undefined => {
  for (let depth = scopes.length - 1; depth >= 0; depth--) {
    const number = scopes[depth].get(tensor)
    if (number !== undefined) return `${"^".repeat(scopes.length - 1 - depth)}${number}`
  }
  return undefined
}

/** A leaf that is no parameter is a value of its own: nothing else equals it. */
const parameters = (application: Application, identify: Identify, nested: (program: Program) => string): string => {
  const { params, primitive } = application
  if (primitive.lowering.kind === "leaf") return `@${identify(application)}`
  return primitive.key?.(params, nested) ?? (params === undefined ? "" : text(params, identify))
}

/** JSON, except that every number keeps its identity and objects without a text count by theirs. Keys are sorted. */
const text = (value: unknown, identify: Identify): string => {
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value)
  if (typeof value === "function") return `@${identify(value)}`
  if (typeof value !== "object" || value === null) return String(value)
  if (Array.isArray(value)) return `[${value.map((item) => text(item, identify)).join()}]`
  if (!isRecord(value)) return `@${identify(value)}`
  const keys = Object.keys(value).toSorted()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${text(value[key], identify)}`).join()}}`
}

const isRecord = (value: object): value is Readonly<Record<string, unknown>> =>
  Object.getPrototypeOf(value) === Object.prototype
