/**
 * Measuring a model over more examples than one batch holds.
 */
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { countExamples } from "./internal/examples.ts"

/** Means by name. */
export type Means<M> = { readonly [K in keyof M]: number }

/** Measures a subject (a model's parameters and state) over all batches. */
export type Evaluator<S, B, M> = <E, R>(
  subject: S,
  batches: Stream.Stream<B, E, R>
) => Effect.Effect<Means<M>, E | DeviceError, R>

/**
 * An evaluator that is compiled for as long as the surrounding scope is open. `measure` gives scalars that are means
 * over the examples of a batch; the evaluator gives their means over all examples, however they are cut into batches.
 *
 * **Numerics** Means of batches are added in double precision, weighted with their numbers of examples.
 *
 * **Throws** `ArgumentError` where there is no batch to measure; a defect of the effect.
 *
 * **Example** (Accuracy on test images)
 *
 * ```ts
 * const evaluate = yield* evaluator((params: Params, { images, labels }: Batch) => ({
 *   accuracy: Metrics.accuracy(model.predict(params, {}, images), labels)
 * }))
 * const { accuracy } = yield* evaluate(params, batches)
 * ```
 */
export const evaluator = Effect.fnUntraced(function* <S, B, M extends Readonly<Record<string, Tensor>>>(
  measure: (subject: S, batch: B) => M,
  examples: (batch: B) => number = countExamples
): Effect.fn.Return<Evaluator<S, B, M>, never, Device | Scope.Scope> {
  const device = yield* Device
  const run = yield* device.compile(measure, { name: "evaluate" })
  const measured = (subject: S, batch: B) =>
    Effect.scoped(
      Effect.gen(function* () {
        const scalars = yield* run(subject, batch)
        return yield* Effect.forEach(Object.entries(scalars), ([name, scalar]) =>
          Effect.map(device.readNumber(scalar), (mean) => [name, mean] as const)
        )
      })
    )
  return <E, R>(subject: S, batches: Stream.Stream<B, E, R>) =>
    Stream.runFoldEffect(
      batches,
      () => ({ count: 0, totals: new Map<string, number>() }),
      ({ count, totals }, batch) =>
        Effect.map(measured(subject, batch), (means) => {
          const size = examples(batch)
          for (const [name, mean] of means) totals.set(name, (totals.get(name) ?? 0) + size * mean)
          return { count: count + size, totals }
        })
    ).pipe(
      Effect.map(({ count, totals }) => {
        if (count === 0) throw new ArgumentError({ operation: "evaluate", expected: "examples", received: "none" })
        // The names are those that `measure` gives.
        return Object.fromEntries([...totals].map(([name, total]) => [name, total / count])) as Means<M>
      })
    )
})
