import * as Schedule from "../src/Schedule.ts"
import * as Tensor from "@cotangent/tensor/Tensor"
import { assert, describe, it } from "vitest"
import { assertNear, values } from "./values.ts"

const rates = (schedule: Schedule.Schedule, steps: ReadonlyArray<number>): ReadonlyArray<number> =>
  steps.map((step) => values(schedule(Tensor.scalar(step, "f64")))[0])

describe("rates at given steps", () => {
  it("constant", () => assertNear(rates(Schedule.constant(0.3), [0, 7]), [0.3, 0.3]))

  it("step falls by its factor every stepSize steps", () =>
    assertNear(
      rates(Schedule.step({ learningRate: 0.1, stepSize: 5, gamma: 0.5 }), [0, 4, 5, 9, 10]),
      [0.1, 0.1, 0.05, 0.05, 0.025]
    ))

  it("exponential falls by its factor every step", () =>
    assertNear(rates(Schedule.exponential({ learningRate: 0.1, gamma: 0.9 }), [0, 1, 10]), [0.1, 0.09, 0.03486784401]))

  it("cosine goes down half a wave", () =>
    assertNear(rates(Schedule.cosine({ learningRate: 0.1, steps: 10, minimum: 0.02 }), [0, 5, 10]), [0.1, 0.06, 0.02]))

  it("linearWarmup goes up and stays", () => {
    const schedule = Schedule.linearWarmup({ learningRate: 0.1, startFactor: 0.1, steps: 10 })
    assertNear(rates(schedule, [0, 1, 10, 19]), [0.01, 0.019, 0.1, 0.1])
  })

  it("polynomial goes down to 0 and stays", () =>
    assertNear(
      rates(Schedule.polynomial({ learningRate: 0.1, steps: 10, power: 2 }), [0, 1, 9, 10, 15]),
      [0.1, 0.081, 0.001, 0, 0]
    ))

  it("warmupCosine goes up, down, and stays", () => {
    const schedule = Schedule.warmupCosine({ learningRate: 1, warmup: 4, steps: 14, minimum: 0.1 })
    assertNear(rates(schedule, [0, 1, 4, 9, 14, 99]), [0, 0.25, 1, 0.55, 0.1, 0.1])
    assertNear(rates(Schedule.warmupCosine({ learningRate: 1, warmup: 0, steps: 10 }), [0, 5, 10]), [1, 0.5, 0])
  })

  it("oneCycle goes up to its maximum and down below its start", () => {
    const schedule = Schedule.oneCycle({ maximum: 0.1, totalSteps: 20, warmupFraction: 0.25, anneal: "linear" })
    assertNear(rates(schedule, [0, 2, 4, 19]), [0.004, 0.052, 0.1, 4e-7])
  })

  it("warmup makes the first rates smaller", () =>
    assertNear(rates(Schedule.warmup(4, Schedule.constant(0.2)), [0, 1, 3, 4, 9]), [0.05, 0.1, 0.2, 0.2, 0.2]))

  it("multiStep falls at its milestones", () =>
    assertNear(
      rates(Schedule.multiStep({ learningRate: 1, milestones: [3, 5], gamma: 0.1 }), [0, 2, 3, 4, 5, 9]),
      [1, 1, 0.1, 0.1, 0.01, 0.01]
    ))

  it("inverseTime halves when decay times step is 1", () =>
    assertNear(rates(Schedule.inverseTime({ learningRate: 0.4, decay: 0.1 }), [0, 10, 30]), [0.4, 0.2, 0.1]))

  it("inverseSquareRoot goes up in a line and down with the root", () =>
    assertNear(
      rates(Schedule.inverseSquareRoot({ learningRate: 1, warmup: 4 }), [0, 1, 3, 15, 63]),
      [0.25, 0.5, 1, 0.5, 0.25]
    ))

  it("cosineRestarts begins anew, after the same time or a longer one", () => {
    const even = Schedule.cosineRestarts({ learningRate: 1, period: 4, minimum: 0.2 })
    assertNear(rates(even, [0, 2, 4, 6, 400]), [1, 0.6, 1, 0.6, 1])
    const growing = Schedule.cosineRestarts({ learningRate: 1, period: 2, growth: 3 })
    // Periods begin at 0, 2, 8, 26.
    assertNear(rates(growing, [0, 1, 2, 5, 8, 17, 26]), [1, 0.5, 1, 0.5, 1, 0.5, 1])
    assert.throws(
      () => Schedule.cosineRestarts({ learningRate: 1, period: 2, growth: 1.5 }),
      "Schedule.cosineRestarts: expected growth to be a whole number from 1, received 1.5"
    )
  })

  it("cyclic goes up and down in triangles", () => {
    const even = Schedule.cyclic({ minimum: 0.1, maximum: 0.5, stepSize: 4 })
    assertNear(rates(even, [0, 2, 4, 6, 8, 12]), [0.1, 0.3, 0.5, 0.3, 0.1, 0.5])
    const shrinking = Schedule.cyclic({ minimum: 0, maximum: 1, stepSize: 1, gamma: 0.5 })
    assertNear(rates(shrinking, [0, 1, 2, 3]), [0, 0.5, 0, 0.125])
  })

  it("andThen begins the second schedule anew", () => {
    const schedule = Schedule.andThen(Schedule.constant(1), 3, Schedule.exponential({ learningRate: 1, gamma: 0.5 }))
    assertNear(rates(schedule, [0, 2, 3, 4]), [1, 1, 1, 0.5])
  })
})

it("a schedule computes in the dtype of the step", () => {
  const schedule = Schedule.oneCycle({ maximum: 0.1, totalSteps: 20 })
  assert.deepStrictEqual([schedule(Tensor.scalar(1)).dtype, schedule(Tensor.scalar(1, "f64")).dtype], ["f32", "f64"])
})

it("a schedule without steps is refused", () =>
  assert.throws(
    () => Schedule.cosine({ learningRate: 1, steps: 0 }),
    "Schedule.cosine: expected steps above 0, received 0"
  ))
