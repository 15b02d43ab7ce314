import { grad } from "@cotangent/autodiff/Gradient"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import { assert, it } from "vitest"
import * as Penalty from "../src/Penalty.ts"
import { assertNear, values } from "./values.ts"

const number = fc.double({ min: -2, max: 2, noNaN: true }).filter((x) => Math.abs(x) > 1e-3)
const row = fc.array(number, { minLength: 3, maxLength: 3 })

it("the gradient of l2 is the parameters times its strength, that of l1 their signs", () =>
  fc.assert(
    fc.property(row, fc.double({ min: 0, max: 2, noNaN: true }), (numbers, strength) => {
      const params = { weight: Tensor.of(numbers, "f64") }
      const l2 = grad((p: typeof params) => Penalty.l2(p, strength))(params)
      const l1 = grad((p: typeof params) => Penalty.l1(p, strength))(params)
      assertNear(
        values(l2.weight),
        numbers.map((x) => strength * x)
      )
      assertNear(
        values(l1.weight),
        numbers.map((x) => strength * Math.sign(x))
      )
    }),
    { numRuns: 30 }
  ))

it("penalties look at the paths that are selected, and add up", () => {
  const params = { weight: Tensor.of([[1, -2]]), bias: Tensor.of([3]) }
  assertNear(values(Penalty.l1(params, 2)), [12])
  assertNear(values(Penalty.l1(params, 2, (path) => path === "bias")), [6])
  assertNear(values(Penalty.l2(params, Tensor.of(2))), [14])
  assertNear(values(Penalty.l2(params, 1, () => false)), [0])
})

it("a strength below 0 is refused", () =>
  assert.throws(() => Penalty.l2({}, -1), "Penalty.l2: expected a strength from 0, received -1"))
