/**
 * What devices hold, copied to the host, where it outlives the scope it was computed in.
 */
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import { constant } from "@cotangent/tensor/primitive/leaf"
import * as Tree from "@cotangent/tensor/Tree"
import * as Effect from "effect/Effect"

/**
 * A tree of tensors with its values in the memory of the host.
 *
 * **Fails** as reading from the device does.
 */
export const toHost = Effect.fnUntraced(function* <T>(tree: T): Effect.fn.Return<T, DeviceError, Device> {
  const device = yield* Device
  const { leaves, structure } = Tree.flatten(tree)
  const arrays = yield* Effect.forEach(leaves, device.read)
  return Tree.restore(
    structure,
    arrays.map((array) => constant(array))
  )
})
