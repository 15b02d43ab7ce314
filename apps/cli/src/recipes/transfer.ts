import * as Datasets from "@cotangent/data/Dataset"
import { convnet } from "@cotangent/models/convnet"
import type { Rate } from "@cotangent/optim/GradientTransformation"
import * as Optimizer from "@cotangent/optim/Optimizer"
import * as Schedule from "@cotangent/optim/Schedule"
import * as Random from "@cotangent/tensor/Random"
import * as Effect from "effect/Effect"
import { byEpochs, planes } from "../images/classification.ts"
import { accuracyCurves, accuracyOf, resultsOf, rowsOf, trainOn } from "../images/comparison.ts"
import { samplesOf } from "../images/conclusion.ts"
import type { Images, ImageSet } from "../images/sets.ts"
import { mnist } from "../images/sets.ts"
import { lossCurves } from "../lab/curves.ts"
import type { Task } from "../Recipe.ts"

/** Features of pictures by two convolutions, and five classes by dense layers. */
const model = convnet({ channels: 1, size: 28, classes: 5, hidden: 64 })

const seen = {
  model,
  scale: planes,
  text: "two convolutions, two dense layers",
  learningRate: (steps: number) => Schedule.cosine({ learningRate: 2e-3, steps })
}

/** The pictures of the digits from `first` on, five of them, numbered from 0; the first `limit`. */
const digitsFrom = (images: Images, first: number, limit = Infinity): Images => {
  const { label } = images.columns
  const indices = Array.from(label.data.keys()).filter((i) => label.data[i] >= first && label.data[i] < first + 5)
  return Datasets.map(Datasets.gather(images, indices.slice(0, limit)), (columns) => ({
    ...columns,
    label: { ...columns.label, data: columns.label.data.map((digit) => digit - first) }
  }))
}

const partOf = ({ classes, test, train }: ImageSet, first: number, limit?: number): ImageSet => ({
  train: digitsFrom(train, first, limit),
  test: digitsFrom(test, first),
  classes: classes.slice(first, first + 5)
})

const all = (learningRate: Rate) => Optimizer.adam({ learningRate })

/** Only the dense layers move. */
const denseOnly = (learningRate: Rate) =>
  Optimizer.grouped((path) => (/^(?:hidden|output)\./.test(path) ? "moving" : "still"), {
    moving: all(learningRate),
    still: Optimizer.frozen
  })

/**
 * A net that knows five digits learns five others from few pictures: from nothing, with its features as they are, and with
 * all of it free to move.
 *
 * **Source** Bahng 2023, "Deep Learning", section 1.2; Yosinski et al. 2014.
 */
export const task: Task = {
  seed: 0,
  trainings: ["source", "scratch", "frozen", "fine-tuned"],
  run: Effect.fnUntraced(function* (lab) {
    const digits = yield* mnist(lab)
    const [source, target] = [partOf(digits, 0), partOf(digits, 5, 500)]
    const learned = yield* trainOn(lab, source, {
      ...seen,
      name: "source",
      optimizer: all,
      epochs: 2,
      batch: 64
    })
    // Convolutions that have seen other digits, and new layers that make classes of what they give.
    const fresh = model.init(Random.foldIn(lab.key, 1)).params
    const params = { ...fresh, first: learned.state.params.first, second: learned.state.params.second }
    const few = { ...seen, epochs: 20, batch: 50, pass: { ...byEpochs, reportEvery: 10 } }
    const others = [
      yield* trainOn(lab, target, { ...few, name: "scratch", optimizer: all }),
      yield* trainOn(lab, target, { ...few, name: "frozen", params, optimizer: denseOnly }),
      yield* trainOn(lab, target, { ...few, name: "fine-tuned", params, optimizer: all })
    ]
    const [scratch, frozen, tuned] = others.map(accuracyOf)
    return {
      results: [
        { name: "gain of transfer", value: Math.max(frozen, tuned) - scratch, form: "percent" },
        ...resultsOf([learned, ...others])
      ],
      remarks: [],
      table: rowsOf([learned, ...others]),
      figures: [accuracyCurves(others), lossCurves(others), samplesOf(target.train, target.classes, 6)]
    }
  })
}
