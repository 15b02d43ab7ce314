import type { HostArray } from "@cotangent/tensor/HostArray"
import type { Tensor } from "@cotangent/tensor/Tensor"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { describe, expectTypeOf, it } from "vitest"
import type { CompiledFunction, DeviceService } from "../src/Device.ts"
import { Device } from "../src/Device.ts"
import type { DeviceError, DeviceUnavailable } from "../src/errors.ts"

type Weight = Tensor<readonly [2, 3], "f32">
type Batch = Tensor<readonly ["batch", 2], "f64">

declare const device: DeviceService
declare const weight: Weight
declare const f: (
  weight: Weight,
  batch: Batch
) => { readonly weight: Weight; readonly loss: Tensor<readonly [], "f32"> }

describe("the types of a device", () => {
  it("realize keeps the type of the tree", () => {
    const realized = () => device.realize({ layers: [weight] as const })
    expectTypeOf(realized).returns.toEqualTypeOf<
      Effect.Effect<{ layers: readonly [Weight] }, DeviceError, Scope.Scope>
    >()
  })

  it("read keeps the dtype", () => {
    const read = () => device.read(weight)
    expectTypeOf(read).returns.toEqualTypeOf<Effect.Effect<HostArray<"f32">, DeviceError>>()
  })

  it("compile keeps arguments and result", () => {
    const compiled = () => device.compile(f, { donate: [0] })
    expectTypeOf(compiled).returns.toEqualTypeOf<
      Effect.Effect<CompiledFunction<[weight: Weight, batch: Batch], ReturnType<typeof f>>, never, Scope.Scope>
    >()
    type Call = Effect.Success<ReturnType<typeof compiled>>
    // @ts-expect-error -- f32 weights are no f64 batch
    const wrong = (call: Call) => call(weight, weight)
    expectTypeOf(wrong).toBeFunction()
  })

  it("firstAvailable needs what its layers need", () => {
    const missing: Layer.Layer<Device, DeviceUnavailable, Scope.Scope> = undefined as never
    const first = () => Device.firstAvailable(missing)
    expectTypeOf(first).returns.toEqualTypeOf<Layer.Layer<Device, DeviceUnavailable, Scope.Scope>>()
  })
})
