import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import * as DTypes from "@cotangent/tensor/DType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Eq } from "fp-ts/lib/Eq.js"
import * as N from "fp-ts/lib/number.js"
import type { Show } from "fp-ts/lib/Show.js"
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import { dtype, hostArray, shape, tensor, tree } from "../src/index.ts"
import * as Any from "./generators.ts"
import * as Laws from "./laws.ts"

interface Instance<A> {
  readonly Eq: Eq<A>
  readonly Show: Show<A>
}

const check = <A>(title: string, { Eq, Show }: Instance<A>, values: fc.Arbitrary<A>): void =>
  Laws.testLaws(
    title,
    { ...Laws.eq(Eq), "equal values look the same": (x, y) => !Eq.equals(x, y) || Show.show(x) === Show.show(y) },
    { values, numRuns: 200 }
  )

check("Eq and Show of dtypes", dtype, fc.constantFrom(...DTypes.all))
check("Eq and Show of shapes", shape, fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 3 }))
check<HostArray>("Eq and Show of arrays", hostArray, Any.hostArray)
check("Eq and Show of tensors", tensor, Any.expression)
check("Eq and Show of types", { Eq: tensor.EqType, Show: tensor.ShowType }, Any.hostArray)
check(
  "Eq and Show of trees",
  { Eq: tree.getEq(N.Eq), Show: tree.getShow(N.Show) },
  Any.tree.map((self) => tree.map((x: Tensor.Tensor) => Any.valueOf(x).data[0])(tree.fromTensors(self)))
)

describe("Eq of arrays", () => {
  const of = (value: number, type: "f32" | "f64" = "f64"): HostArray => make([1], type, [value])

  it("tells apart what an operation could tell apart", () => {
    assert.isFalse(hostArray.Eq.equals(of(0), of(-0)))
    assert.isFalse(hostArray.Eq.equals(of(1), of(1, "f32")))
    assert.isFalse(hostArray.Eq.equals(of(1), make([], "f64", [1])))
    assert.isTrue(hostArray.Eq.equals(of(Number.NaN), of(Number.NaN)))
  })

  it("shows type and elements", () => assert.strictEqual(hostArray.Show.show(make([2], "f32", [1, 2])), "f32[2](1, 2)"))
})

describe("Eq of tensors", () => {
  it("gives equal values to equal expressions", () =>
    fc.assert(
      fc.property(Any.expression, Any.expression, (x, y) => {
        fc.pre(tensor.Eq.equals(x, y))
        assert.isTrue(hostArray.Eq.equals(Any.valueOf(x), Any.valueOf(y)))
      }),
      { numRuns: 50 }
    ))

  it("sees operations, parameters, data and which output it is", () => {
    const x = Tensor.of([[1, 2]])
    assert.isTrue(tensor.Eq.equals(Tensor.sum(x, 0), Tensor.sum(Tensor.of([[1, 2]]), 0)))
    assert.isFalse(tensor.Eq.equals(Tensor.sum(x, 0), Tensor.sum(x, 1)))
    assert.isFalse(tensor.Eq.equals(Tensor.exp(x), Tensor.log(x)))
    assert.isFalse(tensor.Eq.equals(Tensor.full([], 0), Tensor.full([], -0)))
    assert.isFalse(tensor.Eq.equals(Tensor.sub(x, Tensor.neg(x)), Tensor.sub(Tensor.neg(x), x)))
  })

  it("does not overflow the stack", () => {
    const chain = (): Tensor.Tensor => {
      let x: Tensor.Tensor = Tensor.of(1)
      for (let i = 0; i < 100_000; i++) x = Tensor.neg(x)
      return x
    }
    assert.isTrue(tensor.Eq.equals(chain(), chain()))
  })

  it("shows operation and type", () =>
    assert.strictEqual(tensor.Show.show(Tensor.neg(Tensor.zeros([2, 3]))), "neg(…): f32[2, 3]"))
})

describe("Eq of trees", () => {
  it("sees what leaves no trace in paths", () => {
    const { equals } = tree.getEq(tensor.EqType)
    const x = Tensor.of(1)
    assert.isFalse(equals(tree.fromTensors([x]), tree.fromTensors({ 0: x })))
    assert.isFalse(equals(tree.fromTensors([x]), tree.fromTensors([x, undefined])))
    assert.isTrue(equals(tree.fromTensors([x]), tree.fromTensors([Tensor.of(2)])))
  })

  it("shows a tree that is a leaf as the leaf", () =>
    assert.strictEqual(tree.getShow(tensor.ShowType).show(tree.fromTensors(Tensor.of(1))), "f32[]"))
})
