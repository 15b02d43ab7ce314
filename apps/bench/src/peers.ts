/**
 * Libraries that are timed beside ours: from npm, and PyTorch where there is one.
 */
import type { Peer } from "./peers/Attempt.ts"

/** Each by name, to be started on at most so many threads, in a process of its own. */
export const peers: Readonly<Record<string, (threads: number) => Promise<Peer>>> = {
  "tfjs-wasm": async (threads) => {
    await (await import("./peers/tfjsGradients.ts")).install()
    return (await import("./peers/tfjs.ts")).start(threads)
  },
  "jax-js": async (threads) => {
    // When it is loaded, it looks for a browser's workers.
    ;(await import("./peers/webWorker.ts")).install(threads)
    return (await import("./peers/jax.ts")).start(threads)
  },
  pytorch: async (threads) => (await import("./peers/pytorch.ts")).start(threads, { device: "cpu", isCompiled: false }),
  "torch.compile": async (threads) =>
    (await import("./peers/pytorch.ts")).start(threads, { device: "cpu", isCompiled: true })
}
