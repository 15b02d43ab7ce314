/**
 * Profiles put together: how long each kernel took in all, and a file that shows when.
 */
import type { Kernel, Profile } from "./Profile.ts"

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

/** What a machine can do at best. */
export interface Roofline {
  /** Operations per second, in billions. */
  readonly gflops: number
  /** Bytes per second to and from memory, in billions. */
  readonly gbps: number
}

/**
 * How much of the possible speed a kernel reached in its shortest run: the least time that its operations and its bytes
 * take, over the time it took. More than 1 where bytes came from the cache.
 *
 * **Source** Williams, Waterman, Patterson 2009, "Roofline".
 */
export const share = ({ kernel, leastMillis }: Total, { gbps, gflops }: Roofline): number =>
  Math.max(kernel.operations / gflops, kernel.bytes / gbps) / 1e6 / leastMillis

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
