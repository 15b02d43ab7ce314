/**
 * What a model is made of: its layers by path, what they give, and how many parameters they have.
 */
import * as Random from "@cotangent/tensor/Random"
import type { Dims } from "@cotangent/tensor/Shape"
import { format } from "@cotangent/tensor/Shape"
import * as Tree from "@cotangent/tensor/Tree"
import * as Activation from "./Activation.ts"
import type { Model } from "./Model.ts"
import type { Parameter } from "./Parameters.ts"
import * as Parameters from "./Parameters.ts"
import type { Kind } from "./Probe.ts"
import { trace } from "./Probe.ts"

/** A layer of a summary. */
export interface Row {
  /** As in `hidden.0`; layers without a name count in their composition. */
  readonly path: string
  /** What the layer is: `conv2d`, `relu`. */
  readonly kind: string
  /** The shapes of what it gives. */
  readonly shapes: ReadonlyArray<Dims>
  /** Its parameters, by their names in the layer. */
  readonly parameters: ReadonlyArray<Parameter>
  /** How many numbers those are. */
  readonly count: number
}

/** A model from its input to its output. */
export interface Summary {
  readonly layers: ReadonlyArray<Row>
  /** How many numbers all parameters are. */
  readonly parameters: number
  /** How many numbers the model keeps beside them, such as running means. */
  readonly state: number
}

const names = new Map<unknown, string>(Object.entries(Activation).map(([name, activation]) => [activation, name]))

/** A lifted function by its name; `function` if it has none. */
const kindOf = (kind: Kind): string =>
  typeof kind === "string" ? kind : (names.get(kind) ?? (kind.name === "" ? "function" : kind.name))

/**
 * The layers of `model` for inputs like `input`. Nothing is computed: shapes follow from expressions.
 *
 * **Throws** as the model does where the input does not fit.
 *
 * **Example** (Counting parameters)
 *
 * ```ts run
 * const model = Model.sequential(["hidden", linear(4, 3)], Activation.relu, ["output", linear(3, 2)])
 * const { layers, parameters } = Summary.summary(model, Tensor.zeros([1, 4]))
 * layers.map(({ kind }) => kind) // => ["linear", "relu", "linear"]
 * layers.map(({ count }) => count) // => [15, 0, 8]
 * parameters // => 23
 * ```
 */
export const summary = <P, S, I, O>(model: Model<P, S, I, O>, input: NoInfer<I>): Summary => {
  const { params, state } = model.init(Random.key(0))
  const { layers } = trace(model, { params, state, input })
  return {
    layers: layers.map(({ kind, output, params, path }) => ({
      path,
      kind: kindOf(kind),
      shapes: Tree.structure(output).types.map(({ shape }) => shape),
      parameters: Parameters.named(params),
      count: Parameters.count(params)
    })),
    parameters: Parameters.count(params),
    state: Parameters.count(state)
  }
}

const headings = ["layer", "kind", "output", "parameters"] as const

const grouped = (count: number): string => count.toLocaleString("en-US")

/**
 * A summary as a table of text: one line for each layer, then the sum.
 *
 * **Example** (A table)
 *
 * ```ts run
 * const model = Model.sequential(["hidden", linear(4, 3)], Activation.relu)
 * const lines = Summary.render(Summary.summary(model, Tensor.zeros([1, 4]))).split("\n")
 * lines[0] // => "layer   kind    output  parameters"
 * lines[2] // => "hidden  linear  [1, 3]          15"
 * lines.at(-1) // => "15 parameters"
 * ```
 */
export const render = ({ layers, parameters, state }: Summary): string => {
  const rows = layers.map(({ count, kind, path, shapes }) => [
    path === "" ? "model" : path,
    kind,
    shapes.map(format).join(" "),
    count === 0 ? "" : grouped(count)
  ])
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i].length)))
  const line = (cells: ReadonlyArray<string>): string =>
    cells
      .map((cell, i) => (i === cells.length - 1 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join("  ")
      .trimEnd()
  const rule = "─".repeat(widths.reduce((sum, width) => sum + width + 2, -2))
  const beside = state === 0 ? "" : `, ${grouped(state)} numbers of state`
  return [line(headings), rule, ...rows.map(line), rule, `${grouped(parameters)} parameters${beside}`].join("\n")
}
