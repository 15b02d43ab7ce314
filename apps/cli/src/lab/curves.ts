/**
 * The courses of trainings as figures.
 */
import type { Axis, Curves, Series } from "../figure.ts"
import type { Point } from "./history.ts"
import type { Trained } from "./Lab.ts"

/** Values over steps as a series. */
export const seriesOf = (name: string, points: ReadonlyArray<Point> = []): Series => ({
  name,
  places: points.map(({ step, value }) => [step, value])
})

/** What a training is called where there are several. */
const nameOf = ({ plan: { model, training } }: Trained): string => (training === "" ? model : training)

/** The losses of trainings over their steps; one alone with its epochs. */
export const lossCurves = (trainings: ReadonlyArray<Trained>): Curves => {
  const [{ history, plan }] = trainings
  const isFine = plan.pass.name === "iteration"
  return {
    _tag: "Curves",
    title: "Loss",
    x: { label: "step" },
    y: { label: "loss", form: "log" },
    series: trainings.map((trained) => seriesOf(nameOf(trained), trained.history.losses)),
    marks: isFine || trainings.length > 1 ? [] : (Object.values(history.measured)[0] ?? []).map(({ step }) => step),
    // The loss of the whole set has no noise.
    window: isFine ? 1 : Math.max(1, Math.round(history.losses.length / 20))
  }
}

/** What was measured after each epoch of several trainings. */
export const measuredCurves = (
  trainings: ReadonlyArray<Trained>,
  { metric, title, y }: { readonly metric: string; readonly title: string; readonly y: Axis }
): Curves => ({
  _tag: "Curves",
  title,
  x: { label: "epoch" },
  y,
  series: trainings.map((trained) => ({
    name: nameOf(trained),
    places: (trained.history.measured[metric] ?? []).map(({ value }, i) => [i + 1, value])
  })),
  isDotted: true
})
