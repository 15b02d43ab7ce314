/**
 * Canonical form: equal expressions are one node, calls are written out, algebra that is exact has been done, nothing
 * dead is left.
 */
import type { Application, Call, Tensor } from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"
import type { Program } from "@cotangent/tensor/Program"
import { applications, isParameter, substitute } from "@cotangent/tensor/Program"
import { barrier } from "./Barrier.ts"
import type { Identify } from "./Key.ts"
import { parametersKey } from "./Key.ts"

/** Rewrites `program` so that equal applications are shared and every `simplify` rule has been applied. */
export const canonicalize = (program: Program, identify: Identify): Program => {
  const interned = new Map<string, Application>()
  const numbers = new Map<Application, number>()
  /** The canonical form of tensors seen so far. */
  const forms = new Map<Tensor, Tensor>()

  const numberOf = (application: Application): number => {
    const known = numbers.get(application)
    if (known !== undefined) return known
    numbers.set(application, numbers.size)
    return numbers.size - 1
  }

  const keyOf = (application: Application): string => {
    const names = application.inputs.map((input) => `${numberOf(input.application)}.${input.output}`)
    return `${identify(application.primitive)}(${names.join(",")})${parametersKey(application, identify)}`
  }

  /** The canonical application equal to one whose inputs are canonical. */
  const intern = (application: Application): Application => {
    if (numbers.has(application)) return application
    const key = keyOf(application)
    const known = interned.get(key)
    if (known !== undefined) return known
    interned.set(key, application)
    numberOf(application)
    return application
  }

  const visit = (results: ReadonlyArray<Tensor>): void => {
    const order = applications(results, (candidate) => !candidate.outputs.every((t) => forms.has(t)))
    const isCall = order.some(({ primitive }) => primitive.lowering.kind === "call")
    const used = new Set(isCall ? [...results, ...order.flatMap(({ inputs }) => inputs)] : [])
    for (const application of order) {
      const inputs = application.inputs.map((input) => forms.get(input)!)
      const { lowering } = application.primitive
      if (lowering.kind === "call") {
        const read = application.outputs.map((output) => used.has(output))
        const written = writeOut(lowering.call(application.params), inputs, read)
        visit(written)
        application.outputs.filter((_, i) => read[i]).forEach((output, i) => forms.set(output, forms.get(written[i])!))
        continue
      }
      const same = inputs.every((input, i) => input === application.inputs[i])
      const { outputs } = intern(
        same ? application : apply(application.primitive, inputs, application.params)[0].application
      )
      application.outputs.forEach((output, i) => forms.set(output, outputs[i]))
      const simpler = application.primitive.simplify?.({ inputs, outputs, params: application.params })
      if (simpler !== undefined && simpler !== outputs[0]) {
        visit([simpler])
        const form = forms.get(simpler)!
        forms.set(application.outputs[0], form)
        forms.set(outputs[0], form)
      } else {
        outputs.forEach((output) => forms.has(output) || forms.set(output, output))
      }
    }
  }

  program.parameters.forEach((parameter) => {
    numberOf(parameter.application)
    forms.set(parameter, parameter)
  })
  // Leaves that are not parameters (host data, realized tensors) stand for themselves.
  for (const { outputs, primitive } of applications(program.results)) {
    if (primitive.lowering.kind === "leaf" && !isParameter(outputs[0])) {
      numberOf(outputs[0].application)
      forms.set(outputs[0], outputs[0])
    }
  }
  visit(program.results)
  return { parameters: program.parameters, results: program.results.map((result) => forms.get(result)!) }
}

/** Those outputs of a call that are read, in terms of `inputs`. */
const writeOut = (
  { body: { parameters, results }, isolated }: Call,
  inputs: ReadonlyArray<Tensor>,
  read: ReadonlyArray<boolean>
): ReadonlyArray<Tensor> => {
  const body = { parameters, results: results.filter((_, i) => read[i]) }
  return isolated ? barrier(substitute(body, barrier(inputs))) : substitute(body, inputs)
}
