import { displayWidth } from "effect/cli/CliOutput"

/** How the cells of a column stand. */
export type Alignment = "left" | "right"

/** `text` in `width` columns of the terminal. */
export const pad = (text: string, width: number, alignment: Alignment = "left"): string => {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)))
  return alignment === "left" ? text + space : space + text
}

/**
 * The lines of a table whose columns are as wide as their widest cell and two spaces apart. Columns stand left unless
 * `alignments` says otherwise.
 */
export const table = (
  rows: ReadonlyArray<ReadonlyArray<string>>,
  alignments: ReadonlyArray<Alignment> = []
): ReadonlyArray<string> => {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => displayWidth(row[i] ?? ""))))
  return rows.map((row) =>
    widths
      .map((width, i) => pad(row[i] ?? "", width, alignments[i]))
      .join("  ")
      .trimEnd()
  )
}

/** The lines of `left` and `right` side by side, `gap` spaces apart; the shorter one is in the middle. */
export const beside = (left: ReadonlyArray<string>, right: ReadonlyArray<string>, gap = 3): ReadonlyArray<string> => {
  const height = Math.max(left.length, right.length)
  const width = Math.max(0, ...left.map(displayWidth))
  const line = (lines: ReadonlyArray<string>, i: number): string =>
    lines[i - Math.floor((height - lines.length) / 2)] ?? ""
  return Array.from({ length: height }, (_, i) => `${pad(line(left, i), width + gap)}${line(right, i)}`.trimEnd())
}
