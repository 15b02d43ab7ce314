import { readdirSync } from "node:fs"
import { trace } from "@cotangent/tensor/Program"
import * as fc from "fast-check"
import { assert, describe, expect, it } from "vitest"
import { batched, directed } from "../src/directions.ts"
import { draw, modules, names, signatures } from "../src/generators.ts"
import { batchIsLoop } from "../src/laws/batching.ts"
import { jvpIsDifference, secondOrder, vjpIsAdjoint } from "../src/laws/differentiation.ts"
import { simplifiedIsEqual } from "../src/laws/simplification.ts"
import { valueHasType } from "../src/laws/typing.ts"
import type { Violation } from "../src/laws/Violation.ts"

const numRuns = Number(process.env["LAW_RUNS"] ?? 30)

const holds = <A>(law: (value: A) => Violation, arbitrary: fc.Arbitrary<A>): void =>
  fc.assert(
    fc.property(arbitrary, (value) => {
      const violation = law(value)
      if (violation !== undefined) assert.fail(violation)
    }),
    { numRuns }
  )

it("every module of primitives has its generators", () => {
  const folder = new URL("../../tensor/src/primitive/", import.meta.url)
  const files = readdirSync(folder).map((file) => file.replace(".ts", ""))
  expect(Object.keys(modules).toSorted()).toEqual(files.toSorted())
})

describe.each(names)("%s", (name) => {
  const signature = signatures[name]
  const differentiable = signature.chain(directed).filter(({ differentiable }) => differentiable.length > 0)
  const hasDerivative = fc.sample(signature.chain(draw), 50).some(({ differentiable }) => differentiable.length > 0)

  it("has values of the type that its rule states", () => {
    holds(valueHasType, signature.chain(draw))
  })

  it("has the same value for a batch as for each example", () => {
    holds(batchIsLoop, signature.chain(batched))
  })

  it("keeps its value when it is simplified", () => {
    holds(
      ({ apply, inputs }) => simplifiedIsEqual(trace(inputs, (...tensors) => [apply(tensors)]), inputs),
      signature.chain(draw)
    )
  })

  it.runIf(hasDerivative)("has a jvp that agrees with central differences", () => {
    holds(jvpIsDifference, differentiable)
  })

  it.runIf(hasDerivative)("has a vjp that is the adjoint of its jvp", () => {
    holds(vjpIsAdjoint, differentiable)
  })

  it.runIf(hasDerivative)("has a second derivative that agrees with central differences", () => {
    holds(secondOrder, differentiable)
  })
})
