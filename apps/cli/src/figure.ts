/**
 * What reports show, as data.
 */

/** A place, `y` over `x`. */
export type Place = readonly [x: number, y: number]

/** A name with places that belong together. */
export interface Series {
  readonly name: string
  readonly places: ReadonlyArray<Place>
}

/** An axis. */
export interface Axis {
  readonly label: string
  readonly form?: "log" | "percent"
  /** The values it ends at; those of the data unless stated. */
  readonly domain?: readonly [least: number, most: number]
}

/** A picture, row by row, channels of a pixel together: one of gray or three of color, from 0 to 255. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

/** What every figure has: a title, and whether it takes the whole width. */
interface Titled {
  readonly title: string
  /** A sentence below the title. */
  readonly text?: string
  readonly isWide?: boolean
}

/** Lines over a common axis. */
export interface Curves extends Titled {
  readonly _tag: "Curves"
  readonly x: Axis
  readonly y: Axis
  readonly series: ReadonlyArray<Series>
  /** Dots without lines, in the colors after those of the series. */
  readonly scattered?: ReadonlyArray<Series>
  /** How many values the firm lines are means of; what they are means of is drawn faintly. */
  readonly window?: number
  /** Vertical lines. */
  readonly marks?: ReadonlyArray<number>
  /** Whether each value has a dot, and its number where there are few. */
  readonly isDotted?: boolean
}

/** A plane: the values of a function on a grid in color or by its levels, with points and paths on it. */
export interface Plane extends Titled {
  readonly _tag: "Plane"
  readonly x: Axis & { readonly domain: readonly [number, number] }
  readonly y: Axis & { readonly domain: readonly [number, number] }
  /** Row by row from the least `y` on, `columns` to a row. */
  readonly values: ReadonlyArray<number>
  readonly columns: number
  /** Where its levels are. */
  readonly levels: ReadonlyArray<number>
  readonly points?: ReadonlyArray<Series>
  readonly paths?: ReadonlyArray<Series>
}

/** The shares of a range that values fall into, for each of several groups, each in a panel of its own. */
export interface Histograms extends Titled {
  readonly _tag: "Histograms"
  readonly x: Axis
  readonly groups: ReadonlyArray<{ readonly row: string; readonly column: string; readonly bins: ReadonlyArray<Bin> }>
}

/** A part of a range, and the share of values in it. */
export interface Bin {
  readonly from: number
  readonly to: number
  readonly share: number
}

/** Rows of text; the first has the heads. */
export interface Table extends Titled {
  readonly _tag: "Table"
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

/**
 * Whether a column has words: sentences, or names in all of its cells. Words begin at the left, numbers end at the right.
 */
export const hasWords = (rows: Table["rows"], column: number): boolean => {
  const cells = rows.map((row) => row[column] ?? "").filter((cell) => cell !== "")
  return (
    cells.length > 0 &&
    (cells.some((cell) => /\p{L}{2}\s+\p{L}{2}/u.test(cell)) || cells.every((cell) => /^\p{L}/u.test(cell)))
  )
}

/** Pictures with what is said of them. */
export interface Gallery extends Titled {
  readonly _tag: "Gallery"
  readonly pictures: ReadonlyArray<Picture & { readonly alt: string; readonly lines: ReadonlyArray<string> }>
  /** Whether they are ink on paper, which by night is light on dark. */
  readonly isInk?: boolean
  /** How wide pictures are shown, in pixels of the page; 84 unless stated. */
  readonly size?: number
}

/** How often each class (the row) was taken for each (the column). */
export interface Confusion extends Titled {
  readonly _tag: "Confusion"
  readonly classes: ReadonlyArray<string>
  readonly counts: ReadonlyArray<ReadonlyArray<number>>
}

/** What a report shows. */
export type Figure = Confusion | Curves | Gallery | Histograms | Plane | Table
