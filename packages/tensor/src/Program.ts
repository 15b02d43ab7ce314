/**
 * A function on tensors as data: the expressions of its results over its parameters.
 */
import type { DType } from "./DType.ts"
import type { AnyPrimitive, Application, Tensor } from "./Primitive.ts"
import { apply, reapply } from "./Primitive.ts"
import type { TensorType } from "./Shape.ts"

/** Results as expressions over parameters. */
export interface Program {
  readonly parameters: ReadonlyArray<Tensor>
  readonly results: ReadonlyArray<Tensor>
}

const none = (): ReadonlyArray<undefined> => []

/** A hole of a program: a tensor whose value is given when the program runs. */
const hole: AnyPrimitive = {
  name: "parameter",
  type: (_, params) => [params as TensorType],
  lowering: { kind: "leaf" },
  jvp: () => [undefined],
  vjp: none,
  batch: () => []
}

/** A fresh hole of the given shape and dtype. */
export const parameter = ({ dtype, shape }: TensorType): Tensor => apply(hole, [], { shape, dtype })[0]

/** Whether `tensor` is a hole. */
export const isParameter = (tensor: Tensor): boolean => tensor.application.primitive === hole

/** Traces `f` on holes of the given types. */
export const trace = (
  types: ReadonlyArray<{ readonly shape: ReadonlyArray<number>; readonly dtype: DType }>,
  f: (...inputs: ReadonlyArray<Tensor>) => ReadonlyArray<Tensor>
): Program => {
  const parameters = types.map(parameter)
  return { parameters, results: f(...parameters) }
}

/**
 * Every application that `results` depend on, each after its inputs. The walk is iterative: a chain of 100,000
 * applications does not overflow the stack. `enter` prunes: where it says no, the application and what only it
 * depends on are left out.
 */
export const applications = (
  results: ReadonlyArray<Tensor>,
  enter: (application: Application) => boolean = () => true
): ReadonlyArray<Application> => {
  const order: Array<Application> = []
  const seen = new Set<Application>()
  const stack: Array<{ readonly application: Application; next: number }> = []
  const push = (application: Application): void => {
    if (seen.has(application) || !enter(application)) return
    seen.add(application)
    stack.push({ application, next: 0 })
  }
  for (const result of results) {
    push(result.application)
    while (stack.length > 0) {
      const top = stack[stack.length - 1]
      if (top.next < top.application.inputs.length) {
        push(top.application.inputs[top.next++].application)
      } else {
        order.push(top.application)
        stack.pop()
      }
    }
  }
  return order
}

/** Replays `program` on `inputs`: its results with each parameter, which may be any expression, replaced. */
export const substitute = (program: Program, inputs: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> => {
  const known = new Map<Tensor, Tensor>(program.parameters.map((parameter, i) => [parameter, inputs[i]]))
  const isOpen = (application: Application): boolean => application.outputs.some((output) => !known.has(output))
  for (const application of applications(program.results, isOpen)) {
    if (application.inputs.every((input) => (known.get(input) ?? input) === input)) continue
    const outputs = reapply(
      application,
      application.inputs.map((input) => known.get(input) ?? input)
    )
    application.outputs.forEach((output, i) => known.has(output) || known.set(output, outputs[i]))
  }
  return program.results.map((result) => known.get(result) ?? result)
}
