/**
 * Results as a table, for the terminal and for the page.
 */
import { displayWidth } from "effect/cli/CliOutput"
import { best, floor } from "./figures.ts"
import type { Result } from "./Result.ts"
import type { Workload } from "./Workload.ts"

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

/** What the columns are. */
export const heads: ReadonlyArray<string> = [
  "first ms",
  "median ms",
  "min ms",
  "GFLOP/s",
  "GB/s",
  "peak MiB",
  "best peer ms",
  "ratio",
  "floor ms",
  "checks",
  "workload"
]

/** A row: what was measured, beside the figures of others. The ratio is below 1 where the median beats them. */
export const row = (result: Result, workload: Workload, objection: string | undefined): ReadonlyArray<string> => {
  const peer = best[result.workload]
  const least = floor(workload)
  return [
    millis(result.firstMs),
    millis(result.medianMs),
    millis(result.minMs),
    result.gflops?.toFixed(1) ?? "",
    result.gbps?.toFixed(1) ?? "",
    (result.peakBytes / 2 ** 20).toFixed(0),
    peer === undefined ? "" : `${millis(peer.millis)} ${peer.library}`,
    peer === undefined ? "" : (result.medianMs / peer.millis).toFixed(2),
    least === 0 ? "" : millis(least),
    workload.isChecked ? (objection === undefined ? "agree" : "WRONG") : "–",
    `${result.workload}: ${workload.text}`
  ]
}
