/**
 * The page of results: what each recipe came to, as it was measured.
 */
import * as AtomicFile from "@cotangent/formats/AtomicFile"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { availableParallelism, cpus } from "node:os"
import { expectationText } from "../expectation.ts"
import { hasWords } from "../figure.ts"
import { duration, plural, say } from "../terminal/format.ts"
import type { Outcome } from "./summary.ts"
import { judged } from "./summary.ts"

/** What stands in the page about a recipe. */
export interface Entry {
  readonly name: string
  /** Its row in the table of all. */
  readonly row: string
  /** Its own part. */
  readonly part: string
}

const rowOf = (cells: ReadonlyArray<string>): string =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`

const heads = ["recipe", "expected", "result", "seed", "time", "machine", "date"]

const top = `# Recipes

What each recipe of \`cotangent train\` came to, its first results beside what it promises. Written by
\`cotangent train --all --record\`, never by hand; \`cotangent train <recipe> --record\` writes anew what it says of one.
What is sound or not about the trainings of a recipe, \`cotangent diagnose <recipe>\` examines.

${rowOf(heads)}
${rowOf(heads.map(() => "---"))}
`

const partOf = ({ conclusion: { remarks, results, table = [] }, recipe }: Outcome): string => {
  const [first, ...rows] = table
  const lines = [
    ...results.map(
      ({ form, name, note, value }) => `- ${name}: ${say(value, form)}${note === undefined ? "" : `, ${note}`}`
    ),
    ...remarks.map(([name, text]) => `- ${name}: ${text}`)
  ]
  const compared =
    first === undefined
      ? []
      : ["", ...[first, first.map((_, i) => (i === 0 || hasWords(rows, i) ? "---" : "--:")), ...rows].map(rowOf)]
  return [
    `## ${recipe.name}`,
    "",
    `${recipe.summary}. Section ${recipe.section} of the notes; ${recipe.data}.`,
    "",
    ...lines,
    ...compared
  ].join("\n")
}

/** The entry of an outcome, of today. */
export const entryOf = (outcome: Outcome): Effect.Effect<Entry> =>
  Effect.map(DateTime.now, (now) => {
    const { conclusion, device, millis, recipe, seed } = outcome
    const verdicts = judged(outcome)
    const expected = verdicts.map(({ expectation, isMet }) => `${isMet ? "✓" : "✗"} ${expectationText(expectation)}`)
    const results = verdicts.flatMap(({ expectation: { result } }) =>
      conclusion.results.filter(({ name }) => name === result).map(({ form, value }) => say(value, form))
    )
    const machine = `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} available; ${device.name}, ${plural(device.threads, "thread")}`
    const row = rowOf([
      `[${recipe.name}](#${recipe.name})`,
      expected.join("<br>"),
      results.join("<br>"),
      String(seed),
      duration(millis),
      machine,
      DateTime.formatIsoDateUtc(now)
    ])
    return { name: recipe.name, row, part: partOf(outcome) }
  })

/** The page with `entry` in the place of what it said of the same recipe; `names` are the recipes in their order. */
export const recorded = (before: string, entry: Entry, names: ReadonlyArray<string>): string => {
  const rows = new Map(
    Array.from(before.matchAll(/^\| \[([^\]]+)\]\(#.*$/gm), ([row, name]) => [name, row] as const)
  ).set(entry.name, entry.row)
  const parts = new Map(
    before
      .split(/^(?=## )/m)
      .slice(1)
      .map((part) => [/^## (.*)$/m.exec(part)?.[1] ?? "", part.trim()] as const)
  ).set(entry.name, entry.part)
  const inOrder = (known: ReadonlyMap<string, string>): ReadonlyArray<string> =>
    names.flatMap((name) => known.get(name) ?? [])
  return `${top}${inOrder(rows).join("\n")}\n\n${inOrder(parts).join("\n\n")}\n`
}

/** Puts `entry` into the page at `path`, which is made if there is none. */
export const record = Effect.fnUntraced(function* (path: string, entry: Entry, names: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const before = (yield* fs.exists(path)) ? yield* fs.readFileString(path) : ""
  yield* AtomicFile.write(path, new TextEncoder().encode(recorded(before, entry, names)))
})
