/**
 * The conformance cases on the GPU, in several processes: most of their time goes to compiling.
 */
import { load, ownFolder } from "@cotangent/testing/conformance/suites"
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"

/** What came of a suite in one process. */
const Line = Schema.Struct({
  suite: Schema.String,
  precision: Schema.Literals(["f32", "f64"]),
  passed: Schema.Finite,
  failures: Schema.Array(Schema.String)
})

export type Line = typeof Line.Type

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Line))
const program = fileURLToPath(new URL("part.ts", import.meta.url))

/** What came of the cases of a suite: those that are in neither list were left out. */
export interface Outcome {
  readonly suite: string
  readonly cases: number
  readonly passed: number
  readonly leftOut: number
  readonly failures: ReadonlyArray<string>
}

/** Runs one part for some time; gives what it said until then. */
const part = Effect.fnUntraced(function* (index: number, of: number, seconds: number) {
  const lines: Array<Line> = []
  const child = Effect.gen(function* () {
    const handle = yield* ChildProcess.make(process.execPath, ["--no-warnings", program, String(index), String(of)], {
      stderr: "inherit"
    })
    const said = handle.stdout.pipe(Stream.decodeText(), Stream.splitLines)
    yield* Stream.runForEach(said, (text) => Effect.map(decode(text), (line) => void lines.push(line)))
  })
  yield* Effect.scoped(child).pipe(Effect.timeoutOption(1000 * seconds))
  return lines
})

/** Runs all suites in f32 and f64, as far as that goes in some seconds. */
export const conformance = Effect.fnUntraced(function* (seconds: number) {
  const of = Math.max(1, Math.min(12, availableParallelism() - 1))
  const parts = Array.from({ length: of }, (_, index) => part(index, of, seconds))
  const lines = (yield* Effect.all(parts, { concurrency: "unbounded" })).flat()
  const suites = yield* load(ownFolder)
  return suites.map(({ cases, ...suite }): Outcome => {
    const own = lines.filter((line) => line.suite === suite.suite)
    const [passed, failures] = [
      own.reduce((sum, line) => sum + line.passed, 0),
      own.flatMap((line) => line.failures.map((failure) => `${line.precision} ${failure}`))
    ]
    const all = cases.length * ("normalTolerance" in suite ? 1 : 2)
    return { suite: suite.suite, cases: all, passed, leftOut: all - passed - failures.length, failures }
  })
})
