/**
 * Pictures made of characters.
 */

const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

const clamp = (share: number): number => Math.min(1, Math.max(0, share))

/** A bar of length `share · width`, exact to an eighth of a character; padded to `width`. */
export const bar = (share: number, width: number): string => {
  const parts = Math.round(clamp(share) * width * 8)
  return ("█".repeat(parts >> 3) + eighths[parts & 7]).padEnd(width)
}

/** A line that is done up to `share`: what is done, and the rest. */
export const gauge = (share: number, width: number): readonly [done: string, rest: string] => {
  const halves = Math.floor(clamp(share) * width * 2)
  const done = "━".repeat(halves >> 1) + (halves % 2 === 1 ? "╸" : "")
  return [done, "─".repeat(width - done.length)]
}

const levels = "▁▂▃▄▅▆▇█"

/** Values as columns, at most `width` of them: the means of as many parts. Empty for no values. */
export const sparkline = (values: ReadonlyArray<number>, width: number): string => {
  const finite = values.filter(Number.isFinite)
  const columns = Math.min(width, finite.length)
  const means = Array.from({ length: columns }, (_, i) => {
    const part = finite.slice(
      Math.floor((i * finite.length) / columns),
      Math.floor(((i + 1) * finite.length) / columns)
    )
    return part.reduce((total, value) => total + value, 0) / part.length
  })
  const [least, most] = [Math.min(...means), Math.max(...means)]
  const levelOf = (value: number): number => (most > least ? Math.round((7 * (value - least)) / (most - least)) : 0)
  return means.map((value) => levels[levelOf(value)]).join("")
}

/** A picture in shades of gray, from 0 to 255, row by row. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly pixels: ArrayLike<number>
}

/** The lines of a picture, two rows of pixels in each: in shades of gray where there are colors, else ink from half on. */
export const picture = ({ height, pixels, width }: Picture, isColored: boolean): ReadonlyArray<string> => {
  const at = (row: number, column: number): number => (row < height ? pixels[row * width + column] : 0)
  const cell = isColored ? shaded : inked
  return Array.from({ length: Math.ceil(height / 2) }, (_, line) => {
    const cells = Array.from({ length: width }, (_, column) => cell(at(2 * line, column), at(2 * line + 1, column)))
    return cells.join("") + (isColored ? "\u001b[0m" : "")
  })
}

const inked = (upper: number, lower: number): string =>
  [" ", "▄", "▀", "█"][2 * Number(upper > 127) + Number(lower > 127)]

/** The shades of gray of the palette of 256 colors, where 232 is nearly black. */
const shade = (value: number): number => 232 + Math.round((value * 23) / 255)

const shaded = (upper: number, lower: number): string => `\u001b[38;5;${shade(upper)};48;5;${shade(lower)}m▀`
