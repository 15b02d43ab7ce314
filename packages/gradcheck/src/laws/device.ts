/**
 * Laws of devices: a device computes what the reference computes, within the error of its arithmetic; and whatever
 * computes, computes the same again.
 */
import { pullback } from "@cotangent/autodiff/Vjp"
import type { Device } from "@cotangent/runtime/Device"
import * as Devices from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type { DType } from "@cotangent/tensor/DType"
import * as DTypes from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import type { Tensor } from "@cotangent/tensor/Primitive"
import type { Program } from "@cotangent/tensor/Program"
import { applications, substitute, trace } from "@cotangent/tensor/Program"
import * as Reference from "@cotangent/tensor/Reference"
import { size } from "@cotangent/tensor/Shape"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import type { Tolerance } from "../Comparison.ts"
import { exact, largest, ofLargest } from "../Comparison.ts"
import type { Measurement } from "../Measurement.ts"
import { compareArrays, worst } from "../Measurement.ts"
import type { Directed, Point } from "../Point.ts"
import { tolerances } from "../tolerances.ts"

/** A program with inputs for it. */
export interface ProgramCase {
  readonly program: Program
  readonly inputs: ReadonlyArray<HostArray>
}

/**
 * The error of `operations` roundings, relative to the largest magnitude of the result, which counts as 1 at least:
 * the arithmetic of a device may keep more digits than the reference, and associates sums in its own order.
 */
export const errorModel = (dtype: DType, expected: HostArray, operations: number): Tolerance =>
  DTypes.isFloat(dtype) ? ofLargest(operations * tolerances[dtype].rounding, expected.data, 1) : exact

/** The values of `program` on the surrounding device. */
const onDevice = ({ inputs, program }: ProgramCase): Effect.Effect<ReadonlyArray<HostArray>, DeviceError, Device> =>
  Effect.scoped(
    Effect.gen(function* () {
      const device = yield* Devices.Device
      const tensors = yield* device.realize(substitute(program, inputs.map(constant)))
      return yield* Effect.forEach(tensors, device.read)
    })
  )

/** The results of `program` on the surrounding device are those of the reference, but for `operations` roundings. */
export const deviceIsReference = (
  { inputs, program }: ProgramCase,
  operations: number
): Effect.Effect<Measurement, DeviceError, Device> =>
  Effect.map(onDevice({ inputs, program }), (received) =>
    compareArrays(
      "device",
      Reference.run(program, inputs),
      received,
      (value) => errorModel(value.dtype, value, operations).absolute
    )
  )

/** The values of a function and its gradients, as a program over its inputs and the cotangents. */
export const withGradients = (given: Directed): ProgramCase => {
  const { apply, differentiable } = given
  const cotangents = given.cotangents.filter((each) => each !== undefined)
  const inputs = [...given.inputs, ...cotangents]
  const program = trace(inputs, (...tensors) => {
    const outputs = apply(tensors.slice(0, given.inputs.length))
    const by = differentiable.map((i) => tensors[i])
    const rest = tensors.slice(given.inputs.length).values()
    const against = given.cotangents.map((each) => (each === undefined ? undefined : rest.next().value))
    return [...outputs, ...pullback(outputs, by, against).filter((x) => x !== undefined)]
  })
  const shown = { [fc.toStringMethod]: () => fc.stringify(given) }
  return { program, inputs, ...shown }
}

/** The same in `dtype` in place of `f64`. */
const programOf = (point: Directed, dtype: DTypes.Float): ProgramCase => {
  const inputs = point.inputs.map((input) => (input.dtype === "f64" ? make(input.shape, dtype, input.data) : input))
  const outputs = point.apply(inputs.map(constant))
  const cotangents = point.cotangents.map((each, i) => each && make(each.shape, outputs[i].dtype, each.data))
  return withGradients({ ...point, inputs, cotangents })
}

/** Sums, and what else makes one element of many, round once for each of these. */
const termsOf = (inputs: ReadonlyArray<Tensor>, outputs: ReadonlyArray<Tensor>): number =>
  1 + Math.max(0, ...inputs.map(({ shape }) => size(shape))) / Math.max(1, ...outputs.map(({ shape }) => size(shape)))

/**
 * How far a device may be from the reference: it rounds after each operation, and what it loses there is relative to the
 * largest value on the way, and is carried on to the results.
 */
const allowance = ({ inputs, program }: ProgramCase): { readonly operations: number; readonly scale: number } => {
  const results = substitute(program, inputs.map(constant))
  const all = applications(results)
  const floats = all.flatMap(({ outputs }) => outputs.filter(({ dtype }) => DTypes.isFloat(dtype)))
  return {
    operations: all.reduce((total, application) => total + termsOf(application.inputs, application.outputs), 0),
    scale: Math.max(1, ...Reference.evaluate(floats).map(({ data }) => largest(data)))
  }
}

/** A function and its gradients have the values on the surrounding device that they have on the reference. */
export const deviceAgrees = (
  point: Directed,
  dtype: DTypes.Float,
  rounding: number
): Effect.Effect<Measurement, DeviceError, Device> =>
  Effect.suspend(() => {
    const given = programOf(point, dtype)
    const { operations, scale } = allowance(given)
    const allowed = 2 * rounding * (8 + operations) * scale
    return Effect.map(onDevice(given), (received) =>
      compareArrays(`device in ${dtype}`, Reference.run(given.program, given.inputs), received, (value) =>
        DTypes.isFloat(value.dtype) ? allowed : 0
      )
    )
  })

const same = (
  what: string,
  [once, again]: readonly [ReadonlyArray<HostArray>, ReadonlyArray<HostArray>]
): Measurement => compareArrays(what, once, again, () => 0)

/** A function that is called twice has the same values, to the last bit. */
export const referenceIsDeterministic = ({ apply, inputs }: Point): Measurement => {
  const outputs = apply(inputs.map(constant))
  const once = Reference.evaluate(outputs)
  return worst([
    same("the function called again", [once, Reference.evaluate(apply(inputs.map(constant)))]),
    same("the same expression computed again", [once, Reference.evaluate(outputs)])
  ])
}

/** A program that runs twice on the surrounding device has the same values, to the last bit. */
export const deviceIsDeterministic = (
  point: Directed,
  dtype: DTypes.Float
): Effect.Effect<Measurement, DeviceError, Device> =>
  Effect.suspend(() => {
    const given = programOf(point, dtype)
    return Effect.map(Effect.all([onDevice(given), onDevice(given)]), (runs) => same("the device run again", runs))
  })
