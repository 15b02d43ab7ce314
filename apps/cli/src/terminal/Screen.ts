/**
 * Where a command writes: lines that stay, and below them, on a terminal, one line that changes.
 */
import { TerminalCapabilities } from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as Terminal from "effect/Terminal"
import type { Style } from "./style.ts"
import { colored, plain } from "./style.ts"

/** A terminal, or what stands for one. */
export interface Screen {
  readonly style: Style
  /** Whether there is a line that changes. */
  readonly isLive: boolean
  /** Writes lines that stay. */
  readonly print: (...lines: ReadonlyArray<string>) => Effect.Effect<void>
  /** Replaces the line that changes; writes nothing where there is none. */
  readonly status: (line: (columns: number) => string) => Effect.Effect<void>
  /** Removes the line that changes. */
  readonly clear: Effect.Effect<void>
}

/** Clears the line the cursor is in. */
const cleared = "\r\u001b[2K"

/** The screen of the process. Colors and the changing line are left out where nobody would see them. */
export const make: Effect.Effect<Screen, never, Terminal.Terminal> = Effect.gen(function* () {
  const terminal = yield* Terminal.Terminal
  const { canAnimate, canColor } = yield* TerminalCapabilities
  const start = canAnimate ? cleared : ""
  // Where output that cannot be written ends, `main.ts` decides.
  const write = (text: string): Effect.Effect<void> => Effect.ignore(terminal.display(text))
  return {
    style: canColor ? colored : plain,
    isLive: canAnimate,
    print: (...lines) => write(lines.map((line) => `${start}${line}\n`).join("")),
    status: (line) =>
      canAnimate ? Effect.flatMap(terminal.columns, (columns) => write(start + line(columns || 80))) : Effect.void,
    clear: write(start)
  }
})
