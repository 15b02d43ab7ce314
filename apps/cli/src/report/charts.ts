/**
 * Curves, planes and histograms as SVG.
 */
import * as Plot from "@observablehq/plot"
import { parseHTML } from "linkedom"
import type { Axis, Curves, Histograms, Place, Plane, Series } from "../figure.ts"
import type { Html } from "./html.ts"
import { html, raw } from "./html.ts"

const svg = (options: Plot.PlotOptions): Html => {
  const { document } = parseHTML("<html></html>")
  const frame = { width: 640, height: 320, marginTop: 34, marginLeft: 64, marginBottom: 44, marginRight: 28 }
  return raw(Plot.plot({ document, ...frame, ...options }).outerHTML)
}

/** Colors that stand apart from each other by day and by night; one line alone has the accent of the page. */
const palette = [
  "#4e79d8",
  "#e8873a",
  "#2f9e6e",
  "#d6524f",
  "#9467d6",
  "#12a0b5",
  "#b8902a",
  "#d767a5",
  "#7c8a99",
  "#7da83c",
  "#a3695a",
  "#3f6f86",
  "#c44ecb",
  "#5a5fc7",
  "#8b8b3a"
]

/** The color of the `i`-th of `count` series. */
const colorOf = (i: number, count: number): string => (count === 1 ? "var(--accent)" : palette[i % palette.length])

const percent = (share: number): string => `${Number((100 * share).toFixed(2))} %`

/** A tick of a logarithmic scale. */
const power = (value: number): string =>
  value >= 1e-3 && value < 1e6 ? value.toLocaleString("en-US", { maximumFractionDigits: 3 }) : value.toExponential(0)

/** The names of series beside their colors; nothing for one alone. */
const legendOf = (series: ReadonlyArray<Series>): Html =>
  series.length < 2
    ? raw("")
    : html`<ul class="legend">
        ${series.map(({ name }, i) => html`<li><i style="background: ${colorOf(i, series.length)}"></i>${name}</li>`)}
      </ul>`

const axis = ({ domain, form, label }: Axis): Plot.ScaleOptions => ({
  label,
  ...(domain === undefined ? {} : { domain: [...domain] }),
  ...(form === "log" ? { type: "log", tickFormat: power } : {}),
  ...(form === "percent" ? { tickFormat: percent } : {})
})

const x = (place: Place): number => place[0]
const y = (place: Place): number => place[1]

/** What can be drawn: finite, and above zero where the scale is one of logarithms. */
const drawable = ({ places }: Series, { x: across, y: up }: Pick<Curves, "x" | "y">): ReadonlyArray<Place> =>
  places.filter(
    (place) =>
      place.every(Number.isFinite) && (across.form !== "log" || place[0] > 0) && (up.form !== "log" || place[1] > 0)
  )

const lineOf = (curves: Curves, i: number): ReadonlyArray<Plot.Markish> => {
  const { isDotted = false, scattered = [], series, window = 1 } = curves
  const stroke = colorOf(i, series.length + scattered.length)
  const places = drawable(series[i], curves)
  const numbers = { x, y, textAnchor: "middle" as const, dy: -14 }
  const isNumbered = isDotted && series.length === 1 && places.length <= 12 && curves.y.form === "percent"
  return [
    ...(window > 1 && series.length === 1
      ? [Plot.line(places, { x, y, stroke, strokeOpacity: 0.3, strokeWidth: 1 })]
      : []),
    Plot.line(
      places,
      window > 1 ? Plot.windowY({ k: window, x, y, stroke, strokeWidth: 2.5 }) : { x, y, stroke, strokeWidth: 2.5 }
    ),
    ...(isDotted && places.length <= 40
      ? [Plot.dot(places, { x, y, fill: stroke, r: series.length === 1 ? 5 : 3 })]
      : []),
    ...(isNumbered ? [Plot.text(places, { ...numbers, text: (place: Place) => percent(place[1]) })] : [])
  ]
}

/** Lines with a legend above where there are several. */
export const curvesChart = (curves: Curves): Html => {
  const { isWide = false, marks = [], scattered = [], series, title } = curves
  const count = Math.max(0, ...series.map(({ places }) => places.length))
  const isFew = curves.isDotted === true && curves.x.form === undefined && count <= 12
  const ticks = Array.from(new Set(series.flatMap(({ places }) => places.map(x))))
  const inset = curves.isDotted === true ? 24 : 0
  const all = [...series, ...scattered]
  return html`${legendOf(all)}${svg({
    ariaLabel: `${title}: ${curves.y.label} over ${curves.x.label}`,
    ...(isWide ? { width: 1100, height: 380 } : {}),
    x: {
      ...axis(curves.x),
      labelAnchor: "center",
      ticks: isFew ? ticks : curves.x.form === "log" ? 4 : 6,
      ...(isFew ? { tickFormat: "d" } : {}),
      inset
    },
    y: { ...axis(curves.y), ticks: curves.y.form === "log" ? 4 : 5, nice: curves.y.domain === undefined, inset },
    marks: [
      Plot.gridY({ ticks: 5, strokeOpacity: 0.12 }),
      Plot.ruleX(marks, { strokeOpacity: 0.3, strokeDasharray: "2 4" }),
      ...scattered.map((one) =>
        Plot.dot(drawable(one, curves), { x, y, fill: colorOf(all.indexOf(one), all.length), r: 2.5, fillOpacity: 0.6 })
      ),
      ...series.flatMap((_, i) => lineOf(curves, i))
    ]
  })}`
}

/** The levels of a function as nested areas, with points and paths over them. */
export const planeChart = ({
  columns,
  levels,
  paths = [],
  points = [],
  title,
  values,
  x: across,
  y: up
}: Plane): Html => {
  const [[x1, x2], [y1, y2]] = [across.domain, up.domain]
  const all = [...points, ...paths]
  const level = {
    width: columns,
    height: values.length / columns,
    x1,
    x2,
    y1,
    y2,
    thresholds: [...levels],
    fill: "var(--accent)",
    stroke: "currentColor",
    fillOpacity: 0.075,
    strokeOpacity: 0.22,
    strokeWidth: 0.7
  }
  const color = (series: Series): string => colorOf(all.indexOf(series), all.length)
  const inside = ({ places }: Series): ReadonlyArray<Place> =>
    places.filter(([a, b]) => a >= x1 && a <= x2 && b >= y1 && b <= y2)
  return html`${legendOf(all)}${svg({
    ariaLabel: title,
    width: 640,
    height: 560,
    clip: true,
    x: { ...axis(across), labelAnchor: "center" },
    y: axis(up),
    marks: [
      // Of values in the order of a grid, as the grid's own.
      Plot.contour([...values], { ...level, value: Plot.identity } as Plot.ContourOptions),
      Plot.frame({ strokeOpacity: 0.25 }),
      ...points.map((series) => Plot.dot(inside(series), { x, y, fill: color(series), r: 3, fillOpacity: 0.85 })),
      ...paths.flatMap((series) => [
        Plot.line(inside(series), { x, y, stroke: color(series), strokeWidth: 2 }),
        Plot.dot(inside(series).slice(-1), { x, y, fill: color(series), r: 4.5 })
      ])
    ]
  })}`
}

/** Small panels, in rows and columns by the names of the groups. */
export const histogramsChart = ({ groups, title, x: across }: Histograms): Html => {
  const [rows, columns] = [groups.map(({ row }) => row), groups.map(({ column }) => column)].map((names) => [
    ...new Set(names)
  ])
  const bins = groups.flatMap(({ bins, column, row }) => {
    const most = Math.max(...bins.map(({ share }) => share), Number.MIN_VALUE)
    return bins.map((bin) => ({ ...bin, share: bin.share / most, row, column }))
  })
  return svg({
    ariaLabel: title,
    width: 1100,
    height: 60 + 62 * rows.length,
    marginLeft: 30,
    marginRight: 190,
    marginBottom: 40,
    fx: { label: null, domain: columns, padding: 0.12 },
    fy: { label: null, domain: rows, padding: 0.18, axis: "right" },
    // Many panels leave no room for numbers.
    x: { ...axis(across), labelAnchor: "center", ...(columns.length > 5 ? { axis: null } : { ticks: 3 }) },
    y: { axis: null, domain: [0, 1] },
    marks: [
      Plot.rectY(bins, { x1: "from", x2: "to", y: "share", fx: "column", fy: "row", fill: "var(--accent)", inset: 0 }),
      Plot.ruleY([0], { strokeOpacity: 0.3 })
    ]
  })
}
