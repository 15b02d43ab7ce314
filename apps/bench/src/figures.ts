/**
 * What others need, as far as it was measured, and what no machine can beat.
 *
 * The figures are medians of numpy 2 with OpenBLAS, PyTorch 2.13 (eager and `torch.compile`), JAX 0.10 (XLA), tfjs 4.22 on
 * WebAssembly and jax-js 0.1; where medians varied, the least.
 */
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import type { Workload } from "./Workload.ts"

const Figures = Schema.Struct({
  machine: Schema.String,
  date: Schema.String,
  /** What the cores of that machine can do at best. */
  gflops: Schema.Finite,
  gbps: Schema.Finite,
  firstCalls: Schema.String,
  libraries: Schema.Array(Schema.String),
  /** Milliseconds of each library. */
  millis: Schema.Record(Schema.String, Schema.Array(Schema.NullOr(Schema.Finite)))
})

/** The figures, and where they come from. */
export const figures: typeof Figures.Type = Schema.decodeSync(Schema.fromJsonString(Figures))(
  readFileSync(new URL("../figures.json", import.meta.url), "utf8")
)

/** A time of another library. **Units** milliseconds. */
export interface Figure {
  readonly library: string
  readonly millis: number
}

/** The fastest of the others at a workload. */
export const best = (workload: string): Figure | undefined =>
  (figures.millis[workload] ?? [])
    .flatMap((millis, i): ReadonlyArray<Figure> => (millis === null ? [] : [{ library: figures.libraries[i], millis }]))
    .toSorted((x, y) => x.millis - y.millis)[0]

/** The cores of that machine. */
const cores = 2

/** What alone would take that long: arithmetic or memory. */
export const bound = (workload: Pick<Workload, "bytes" | "operations">, threads: number): "arithmetic" | "memory" =>
  floor({ operations: workload.operations ?? 0 }, threads) >= floor({ bytes: workload.bytes ?? 0 }, threads)
    ? "arithmetic"
    : "memory"

/** The least milliseconds that the arithmetic and the memory traffic of a run take there on so many threads. */
export const floor = ({ bytes = 0, operations = 0 }: Pick<Workload, "bytes" | "operations">, threads: number): number =>
  Math.max((operations * cores) / (figures.gflops * Math.min(threads, cores)), bytes / figures.gbps) / 1e6
