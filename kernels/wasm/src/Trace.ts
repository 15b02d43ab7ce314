/**
 * Profiles put together: how long each kernel took in all, and a file that shows when.
 */
import type { Kernel, Profile } from "./Profile.ts"
import type { Roofline } from "./Roofline.ts"

/** All runs of a kernel. **Units** milliseconds. */
export interface Total {
  readonly kernel: Kernel
  readonly runs: number
  readonly millis: number
  /** The shortest run. */
  readonly leastMillis: number
  /** Waiting for other threads after it. */
  readonly waitMillis: number
}

/** The kernels of a profile, the one that took longest first. */
export const totals = ({ spans }: Pick<Profile, "spans">): ReadonlyArray<Total> => {
  const found = new Map<Kernel, Total>()
  for (const { end, isWait, kernel, start } of spans) {
    const before = found.get(kernel) ?? { kernel, runs: 0, millis: 0, leastMillis: Infinity, waitMillis: 0 }
    const millis = end - start
    found.set(
      kernel,
      isWait
        ? { ...before, waitMillis: before.waitMillis + millis }
        : {
            ...before,
            runs: before.runs + 1,
            millis: before.millis + millis,
            leastMillis: Math.min(before.leastMillis, millis)
          }
    )
  }
  return [...found.values()].toSorted((x, y) => y.millis + y.waitMillis - x.millis - x.waitMillis)
}

/**
 * How much of the possible speed a kernel reached in its shortest run: the least time that its operations and its bytes
 * take, over the time it took. More than 1 where bytes came from the cache.
 *
 * **Source** Williams, Waterman, Patterson 2009, "Roofline".
 */
export const share = ({ kernel, leastMillis }: Total, { gbps, gflops }: Roofline): number =>
  Math.max(kernel.operations / gflops, kernel.bytes / gbps) / 1e6 / leastMillis

const heads = ["time", "runs", "least ms", "mean ms", "wait ms", "GFLOP/s", "GB/s", "of roofline", "kernel"]

/** How many kernels are shown unless stated. */
const usual = 30

/** How much of the description of a kernel is shown. */
const shown = 100

/**
 * A table of the first `most` of `kernels`: heads, then a row for each, whose last cell says what it does. Speeds are
 * those of the shortest run.
 */
export const cells = (
  kernels: ReadonlyArray<Total>,
  roofline: Roofline,
  most = usual
): ReadonlyArray<ReadonlyArray<string>> => {
  const all = kernels.reduce((sum, { millis, waitMillis }) => sum + millis + waitMillis, 0)
  const rows = kernels.slice(0, most).map((total) => {
    const { kernel, leastMillis, millis, runs, waitMillis } = total
    return [
      `${((100 * (millis + waitMillis)) / all).toFixed(1)} %`,
      String(runs),
      leastMillis.toFixed(3),
      (millis / runs).toFixed(3),
      (waitMillis / runs).toFixed(3),
      (kernel.operations / leastMillis / 1e6).toFixed(1),
      (kernel.bytes / leastMillis / 1e6).toFixed(1),
      `${(100 * share(total, roofline)).toFixed(0)} %`,
      `${kernel.kind} ${kernel.loops} ${kernel.name}`.slice(0, shown)
    ]
  })
  return [heads, ...rows]
}

/** What stands below such a table. */
export const legend = (kernels: ReadonlyArray<Total>, { gbps, gflops }: Roofline, most = usual): string =>
  `roofline: ${gflops.toFixed(0)} GFLOP/s, ${gbps.toFixed(0)} GB/s; more than 100 % where bytes come from the cache` +
  (kernels.length > most ? `; ${kernels.length - most} kernels more` : "")

/**
 * The spans in the format of Chrome's trace viewer: `chrome://tracing`, `ui.perfetto.dev`.
 *
 * **Source** Google, "Trace Event Format": complete events, times in microseconds.
 */
export const chromeTrace = ({ spans }: Pick<Profile, "spans">): string => {
  const origin = spans[0]?.start ?? 0
  const traceEvents = spans.map(({ end, isWait, kernel, start }) => ({
    name: isWait ? "wait" : kernel.name,
    cat: isWait ? "wait" : kernel.kind,
    ph: "X",
    ts: 1000 * (start - origin),
    dur: 1000 * (end - start),
    pid: 0,
    tid: 0,
    args: isWait ? { after: kernel.name } : { loops: kernel.loops, operations: kernel.operations, bytes: kernel.bytes }
  }))
  return JSON.stringify({ displayTimeUnit: "ms", traceEvents })
}
