/**
 * The page of results.
 */
import type { Circumstances } from "./circumstances.ts"
import { figures } from "./figures.ts"
import { limits } from "./limits.ts"
import type { Row } from "./table.ts"
import { cells, skips } from "./table.ts"

const line = (row: ReadonlyArray<string>): string => `| ${row.join(" | ")} |`

/** The last column first: on a page names stand left. */
const named = (row: ReadonlyArray<string>): ReadonlyArray<string> => [row[row.length - 1], ...row.slice(0, -1)]

/** How many threads a library used; undefined where it was timed at nothing. */
const threadsOf = (rows: ReadonlyArray<Row>, library: string): number | undefined =>
  rows.flatMap(({ peers }) =>
    peers.flatMap((each) => (each.device === library && !("reason" in each) ? [each.threads] : []))
  )[0]

const beside = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => {
  const [{ peers }] = rows
  if (peers.length === 0) return []
  const names = peers.map(({ device }) => `\`${device}\` (threads: ${threadsOf(rows, device) ?? "–"})`)
  return [
    `Run beside this table, each workload after ours, in processes of their own: ${names.join(", ")}. What they lack,`,
    "compute otherwise or take minutes for is below.",
    ""
  ]
}

/** The page in Markdown. */
export const page = (rows: ReadonlyArray<Row>, at: Circumstances): string => {
  const [{ result }] = rows
  const [head, ...body] = cells(rows).map(named)
  const left = skips(rows)
  const wrong = rows.flatMap(({ objection }) => objection ?? [])
  return [
    "# Benchmarks",
    "",
    `Written by \`npx pnpm@12.21.0 run bench --record\` on ${at.date}, commit ${at.commit}: ${at.processor}, ${at.cores} cores, ` +
      `Node ${at.node} (V8 ${at.v8}), device \`${result.device}\` with ${result.threads} threads, ${at.wide}.`,
    "",
    `The machine is shared: its load was ${at.load.toFixed(1)} when this began, so medians may be much longer than those of a quiet`,
    "machine, and `min` says more. Ratios to libraries that run beside suffer less than those to recorded figures.",
    "",
    "Each workload runs in a process of its own, through the public API; `first` is its first call, tracing and compiling",
    "included, starting the process, the device and uploading data not. Then two calls warm up, and the median is over at",
    "least five calls and three seconds. A step of training reads its loss back. `peak` is the most memory that tensors and",
    "a run took together.",
    "",
    wrong.length === 0
      ? "Check values agree to 10⁻⁴ with those of PyTorch 2.13, or, for rows that are ours alone, with sums in f64."
      : `**Check values are wrong:** ${wrong.join("; ")}.`,
    "",
    `\`best peer\` is the fastest of ${figures.libraries.join(", ")} as recorded on ${figures.machine}, ${figures.date}; they were not`,
    `run beside this table. \`of floor\` is the share of the time that ${figures.gflops} GFLOP/s and ${figures.gbps} GB/s, what that machine`,
    "can do, would take, and what alone would take that long: 100 % is the end. Ratios are our median by theirs: below 1, ours is faster. First calls of others, in",
    `fresh processes: ${figures.firstCalls}.`,
    "",
    ...beside(rows),
    line(head),
    line(head.map((_, i) => (i === 0 ? "---" : "--:"))),
    ...body.map(line),
    "",
    ...(left.length === 0 ? [] : [...left.map((each) => `- ${each}`), ""]),
    "## What limits them",
    "",
    ...limits.map(({ text, workloads }) => `- ${workloads.map((name) => `\`${name}\``).join(", ")}: ${text}`),
    ""
  ].join("\n")
}
