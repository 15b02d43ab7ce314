/**
 * Laws of devices: a device computes what the reference computes, within the error of its arithmetic; and whatever
 * computes, computes the same again.
 */
import { pushforward } from "@cotangent/autodiff/Jvp"
import { pullback } from "@cotangent/autodiff/Vjp"
import type { Device } from "@cotangent/runtime/Device"
import * as Devices from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type { DType } from "@cotangent/tensor/DType"
import * as DTypes from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import type { Program } from "@cotangent/tensor/Program"
import { substitute, trace } from "@cotangent/tensor/Program"
import * as Reference from "@cotangent/tensor/Reference"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import type { Tolerance } from "../Comparison.ts"
import { exact, ofLargest } from "../Comparison.ts"
import type { Measurement } from "../Measurement.ts"
import { compareArrays, worst } from "../Measurement.ts"
import type { Directed, Point } from "../Point.ts"
import { tolerances } from "../tolerances.ts"
import { courseOf, roundingOf } from "./rounding.ts"

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

/** The modes in which a function has derivatives. */
export type Mode = "both" | "forward"

/** The values of a function and its derivatives, as a program over its inputs and directions. */
const withDerivatives = (given: Directed, mode: Mode): ProgramCase => {
  const { apply, differentiable } = given
  const directions = mode === "both" ? given.cotangents : given.tangents
  const inputs = [...given.inputs, ...directions.filter((each) => each !== undefined)]
  const program = trace(inputs, (...tensors) => {
    const outputs = apply(tensors.slice(0, given.inputs.length))
    const by = differentiable.map((i) => tensors[i])
    const rest = tensors.slice(given.inputs.length).values()
    const along = directions.map((each) => (each === undefined ? undefined : rest.next().value))
    const derivatives = mode === "both" ? pullback(outputs, by, along) : pushforward(outputs, by, along)
    return [...outputs, ...derivatives.filter((x) => x !== undefined)]
  })
  const shown = { [fc.toStringMethod]: () => fc.stringify(given) }
  return { program, inputs, ...shown }
}

/** The values of a function and its gradients, as a program over its inputs and the cotangents. */
export const withGradients = (given: Directed): ProgramCase => withDerivatives(given, "both")

/** The same in `dtype` in place of `f64`. */
const programOf = (point: Directed, dtype: DTypes.Float, mode: Mode): ProgramCase => {
  const inDtype = (array: HostArray): HostArray =>
    array.dtype === "f64" ? make(array.shape, dtype, array.data) : array
  const inputs = point.inputs.map(inDtype)
  const outputs = point.apply(inputs.map(constant))
  const cotangents = point.cotangents.map((each, i) => each && make(each.shape, outputs[i].dtype, each.data))
  const tangents = point.tangents.map((each) => each && inDtype(each))
  return withDerivatives({ ...point, inputs, cotangents, tangents }, mode)
}

/** How a device is compared with the reference. */
export interface Compared {
  readonly dtype: DTypes.Float
  readonly mode: Mode
}

/**
 * A function and its derivatives have the values on the surrounding device that they have on the reference, up to rounding.
 */
export const deviceAgrees = (
  point: Directed,
  { dtype, mode }: Compared,
  rounding: number
): Effect.Effect<Measurement, DeviceError, Device> =>
  Effect.suspend(() => {
    const given = programOf(point, dtype, mode)
    const course = courseOf(given.program, given.inputs)
    const allowed = roundingOf(course, rounding)
    return Effect.map(onDevice(given), (received) =>
      compareArrays(`device in ${dtype}`, course.values, received, (value) =>
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
  { dtype, mode }: Compared
): Effect.Effect<Measurement, DeviceError, Device> =>
  Effect.suspend(() => {
    const given = programOf(point, dtype, mode)
    return Effect.map(Effect.all([onDevice(given), onDevice(given)]), (runs) => same("the device run again", runs))
  })
