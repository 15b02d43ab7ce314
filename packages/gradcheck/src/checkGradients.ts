/**
 * One line for each function in a suite of tests, whatever runs it.
 */
import * as Effect from "effect/Effect"
import type { Options } from "./gradcheck.ts"
import { gradcheck } from "./gradcheck.ts"
import type { Inputs } from "./subject.ts"

/**
 * Checks the derivatives of `f` as `gradcheck` does. The promise is rejected with a `GradientMismatch` whose message is
 * the counterexample, so a test fails with it.
 *
 * **Example** (A test of vitest)
 *
 * ```ts run
 * const swish = (x: Tensor.Tensor<readonly [2]>) => Tensor.mul(x, Tensor.sigmoid(x))
 * // it("swish", () => checkGradients(swish, [Tensor.of([-1, 2])]))
 * await checkGradients(swish, [Tensor.of([-1, 2])]) // => undefined
 * ```
 */
export const checkGradients = <A extends ReadonlyArray<unknown>>(
  f: (...args: A) => unknown,
  inputs: Inputs<NoInfer<A>>,
  options?: Options
): Promise<void> => Effect.runPromise(Effect.asVoid(gradcheck(f, inputs, options)))
