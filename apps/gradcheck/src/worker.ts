/**
 * A thread that checks one target after the other.
 */
import { GradientMismatch } from "@cotangent/gradcheck/errors"
import * as NodeWorkerRunner from "@effect/platform-node/NodeWorkerRunner"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RpcServer from "effect/rpc/RpcServer"
import { workerData } from "node:worker_threads"
import type { WorkerData } from "./checks.ts"
import { Checks, Crashed } from "./checks.ts"
import { devices } from "./devices.ts"
import type { Outcome } from "./Outcome.ts"
import { counted } from "./Outcome.ts"
import { targets } from "./targets.ts"

// The owner says so.
const { device } = workerData as WorkerData

const row = devices[device]

const checks = new Map(targets.map(({ check, name }) => [name, check]))

const handlers = Checks.toLayer(
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    // Without a device the laws of devices are not tried.
    const context = yield* Effect.cached(
      row === undefined ? Effect.succeed(Context.empty()) : Layer.buildWithScope(row.layer, scope)
    )
    return {
      check: ({ name, runs, seed }) =>
        Effect.gen(function* () {
          const start = yield* Clock.currentTimeMillis
          // The owner asks for targets by the names they have here.
          const result = yield* checks.get(name)!({ name, runs, seed, dtypes: row?.dtypes ?? [] }).pipe(
            Effect.provide(yield* context),
            Effect.catchTag("GradientMismatch", (mismatch) => Effect.succeed(mismatch))
          )
          const millis = (yield* Clock.currentTimeMillis) - start
          return (
            result instanceof GradientMismatch
              ? { name, millis, laws: [], mismatch: result }
              : { name, millis, laws: result.laws.map(counted), mismatch: undefined }
          ) satisfies Outcome
        }).pipe(Effect.catchCause((cause) => Effect.fail(new Crashed({ name, reason: Cause.pretty(cause) }))))
    }
  })
)

const server = RpcServer.layer(Checks).pipe(
  Layer.provide(handlers),
  Layer.provide(RpcServer.layerProtocolWorkerRunner),
  Layer.provide(NodeWorkerRunner.layer)
)

await Effect.runPromise(Layer.launch(server))
