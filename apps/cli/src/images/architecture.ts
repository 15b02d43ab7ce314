/**
 * What a model is made of, as a table.
 */
import type { Model } from "@cotangent/nn/Model"
import type { Parameter } from "@cotangent/nn/Parameters"
import * as Summary from "@cotangent/nn/Summary"
import { format } from "@cotangent/tensor/Shape"
import type { Table } from "../figure.ts"
import { count } from "../terminal/format.ts"

const named = ({ path, shape }: Parameter): string => `${path} ${format(shape)}`

/** The layers of a model, what they give for inputs like `input`, and their parameters. */
export const architectureOf = <P, S, I, O>(model: Model<P, S, I, O>, input: NoInfer<I>): Table => {
  const { layers, parameters } = Summary.summary(model, input)
  return {
    _tag: "Table",
    title: "Layer by layer",
    text: `${count(parameters)} parameters in all; shapes are those of one example.`,
    isWide: true,
    rows: [
      ["layer", "kind", "output", "numbers", "parameters"],
      ...layers.map((layer) => [
        layer.path,
        layer.kind,
        layer.shapes.map(format).join(" "),
        layer.count === 0 ? "" : count(layer.count),
        layer.parameters.map(named).join(", ")
      ])
    ]
  }
}
