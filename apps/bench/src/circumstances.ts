/**
 * Where and when results are measured.
 */
import * as WideSimd from "@cotangent/wasm/WideSimd"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Stream from "effect/Stream"
import { availableParallelism, cpus, loadavg } from "node:os"

export interface Circumstances {
  readonly date: string
  readonly commit: string
  readonly processor: string
  readonly cores: number
  /** How many processes wanted to run, on average over the minute before. */
  readonly load: number
  readonly node: string
  readonly v8: string
  readonly wide: string
}

/** The machine, the engine and the commit of the moment. */
export const circumstances = Effect.fnUntraced(function* () {
  const [load] = loadavg()
  const git = (...args: ReadonlyArray<string>) =>
    Effect.flatMap(ChildProcess.make("git", args), ({ stdout }) => stdout.pipe(Stream.decodeText(), Stream.mkString))
  const [commit, changes] = [yield* git("rev-parse", "--short", "HEAD"), yield* git("status", "--porcelain")]
  const wide = WideSimd.enable()
  const result: Circumstances = {
    date: DateTime.formatIsoDateUtc(yield* DateTime.now),
    commit: commit.trim() + (changes.trim() === "" ? "" : " with changes"),
    processor: cpus()[0]?.model ?? "unknown processor",
    cores: availableParallelism(),
    load,
    node: process.versions.node,
    v8: process.versions.v8,
    wide: wide.isEnabled ? "256-bit SIMD on" : `256-bit SIMD off (${wide.reason})`
  }
  return result
}, Effect.scoped)

/** The machine and the engine in a line. */
export const machineLine = ({ cores, load, node, processor, v8, wide }: Circumstances): string =>
  `${processor}, ${cores} cores, load ${load.toFixed(1)} before; Node ${node} (V8 ${v8}), ${wide}`
