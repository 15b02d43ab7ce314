/**
 * What the terminal shows.
 */
import type { Law } from "@cotangent/gradcheck/laws"
import { displayWidth } from "effect/cli/CliOutput"
import { TerminalCapabilities } from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as Terminal from "effect/Terminal"
import type { Outcome, Summary } from "./Outcome.ts"
import { lawsOf, measurementsOf, refuted, reportOf } from "./Outcome.ts"

/** How text stands out. */
type Paint = (text: string) => string

/** A terminal, or what stands for one. */
export interface Screen {
  readonly dim: Paint
  readonly red: Paint
  readonly green: Paint
  /** Writes lines that stay. */
  readonly print: (...lines: ReadonlyArray<string>) => Effect.Effect<void>
  /** Replaces the line that changes; writes nothing where there is none. */
  readonly status: (line: string) => Effect.Effect<void>
}

const cleared = "\r\u001b[2K"

/** The screen of the process. Colors and the changing line are left out where nobody would see them. */
export const screen: Effect.Effect<Screen, never, Terminal.Terminal> = Effect.gen(function* () {
  const terminal = yield* Terminal.Terminal
  const { canAnimate, canColor } = yield* TerminalCapabilities
  const start = canAnimate ? cleared : ""
  const code =
    (number: number): Paint =>
    (text) =>
      canColor ? `\u001b[${number}m${text}\u001b[${number === 2 ? 22 : 39}m` : text
  // A reader that has gone away is no reason to stop.
  const write = (text: string): Effect.Effect<void> => Effect.ignore(terminal.display(text))
  return {
    dim: code(2),
    red: code(31),
    green: code(32),
    print: (...lines) => write(lines.map((line) => `${start}${line}\n`).join("")),
    status: (line) =>
      canAnimate
        ? Effect.flatMap(terminal.columns, (columns) => write(start + line.slice(0, (columns || 80) - 1)))
        : Effect.void
  }
})

/** The lines of a table; all columns but the first stand right. */
const table = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => displayWidth(row[i]))))
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const space = " ".repeat(widths[i] - displayWidth(cell))
        return i === 0 ? cell + space : space + cell
      })
      .join("  ")
  )
}

/** An error in units of what is allowed: `0`, `3e-5`, `0.12`. */
export const errorText = (error: number): string => {
  if (error === 0) return "0"
  return error < 1e-3 ? error.toExponential(0) : error.toPrecision(2)
}

const row = (outcome: Outcome, laws: ReadonlyArray<Law>, { dim, red }: Screen): ReadonlyArray<string> => [
  outcome.name,
  ...laws.map((law) => {
    if (outcome.mismatch?.law === law) return red("broken")
    const error = reportOf(outcome, law)?.worst.error
    return error === undefined ? "" : error === 0 ? dim("0") : errorText(error)
  })
]

/** The worst errors per target and law, then counterexamples, then how many hold. */
export const linesOf = (summary: Summary, screen: Screen): ReadonlyArray<string> => {
  const laws = lawsOf(summary)
  const broken = refuted(summary)
  const total = summary.outcomes.length
  const failure = `${broken.length} ${broken.length === 1 ? "does" : "do"} not hold`
  const verdict = broken.length === 0 ? screen.green("all hold") : screen.red(failure)
  return [
    ...table([
      ["worst error, of 1 allowed", ...laws].map(screen.dim),
      ...summary.outcomes.map((x) => row(x, laws, screen))
    ]),
    "",
    ...broken.flatMap(({ mismatch }) => [screen.red(mismatch!.message), ""]),
    `${verdict}: ${total} ${total === 1 ? "function" : "functions"}, ${measurementsOf(summary).toLocaleString("en-US")} ` +
      `measurements in ${(summary.millis / 1000).toFixed(1)} s, seed ${summary.seed}, device ${summary.device}`
  ]
}
