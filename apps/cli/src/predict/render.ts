/**
 * A picture and what it is taken for, in lines of text.
 */
import { argMax } from "../images/assessment.ts"
import { percent } from "../terminal/format.ts"
import type { Picture } from "../terminal/shapes.ts"
import { bar, picture } from "../terminal/shapes.ts"
import type { Style } from "../terminal/style.ts"
import { beside, pad } from "../terminal/table.ts"

/** A picture, what it shows, and what a model makes of it. */
export interface Prediction {
  readonly picture: Picture
  /** The names of the classes. */
  readonly classes: ReadonlyArray<string>
  readonly label: number
  /** Of each class. */
  readonly probabilities: ReadonlyArray<number>
}

const barOf = (style: Style, { classes, label, probabilities }: Prediction, number: number): string => {
  const probability = probabilities[number]
  const isPredicted = number === argMax(probabilities)
  const paint = number === label ? style.green : isPredicted ? style.red : style.dim
  const name = pad(classes[number], Math.max(...classes.map((name) => name.length)))
  const text = `${name}  ${paint(bar(probability, 24))}  ${percent(probability, 1).padStart(7)}`
  return `${isPredicted ? style.bold(text) : text}${number === label ? "  ◂ label" : ""}`
}

/** A class in a sentence: `a 7`, or its name in quotes. */
const named = (name: string): string => (/^\d$/.test(name) ? `a ${name}` : `“${name}”`)

/** The sentence below the picture. */
export const verdict = ({ classes, label, probabilities }: Prediction, style: Style): string => {
  const predicted = argMax(probabilities)
  const sure = percent(probabilities[predicted], 1)
  return predicted === label
    ? style.green(`✓ ${named(classes[predicted])}, and the model is ${sure} sure of it`)
    : style.red(`✗ taken for ${named(classes[predicted])} (${sure} sure), but it is ${named(classes[label])}`)
}

/** The picture with the probabilities beside it, and the verdict. */
export const render = (prediction: Prediction, style: Style): ReadonlyArray<string> => {
  const drawn = picture(prediction.picture, style.isColored)
  const bars = prediction.probabilities.map((_, number) => barOf(style, prediction, number))
  return [...beside(drawn, bars), "", verdict(prediction, style)]
}
