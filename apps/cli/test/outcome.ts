/** A training that is over, made up. */
import type { Event } from "@cotangent/train/Event"
import { assess } from "../src/images/assessment.ts"
import { byEpochs, byIterations } from "../src/images/classification.ts"
import { conclude } from "../src/images/conclusion.ts"
import type { ImageSet } from "../src/images/sets.ts"
import type { History } from "../src/lab/history.ts"
import { empty, record } from "../src/lab/history.ts"
import type { Plan, Trained } from "../src/lab/Lab.ts"
import type { Recipe } from "../src/Recipe.ts"
import type { Outcome } from "../src/train/summary.ts"

export const recipe: Recipe = {
  name: "mnist-mlp",
  summary: 'a summary with <angles> & "quotes"',
  section: "1.2",
  data: "digits",
  expected: [{ result: "test accuracy", form: "percent", least: 0.9 }],
  seconds: 8,
  load: () => Promise.reject(new Error("is not needed"))
}

export const plan: Plan = {
  training: "",
  model: "784-512-512-10",
  parameters: 669_706,
  seed: 7,
  epochs: 2,
  steps: 40,
  examples: 5120,
  batch: 256,
  start: { epoch: 0, batch: 0, step: 0 },
  pass: byEpochs,
  unit: "image"
}

/** The plan of a training by iterations. */
export const fine: Plan = { ...plan, pass: byIterations }

/** A step that takes 10 ms, with a loss that falls. */
export const step = (number: number, epoch: number): Event => ({
  _tag: "Step",
  step: number,
  epoch,
  loss: 2 / number,
  metrics: { accuracy: 1 - 0.5 / number },
  examples: 256,
  millis: 10
})

const epoch = (number: number): ReadonlyArray<Event> => [
  ...Array.from({ length: 20 }, (_, i) => step(20 * number + i + 1, number)),
  {
    _tag: "EpochFinished",
    epoch: number,
    step: 20 * (number + 1),
    loss: 0.5 / (number + 1),
    metrics: { accuracy: number === 0 ? 0.9 : 0.95 },
    millis: 400
  },
  { _tag: "Checkpointed", path: "runs/mnist-mlp/checkpoint.safetensors", step: 20 * (number + 1) }
]

export const events: ReadonlyArray<Event> = [
  { _tag: "Started", device: "wasm", epoch: 0, epochs: 2, step: 0 },
  ...epoch(0),
  ...epoch(1),
  { _tag: "Stopped", reason: "completed", epoch: 2, step: 40 }
]

export const history: History = events.reduce(record, empty)

const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 10)
const images = new Uint8Array(40 * 784).fill(200)

/** Every fourth digit is taken for the next one. */
const assessment = assess({
  labels,
  images,
  classes: 10,
  probabilities: Float32Array.from(
    [...labels].flatMap((label, i) =>
      Array.from({ length: 10 }, (_, digit) => Number(digit === (i % 4 === 0 ? (label + 1) % 10 : label)))
    )
  )
})

const digits: ImageSet["test"] = {
  size: 40,
  columns: {
    image: { shape: [40, 28, 28], dtype: "u8", data: images },
    label: { shape: [40], dtype: "u8", data: labels }
  }
}

const set: ImageSet = { train: digits, test: digits, classes: Array.from({ length: 10 }, (_, i) => String(i)) }

/** The outcome of a training, with mistakes or without. */
export const outcomeOf = (one: Omit<Trained, "state">, mistakes = assessment.mistakes): Outcome => ({
  recipe,
  seed: 7,
  isUsual: true,
  trained: [{ ...one, state: {} }],
  conclusion: conclude({ ...one, state: {} }, { ...assessment, correct: 40 - mistakes.length, mistakes }, set),
  device: { name: "wasm", threads: 1, features: { simd: "256 bit" }, memoryBytes: 2 ** 32 },
  millis: 12_345,
  folder: "runs/mnist-mlp",
  checkpoint: "runs/mnist-mlp/checkpoint.safetensors",
  report: "runs/mnist-mlp/report.html"
})

export const outcome: Outcome = outcomeOf({ plan, history })
