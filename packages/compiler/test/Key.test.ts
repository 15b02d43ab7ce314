import { assert, describe, it } from "vitest"
import { make as hostArray } from "@cotangent/tensor/HostArray"
import { constant, full } from "@cotangent/tensor/primitive/leaf"
import { add, neg, sum } from "@cotangent/tensor/primitive/linear"
import type { AnyPrimitive, Tensor } from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"
import type { Program } from "@cotangent/tensor/Program"
import { parameter, trace } from "@cotangent/tensor/Program"
import * as Key from "../src/Key.ts"

const f32 = (...shape: ReadonlyArray<number>) => ({ shape, dtype: "f32" as const })

const filled = (value: number): Tensor => full({ ...f32(), value })

/** An operation without rules but `key`, for structures only. */
const opaque = (name: string, key?: AnyPrimitive["key"]): AnyPrimitive => ({
  name,
  type: () => [f32()],
  lowering: { kind: "routine", evaluate: () => [] },
  jvp: () => [],
  vjp: () => [],
  batch: () => [],
  ...(key === undefined ? {} : { key })
})

const of = (...results: ReadonlyArray<Tensor>): Program => ({ parameters: [], results })

describe("structural keys", () => {
  it("are equal for functions traced twice", () => {
    const key = Key.make()
    const f = () => trace([f32(3), f32(3)], (x, y) => [sum(add(x, neg(y)), { axes: [0] })])
    assert.strictEqual(key(f()), key(f()))
  })

  it("tell shapes, dtypes, operations, the order of inputs and results apart", () => {
    const key = Key.make()
    const programs = [
      trace([f32(3), f32(3)], (x, y) => [add(x, y)]),
      trace([f32(3), f32(3)], (x, y) => [add(y, x)]),
      trace([f32(3), f32(3)], (x) => [add(x, x)]),
      trace([f32(4), f32(4)], (x, y) => [add(x, y)]),
      trace([f32(3), f32(3)], (x, y) => [add(x, y), x]),
      trace([f32(3), f32(3)], (x, y) => [x, add(x, y)]),
      trace(
        [
          { ...f32(3), dtype: "f64" },
          { ...f32(3), dtype: "f64" }
        ],
        (x, y) => [add(x, y)]
      ),
      trace([f32(3)], (x) => [add(x, x)])
    ]
    assert.strictEqual(new Set(programs.map(key)).size, programs.length)
  })

  it("tell a shared part from a part that is built twice", () => {
    const key = Key.make()
    const shared = trace([f32()], (x) => [((y) => add(y, y))(neg(x))])
    const twice = trace([f32()], (x) => [add(neg(x), neg(x))])
    assert.notStrictEqual(key(shared), key(twice))
  })

  it("tell NaN, infinities and the zeros apart", () => {
    const key = Key.make()
    const values = [Number.NaN, Infinity, -Infinity, 0, -0, 1]
    assert.strictEqual(new Set(values.map((value) => key(of(filled(value))))).size, values.length)
    assert.strictEqual(key(of(filled(Number.NaN))), key(of(filled(Number.NaN))))
  })

  it("do not depend on the order of a parameter's keys", () => {
    const key = Key.make()
    const results = [full({ shape: [2], dtype: "f32", value: 1 }), full({ value: 1, dtype: "f32", shape: [2] })]
    assert.strictEqual(key(of(results[0])), key(of(results[1])))
  })

  it("tell primitives apart that share a name", () => {
    const key = Key.make()
    const [one, other] = [opaque("custom"), opaque("custom")]
    assert.notStrictEqual(key(of(apply(one, [])[0])), key(of(apply(other, [])[0])))
    assert.strictEqual(key(of(apply(one, [])[0])), key(of(apply(one, [])[0])))
  })

  it("count data by identity, unless it stands for a parameter", () => {
    const key = Key.make()
    const [a, b] = [constant(hostArray([2], "f32", [1, 2])), constant(hostArray([2], "f32", [1, 2]))]
    assert.notStrictEqual(key(of(neg(a))), key(of(neg(b))))
    const over = (leaf: Tensor): Program => ({ parameters: [leaf], results: [neg(leaf)] })
    assert.strictEqual(key(over(a)), key(over(b)))
    assert.strictEqual(key(over(a)), key(over(parameter(f32(2)))))
  })

  it("compare nested programs by their structure, and by which outer tensors they read", () => {
    const key = Key.make()
    const call = opaque("call", (body, nested) => nested(body as Program))
    const calling = (body: (x: Tensor, y: Tensor) => Tensor): Program =>
      trace([f32(), f32()], (x, y) =>
        apply(
          call,
          [x],
          trace([f32()], (z) => [add(body(x, y), z)])
        )
      )
    assert.strictEqual(key(calling((x) => neg(x))), key(calling((x) => neg(x))))
    assert.notStrictEqual(key(calling((x) => x)), key(calling((_, y) => y)))
    assert.notStrictEqual(key(calling((x) => x)), key(calling((x) => neg(x))))
  })

  it("do not overflow the stack for a chain of 100,000 applications", () => {
    const program = trace([f32()], (x) => {
      let y = x
      for (let i = 0; i < 100_000; i++) y = neg(y)
      return [y]
    })
    assert.isAbove(Key.make()(program).length, 100_000)
  })
})
