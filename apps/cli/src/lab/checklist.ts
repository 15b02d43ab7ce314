/**
 * What examinations of trainings found, as results, rows and figures.
 */
import type { Finding, Of } from "@cotangent/train/Finding"
import * as Findings from "@cotangent/train/Finding"
import type { Curves, Figure, Place, Series, Table } from "../figure.ts"
import type { Conclusion, Result } from "../Recipe.ts"
import { alone } from "../Recipe.ts"
import { loss } from "../terminal/format.ts"
import type { Examined } from "./examination.ts"

/** Trainings that were examined, by name. */
export type Checklist = ReadonlyArray<readonly [name: string, examined: Pick<Examined, "findings" | "setting">]>

/** What a finding is about. */
export const titles: Readonly<Record<Finding["_tag"], string>> = {
  InitialLoss: "first loss",
  Regularization: "regularization",
  RateRange: "range of rates",
  Overfit: "by heart",
  Search: "search",
  Curve: "curve",
  Updates: "updates"
}

const find = <K extends Finding["_tag"]>(findings: ReadonlyArray<Finding>, kind: K): Of<K> | undefined =>
  // The tag tells the kind.
  findings.find((finding): finding is Extract<Finding, Of<K>> => finding._tag === kind)

/** A line for each training, without places where there is no such finding: each has the same color everywhere. */
const seriesOf = <K extends Finding["_tag"]>(
  list: Checklist,
  kind: K,
  places: (finding: Of<K>) => ReadonlyArray<Place>
): ReadonlyArray<Series> =>
  list.map(([name, { findings }]) => {
    const finding = find(findings, kind)
    return { name: name === alone ? "loss" : name, places: finding === undefined ? [] : places(finding) }
  })

const bySteps = ({ losses }: { readonly losses: ReadonlyArray<number> }): ReadonlyArray<Place> =>
  losses.map((value, i) => [i + 1, value])

/** The least score of each learning rate that was tried. */
const byRates = ({ trials }: Of<"Search">): ReadonlyArray<Place> =>
  Array.from(new Set(trials.map(({ learningRate }) => learningRate)), (rate): Place => [
    rate,
    Math.min(...trials.filter(({ learningRate }) => learningRate === rate).map(({ score }) => score))
  ]).toSorted(([a], [b]) => a - b)

const curvesOf = (list: Checklist): ReadonlyArray<Curves> => {
  const y = { label: "loss", form: "log" } as const
  const rate = { label: "learning rate", form: "log" } as const
  const step = { label: "step" }
  return [
    {
      _tag: "Curves",
      title: "Range of learning rates",
      text: "The rate grows from step to step, until the loss explodes.",
      x: rate,
      y,
      series: seriesOf(list, "RateRange", ({ losses, rates }) => rates.map((at, i): Place => [at, losses[i]]))
    },
    {
      _tag: "Curves",
      title: "Twenty examples by heart",
      text: "A net that cannot learn these has a fault.",
      x: step,
      y,
      series: seriesOf(list, "Overfit", bySteps)
    },
    {
      _tag: "Curves",
      title: "Search in log space",
      text: "The loss on examples that were held out, after a short training with each rate, by its better regularization.",
      x: rate,
      y,
      series: seriesOf(list, "Search", byRates),
      isDotted: true
    },
    {
      _tag: "Curves",
      title: "Training with the best setting",
      x: step,
      y,
      series: seriesOf(list, "Curve", bySteps),
      window: 10
    }
  ]
}

/** How far a step moves each weight, a column for each training. */
const updatesOf = (list: Checklist): ReadonlyArray<Table> => {
  const known = list.flatMap(([name, { findings }]) => {
    const finding = find(findings, "Updates")
    return finding === undefined ? [] : [{ name, ratios: finding.ratios }]
  })
  const paths = [...new Set(known.flatMap(({ ratios }) => Object.keys(ratios)))]
  if (paths.length === 0) return []
  const rows = paths.map((path) => [
    path,
    ...known.map(({ ratios }) => (ratios[path] === undefined ? "" : String(Number(ratios[path].toPrecision(2)))))
  ])
  return [
    {
      _tag: "Table",
      title: "Update-to-weight ratios",
      isWide: true,
      text: "The norm of a step beside that of the weight, in the middle of all steps: 0.001 to 0.01 is healthy.",
      rows: [["weight", ...known.map(({ name }) => (name === alone ? "ratio" : name))], ...rows]
    }
  ]
}

const rowsOf = (list: Checklist): ReadonlyArray<ReadonlyArray<string>> => {
  const isOne = list.length === 1 && list[0][0] === alone
  const rows = list.flatMap(([name, { findings }]) =>
    findings.map((finding) => [
      ...(isOne ? [] : [name]),
      titles[finding._tag],
      finding.isHealthy ? "✓" : "✗",
      Findings.describe(finding)
    ])
  )
  return [[...(isOne ? [] : ["training"]), "examined", "", "finding"], ...rows]
}

/** What is said of a training that has a name, or of the only one. */
const named = (what: string, name: string): string => (name === alone ? what : `${what}, ${name}`)

const resultsOf = (list: Checklist): ReadonlyArray<Result> =>
  list.map(([name, { findings }]) => ({
    name: named("healthy findings", name),
    value: findings.filter(({ isHealthy }) => isHealthy).length,
    form: "count",
    note: `of ${findings.length}`
  }))

const remarkOf = ([name, { setting }]: Checklist[number]): readonly [string, string] => [
  named("setting", name),
  setting === undefined
    ? "none that learns"
    : `learning rate ${loss(setting.learningRate)}, regularization ${loss(setting.strength)}`
]

/** What came out, in words and pictures. */
export const conclusionOf = (list: Checklist): Conclusion => {
  const figures: ReadonlyArray<Figure> = [
    ...curvesOf(list).filter(({ series }) => series.some(({ places }) => places.length > 0)),
    ...updatesOf(list)
  ]
  return { results: resultsOf(list), remarks: list.map(remarkOf), table: rowsOf(list), figures }
}
