/**
 * Transcendental functions in `f32` from basic arithmetic, so that they run in vectors.
 */
import type { Call, Scalar } from "@cotangent/tensor/Scalar"

/** The value of `call` from basic instructions; undefined where the host's function is called instead. */
export const approximate = (call: Call): Scalar | undefined => {
  void call
  return undefined
}
