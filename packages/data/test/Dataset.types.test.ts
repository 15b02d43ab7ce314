import { describe, expectTypeOf, it } from "vitest"
import type { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type { FormatError } from "@cotangent/formats/FormatError"
import type { HostArray } from "@cotangent/tensor/HostArray"
import type { Key } from "@cotangent/tensor/Random"
import type * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import type * as Stream from "effect/Stream"
import * as Csv from "../src/Csv.ts"
import type { Reading } from "../src/Reading.ts"
import * as Dataset from "../src/Dataset.ts"

type Digits = { readonly image: HostArray<"u8">; readonly label: HostArray<"u8"> }
declare const digits: Dataset.Dataset<Digits>
declare const key: Key

describe("types of datasets", () => {
  it("batches have the columns of the dataset, and need a device only with a key", () => {
    expectTypeOf(() => Dataset.batches(digits, { size: 2 })).returns.toEqualTypeOf<Stream.Stream<Digits>>()
    expectTypeOf(() => Dataset.batches(digits, { size: 2, key, epoch: 0 })).returns.toEqualTypeOf<
      Stream.Stream<Digits, DeviceError, Device>
    >()
    // @ts-expect-error: a key needs an epoch
    expectTypeOf(() => Dataset.batches(digits, { size: 2, key })).toBeFunction()
  })

  it("columns keep their names and dtypes through a pipe", () => {
    expectTypeOf(() =>
      pipe(
        digits,
        Dataset.take(2),
        Dataset.map(({ image }) => ({ x: image }))
      )
    ).returns.toEqualTypeOf<Dataset.Dataset<{ x: HostArray<"u8"> }>>()
  })

  it("a CSV file gives a column of each dtype asked for", () => {
    const read = () => Csv.decode(new Uint8Array(), { path: "x", columns: { x: "f64", kind: ["a", "b"] } })
    expectTypeOf(read).returns.toEqualTypeOf<
      Effect.Effect<Reading<{ readonly x: HostArray<"f64">; readonly kind: HostArray<"i32"> }>, FormatError>
    >()
  })
})
