/**
 * The memory of one device: buffers that belong to scopes.
 */
import * as DTypes from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { encode } from "@cotangent/tensor/HostArray"
import type { TensorType } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Allocation, Backend } from "../Backend.ts"
import type { Buffer } from "../Buffer.ts"
import type { DeviceLost, OutOfMemory } from "../errors.ts"

/** Bytes that a tensor takes. */
export const byteLength = ({ dtype, shape }: TensorType): number => size(shape) * DTypes.bytes(dtype)

/** What is done with device memory. `made` collects buffers that no scope owns yet. */
export interface Memory {
  readonly countLive: () => number
  /** The most bytes that buffers and the scratch memory of a run have taken together. */
  readonly peakBytes: () => number
  /** Says that a run takes `scratchBytes` beside the buffers that are there. */
  readonly noteRun: (scratchBytes: number) => void
  readonly allocate: (type: TensorType, made: Array<Buffer>) => Effect.Effect<Buffer, OutOfMemory | DeviceLost>
  readonly upload: (array: HostArray, made: Array<Buffer>) => Effect.Effect<Buffer, OutOfMemory | DeviceLost>
  /** A new buffer in the place of `donor`, which is lost. */
  readonly takeOver: (donor: Buffer, type: TensorType, made: Array<Buffer>) => Buffer
  /** Takes `buffer` from its scope. */
  readonly donate: (buffer: Buffer) => void
  /** Gives the memory of `buffer` back. */
  readonly free: (buffer: Buffer) => void
  /** Lets what `body` makes live as long as `scope`; frees it if `body` fails. */
  readonly keep: <A, E>(scope: Scope.Scope, body: (made: Array<Buffer>) => Effect.Effect<A, E>) => Effect.Effect<A, E>
}

/** The memory of `backend`, empty. */
export const make = (backend: Backend): Memory => {
  const owners = new WeakMap<Scope.Scope, Set<Buffer>>()
  let live = 0
  let bytes = 0
  let peak = 0

  const hold = ({ dtype, shape }: TensorType, allocation: Allocation, made: Array<Buffer>): Buffer => {
    const buffer: Buffer = { shape, dtype, allocation, memory: self, state: "live", owner: undefined }
    made.push(buffer)
    return buffer
  }

  const allocate: Memory["allocate"] = (type, made) =>
    Effect.map(backend.allocate(byteLength(type)), (allocation) => {
      live++
      bytes += allocation.bytes
      peak = Math.max(peak, bytes)
      return hold(type, allocation, made)
    })

  const free: Memory["free"] = (buffer) => {
    buffer.owner = undefined
    if (buffer.state === "live") buffer.state = "released"
    live--
    bytes -= buffer.allocation.bytes
    backend.free(buffer.allocation)
  }

  const release = (buffers: Set<Buffer>): void => {
    for (const buffer of buffers) free(buffer)
    buffers.clear()
  }

  const ownerOf = (scope: Scope.Scope): Effect.Effect<Set<Buffer>> =>
    Effect.suspend(() => {
      const known = owners.get(scope)
      if (known !== undefined) return Effect.succeed(known)
      const fresh = new Set<Buffer>()
      owners.set(scope, fresh)
      return Effect.as(
        Scope.addFinalizer(
          scope,
          Effect.sync(() => release(fresh))
        ),
        fresh
      )
    })

  const own = (scope: Scope.Scope, made: ReadonlyArray<Buffer>): Effect.Effect<void> =>
    Effect.map(ownerOf(scope), (owner) => {
      for (const buffer of made) {
        buffer.owner = owner
        owner.add(buffer)
      }
      // The scope may have closed before it could own anything.
      if (scope.state._tag === "Closed") release(owner)
    })

  const self: Memory = {
    countLive: () => live,
    peakBytes: () => peak,
    noteRun: (scratchBytes) => void (peak = Math.max(peak, bytes + scratchBytes)),
    allocate,
    upload: (array, made) =>
      Effect.uninterruptible(
        Effect.flatMap(allocate(array, made), (buffer) =>
          Effect.as(backend.write(buffer.allocation, bytesOf(array)), buffer)
        )
      ),
    takeOver: (donor, type, made) => hold(type, donor.allocation, made),
    donate: (buffer) => {
      buffer.owner?.delete(buffer)
      buffer.owner = undefined
      buffer.state = "donated"
    },
    free,
    keep: (scope, body) =>
      Effect.suspend(() => {
        const made: Array<Buffer> = []
        return Effect.onExit(body(made), (exit) =>
          Exit.isSuccess(exit) ? own(scope, made) : Effect.sync(() => made.forEach(free))
        )
      })
  }
  return self
}

/** The elements of `array` in device format, not copied where host and device agree. */
const bytesOf = (array: HostArray): Uint8Array => {
  const { data, dtype } = array
  return dtype === "f16" || dtype === "bf16"
    ? encode(array)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
