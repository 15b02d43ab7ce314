/** Plans for tests, and memory for them. */
import type { Allocation } from "@cotangent/runtime/Backend"
import type { DeviceError, DeviceLost, OutOfMemory } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Driver } from "../src/driver/Driver.ts"
import type { Argument, Counter, DevicePlan, Launch, Memory, Operation, Place } from "../src/Plan.ts"

/** A byte of a memory, moved by a counter where one is given. */
export const at = (memory: Memory, constant = 0, counter?: Counter, stride = 0): Place => ({
  memory,
  offset: { constant, terms: counter === undefined ? [] : [{ counter, plus: 0, stride }] }
})

export const input = (index: number): Memory => ({ tag: "input", index })
export const output = (index: number): Memory => ({ tag: "output", index })
export const scratch: Memory = { tag: "scratch" }

export const pointer = (place: Place): Argument => ({ tag: "pointer", place })
export const i32 = (value: number): Argument => ({ tag: "i32", value })
export const f32 = (value: number): Argument => ({ tag: "f32", value })

/** A launch of a kernel of the first source. */
export const launch = (
  kernel: string,
  [grid, block]: readonly [grid: number, block: number],
  args: ReadonlyArray<Argument>,
  sharedBytes = 0
): Launch => ({
  tag: "launch",
  source: 0,
  kernel,
  grid: [grid, 1, 1],
  block: [block, 1, 1],
  sharedBytes,
  arguments: args
})

/** A plan of one source. */
export const planOf = (source: string, operations: ReadonlyArray<Operation>, scratchBytes = 0): DevicePlan => ({
  sources: source === "" ? [] : [source],
  scratchBytes,
  operations
})

/** Memory that holds an array, for as long as the scope is open. */
export const upload = (
  driver: Driver,
  array: ArrayBufferView<ArrayBuffer>
): Effect.Effect<Allocation, OutOfMemory | DeviceLost, Scope.Scope> =>
  Effect.tap(memory(driver, array.byteLength), (allocation) =>
    driver.write(allocation, new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
  )

/** Memory of any content, for as long as the scope is open. */
export const memory = (
  driver: Driver,
  bytes: number
): Effect.Effect<Allocation, OutOfMemory | DeviceLost, Scope.Scope> =>
  Effect.acquireRelease(driver.allocate(bytes), (allocation) => Effect.sync(() => driver.free(allocation)))

/** The contents of memory, as floats or ints. */
export const floats = (driver: Driver, allocation: Allocation): Effect.Effect<Float32Array, DeviceLost> =>
  Effect.map(driver.read(allocation, allocation.bytes), (bytes) => new Float32Array(bytes.buffer as ArrayBuffer))
export const ints = (driver: Driver, allocation: Allocation): Effect.Effect<Int32Array, DeviceLost> =>
  Effect.map(driver.read(allocation, allocation.bytes), (bytes) => new Int32Array(bytes.buffer as ArrayBuffer))

/** Runs a plan once. */
export const runOnce = (
  driver: Driver,
  plan: DevicePlan,
  inputs: ReadonlyArray<Allocation>,
  outputs: ReadonlyArray<Allocation>
): Effect.Effect<void, DeviceError> =>
  Effect.scoped(
    Effect.flatMap(driver.prepare(plan, { inputs: inputs.length, outputs: outputs.length }), ({ run }) =>
      run(inputs, outputs)
    )
  )
