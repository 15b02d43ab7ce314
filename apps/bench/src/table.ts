/**
 * Results as a table, for the terminal and for the page.
 */
import { displayWidth } from "effect/cli/CliOutput"
import { best, bound, floor } from "./figures.ts"
import type { Outcome, Result } from "./Result.ts"
import type { Workload } from "./Workload.ts"

/** A workload with what came of it, with us and with others. */
export interface Row {
  readonly workload: Workload
  readonly result: Result
  /** What is wrong with the result; undefined where nothing is. */
  readonly objection: string | undefined
  /** Other libraries, timed beside it. */
  readonly peers: ReadonlyArray<Outcome>
}

/** The lines of a table; all columns but the last stand right. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => displayWidth(row[i]))))
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const space = " ".repeat(widths[i] - displayWidth(cell))
        return i === row.length - 1 ? cell : space + cell
      })
      .join("  ")
  )
}

/** Milliseconds with three digits that count. */
export const millis = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))

/** What the columns are; `peers` are the libraries that were timed beside ours. */
export const heads = (peers: ReadonlyArray<string>): ReadonlyArray<string> => [
  "first ms",
  "median ms",
  "min ms",
  "GFLOP/s",
  "GB/s",
  "of floor",
  "peak MiB",
  "best peer ms",
  "ratio",
  ...peers.flatMap((peer) => [`${peer} ms`, "ratio"]),
  "checks",
  "workload"
]

/** A quotient with two digits that count. */
const ratio = (value: number): string => (value >= 10 ? value.toFixed(0) : value.toPrecision(2))

/** A time of another library, and how ours compares; below 1 where it is shorter. */
const beside = (ours: number, theirs: number | undefined, name = ""): readonly [string, string] =>
  theirs === undefined ? ["", ""] : [`${millis(theirs)}${name}`, ratio(ours / theirs)]

/** What was measured, beside the figures of others. */
export const row = ({ objection, peers, result, workload }: Row): ReadonlyArray<string> => {
  const peer = best(workload.name)
  const least = floor(workload, result.threads)
  return [
    millis(result.firstMs),
    millis(result.medianMs),
    millis(result.minMs),
    result.gflops?.toFixed(1) ?? "",
    result.gbps?.toFixed(1) ?? "",
    least === 0 ? "" : `${((100 * least) / result.medianMs).toFixed(0)} %, ${bound(workload, result.threads)}`,
    result.peakBytes === undefined ? "" : (result.peakBytes / 2 ** 20).toFixed(0),
    ...beside(result.medianMs, peer?.millis, ` ${peer?.library}`),
    ...peers.flatMap((each) => beside(result.medianMs, "reason" in each ? undefined : each.medianMs)),
    objection === undefined ? "agree" : "WRONG",
    `${workload.name}: ${workload.text}`
  ]
}

/** Heads and rows. */
export const cells = (rows: ReadonlyArray<Row>): ReadonlyArray<ReadonlyArray<string>> => [
  heads(rows[0]?.peers.map(({ device }) => device) ?? []),
  ...rows.map(row)
]

/** Why libraries were not timed at workloads, each reason once. */
export const skips = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => {
  const skipped = rows.flatMap(({ peers }) => peers.filter((each) => "reason" in each))
  const groups = Object.groupBy(skipped, ({ device, reason }) => `${device}: ${reason}`)
  return Object.values(groups).flatMap((group = []) => {
    const [{ device, reason }] = group
    return `${device} without ${group.map(({ workload }) => workload).join(", ")}: ${reason}`
  })
}
