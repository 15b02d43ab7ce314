/**
 * Curves of a training as SVG.
 */
import * as Plot from "@observablehq/plot"
import { parseHTML } from "linkedom"
import type { Point } from "../train/history.ts"
import type { Html } from "./html.ts"
import { raw } from "./html.ts"

const svg = (options: Plot.PlotOptions): Html => {
  const { document } = parseHTML("<html></html>")
  const frame = { width: 640, height: 320, marginTop: 34, marginLeft: 64, marginBottom: 44, marginRight: 28 }
  return raw(Plot.plot({ document, ...frame, ...options }).outerHTML)
}

const accent = "var(--accent)"

/**
 * The loss over the steps: each reading faintly, the mean of each `window` of them firmly; a line at each of the `ends`.
 */
export const lossChart = (
  losses: ReadonlyArray<Point>,
  { ends, window }: { readonly ends: ReadonlyArray<number>; readonly window: number }
): Html => {
  const mean = Plot.windowY({
    k: window,
    x: "step",
    y: "value",
    stroke: accent,
    strokeWidth: 2.5
  })
  return svg({
    ariaLabel: "loss over steps",
    x: { label: "step", labelAnchor: "center", ticks: 6 },
    y: { type: "log", label: "loss", ticks: 4, tickFormat: ",~g" },
    marks: [
      Plot.gridY({ ticks: 4, strokeOpacity: 0.12 }),
      Plot.ruleX(ends, { strokeOpacity: 0.3, strokeDasharray: "2 4" }),
      Plot.line(losses, { x: "step", y: "value", stroke: accent, strokeOpacity: 0.3, strokeWidth: 1 }),
      Plot.line(losses, mean)
    ]
  })
}

const percent = (share: number): string => `${Number((100 * share).toFixed(2))} %`

const accuracyAxis = { label: "accuracy", ticks: 5, tickFormat: percent, nice: true }

/** Accuracies over the steps. */
export const accuracyChart = (accuracies: ReadonlyArray<Point>): Html =>
  svg({
    ariaLabel: "accuracy over steps",
    x: { label: "step", labelAnchor: "center", ticks: 6 },
    y: accuracyAxis,
    marks: [
      Plot.gridY({ ticks: 5, strokeOpacity: 0.12 }),
      Plot.line(accuracies, { x: "step", y: "value", stroke: accent, strokeWidth: 2.5 })
    ]
  })

/** Accuracies after the first epoch, the second, and so on. */
export const epochChart = (accuracies: ReadonlyArray<number>): Html => {
  const points = accuracies.map((value, i) => ({ epoch: i + 1, value }))
  const named = {
    x: "epoch",
    y: "value",
    text: ({ value }: { readonly value: number }) => percent(value),
    textAnchor: "end" as const,
    dx: 6,
    dy: -14
  }
  return svg({
    ariaLabel: "accuracy after each epoch",
    x: { type: "point", label: "epoch", labelAnchor: "center", padding: 0.3 },
    y: { ...accuracyAxis, inset: 16 },
    marks: [
      Plot.gridY({ ticks: 5, strokeOpacity: 0.12 }),
      Plot.line(points, { x: "epoch", y: "value", stroke: accent, strokeWidth: 2.5 }),
      Plot.dot(points, { x: "epoch", y: "value", fill: accent, r: 5 }),
      ...(points.length > 12 ? [] : [Plot.text(points, named)])
    ]
  })
}
