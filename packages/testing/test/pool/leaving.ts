/** Computes on two devices with threads, and on none of a third, and leaves all of them open. */
import { Device } from "@cotangent/runtime/Device"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"

const runtimes = [2, 3, 2].map((threads) => ManagedRuntime.make(Wasm.layerWith({ threads })))
const x = Tensor.ones([8, 40_000])
const largest = Effect.gen(function* () {
  const device = yield* Device
  return yield* device.readNumber(
    Tensor.sum(Tensor.max(Tensor.mul(Tensor.tanh(x), Tensor.reciprocal(Tensor.tanh(x))), 1))
  )
})
const sums = [await runtimes[0].runPromise(largest), await runtimes[1].runPromise(largest)]
await runtimes[2].runPromise(Device)
process.stdout.write(`${sums.join(" ")}\n`)
