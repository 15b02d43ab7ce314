/**
 * A GPU as the device layer uses it: memory, copies, plans.
 */
import type { Allocation } from "@cotangent/runtime/Backend"
import type { CompileFailed, DeviceLost, DeviceUnavailable } from "@cotangent/runtime/errors"
import { OutOfMemory } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { DevicePlan } from "../Plan.ts"
import type { Environment } from "./Adapter.ts"
import { compileFailed, deviceLost, isOutOfMemory } from "./errors.ts"
import * as Events from "./Events.ts"
import * as Executions from "./Execution.ts"
import * as ImageCaches from "./ImageCache.ts"
import * as Modules from "./Modules.ts"
import * as Nvrtcs from "./Nvrtc.ts"
import type { Observer, OperationTime } from "./Profile.ts"
import * as Pools from "./Pool.ts"
import * as Products from "./Products.ts"
import type { DeviceInfo, SessionOptions } from "./Session.ts"
import * as Sessions from "./Session.ts"
import * as Settlings from "./Settling.ts"
import * as Transfers from "./Transfers.ts"

/** A plan that can be run. */
export interface Prepared {
  /**
   * Starts a run; it ends when everything has been started, and whatever follows on this device sees its results. No two
   * runs may be started at a time, and inputs and outputs must be what the plan was prepared for.
   */
  readonly run: (
    inputs: ReadonlyArray<Allocation>,
    outputs: ReadonlyArray<Allocation>
  ) => Effect.Effect<void, DeviceLost | OutOfMemory>
}

/** How many inputs and outputs a plan has. */
export interface Signature {
  readonly inputs: number
  readonly outputs: number
}

/** A GPU. */
export interface Driver {
  readonly info: DeviceInfo
  /** Memory of any content, at a multiple of 256 bytes. */
  readonly allocate: (bytes: number) => Effect.Effect<Allocation, OutOfMemory | DeviceLost>
  /** Gives memory back; runs that were started earlier may still be using it. */
  readonly free: (allocation: Allocation) => void
  /** Fills the start of `allocation`. */
  readonly write: (allocation: Allocation, bytes: Uint8Array) => Effect.Effect<void, DeviceLost>
  /** A copy of the first `length` bytes, as all runs that were started leave them. */
  readonly read: (allocation: Allocation, length: number) => Effect.Effect<Uint8Array, DeviceLost>
  /** Compiles the kernels of `plan` and makes it ready. What it holds is released with the scope. */
  readonly prepare: (
    plan: DevicePlan,
    signature: Signature
  ) => Effect.Effect<Prepared, CompileFailed | OutOfMemory, Scope.Scope>
  /** Waits until the device has done everything that was started. */
  readonly synchronize: Effect.Effect<void, DeviceLost>
  /** What `body` gives, and how long the device took for what it starts. **Units** milliseconds. */
  readonly timed: <A, E, R>(body: Effect.Effect<A, E, R>) => Effect.Effect<readonly [A, number], E | DeviceLost, R>
  /**
   * What `body` gives, and for each operation of the plans that it runs how long the device took. They run one by one,
   * not as graphs, and each is waited for.
   */
  readonly profiled: <A, E, R>(
    body: Effect.Effect<A, E, R>
  ) => Effect.Effect<readonly [A, ReadonlyArray<OperationTime>], E, R>
  /** Bytes that the device has left. */
  readonly availableBytes: () => number
}

/** How a GPU is opened. */
export interface Options {
  /** Which of the GPUs, by number; 0, or `COTANGENT_CUDA_DEVICE`, unless stated. */
  readonly ordinal?: number
  /** Where settings are read; the variables of the process unless stated. */
  readonly environment?: Environment
}

/** Opens a GPU. It is closed with the scope. */
export const open = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<Driver, DeviceUnavailable, Scope.Scope> {
  const environment = options.environment ?? process.env
  const ordinal = options.ordinal ?? Number(environment["COTANGENT_CUDA_DEVICE"] ?? 0)
  const session = yield* Sessions.open({ environment, ordinal } satisfies SessionOptions)
  const { available } = Sessions
  const pool = yield* Effect.acquireRelease(
    available(() => Pools.make(session)),
    ({ close }) => Effect.sync(close)
  )
  const arena = yield* Effect.acquireRelease(
    Effect.sync(() => makeArena(pool)),
    ({ close }) => Effect.sync(close)
  )
  const products = yield* Effect.acquireRelease(
    Effect.sync(() => Products.make(session, arena.forGood)),
    ({ close }) => Effect.sync(close)
  )
  const transfers = yield* Effect.acquireRelease(
    available(() => Transfers.make(session)),
    ({ close }) => Effect.promise(close)
  )
  const nvrtc = yield* available(() => Nvrtcs.make(session.adapter, session.nvrtc))
  const cache = ImageCaches.make(ImageCaches.folderOf(environment))
  const device = `cuda:${ordinal}`
  const lost = (error: unknown): DeviceLost => deviceLost(device, error)
  const fullOr =
    <A>(bytes: number, otherwise: (name: string, error: unknown) => A) =>
    (error: unknown): A | OutOfMemory =>
      isOutOfMemory(error)
        ? new OutOfMemory({ device, requested: bytes, available: pool.available() })
        : otherwise(device, error)

  let observer: Observer | undefined
  const wait: Effect.Effect<void, DeviceLost> = Effect.uninterruptible(
    Effect.tryPromise({
      try: () => session.callAsync([session.cuda.cuStreamSynchronize, session.stream]),
      catch: lost
    })
  )
  return {
    info: session.info,
    allocate: (bytes) =>
      Effect.try({ try: () => ({ bytes, address: pool.allocate(bytes) }), catch: fullOr(bytes, deviceLost) }),
    free: ({ address, bytes }) => pool.free(address, bytes),
    write: ({ address }, bytes) =>
      Effect.uninterruptible(Effect.tryPromise({ try: () => transfers.upload(address, bytes), catch: lost })),
    read: ({ address }, length) =>
      Effect.uninterruptible(Effect.tryPromise({ try: async () => transfers.download(address, length), catch: lost })),
    prepare: Effect.fnUntraced(function* (
      plan,
      { inputs, outputs }
    ): Effect.fn.Return<Prepared, CompileFailed | OutOfMemory, Scope.Scope> {
      const failed = fullOr(plan.scratchBytes, compileFailed)
      const modules = yield* Effect.mapError(Modules.load(session, nvrtc, cache, plan.sources), failed)
      const execution = yield* Effect.acquireRelease(
        Effect.try({
          try: () => {
            arena.reserve(plan.scratchBytes)
            return Executions.make(plan, inputs, outputs, {
              session,
              products,
              transfers,
              modules,
              observer: () => observer
            })
          },
          catch: failed
        }),
        ({ close }) => Effect.sync(close)
      )
      const settling = yield* Effect.acquireRelease(
        Effect.sync(() => Settlings.make(pool)),
        ({ close }) => Effect.sync(close)
      )
      const copy = (moves: ReadonlyArray<Settlings.Move>): void => {
        if (moves.length === 0) return
        const { cuMemcpyDtoDAsync_v2 } = session.cuda
        session.call(
          ...moves.map(({ bytes, from, to }) => [cuMemcpyDtoDAsync_v2, to, from, bytes, session.stream] as const)
        )
      }
      const start = (
        given: ReadonlyArray<Allocation>,
        results: ReadonlyArray<Allocation>
      ): Promise<void> | undefined => {
        arena.reserve(plan.scratchBytes)
        const { addresses, after, before } = settling.settle(given, results)
        copy(before)
        const started = execution.run([...addresses, arena.address()])
        if (started !== undefined) return started.then(() => copy(after))
        copy(after)
        return undefined
      }
      const failedToRun = fullOr(plan.scratchBytes, deviceLost)
      return {
        run: (given, results) =>
          Effect.suspend(() => {
            try {
              const started = start(given, results)
              if (started === undefined) return Effect.void
              return Effect.uninterruptible(Effect.tryPromise({ try: () => started, catch: failedToRun }))
            } catch (error) {
              return Effect.fail(failedToRun(error))
            }
          })
      }
    }),
    synchronize: wait,
    timed: Effect.fnUntraced(function* (body) {
      const mark = Effect.acquireRelease(Effect.try({ try: () => Events.make(session), catch: lost }), (event) =>
        Effect.sync(() => Events.destroy(session, event))
      )
      const set = ({ record }: Events.Event) => Effect.try({ try: () => session.call(record), catch: lost })
      const [from, to] = [yield* mark, yield* mark]
      yield* set(from)
      const result = yield* body
      yield* set(to)
      yield* wait
      const time = yield* Effect.try({ try: () => Events.elapsed(session, from, to), catch: lost })
      return [result, time] as const
    }, Effect.scoped),
    profiled: Effect.fnUntraced(function* (body) {
      const times: Array<OperationTime> = []
      const value = yield* Effect.acquireUseRelease(
        Effect.sync(() => (observer = (found) => void times.push(...found))),
        () => body,
        () => Effect.sync(() => (observer = undefined))
      )
      return [value, times] as const
    }),
    availableBytes: pool.available
  }
})

/** Memory that plans share, as no two run at a time, and what lasts as long as the device. */
interface Arena {
  readonly address: () => number
  /** **Throws** `CudaError`. */
  readonly reserve: (bytes: number) => void
  readonly forGood: (bytes: number) => number
  readonly close: () => void
}

const makeArena = ({ allocate, free }: Pools.Pool): Arena => {
  const lasting: Array<{ readonly address: number; readonly bytes: number }> = []
  let current = { address: 0, bytes: 0 }
  const release = (): void => {
    if (current.bytes > 0) free(current.address, current.bytes)
    current = { address: 0, bytes: 0 }
  }
  return {
    address: () => current.address,
    reserve: (bytes) => {
      if (bytes <= current.bytes) return
      // What runs still uses the old one; what comes later on the stream may use its memory for something else.
      release()
      current = { address: allocate(bytes), bytes }
    },
    forGood: (bytes) => {
      const address = allocate(bytes)
      lasting.push({ address, bytes })
      return address
    },
    close: () => {
      release()
      for (const { address, bytes } of lasting) free(address, bytes)
    }
  }
}
