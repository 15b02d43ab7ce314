import * as Bilinear from "@cotangent/tensor/primitive/bilinear"
import { cos, sin } from "@cotangent/tensor/primitive/elementwise"
import { neg } from "@cotangent/tensor/primitive/linear"
import type { AnyPrimitive } from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"
import { describe, expect, it } from "vitest"
import * as Arrays from "@cotangent/gradcheck/arrays"
import { batched, directed } from "../src/directions.ts"
import type { Case, Signature } from "../src/Case.ts"
import { draw, programOf } from "../src/Case.ts"
import { batchIsLoop, jvpIsDifference, secondOrder, vjpIsAdjoint } from "../src/derivatives.ts"
import { simplifiedIsEqual } from "../src/laws/simplification.ts"
import { valueHasType } from "../src/laws/typing.ts"
import type { Violation } from "../src/laws/Violation.ts"
import { counterexample } from "./laws.ts"

/** The sine with some of its rules replaced. */
const sine = (rules: Partial<AnyPrimitive>): Signature => ({
  name: "sine",
  inputs: [Arrays.array([2, 2], "f64", Arrays.reals)],
  apply: (inputs) => apply({ ...sin.primitive, ...rules }, inputs)[0],
  differentiable: [0]
})

describe("a law finds", () => {
  it("a tangent of the wrong sign", () => {
    const wrong = sine({ jvp: ({ inputs: [x], tangents: [dx] }) => [dx && neg(Bilinear.mul(dx, cos(x)))] })
    expect(counterexample(jvpIsDifference, directed(wrong))).toContain("jvp: expected")
  })

  it("a cotangent of the wrong sign", () => {
    const wrong = sine({ vjp: ({ cotangents: [c], inputs: [x] }) => [c && neg(Bilinear.mul(c, cos(x)))] })
    expect(counterexample(vjpIsAdjoint, directed(wrong))).toContain("vjp against jvp: expected")
  })

  it("a derivative that is right itself but has a wrong derivative", () => {
    const still = sine({ jvp: () => [undefined] })
    const wrong = sine({
      vjp: ({ cotangents: [c], inputs }) => [c && Bilinear.mul(c, neg(still.apply([neg(cos(inputs[0]))])))]
    })
    expect(counterexample(secondOrder, directed(wrong))).toContain("expected")
  })

  it("a batch of other values", () => {
    const wrong = sine({ batch: ({ inputs: [x] }) => [neg(x)] })
    expect(counterexample(batchIsLoop, batched(wrong))).toContain("vmap against map")
  })

  it("a value of another type", () => {
    const wrong = sine({ lowering: { kind: "routine", evaluate: ([x]) => [{ ...x, shape: [4] }] } })
    expect(counterexample(valueHasType, draw(wrong))).toContain("expected f64[2, 2], received f64[4]")
  })

  it("a simplification that changes the value", () => {
    const wrong = sine({ simplify: ({ inputs: [x] }) => x })
    const law = (given: Case): Violation => simplifiedIsEqual(programOf(given), given.inputs)
    expect(counterexample(law, draw(wrong))).toContain("result 0")
  })
})
