import * as Datasets from "@cotangent/data/Dataset"
import { mlp } from "@cotangent/models/mlp"
import type { Initializer } from "@cotangent/nn/Initializer"
import * as Initializers from "@cotangent/nn/Initializer"
import * as Loss from "@cotangent/nn/Loss"
import * as Metric from "@cotangent/nn/Metric"
import * as Optimizer from "@cotangent/optim/Optimizer"
import * as Random from "@cotangent/tensor/Random"
import * as Diagnosis from "@cotangent/train/Diagnosis"
import type { Finding, Of } from "@cotangent/train/Finding"
import * as Findings from "@cotangent/train/Finding"
import * as Settings from "@cotangent/train/Settings"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Curves, Place, Series } from "../figure.ts"
import { rows } from "../images/classification.ts"
import type { Images, ImageSet } from "../images/sets.ts"
import { mnist } from "../images/sets.ts"
import { tensorsOf } from "../lab/feed.ts"
import type { Lab } from "../lab/Lab.ts"
import type { Result, Task } from "../Recipe.ts"
import { loss } from "../terminal/format.ts"

const sizes = [784, 128, 10] as const

/** Trainings that are examined: how their weights begin, and what is to be told of them. */
const ways: Readonly<Record<string, Initializer>> = {
  he: Initializers.heNormal,
  large: Initializers.normal(1),
  zero: Initializers.zeros
}

const batch = 64

/** Examples that are to be learned by heart. */
const few = 20

const examplesOf = (columns: Images["columns"]) => {
  const { image, label } = tensorsOf(columns)
  return { input: rows(image), label }
}

/** Rates and strengths that are tried, in log space. */
const space: Settings.Space = { learningRate: [1e-4, 1e-1], strength: [1e-5, 1e-3] }

/** Examines the training of one net. */
const examine = Effect.fnUntraced(function* (lab: Lab, { test, train }: ImageSet, initializer: Initializer) {
  const model = mlp({ sizes, initializer })
  const [init, order, key] = Random.split(lab.key, 3)
  // With few examples there is no need of as many steps.
  const scale = Math.min(1, train.size / 5000)
  const steps = (count: number): number => Math.ceil(count * scale)
  const held = examplesOf(Datasets.take(test, Math.min(1000, test.size)).columns)
  type Params = ReturnType<typeof model.init>["params"]
  return yield* Diagnosis.diagnose(
    {
      ...model.init(init),
      key,
      loss: (params: Params, state, { input, label }: ReturnType<typeof examplesOf>) => {
        const logits = model.predict(params, state, input)
        return { loss: Loss.crossEntropy(logits, label), state, metrics: { accuracy: Metric.accuracy(logits, label) } }
      },
      optimizer: (learningRate) => Optimizer.adam({ learningRate }),
      batches: ({ batch: from, epoch }) =>
        Stream.map(
          Datasets.batches(train, { size: Math.min(batch, train.size), key: order, epoch, from, dropLast: true }),
          examplesOf
        ),
      few: examplesOf(Datasets.take(train, Math.min(few, train.size)).columns),
      expectedLoss: Findings.uniformLoss(10),
      score: (params, state) => Loss.crossEntropy(model.predict(params, state, held.input), held.label)
    },
    {
      rates: { steps: steps(100) },
      overfitSteps: steps(300),
      search: { settings: Settings.grid(space, { learningRate: 4, strength: 2 }), steps: steps(100) },
      steps: steps(400)
    }
  )
})

type Examined = ReadonlyArray<readonly [name: string, diagnosis: Diagnosis.Diagnosis]>

/** A line for each net in which there is such a finding. */
const seriesOf = <K extends Finding["_tag"]>(
  examined: Examined,
  kind: K,
  places: (finding: Of<K>) => ReadonlyArray<Place>
): ReadonlyArray<Series> =>
  examined.flatMap(([name, { findings }]) =>
    findings
      // The tag tells the kind.
      .filter((finding): finding is Extract<Finding, Of<K>> => finding._tag === kind)
      .map((finding) => ({ name, places: places(finding) }))
  )

const bySteps = ({ losses }: { readonly losses: ReadonlyArray<number> }): ReadonlyArray<Place> =>
  losses.map((value, i) => [i + 1, value])

const over = (title: string, text: string, x: Curves["x"], series: ReadonlyArray<Series>): Curves => ({
  _tag: "Curves",
  title,
  text,
  x,
  y: { label: "loss", form: "log" },
  series
})

const figuresOf = (examined: Examined): ReadonlyArray<Curves> => [
  over(
    "Range of learning rates",
    "The rate grows from step to step, until the loss explodes.",
    { label: "learning rate", form: "log" },
    seriesOf(examined, "RateRange", ({ losses, rates }) => rates.map((rate, i): Place => [rate, losses[i]]))
  ),
  over(
    "Twenty examples by heart",
    "A net that cannot learn these has a fault.",
    { label: "step" },
    seriesOf(examined, "Overfit", bySteps)
  ),
  {
    ...over(
      "Search in log space",
      "The loss on 1,000 pictures of the test set after a short training, for each rate and the better strength.",
      { label: "learning rate", form: "log" },
      seriesOf(examined, "Search", ({ trials }) =>
        Array.from(new Set(trials.map(({ learningRate }) => learningRate)), (rate): Place => [
          rate,
          Math.min(...trials.filter(({ learningRate }) => learningRate === rate).map(({ score }) => score))
        ])
      )
    ),
    isDotted: true
  },
  { ...over("Training with the best setting", "", { label: "step" }, seriesOf(examined, "Curve", bySteps)), window: 10 }
]

const rowsOf = (examined: Examined): ReadonlyArray<ReadonlyArray<string>> => [
  ["net", "examined", "", "finding"],
  ...examined.flatMap(([name, { findings }]) =>
    findings.map((finding) => [name, finding._tag, finding.isHealthy ? "✓" : "✗", Findings.describe(finding)])
  )
]

const isHealthy = ({ findings }: Diagnosis.Diagnosis, kind: Finding["_tag"]): number =>
  findings.filter(({ _tag, isHealthy }) => _tag === kind && isHealthy).length

const resultsOf = (examined: Examined): ReadonlyArray<Result> =>
  examined.flatMap(([name, diagnosis]): ReadonlyArray<Result> => [
    {
      name: `healthy findings, ${name}`,
      value: diagnosis.findings.filter(({ isHealthy }) => isHealthy).length,
      form: "count",
      note: `of ${diagnosis.findings.length}`
    },
    { name: `first loss as expected, ${name}`, value: isHealthy(diagnosis, "InitialLoss"), form: "count" },
    { name: `learned by heart, ${name}`, value: isHealthy(diagnosis, "Overfit"), form: "count" }
  ])

/**
 * The checklist of a training, gone through for a net that begins well, one whose weights are too large, and one whose
 * weights are 0.
 *
 * **Source** Bahng 2023, "Deep Learning", section 3.6.
 */
export const task: Task = {
  seed: 0,
  trainings: [],
  run: Effect.fnUntraced(function* (lab) {
    const set = yield* mnist(lab)
    const examined: Examined = yield* Effect.forEach(Object.entries(ways), ([name, initializer]) =>
      Effect.map(examine(lab, set, initializer), (diagnosis) => [name, diagnosis] as const)
    )
    return {
      results: resultsOf(examined),
      remarks: examined.flatMap(([name, { setting }]): ReadonlyArray<readonly [string, string]> => [
        [
          `setting, ${name}`,
          setting === undefined
            ? "none that learns"
            : `learning rate ${loss(setting.learningRate)}, regularization ${loss(setting.strength)}`
        ]
      ]),
      table: rowsOf(examined),
      figures: figuresOf(examined)
    }
  })
}
