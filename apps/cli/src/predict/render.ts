/**
 * A digit and what it is taken for, in lines of text.
 */
import { argMax } from "../digits/assessment.ts"
import { percent } from "../terminal/format.ts"
import { bar, picture } from "../terminal/shapes.ts"
import type { Style } from "../terminal/style.ts"
import { beside } from "../terminal/table.ts"

/** A picture, what it shows, and what a model makes of it. */
export interface Prediction {
  /** 28 × 28, from 0 to 255. */
  readonly pixels: ArrayLike<number>
  readonly label: number
  /** Of each class. */
  readonly probabilities: ReadonlyArray<number>
}

const barOf = (style: Style, { label, probabilities }: Prediction, digit: number): string => {
  const probability = probabilities[digit]
  const isPredicted = digit === argMax(probabilities)
  const paint = digit === label ? style.green : isPredicted ? style.red : style.dim
  const text = `${digit}  ${paint(bar(probability, 24))}  ${percent(probability, 1).padStart(7)}`
  return `${isPredicted ? style.bold(text) : text}${digit === label ? "  ◂ label" : ""}`
}

/** The sentence below the picture. */
export const verdict = ({ label, probabilities }: Prediction, style: Style): string => {
  const predicted = argMax(probabilities)
  const sure = percent(probabilities[predicted], 1)
  return predicted === label
    ? style.green(`✓ a ${predicted}, and the model is ${sure} sure of it`)
    : style.red(`✗ taken for a ${predicted} (${sure} sure), but it is a ${label}`)
}

/** The picture with the probabilities beside it, and the verdict. */
export const render = (prediction: Prediction, style: Style): ReadonlyArray<string> => {
  const drawn = picture({ width: 28, height: 28, pixels: prediction.pixels }, style.isColored)
  const bars = prediction.probabilities.map((_, digit) => barOf(style, prediction, digit))
  return [...beside(drawn, bars), "", verdict(prediction, style)]
}
