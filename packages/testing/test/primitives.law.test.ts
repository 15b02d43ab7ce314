import { readdirSync } from "node:fs"
import * as DTypes from "@cotangent/tensor/DType"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { batched, directed } from "../src/directions.ts"
import { programOf, recast } from "../src/Case.ts"
import { cases, modules, names, signatures } from "../src/generators.ts"
import { batchIsLoop, jvpIsDifference, secondOrder, vjpIsAdjoint } from "../src/derivatives.ts"
import { simplifiedIsEqual } from "../src/laws/simplification.ts"
import { valueHasType } from "../src/laws/typing.ts"
import { counterexample } from "./laws.ts"

it("every module of primitives has its generators", () => {
  const folder = new URL("../../tensor/src/primitive/", import.meta.url)
  const files = readdirSync(folder).map((file) => file.replace(".ts", ""))
  expect(Object.keys(modules).toSorted()).toEqual(files.toSorted())
})

const floats = DTypes.all.filter(DTypes.isFloat)

describe.each(names)("%s", (name) => {
  const signature = signatures[name]
  const given = cases[name]

  it.each(floats)("has values of the type that its rule states in %s", (dtype) => {
    expect(
      counterexample(
        valueHasType,
        given.map((each) => recast(each, dtype))
      )
    ).toBeUndefined()
  })

  it("has the same value for a batch as for each example", () => {
    expect(counterexample(batchIsLoop, signature.chain(batched))).toBeUndefined()
  })

  it("keeps its value when it is simplified", () => {
    expect(counterexample((given) => simplifiedIsEqual(programOf(given), given.inputs), given)).toBeUndefined()
  })

  const differentiable = signature.chain(directed).filter((directed) => directed.differentiable.length > 0)
  if (!fc.sample(given, { numRuns: 50, seed: 1 }).some(({ differentiable }) => differentiable.length > 0)) return

  it("has a jvp that agrees with central differences", () => {
    expect(counterexample(jvpIsDifference, differentiable)).toBeUndefined()
  })

  it("has a vjp that is the adjoint of its jvp", () => {
    expect(counterexample(vjpIsAdjoint, differentiable)).toBeUndefined()
  })

  it("has a second derivative that agrees with central differences", () => {
    expect(counterexample(secondOrder, differentiable)).toBeUndefined()
  })
})
