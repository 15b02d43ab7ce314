/**
 * The equations of `einsum`.
 */
import { ArgumentError, ShapeError } from "../errors.ts"
import { diagonal } from "../operations/diagonal.ts"
import type { Tensor } from "../Primitive.ts"
import { permute, range } from "./axes.ts"
import type { Labelled } from "./contract.ts"

/** Operands whose axes carry the letters of an equation, and the letters of its result. */
export interface Equation {
  readonly operands: ReadonlyArray<Labelled>
  readonly output: ReadonlyArray<string>
}

const term = /^([a-zA-Z]*)(\.\.\.)?([a-zA-Z]*)$/

const malformed = (equation: string, expected: string): never => {
  throw new ArgumentError({ operation: "einsum", expected, received: JSON.stringify(equation) })
}

/** Labels of the axes that `...` stands for, aligned at the last of them. */
const ellipsis = (count: number): ReadonlyArray<string> => range(count).map((axis) => `...${count - axis}`)

/** The labels of a term, whose ellipsis stands for `axes` axes. */
const labelsOf = (equation: string, text: string, axes: (letters: number) => number): ReadonlyArray<string> => {
  const match = term.exec(text)
  if (match === null) return malformed(equation, "letters and at most one ... in each term")
  const [, before, dots, after] = match
  const count = dots === undefined ? 0 : axes(before.length + after.length)
  return [...before.split(""), ...ellipsis(count), ...after.split("")]
}

/** The operand of one term, with a diagonal taken for each letter that stands twice. */
const operandOf = (equation: string, text: string, tensor: Tensor): Labelled => {
  const rank = tensor.shape.length
  const labels = labelsOf(equation, text, (letters) => Math.max(rank - letters, 0))
  if (labels.length !== rank) {
    throw new ShapeError({
      operation: "einsum",
      expected: `a tensor of ${labels.length} axes for the term ${JSON.stringify(text)}`,
      received: [tensor.shape]
    })
  }
  return onDiagonals({ tensor, labels })
}

const onDiagonals = ({ labels, tensor }: Labelled): Labelled => {
  const first = labels.findIndex((label, axis) => labels.lastIndexOf(label) !== axis)
  if (first === -1) return { labels, tensor }
  const second = labels.lastIndexOf(labels[first])
  if (tensor.shape[first] !== tensor.shape[second]) {
    throw new ShapeError({
      operation: "einsum",
      expected: `equal extents along both axes "${labels[first]}"`,
      received: [tensor.shape]
    })
  }
  const rest = range(labels.length).filter((axis) => axis !== first && axis !== second)
  return onDiagonals({
    tensor: diagonal(permute(tensor, [...rest, first, second])),
    labels: [...rest.map((axis) => labels[axis]), labels[first]]
  })
}

/** Leading axes, then letters that stand once in all terms, in alphabetical order. */
const implicitOutput = (inputs: string, leading: ReadonlyArray<string>): ReadonlyArray<string> => {
  const letters = inputs.split("").filter((letter) => /[a-zA-Z]/.test(letter))
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter))
  return [...leading, ...once.toSorted((a, b) => (a < b ? -1 : 1))]
}

/** Reads `equation` for `tensors`. **Throws** `ArgumentError`, `ShapeError` where it does not fit them. */
export const parse = (equation: string, tensors: ReadonlyArray<Tensor>): Equation => {
  const [inputs, result, ...more] = equation.replaceAll(" ", "").split("->")
  if (more.length > 0) return malformed(equation, "at most one ->")
  const terms = inputs.split(",")
  if (terms.length !== tensors.length) {
    return malformed(equation, `a term for each of ${tensors.length} tensors`)
  }
  const operands = terms.map((text, i) => operandOf(equation, text, tensors[i]))
  const known = new Set(operands.flatMap(({ labels }) => labels))
  const leading = [...known].filter((label) => label.startsWith("...")).length
  const output =
    result === undefined ? implicitOutput(inputs, ellipsis(leading)) : labelsOf(equation, result, () => leading)
  if (!output.every((label) => known.has(label)) || new Set(output).size !== output.length) {
    return malformed(equation, "letters of the operands after ->, each once")
  }
  return { operands, output }
}
