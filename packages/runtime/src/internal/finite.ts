/**
 * Finds where NaN and infinities come from.
 */
import { isFloat } from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { describe } from "@cotangent/tensor/Primitive"
import { applications } from "@cotangent/tensor/Program"
import * as Effect from "effect/Effect"
import type { DeviceError } from "../errors.ts"
import { NonFinite } from "../errors.ts"
import type { Engine } from "./engine.ts"

/** Computes every application of `results` and fails with the first whose output is not finite. */
export const check = (
  engine: Engine,
  results: ReadonlyArray<Tensor>,
  read: (tensor: Tensor) => Effect.Effect<HostArray, DeviceError>
): Effect.Effect<void, NonFinite | DeviceError> =>
  Effect.scopedWith(
    Effect.fnUntraced(function* (scope) {
      const outputs = applications(results).flatMap((application) => application.outputs.filter(canFail))
      const realized = yield* engine.realize(outputs, scope)
      for (const [i, tensor] of realized.entries()) {
        const { data } = yield* read(tensor)
        if (!data.every(Number.isFinite)) return yield* new NonFinite({ operation: nameOf(outputs[i]) })
      }
    })
  )

const canFail = ({ dtype }: Tensor): boolean => isFloat(dtype)

const nameOf = (tensor: Tensor): string => {
  const { inputs, primitive } = tensor.application
  return inputs.length === 0 ? `the ${primitive.name} ${describe(tensor)}` : `${primitive.name} ${describe(tensor)}`
}
