/**
 * Curves of a training as SVG.
 */
import * as Plot from "@observablehq/plot"
import { parseHTML } from "linkedom"
import type { Point } from "../train/history.ts"
import type { Html } from "./html.ts"
import { raw } from "./html.ts"

const svg = (options: Plot.PlotOptions): Html =>
  raw(
    Plot.plot({ document: parseHTML("<html></html>").document, width: 640, height: 300, marginLeft: 56, ...options })
      .outerHTML
  )

const accent = "var(--accent)"

/** Steps that are ends of something. */
const ends = (steps: ReadonlyArray<number>): Plot.Markish =>
  Plot.ruleX(steps, { stroke: "currentColor", strokeOpacity: 0.15, strokeDasharray: "3 3" })

/** The loss over the steps: each reading faintly, their running mean firmly. */
export const lossChart = (losses: ReadonlyArray<Point>, epochEnds: ReadonlyArray<number>): Html =>
  svg({
    ariaLabel: "loss over steps",
    x: { label: "step" },
    y: { type: "log", label: "loss", grid: true, ticks: 5, tickFormat: (value: number) => String(Number(value.toPrecision(2))) },
    marks: [
      ends(epochEnds),
      Plot.line(losses, { x: "step", y: "value", stroke: accent, strokeOpacity: 0.3, strokeWidth: 1 }),
      Plot.line(
        losses,
        Plot.windowY({
          k: Math.max(1, Math.round(losses.length / 20)),
          x: "step",
          y: "value",
          stroke: accent,
          strokeWidth: 2
        })
      )
    ]
  })

const percent = (share: number): string => `${Number((100 * share).toFixed(2))} %`

/** Accuracies over the steps; few of them are marked and named. */
export const accuracyChart = (accuracies: ReadonlyArray<Point>): Html => {
  const isShort = accuracies.length <= 12
  return svg({
    ariaLabel: "accuracy over steps",
    marginRight: 40,
    x: { label: "step" },
    y: { label: "accuracy", grid: true, ticks: 5, tickFormat: percent, nice: true, inset: 12 },
    marks: [
      Plot.line(accuracies, { x: "step", y: "value", stroke: accent, strokeWidth: 2 }),
      ...(isShort
        ? [
            Plot.dot(accuracies, { x: "step", y: "value", fill: accent, r: 4 }),
            Plot.text(accuracies, { x: "step", y: "value", text: ({ value }: Point) => percent(value), dy: -12 })
          ]
        : [])
    ]
  })
}
