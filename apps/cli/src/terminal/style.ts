/** A way to make text stand out. */
export type Paint = (text: string) => string

/** How text stands out on a terminal. */
export interface Style {
  readonly isColored: boolean
  readonly bold: Paint
  readonly dim: Paint
  readonly red: Paint
  readonly green: Paint
  readonly yellow: Paint
  readonly cyan: Paint
}

const asItIs: Paint = (text) => text

const code =
  (open: number, close: number): Paint =>
  (text) =>
    `\u001b[${open}m${text}\u001b[${close}m`

/** Nothing stands out: for files, pipes and who asks for it by `NO_COLOR`. */
export const plain: Style = {
  isColored: false,
  bold: asItIs,
  dim: asItIs,
  red: asItIs,
  green: asItIs,
  yellow: asItIs,
  cyan: asItIs
}

/** The colors of the terminal's own palette. */
export const colored: Style = {
  isColored: true,
  bold: code(1, 22),
  dim: code(2, 22),
  red: code(31, 39),
  green: code(32, 39),
  yellow: code(33, 39),
  cyan: code(36, 39)
}
