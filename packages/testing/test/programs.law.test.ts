import { describe, expect, it } from "vitest"
import { batched, directed, withGradients } from "../src/directions.ts"
import { batchIsLoop, jvpIsDifference, secondOrder, vjpIsAdjoint } from "../src/derivatives.ts"
import { simplifiedIsEqual } from "../src/laws/simplification.ts"
import { programs } from "../src/programs.ts"
import { counterexample } from "./laws.ts"

describe("a random program", () => {
  const small = { extents: [1, 2, 3], largest: 12 }

  it("has a jvp that agrees with central differences", () => {
    expect(counterexample(jvpIsDifference, programs({ ...small, isSmooth: true }).chain(directed))).toBeUndefined()
  })

  it("has a vjp that is the adjoint of its jvp", () => {
    expect(counterexample(vjpIsAdjoint, programs(small).chain(directed))).toBeUndefined()
  })

  it("has a second derivative that agrees with central differences", () => {
    expect(counterexample(secondOrder, programs({ ...small, isSmooth: true }).chain(directed))).toBeUndefined()
  })

  it("has the same value for a batch as for each example", () => {
    expect(counterexample(batchIsLoop, programs(small).chain(batched))).toBeUndefined()
  })

  it("keeps its value and its gradients when it is simplified", () => {
    expect(
      counterexample(
        ({ inputs, program }) => simplifiedIsEqual(program, inputs),
        programs(small).chain(directed).map(withGradients)
      )
    ).toBeUndefined()
  })
})
