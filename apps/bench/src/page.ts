/**
 * The page of results.
 */
import type { Result } from "./Result.ts"
import { heads, row } from "./table.ts"
import type { Workload } from "./Workload.ts"

/** Where and when results were measured. */
export interface Circumstances {
  readonly date: string
  readonly commit: string
  readonly processor: string
  readonly cores: number
  readonly node: string
  readonly v8: string
  readonly wide: string
}

/** A result with what it is of, and what is wrong with it. */
export interface Row {
  readonly result: Result
  readonly workload: Workload
  readonly objection: string | undefined
}

const line = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

/** The page in Markdown. */
export const page = (rows: ReadonlyArray<Row>, at: Circumstances): string => {
  const order = [heads.length - 1, ...heads.map((_, i) => i).slice(0, -1)]
  const ordered = (cells: ReadonlyArray<string>): ReadonlyArray<string> => order.map((i) => cells[i])
  const [{ result }] = rows
  return [
    "# Benchmarks",
    "",
    `Written by \`npx pnpm@12.21.0 run bench --record\` on ${at.date}, commit ${at.commit}: ${at.processor}, ${at.cores} cores, ` +
      `Node ${at.node} (V8 ${at.v8}), device \`${result.device}\` with ${result.threads} threads, ${at.wide}.`,
    "",
    "Each workload runs in a process of its own, through the public API; `first` is its first call, compiling included,",
    "then two calls warm up, and the median is over at least five calls and three seconds. Check values agree with those of",
    "PyTorch 2.13 to 10⁻⁴. `peak` is the most memory that tensors and a run took together.",
    "",
    "`best peer` is the fastest of numpy, PyTorch 2.13, `torch.compile` and JAX 0.10 on two threads of a quiet two-core AMD",
    "EPYC (Zen 4), measured on 2026-11-23; `floor` is what 234 GFLOP/s and 40 GB/s of that machine allow. They were not run",
    "beside this table: the machine here may be slower, and shared.",
    "",
    line(ordered(heads)),
    line(order.map((_, i) => (i === 0 ? "---" : "--:"))),
    ...rows.map((each) => line(ordered(row(each.result, each.workload, each.objection)))),
    ""
  ].join("\n")
}
