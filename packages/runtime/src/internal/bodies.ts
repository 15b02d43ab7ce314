/**
 * Programs that an application runs, one run at a time.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import { view } from "@cotangent/tensor/HostArray"
import type { Application, Loop, Tensor, While } from "@cotangent/tensor/Primitive"
import { constant } from "@cotangent/tensor/primitive/leaf"
import type { Program } from "@cotangent/tensor/Program"
import { substitute } from "@cotangent/tensor/Program"
import * as Effect from "effect/Effect"
import type { DeviceError } from "../errors.ts"
import { isFinite } from "./fault.ts"

/** One run of a program. */
export interface Run {
  /** What a message calls it. */
  readonly name: string
  /** The results, over the inputs of this run. */
  readonly results: ReadonlyArray<Tensor>
}

type Arrays = ReadonlyArray<HostArray>
type Compute = (tensors: ReadonlyArray<Tensor>) => Effect.Effect<Arrays, DeviceError>

/** Whether `application` runs programs. */
export const hasBody = ({ primitive }: Application): boolean =>
  primitive.lowering.kind !== "element" && primitive.lowering.kind !== "leaf" && primitive.lowering.kind !== "routine"

/** The runs of `application` whose results are not finite, in their order; of a `while`, up to the first such one. */
export const runsOf = (
  { inputs, outputs, params, primitive }: Application,
  compute: Compute
): Effect.Effect<ReadonlyArray<Run>, DeviceError> => {
  const { lowering, name } = primitive
  switch (lowering.kind) {
    case "call":
      return Effect.map(compute(inputs), (given) => [runOf(name, lowering.call(params).body, given)])
    case "branch": {
      const { ifFalse, ifTrue } = lowering.branch(params)
      return Effect.map(compute(inputs), ([predicate, ...given]) =>
        predicate.data[0] === 0
          ? [runOf(`the false branch of ${name}`, ifFalse, given)]
          : [runOf(`the true branch of ${name}`, ifTrue, given)]
      )
    }
    case "loop": {
      const loop = lowering.loop(params)
      return Effect.map(Effect.all([compute(inputs), compute(outputs)]), ([given, made]) =>
        runsOfLoop(name, loop, given, made)
      )
    }
    case "while":
      return Effect.flatMap(compute(inputs), (given) => runsOfWhile(name, lowering.loop(params), given, compute))
    case "element":
    case "leaf":
    case "routine":
      return Effect.succeed([])
  }
}

const over = (program: Program, inputs: Arrays): ReadonlyArray<Tensor> => substitute(program, inputs.map(constant))

const runOf = (name: string, program: Program, inputs: Arrays): Run => ({ name, results: over(program, inputs) })

const row = ({ data, dtype, shape }: HostArray, at: number): HostArray => {
  const length = data.length / shape[0]
  return view(shape.slice(1), dtype, data.slice(at * length, (at + 1) * length) as HostArray["data"])
}

/** See `Loop` for the order of inputs and outputs: a loop gives the carries that each run received. */
const runsOfLoop = (
  name: string,
  { body, carries, constants, length, reverse }: Loop,
  given: Arrays,
  made: Arrays
): ReadonlyArray<Run> => {
  const received = made.length - carries
  const place = (run: number): number => (reverse ? length - 1 - run : run)
  const carriesAt = (run: number): Arrays =>
    run === length ? made.slice(0, carries) : made.slice(received).map((stacked) => row(stacked, place(run)))
  const resultsOf = (run: number): Arrays => [
    ...carriesAt(run + 1),
    ...made.slice(carries, received).map((stacked) => row(stacked, place(run)))
  ]
  return Array.from({ length }, (_, run) => run)
    .filter((run) => !resultsOf(run).every(isFinite))
    .map((run) => {
      const slices = given.slice(constants + carries).map((sequence) => row(sequence, place(run)))
      const inputs = [...given.slice(0, constants), ...carriesAt(run), ...slices]
      return runOf(`run ${run + 1} of ${length} of ${name}`, body, inputs)
    })
}

const runsOfWhile = Effect.fnUntraced(function* (
  name: string,
  { body, condition, constants }: While,
  given: Arrays,
  compute: Compute
) {
  const shared = given.slice(0, constants)
  let carries: Arrays = given.slice(constants)
  const found: Array<Run> = []
  for (let run = 1; ; run++) {
    const inputs = [...shared, ...carries]
    const [goesOn] = yield* compute(over(condition, inputs))
    if (goesOn.data[0] === 0) return found
    const step = runOf(`run ${run} of ${name}`, body, inputs)
    carries = yield* compute(step.results)
    if (carries.every(isFinite)) continue
    found.push(step)
    if (inputs.every(isFinite)) return found
  }
})
