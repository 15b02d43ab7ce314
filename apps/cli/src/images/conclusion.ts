/**
 * What came out of the training of a classifier of pictures.
 */
import type { Confusion, Curves, Figure, Gallery } from "../figure.ts"
import type { History } from "../lab/history.ts"
import { last } from "../lab/history.ts"
import type { Trained } from "../lab/Lab.ts"
import { lossCurves } from "../lab/curves.ts"
import type { Conclusion } from "../Recipe.ts"
import { count, percent } from "../terminal/format.ts"
import type { Assessment } from "./assessment.ts"
import { accuracyOf, worstConfusions } from "./assessment.ts"
import type { Images, ImageSet } from "./sets.ts"
import { extentsOf } from "./sets.ts"

/** Mistakes that are shown. */
const shown = 30

/** Ink on paper: what is dark in the file is light in a set of pictures. */
const inked = (pixels: Uint8Array): Uint8Array => pixels.map((ink) => 255 - ink)

const mistakesOf = ({ mistakes, total }: Assessment, { classes, test }: ImageSet): Gallery => {
  const [height, width] = extentsOf(test)
  return {
    _tag: "Gallery",
    title: `The worst of ${count(mistakes.length)} mistakes in ${count(total)}`,
    isWide: true,
    isInk: true,
    pictures: mistakes.slice(0, shown).map(({ confidence, index, label, pixels, predicted }) => ({
      width,
      height,
      pixels: inked(pixels),
      alt: `${classes[label]}, taken for ${classes[predicted]}`,
      lines: [`${classes[label]} → ${classes[predicted]}`, `${percent(confidence, 1)} sure`, `image ${index}`]
    }))
  }
}

const confusionOf = ({ confusion }: Assessment, { classes }: ImageSet): Confusion => ({
  _tag: "Confusion",
  title: "Classes, and what they were taken for",
  classes,
  counts: confusion
})

const accuracyCurve = ({ measured, metrics }: History, isFine: boolean): Curves => ({
  _tag: "Curves",
  title: isFine ? "Training accuracy" : "Test accuracy after each epoch",
  x: { label: isFine ? "step" : "epoch" },
  y: { label: "accuracy", form: "percent" },
  series: [
    isFine
      ? { name: "accuracy", places: (metrics["accuracy"] ?? []).map(({ step, value }) => [step, value] as const) }
      : { name: "accuracy", places: (measured["accuracy"] ?? []).map(({ value }, i) => [i + 1, value] as const) }
  ],
  isDotted: !isFine
})

/** The results, remarks and figures of a training of one classifier. */
export const conclude = (trained: Trained, assessment: Assessment, set: ImageSet): Conclusion => {
  const { history, plan } = trained
  const { confusion, correct, mistakes, total } = assessment
  const isFine = plan.pass.name === "iteration"
  const training = isFine ? last(history.metrics["accuracy"]) : undefined
  const confused = worstConfusions(assessment, 3).map(
    ({ count: times, label, predicted }) =>
      `${set.classes[label]} taken for ${set.classes[predicted]} (${count(times)}×)`
  )
  const curves: ReadonlyArray<Figure> =
    history.losses.length < 2 ? [] : [lossCurves([trained]), accuracyCurve(history, isFine)]
  return {
    results: [
      {
        name: "test accuracy",
        value: accuracyOf(assessment),
        form: "percent",
        note: `${count(correct)} of ${count(total)}`
      },
      ...(training === undefined ? [] : [{ name: "training accuracy", value: training, form: "percent" } as const])
    ],
    remarks: confused.length === 0 ? [] : [["often confused", confused.join(", ")]],
    figures: [...curves, confusionOf(assessment, set), ...(mistakes.length === 0 ? [] : [mistakesOf(assessment, set)])],
    details: { correct, total, confusion, mistakes: mistakes.slice(0, shown).map(({ index }) => index) }
  }
}

/** A few pictures of a set, by class. */
export const samplesOf = (
  { columns: { image, label } }: Images,
  classes: ReadonlyArray<string>,
  perClass: number
): Gallery => {
  const [, height, width] = image.shape
  const size = height * width
  const indices = classes.flatMap((_, number) =>
    Array.from(label.data.keys())
      .filter((index) => label.data[index] === number)
      .slice(0, perClass)
  )
  return {
    _tag: "Gallery",
    title: "What it sees",
    isWide: true,
    isInk: true,
    pictures: indices.map((index) => ({
      width,
      height,
      pixels: inked(image.data.subarray(size * index, size * (index + 1))),
      alt: classes[label.data[index]],
      lines: [classes[label.data[index]]]
    }))
  }
}
