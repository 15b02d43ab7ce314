/**
 * What a training says of itself when it is over, where it is asked: how long each kernel took, and what programs ran.
 */
import * as AtomicFile from "@cotangent/formats/AtomicFile"
import type { CompiledProgram } from "@cotangent/runtime/Device"
import { Device } from "@cotangent/runtime/Device"
import type { Profile } from "@cotangent/wasm/Profile"
import type { Roofline } from "@cotangent/wasm/Roofline"
import type { Total } from "@cotangent/wasm/Trace"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type { Screen } from "../terminal/Screen.ts"
import type { Alignment } from "../terminal/table.ts"
import { table } from "../terminal/table.ts"

/** What was asked for. */
export interface Insight {
  /** What the device notes of its kernels, if it shall. */
  readonly profile: Profile | undefined
  /** Where the trace goes; none is written if empty. */
  readonly trace: string
  /** Where the programs go: onto the screen if empty, nowhere if absent. */
  readonly explain: string | undefined
  readonly json: boolean
}

const write = (path: string, text: string) => AtomicFile.write(path, new TextEncoder().encode(text))

/** Says what was asked for. **Fails** as writing files and running on the device do. */
export const report = Effect.fnUntraced(function* (insight: Insight, screen: Screen) {
  // What runs after this, to find out what the machine can do, does not belong to the training.
  const programs = yield* (yield* Device).programs
  if (insight.profile !== undefined) yield* reportProfile({ ...insight, profile: insight.profile }, screen)
  if (insight.explain !== undefined) yield* reportPrograms(programs, { ...insight, explain: insight.explain }, screen)
})

const reportProfile = Effect.fnUntraced(function* (
  { json, profile, trace }: Insight & { readonly profile: Profile },
  screen: Screen
) {
  const [Trace, Rooflines] = yield* Effect.promise(() =>
    Promise.all([import("@cotangent/wasm/Trace"), import("@cotangent/wasm/Roofline")])
  )
  const kernels = Trace.totals(profile)
  if (trace !== "") yield* write(trace, Trace.chromeTrace(profile))
  const roofline = yield* Rooflines.measure
  if (json) return yield* Console.log(JSON.stringify(profileJson(kernels, roofline, Trace.share)))
  const cells = Trace.cells(kernels, roofline)
  const alignments = cells[0].map((_, i): Alignment => (i === cells[0].length - 1 ? "left" : "right"))
  const [heads, ...rows] = table(cells, alignments)
  const where = trace === "" ? [] : [screen.style.dim(`${trace} opens in ui.perfetto.dev`)]
  yield* screen.print(screen.style.dim(heads), ...rows, screen.style.dim(Trace.legend(kernels, roofline)), ...where, "")
})

const profileJson = (
  kernels: ReadonlyArray<Total>,
  roofline: Roofline,
  share: (total: Total, roofline: Roofline) => number
) => ({
  _tag: "Profile",
  roofline,
  kernels: kernels.map((total) => {
    const { kernel, ...times } = total
    return { ...kernel, ...times, roofline: share(total, roofline) }
  })
})

const reportPrograms = (
  programs: ReadonlyArray<CompiledProgram>,
  { explain, json }: Insight & { readonly explain: string },
  screen: Screen
) => {
  const texts = programs.map((program) => ({ _tag: "Program", name: program.name, text: program.explain() }))
  const whole = texts.map(({ name, text }) => `${name}:\n${text}\n`).join("\n")
  if (explain !== "") return write(explain, whole)
  return json ? Console.log(texts.map((text) => JSON.stringify(text)).join("\n")) : screen.print(...whole.split("\n"))
}
