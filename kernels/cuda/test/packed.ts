/** A program that is packed and run elsewhere, by `pack.test.ts`: it prints what a device makes of four numbers. */
import { Device } from "@cotangent/runtime/Device"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import { layer } from "../src/Cuda.ts"

const program = Effect.gen(function* () {
  const device = yield* Device
  const squares = yield* device.read(Tensor.square(Tensor.of([1, 2, 3, 4])))
  return [device.description.features["gpu"], ...squares.data].join(" ")
})

console.log(await Effect.runPromise(Effect.provide(program, layer)), ...process.argv.slice(2))
