/**
 * Law: a device computes what the reference computes, within the error of its arithmetic.
 */
import type { Device } from "@cotangent/runtime/Device"
import * as Devices from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type { DType, Float } from "@cotangent/tensor/DType"
import * as DTypes from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import type { Program } from "@cotangent/tensor/Program"
import { substitute } from "@cotangent/tensor/Program"
import * as Reference from "@cotangent/tensor/Reference"
import * as Effect from "effect/Effect"
import type { Tolerance } from "../Comparison.ts"
import { exact, ofLargest } from "../Comparison.ts"
import type { Violation } from "./Violation.ts"
import { agree, first } from "./Violation.ts"

/** Half the distance from 1 to the next number. */
const unitRoundoff: Readonly<Record<Float, number>> = { f64: 2 ** -53, f32: 2 ** -24, f16: 2 ** -11, bf16: 2 ** -8 }

/**
 * The error of `operations` roundings, relative to the largest magnitude of the result, which counts as 1 at least:
 * the arithmetic of a device may keep more digits than the reference, and associates sums in its own order.
 */
export const errorModel = (dtype: DType, expected: HostArray, operations: number): Tolerance =>
  DTypes.isFloat(dtype) ? ofLargest(operations * unitRoundoff[dtype], expected.data, 1) : exact

/** The results of `program` on the surrounding device are those of the reference, but for `operations` roundings. */
export const deviceIsReference = (
  program: Program,
  inputs: ReadonlyArray<HostArray>,
  operations: number
): Effect.Effect<Violation, DeviceError, Device> =>
  Effect.scoped(
    Effect.gen(function* () {
      const device = yield* Devices.Device
      const tensors = yield* device.realize(substitute(program, inputs.map(constant)))
      const received = yield* Effect.forEach(tensors, device.read)
      return first(
        ...Reference.run(program, inputs).map((value, i) =>
          agree(`result ${i}`, value, received[i], errorModel(value.dtype, value, operations))
        )
      )
    })
  )
