/**
 * PyTorch on the same GPU, beside workloads of ours.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { quick } from "../measure.ts"
import { start } from "../peers/pytorch.ts"
import type { Way } from "../peers/pytorch.ts"
import { summary } from "../Result.ts"
import { workloads } from "../workloads.ts"
import { gpt2 } from "../workloads/gpt.ts"
import { probes } from "./probes.ts"

/** What is compared, the most telling first; what PyTorch also compiles. */
const compared: Readonly<Record<"eager" | "compiled", ReadonlyArray<string>>> = {
  eager: [
    "mlp_64",
    "gpt2_124m",
    "gpt",
    "gemm_bf16_4096",
    "gemm_bf16_8192",
    "gemm_f16_8192",
    "gemm_f32_4096",
    "chain_1GiB",
    "softmax_1GiB",
    "copy_1GiB",
    "lstm",
    "lenet",
    "mlp_512",
    "conv_fb",
    "layernorm",
    "chain_4M"
  ],
  compiled: ["mlp_64", "gpt", "gpt2_124m", "lenet", "chain_1GiB"]
}
const sized = [...workloads, gpt2, ...probes]

/** How long one workload may take. */
const mostSeconds = 25

const ways: ReadonlyArray<Way> = [
  { device: "cuda", isCompiled: false },
  { device: "cuda", isCompiled: true }
]

/** Times of PyTorch as parts of ours, by workload, as far as there is time: above 1 it is slower than we are. */
export const beside = Effect.fnUntraced(function* (
  rows: ReadonlyArray<{ readonly name: string; readonly ms: number }>,
  budget: number
) {
  const end = performance.now() + 1000 * budget
  const ratios = new Map<string, string>()
  for (const way of ways) {
    const names = way.isCompiled ? compared.compiled : compared.eager
    if (performance.now() > end) return ratios
    const peer = start(1, { ...way, seconds: mostSeconds }, names)
    for (const name of names) {
      const ours = rows.find((row) => row.name === name)
      const workload = sized.find((each) => each.name === name)
      if (ours === undefined || workload === undefined) continue
      if (performance.now() > end) return ratios
      const made = peer.attempts[name]
      if (made === undefined) {
        yield* Console.log(JSON.stringify({ section: "torch", missing: peer.missing[name] }))
        return ratios
      }
      const outcome = yield* Effect.promise(async () => {
        try {
          const attempt = made()
          return "measure" in attempt ? summary(workload, (await attempt.measure(quick)).times) : "it has no times"
        } catch (error) {
          return String(error).slice(0, 300)
        }
      })
      yield* Console.log(JSON.stringify({ section: "torch", ...way, workload: name, outcome }))
      if (typeof outcome === "string") continue
      const ratio = `${(outcome.medianMs / ours.ms).toFixed(2)}×`
      ratios.set(name, ratios.has(name) ? `${ratios.get(name)!}, ${ratio}` : ratio)
    }
  }
  return ratios
})
