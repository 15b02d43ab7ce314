/**
 * The meaning of every program: interprets element rules in JavaScript, one application at a time, in double precision.
 * Slow and plain on purpose; every device must agree with it.
 *
 * **Numerics** Each application is computed in `f64` and rounded once to the dtype of its output, so `f32` results are
 * the correctly rounded values of each operation; sums accumulate in `f64`.
 */
import * as DTypes from "./DType.ts"
import { ArgumentError, ShapeError } from "./errors.ts"
import * as Evaluator from "./Evaluator.ts"
import type { HostArray } from "./HostArray.ts"
import { allocate, view } from "./HostArray.ts"
import type { Application, Branch, Loop, Tensor, While } from "./Primitive.ts"
import { describe } from "./Primitive.ts"
import { hostArray } from "./primitive/leaf.ts"
import type { Program } from "./Program.ts"
import { applications } from "./Program.ts"
import type { Accessor, Load, Scalar, Variable } from "./Scalar.ts"
import { accessor, variable } from "./Scalar.ts"
import type { TensorType } from "./Shape.ts"
import { equals, size, strides } from "./Shape.ts"

/** Values of tensors that are already known. */
type Known = Map<Tensor, HostArray>

/** Is told of each application when it has its values; of those in the body of a loop each time they run. */
export type Observe = (application: Application, values: ReadonlyArray<HostArray>) => void

const ignore: Observe = () => {}

/** The values of `results`, whose leaves are constants. **Throws** `ArgumentError` at any other leaf. */
export const evaluate = (results: ReadonlyArray<Tensor>): ReadonlyArray<HostArray> =>
  evaluateWith(results, new Map(), ignore)

/**
 * The results of `program` for `inputs`; `observe` sees everything that is computed on the way. **Throws** `ShapeError`
 * where an input does not fit its parameter.
 */
export const run = (
  program: Program,
  inputs: ReadonlyArray<HostArray>,
  observe: Observe = ignore
): ReadonlyArray<HostArray> => {
  program.parameters.forEach((parameter, i) => {
    if (!equals(parameter.shape, inputs[i].shape) || parameter.dtype !== inputs[i].dtype) {
      throw new ShapeError({
        operation: "Reference.run",
        expected: `input ${i} to be ${describe(parameter)}`,
        received: [inputs[i].shape]
      })
    }
  })
  const known = new Map(program.parameters.map((parameter, i) => [parameter, inputs[i]]))
  return evaluateWith(program.results, known, observe)
}

const evaluateWith = (results: ReadonlyArray<Tensor>, known: Known, observe: Observe): ReadonlyArray<HostArray> => {
  const isKnown = (application: Application): boolean => application.outputs.every((output) => known.has(output))
  for (const application of applications(results, (candidate) => !isKnown(candidate))) {
    const values = evaluateApplication(application, known, observe)
    observe(application, values)
    application.outputs.forEach((output, i) => known.set(output, values[i]))
  }
  return results.map((result) => known.get(result)!)
}

const evaluateApplication = (application: Application, known: Known, observe: Observe): ReadonlyArray<HostArray> => {
  const { inputs, outputs, params, primitive } = application
  const { lowering } = primitive
  const given = (): ReadonlyArray<HostArray> => inputs.map((input) => known.get(input)!)
  switch (lowering.kind) {
    case "element":
      return outputs.map((output) =>
        fill(output, inputs, (accessors, index) => lowering.element(accessors, index, params), known)
      )
    case "routine":
      return lowering.evaluate(given(), params)
    case "loop":
      return iterate(lowering.loop(params), given(), outputs, observe)
    case "call":
      return run(lowering.call(params).body, given(), observe)
    case "branch":
      return choose(lowering.branch(params), given(), observe)
    case "while":
      return repeat(lowering.loop(params), given(), observe)
    case "leaf": {
      const data = hostArray(outputs[0])
      if (data !== undefined) return [data]
      throw new ArgumentError({
        operation: "Reference.evaluate",
        expected: "expressions over host data",
        received: `the ${primitive.name} ${describe(outputs[0])}`,
        hint: "give its value with Reference.run, or compute on the device that holds it"
      })
    }
  }
}

/** The value of an element rule at every index. */
const fill = (
  type: TensorType,
  inputs: ReadonlyArray<Tensor>,
  element: (accessors: ReadonlyArray<Accessor>, index: ReadonlyArray<Variable>) => Scalar,
  known: Known
): HostArray => {
  const index = type.shape.map(variable)
  const data = allocate(type.dtype, size(type.shape))
  // A load refers to the tensor itself.
  const fetch = (load: Load): ((at: ReadonlyArray<number>) => number) => read(known.get(load.source as Tensor)!)
  const value = Evaluator.compile(element(inputs.map(accessor), index), index, fetch)
  const at = index.map(() => 0)
  for (let i = 0; i < data.length; i++) {
    data[i] = DTypes.round(type.dtype, value(at))
    for (let axis = at.length - 1; axis >= 0 && ++at[axis] === type.shape[axis]; axis--) at[axis] = 0
  }
  return view(type.shape, type.dtype, data)
}

const read = ({ data, shape }: HostArray): ((at: ReadonlyArray<number>) => number) => {
  const steps = strides(shape)
  return (at) => {
    let position = 0
    for (let axis = 0; axis < steps.length; axis++) position += at[axis] * steps[axis]
    return data[position]
  }
}

/** Runs a loop: see `Loop` for the order of inputs and outputs. */
const iterate = (
  loop: Loop,
  inputs: ReadonlyArray<HostArray>,
  outputs: ReadonlyArray<Tensor>,
  observe: Observe
): ReadonlyArray<HostArray> => {
  const constants = inputs.slice(0, loop.constants)
  let carries = inputs.slice(loop.constants, loop.constants + loop.carries)
  const sequences = inputs.slice(loop.constants + loop.carries)
  const stacked = outputs
    .slice(loop.carries)
    .map(({ dtype, shape }) => view(shape, dtype, allocate(dtype, size(shape))))
  const items = stacked.length - loop.carries
  for (let k = 0; k < loop.length; k++) {
    const at = loop.reverse ? loop.length - 1 - k : k
    carries.forEach((carry, i) => put(stacked[items + i], at, carry))
    const slices = sequences.map((sequence) => row(sequence, at))
    const results = run(loop.body, [...constants, ...carries, ...slices], observe)
    carries = results.slice(0, loop.carries)
    results.slice(loop.carries).forEach((item, i) => put(stacked[i], at, item))
  }
  return [...carries, ...stacked]
}

const row = ({ data, dtype, shape }: HostArray, at: number): HostArray => {
  const length = data.length / shape[0]
  return view(shape.slice(1), dtype, data.slice(at * length, (at + 1) * length) as HostArray["data"])
}

const put = (target: HostArray, at: number, item: HostArray): void => target.data.set(item.data, at * item.data.length)

const choose = (
  { ifFalse, ifTrue }: Branch,
  [predicate, ...operands]: ReadonlyArray<HostArray>,
  observe: Observe
): ReadonlyArray<HostArray> => run(predicate.data[0] === 0 ? ifFalse : ifTrue, operands, observe)

const repeat = (
  { body, condition, constants }: While,
  inputs: ReadonlyArray<HostArray>,
  observe: Observe
): ReadonlyArray<HostArray> => {
  const shared = inputs.slice(0, constants)
  let carries: ReadonlyArray<HostArray> = inputs.slice(constants)
  const goesOn = (): boolean => run(condition, [...shared, ...carries], observe)[0].data[0] !== 0
  while (goesOn()) carries = run(body, [...shared, ...carries], observe)
  return carries
}
