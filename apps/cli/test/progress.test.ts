import { assert, describe, it } from "vitest"
import { program } from "../src/program.ts"
import { empty, last, meanRate, recentRate, record } from "../src/lab/history.ts"
import { heading, introduction, lineOf, status } from "../src/train/progress.ts"
import { judged, summary, summaryJson } from "../src/train/summary.ts"
import { plain } from "../src/terminal/style.ts"
import { events, fine, history, outcome, outcomeOf, plan, step } from "./outcome.ts"

const display = { recipe: "mnist-mlp", plan, style: plain, of: [""] }
const byIterations = { ...display, plan: fine }

describe("the history of a training", () => {
  it("has the losses by step and the accuracies by epoch", () => {
    assert.strictEqual(history.losses.length, 40)
    assert.deepStrictEqual(history.losses[1], { step: 2, value: 1 })
    assert.deepStrictEqual(history.measured["accuracy"], [
      { step: 20, value: 0.9 },
      { step: 40, value: 0.95 }
    ])
    assert.strictEqual(last(history.metrics["accuracy"]), 1 - 0.5 / 40)
  })

  it("knows how fast it went, and how it ended", () => {
    assert.strictEqual(meanRate(history), 25_600)
    assert.strictEqual(recentRate(history), 25_600)
    assert.strictEqual(recentRate(empty), 0)
    assert.deepStrictEqual([history.stopped, history.checkpoint], ["completed", outcome.checkpoint])
  })
})

describe("the line that changes", () => {
  it("says how far the training is, its loss, its speed and the time left", () => {
    const now = events.slice(0, 11).reduce(record, empty)
    assert.strictEqual(
      status(display, now, 100),
      `  ${"━".repeat(9)}╸${"─".repeat(28)}  25 % epoch 1/2  loss 0.2000  25,600 images/s  300 ms left`
    )
  })

  it("never exceeds the terminal", () => {
    for (const columns of [10, 40, 62, 70, 200]) {
      assert.isBelow(status(display, history, columns).length, columns)
    }
  })
})

describe("the lines that stay", () => {
  it("say the accuracy after each epoch", () => {
    const lines = events.flatMap((event, i) => {
      const line = lineOf(display, events.slice(0, i + 1).reduce(record, empty), event)
      return line === undefined ? [] : [line]
    })
    assert.strictEqual(lines.length, 2)
    assert.match(lines[0], /^ {2}epoch 1\/2 {3}test accuracy 90\.00 % {3}loss 0\.5000 [▁-█]{16} {3}400 ms$/)
  })

  it("are the table of the lecture notes where iterations count", () => {
    const lines = [1, 2, 11].map((number) => lineOf(byIterations, history, step(number, 0)))
    assert.deepStrictEqual(
      [...heading(byIterations), ...lines],
      ["  iteration  training accuracy", "          0            50.00 %", undefined, "         10            95.45 %"]
    )
  })
})

describe("the summary", () => {
  it("says what came out, how long it took and where it is", () => {
    const lines = summary(outcome, plain)
    assert.match(lines[3], /^ {2}loss {12}2\.0000 █[▁-▇]{22}▁ 0\.0500$/)
    assert.deepStrictEqual(lines.toSpliced(3, 1), [
      "",
      "  test accuracy   75.00 %  30 of 40",
      "  expected        ✗ test accuracy ≥ 90.00 %",
      "  often confused  0 taken for 1 (2×), 2 taken for 3 (2×), 4 taken for 5 (2×)",
      "  time            12.3 s, 25,600 images/s while training",
      "  device          wasm, 1 thread, simd 256 bit",
      "  checkpoint      runs/mnist-mlp/checkpoint.safetensors",
      "  report          runs/mnist-mlp/report.html",
      `  worst mistake   ${program} predict --image 0`,
      ""
    ])
  })

  it("has the training accuracy where that is what counts", () => {
    const other = outcomeOf({ plan: fine, history })
    assert.include(summary(other, plain).join("\n"), "  training accuracy  98.75 %")
    assert.strictEqual(summaryJson(other).results["training accuracy"], 1 - 0.5 / 40)
  })

  it("judges what is promised, but only where all was as promised", () => {
    assert.deepStrictEqual(
      judged(outcome).map(({ isMet }) => isMet),
      [false]
    )
    assert.deepStrictEqual(judged({ ...outcome, isUsual: false }), [])
    assert.deepStrictEqual(
      judged(outcomeOf({ plan, history }, [])).map(({ isMet }) => isMet),
      [true]
    )
  })
})

describe("several trainings", () => {
  const of = ["plain", "residual"]
  const second = { ...display, of, plan: { ...plan, training: "residual" } }

  it("begin with their number, and are set off", () => {
    assert.deepStrictEqual(introduction(second, "wasm"), [
      "  2/2 residual  784-512-512-10, 669,706 parameters, 2 epochs"
    ])
    assert.match(lineOf(second, history, events[21])!, /^ {4}epoch 1\/2 /)
  })

  it("end in one line where iterations count", () => {
    const steps = { ...second, plan: { ...fine, training: "residual" } }
    assert.isUndefined(lineOf(steps, history, step(11, 0)))
    assert.match(lineOf(steps, history, events.at(-1)!)!, /^ {4}training accuracy 98\.75 % {3}█/)
  })
})
