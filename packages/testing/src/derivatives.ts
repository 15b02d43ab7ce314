/** The laws of derivatives with the tolerances that tests hold primitives to. */
import * as Batching from "@cotangent/gradcheck/laws/batching"
import type { Batch } from "@cotangent/gradcheck/laws/batching"
import * as Differentiation from "@cotangent/gradcheck/laws/differentiation"
import { hessianIsSymmetric, secondIsDifference } from "@cotangent/gradcheck/laws/second"
import type { Measurement } from "@cotangent/gradcheck/Measurement"
import { worst } from "@cotangent/gradcheck/Measurement"
import type { Directed } from "@cotangent/gradcheck/Point"
import { tolerances } from "@cotangent/gradcheck/tolerances"

const { f64 } = tolerances

/** `jvp` is the derivative. */
export const jvpIsDifference = (given: Directed): Measurement => Differentiation.jvpIsDifference(given, f64)

/** `vjp` is the adjoint of `jvp`. */
export const vjpIsAdjoint = (given: Directed): Measurement =>
  worst([Differentiation.vjpIsAdjoint(given, f64), Differentiation.modesAgree(given, f64)])

/** The second derivative is that of the first, and symmetric. */
export const secondOrder = (given: Directed): Measurement =>
  worst([secondIsDifference(given, f64), hessianIsSymmetric(given, f64)])

/** A batch is the loop over its examples, to the last bit. */
export const batchIsLoop = (given: Batch): Measurement => Batching.batchIsLoop(given, { equality: 0 })
