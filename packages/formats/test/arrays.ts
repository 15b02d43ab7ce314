/** What the tests of readers share: arbitrary arrays, their bits, and what a reader may answer. */
import { all as dtypes, round } from "@cotangent/tensor/DType"
import type { DType } from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { encode, make } from "@cotangent/tensor/HostArray"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as fc from "fast-check"
import { FormatError } from "../src/FormatError.ts"

const numbers: Record<DType, fc.Arbitrary<number>> = {
  f32: fc.float(),
  f64: fc.double(),
  f16: fc.float({ min: -70000, max: 70000 }),
  bf16: fc.float(),
  i32: fc.integer(),
  u32: fc.nat(),
  u8: fc.nat(255),
  bool: fc.nat(1)
}

/** Arrays of up to four axes, some of them empty. */
export const arrays = (
  allowed: ReadonlyArray<DType> = dtypes,
  { minRank = 0 }: { readonly minRank?: number } = {}
): fc.Arbitrary<HostArray> =>
  fc
    .tuple(fc.constantFrom(...allowed), fc.array(fc.nat(4), { minLength: minRank, maxLength: 4 }))
    .chain(([dtype, shape]) => {
      const size = shape.reduce((total, extent) => total * extent, 1)
      return fc.array(numbers[dtype], { minLength: size, maxLength: size }).map((values) =>
        make(
          shape,
          dtype,
          values.map((value) => round(dtype, value))
        )
      )
    })

/** An array as its type and its bytes, which tell -0 from 0 and compare equal for NaN. */
export const bits = (array: HostArray): unknown => ({ shape: array.shape, dtype: array.dtype, bytes: encode(array) })

/** What a reader answered: that it accepts its input, that it refuses it by a `FormatError`, or what else went wrong. */
export const answer = (exit: Exit.Exit<unknown, unknown>): unknown => {
  if (Exit.isSuccess(exit)) return "accepted"
  const failure = Cause.squash(exit.cause)
  return failure instanceof FormatError ? "refused" : failure
}

/** What `effect` fails with, as text. */
export const reasonOf = <A>(effect: Effect.Effect<A, FormatError>): string =>
  Effect.runSync(Effect.flip(effect)).message

/** `bytes` with the one at `at` set to `value`. */
export const altered = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
  const copy = bytes.slice()
  copy[at] = value
  return copy
}
