/** What the page of the browser test does with threads, on its main thread and in a worker of its own. */
import { Device } from "@cotangent/runtime/Device"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"
import { hang, load, make, moduleOf, trap } from "../pool/programs.ts"
import { programs, valuesWith } from "../pool/shared.ts"
import { largeLosses } from "./work.ts"

/** What came of threads in one place of a page. */
export interface Threaded {
  /** Whether two threads give the bits that one gives, by program. */
  readonly isSame: Readonly<Record<string, boolean>>
  /** Why two threads stopped where one trapped, and where one never came. */
  readonly failures: ReadonlyArray<string>
}

/** How many threads there are where the device may choose. */
export const automatic: Effect.Effect<number, unknown> = Effect.map(
  Device,
  ({ description }) => description.threads
).pipe(Effect.provide(Wasm.layerWith({ threads: "auto" })))

const isEqual = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right)

const isSame = Effect.gen(function* () {
  const found: Record<string, boolean> = {}
  for (const [name, tensors] of Object.entries(programs)) {
    found[name] = isEqual(yield* valuesWith({ threads: 2 }, tensors), yield* valuesWith({}, tensors))
  }
  const [two, one] = [2, 1].map((threads) => Effect.provide(largeLosses, Wasm.layerWith({ threads })))
  found["training"] = isEqual(yield* two, yield* one)
  return found
})

const failureOf = Effect.fnUntraced(function* (body: typeof trap) {
  const setting = yield* make({ silence: 300 })
  const { run } = yield* load(setting, moduleOf(setting, body))
  const table = setting.heap.allocate(4)!
  yield* Effect.flip(Effect.try({ try: () => run(table), catch: String }))
  return setting.pool.failure() ?? "none"
}, Effect.scoped)

/** All that is tried with threads. */
export const threaded: Effect.Effect<Threaded, unknown> = Effect.gen(function* () {
  return {
    isSame: yield* isSame,
    failures: [yield* failureOf(trap), yield* failureOf(hang)]
  }
})

/** Why there are not two threads here. */
export const refusal: Effect.Effect<string, unknown> = Effect.flip(
  Device.pipe(Effect.provide(Wasm.layerWith({ threads: 2 })))
).pipe(Effect.map(({ reason }) => reason))

/** What the function of this name of the page's module gives in a worker of the page. */
export const inWorker = <A>(name: string): Effect.Effect<A, unknown> =>
  Effect.tryPromise(() => {
    const { promise, reject, resolve } = Promise.withResolvers<A>()
    const source = `import(${JSON.stringify(import.meta.url)}).then((page) => page.${name}()).then(postMessage)`
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), { type: "module" })
    worker.addEventListener("message", ({ data }) => resolve(data))
    worker.addEventListener("error", reject)
    return promise.finally(() => worker.terminate())
  })

/** From here on the page may start no workers. */
export const forbidWorkers: Effect.Effect<void> = Effect.sync(() => {
  const policy = document.createElement("meta")
  policy.httpEquiv = "Content-Security-Policy"
  policy.content = "worker-src 'none'"
  document.head.append(policy)
})
