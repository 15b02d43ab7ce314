/**
 * PyTorch, where a Python that has it is found: the workloads are written in `pytorch.py`, which times itself.
 */
import { spawnSync } from "node:child_process"
import * as Schema from "effect/Schema"
import { fileURLToPath } from "node:url"
import { warmUp } from "../measure.ts"
import { workloads } from "../workloads.ts"
import { cliffs, common } from "../workloads/products.ts"
import type { Attempt, Peer } from "./Attempt.ts"

const script = fileURLToPath(new URL("./pytorch.py", import.meta.url))

/** The Python to ask: `PYTHON` names another than `python3`. */
const python = (): string => process.env["PYTHON"] ?? "python3"

const Answer = Schema.fromJsonString(
  Schema.Union([
    Schema.Struct({ first: Schema.Finite, rest: Schema.Array(Schema.Finite), check: Schema.Array(Schema.Finite) }),
    Schema.Struct({ reason: Schema.String })
  ])
)

const lastLine = (text: string): string => text.trimEnd().split("\n").at(-1) ?? ""

/** How PyTorch runs a workload: on which device, compiled or operation by operation. */
export interface Way {
  readonly device: "cpu" | "cuda"
  readonly isCompiled: boolean
  /** How long a workload may take, from the start of its process on; as long as it takes unless stated. */
  readonly seconds?: number
}

const attempt =
  (workload: string, threads: number, { device, isCompiled, seconds: limit }: Way): (() => Attempt) =>
  () => ({
    kind: "apart",
    measure: async ({ calls, seconds }) => {
      const product = [...common, ...cliffs].find(({ name }) => name === workload)
      const job = {
        workload,
        threads,
        device,
        isCompiled,
        calls,
        seconds,
        warmUp,
        ...(product === undefined ? {} : { product: { ...product, isProbed: cliffs.includes(product) } })
      }
      const { error, status, stderr, stdout } = spawnSync(python(), [script, JSON.stringify(job)], {
        encoding: "utf8",
        ...(limit === undefined ? {} : { timeout: 1000 * limit })
      })
      if (error !== undefined) throw error
      if (status !== 0) throw new Error(lastLine(stderr))
      const answer = Schema.decodeSync(Answer)(lastLine(stdout))
      if ("reason" in answer) throw new Error(answer.reason)
      return { times: { first: answer.first, rest: answer.rest }, check: answer.check }
    }
  })

/** Why no Python with PyTorch can be asked; undefined where one can. */
const objection = (): string | undefined => {
  const { error, status, stderr } = spawnSync(python(), ["-c", "import torch"], { encoding: "utf8" })
  if (error !== undefined) return `there is no ${python()}; the variable PYTHON names another`
  return status === 0 ? undefined : `${python()} has no PyTorch: ${lastLine(stderr ?? "")}`
}

/** PyTorch, run in one way: for the workloads, unless others are named. */
export const start = (
  threads: number,
  way: Way,
  names: ReadonlyArray<string> = workloads.map(({ name }) => name)
): Peer => {
  const missing = objection()
  return {
    threads,
    attempts: missing === undefined ? Object.fromEntries(names.map((name) => [name, attempt(name, threads, way)])) : {},
    missing: Object.fromEntries(names.map((name) => [name, missing ?? ""]))
  }
}
