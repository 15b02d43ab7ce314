import type { DeviceError, DeviceUnavailable } from "@cotangent/runtime"
import type { HostArray } from "@cotangent/tensor/HostArray"
import type { Tensor } from "@cotangent/tensor/Tensor"
import type { ManagedRuntime } from "effect/ManagedRuntime"
import type { Device } from "@cotangent/runtime/Device"
import type { Either } from "fp-ts/lib/Either.js"
import * as O from "fp-ts/lib/Option.js"
import type { ReaderTaskEither } from "fp-ts/lib/ReaderTaskEither.js"
import type { Ring } from "fp-ts/lib/Ring.js"
import { describe, expectTypeOf, it } from "vitest"
import type { BuildError, DeviceRuntime } from "../src/bridge.ts"
import { evaluate, model, tensor, tree, tryShape } from "../src/index.ts"

type Matrix = Tensor<readonly [2, 3], "f32">
type Params = { readonly weight: Matrix; readonly layers: readonly [Matrix] }

declare const matrix: Matrix
declare const params: Params

describe("the types of instances", () => {
  it("keep shape and dtype in rings", () => {
    expectTypeOf(() => tensor.getRing(matrix)).returns.toEqualTypeOf<Ring<Matrix>>()
    // @ts-expect-error -- there is no arithmetic of truth values
    expectTypeOf((x: Tensor<readonly [2], "bool">) => tensor.getRing(x)).toBeFunction()
  })

  it("keep the tree through map and traverse", () => {
    const read = () => tree.toNested(tree.map(() => 1)(tree.fromTensors(params)))
    expectTypeOf(read).returns.toEqualTypeOf<{ readonly weight: number; readonly layers: readonly [number] }>()
    const traversed = () => tree.traverse(O.Applicative)((x: Tensor) => O.some(x.dtype))(tree.fromTensors(params))
    expectTypeOf(traversed).returns.toEqualTypeOf<O.Option<tree.Tree<Params, Tensor["dtype"]>>>()
  })

  it("hide parameters, not inputs and outputs", () => {
    const compose = (f: model.SomeModel<1, 2>, g: model.SomeModel<2, 3>) => model.Category.compose(g, f)
    expectTypeOf(compose).returns.toEqualTypeOf<model.SomeModel<1, 3>>()
  })

  it("name what building and reading can fail with", () => {
    expectTypeOf(() => tryShape(() => matrix)).returns.toEqualTypeOf<Either<BuildError, Matrix>>()
    expectTypeOf(() => evaluate(matrix)).returns.toEqualTypeOf<
      ReaderTaskEither<DeviceRuntime, DeviceError | DeviceUnavailable, HostArray<"f32">>
    >()
    expectTypeOf<ManagedRuntime<Device, never>>().toExtend<DeviceRuntime>()
  })
})
