/**
 * Arbitrary directions to differentiate applications in, and batches of them.
 */
import * as Directions from "@cotangent/gradcheck/directions"
import type { Batch } from "@cotangent/gradcheck/laws/batching"
import type { Directed, Point } from "@cotangent/gradcheck/Point"
import type { Float } from "@cotangent/tensor/DType"
import * as fc from "fast-check"
import type { Case, Signature } from "./Case.ts"
import { draw, recast } from "./Case.ts"

export type { ProgramCase } from "@cotangent/gradcheck/laws/device"
export { withGradients } from "@cotangent/gradcheck/laws/device"

/** A case as laws of derivatives see it. */
const pointOf = (given: Case): Point => ({ ...given, apply: (inputs) => [given.apply(inputs)] })

/** A case with tangents, of which some may be missing, a cotangent and weights. */
export const directed = (signature: Signature): fc.Arbitrary<Directed> => directedAs("f64")(signature)

/** The same with floats of `dtype`. */
export const directedAs =
  (dtype: Float) =>
  (signature: Signature): fc.Arbitrary<Directed> =>
    draw(signature).chain((drawn) => Directions.directed(pointOf(recast(drawn, dtype))))

/** Examples for a batch of batches. */
export const batched = (signature: Signature): fc.Arbitrary<Batch> =>
  Directions.batched(draw(signature).map(pointOf)).map((batch) => ({
    ...batch,
    [fc.toStringMethod]: () => `${signature.name} ${fc.stringify(batch)}`
  }))
