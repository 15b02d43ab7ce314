import { applications } from "@cotangent/tensor/Program"
import type { Call } from "@cotangent/tensor/Primitive"
import * as T from "@cotangent/tensor/Tensor"
import { describe, expect, it } from "vitest"
import { checkpoint, evalShape, grad, linearize, vjp } from "../src/index.ts"
import { of, values } from "./numeric.ts"

const scalar = (value: number) => of([], [value])

const callsOf = (tensor: T.Tensor): ReadonlyArray<Call> =>
  applications([tensor]).flatMap(({ params, primitive: { lowering } }) =>
    lowering.kind === "call" ? [lowering.call(params)] : []
  )
const namesIn = ({ body }: Call): ReadonlyArray<string> =>
  applications(body.results).map(({ primitive }) => primitive.name)

describe("checkpoint", () => {
  const f = (x: T.Tensor) => T.sin(T.exp(T.mul(x, x)))

  it("has the value and the derivatives of the function", () => {
    const g = checkpoint(f)
    const at = scalar(0.3)
    expect(values([g(at), grad(g)(at), grad(grad(g))(at)])).toEqual(values([f(at), grad(f)(at), grad(grad(f))(at)]))
  })

  it("in reverse mode computes its values again, in isolation", () => {
    const calls = callsOf(grad(checkpoint(f))(scalar(0.3)))
    expect(calls.map(({ isolated }) => isolated)).toEqual([true])
    expect(namesIn(calls[0])).toContain("exp")
  })

  it("does not compute again what the policy keeps", () => {
    const policy = ({ application }: T.Tensor): boolean => application.primitive.name === "exp"
    const calls = callsOf(grad(checkpoint(f, { policy }))(scalar(0.3)))
    expect(calls.map(({ isolated }) => isolated)).toEqual([false, true])
    expect(namesIn(calls[1])).not.toContain("exp")
    expect(calls[0].body.results.length).toBe(2)
  })

  it("takes trees and what it closes over as arguments", () => {
    const g = (w: T.Tensor) =>
      checkpoint(({ x }: { readonly x: T.Tensor }) => ({ y: T.mul(T.exp(x), w), z: x }))({ x: scalar(0) }).y
    expect(values([grad(g)(scalar(2))])).toEqual([[1]])
    const [, pull] = vjp(checkpoint((n: T.Tensor, x: T.Tensor) => T.mul(T.cast(n, x.dtype), x)))(
      of([], [3], "i32"),
      scalar(2)
    )
    expect(values(pull(scalar(1)))).toEqual([[0], [3]])
  })
})

describe("linearize", () => {
  it("gives the value and a linear function whose value is computed once", () => {
    const [value, linear] = linearize((x: T.Tensor, y: T.Tensor) => T.mul(T.exp(x), y), scalar(0), scalar(3))
    const directions = [linear(scalar(1), scalar(0)), linear(scalar(0), scalar(1)), linear(scalar(2), scalar(5))]
    expect(values([value, ...directions])).toEqual([[3], [3], [1], [11]])
    expect(applications(directions).filter(({ primitive }) => primitive.name === "exp").length).toBe(1)
  })

  it("asks for tangents like the primals", () => {
    const [, linear] = linearize((x: T.Tensor) => x, scalar(0))
    expect(() => linear(of([2], [1, 2]))).toThrow(
      'linearize: expected tangents of one shape at "0", received [] and [2]'
    )
  })
})

describe("evalShape", () => {
  it("gives the types of a tree of results for types or tensors", () => {
    const f = ({ w }: { readonly w: T.Tensor }, x: T.Tensor) => ({ y: [T.matmul(x, w)], n: T.argMax(x, 1) })
    const types = evalShape(f, { w: { shape: [3, 4], dtype: "f32" } }, T.zeros([2, 3]))
    expect(types).toEqual({ y: [{ shape: [2, 4], dtype: "f32" }], n: { shape: [2], dtype: "i32" } })
  })

  it("throws what the function throws", () => {
    const f = (x: T.Tensor, y: T.Tensor) => T.matmul(x, y)
    expect(() => evalShape(f, { shape: [2, 3], dtype: "f32" }, { shape: [4, 5], dtype: "f32" })).toThrow(/matmul/)
  })
})
