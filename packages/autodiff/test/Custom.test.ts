import * as T from "@cotangent/tensor/Tensor"
import { describe, expect, it } from "vitest"
import { checkpoint, customJvp, customVjp, grad, hessian, jvp, scan, vjp, vmap } from "../src/index.ts"
import { of, values } from "./numeric.ts"

const scalar = (value: number) => of([], [value])
const square = (x: T.Tensor) => T.mul(x, x)

/** `x²` whose derivative is said to be `3 x`. */
const strange = customVjp(
  square,
  (x) => [square(x), x],
  (x, cotangent) => [T.mul(cotangent, T.mul(x, 3))]
)

describe("customVjp", () => {
  it("gives the value of the function and the derivative of the rule", () => {
    const [value, pull] = vjp(strange)(scalar(5))
    expect(values([value, ...pull(scalar(10))])).toEqual([[25], [150]])
  })

  it("in forward mode takes the transpose of the rule", () => {
    expect(values([jvp(strange)([scalar(5)], [scalar(10)])[1]])).toEqual([[150]])
    expect(values([hessian(strange)(scalar(5))])).toEqual([[3]])
  })

  it("passes cotangents through trees, to integers none, and zeros where the rule says undefined", () => {
    const f = customVjp(
      ({ a, n }: { readonly a: T.Tensor; readonly n: T.Tensor }, b: T.Tensor) => ({ y: T.mul(a, b), m: T.add(n, 1) }),
      ({ a, n }, b) => [{ y: T.mul(a, b), m: T.add(n, 1) }, b],
      (b, { y }) => [{ a: T.mul(y, b), n: T.zeros([], "i32") }, undefined]
    )
    const [{ m, y }, pull] = vjp(f)({ a: scalar(2), n: of([], [7], "i32") }, scalar(3))
    const [{ a, n }, b] = pull({ y: scalar(10), m: of([], [1], "i32") })
    expect(values([y, m, a, n, b])).toEqual([[6], [8], [30], [0], [0]])
  })

  it("may clip a gradient", () => {
    const clip = customVjp(
      (x: T.Tensor) => x,
      (x) => [x, undefined],
      (_, cotangent) => [T.minimum(T.maximum(cotangent, -1), 1)]
    )
    expect(values([grad((x: T.Tensor) => T.sum(T.mul(clip(x), of([3], [0.5, 7, -9]))))(of([3], [1, 2, 3]))])).toEqual([
      [0.5, 1, -1]
    ])
  })

  it("under vmap sums the cotangents of what examples share", () => {
    const product = customVjp(
      (w: T.Tensor, x: T.Tensor): T.Tensor => T.mul(w, x),
      (w, x) => [T.mul(w, x), [w, x] as const],
      ([w, x], cotangent) => [T.mul(cotangent, x), T.mul(cotangent, w)]
    )
    const loss = (w: T.Tensor, xs: T.Tensor) =>
      T.sum(vmap((v: T.Tensor, x: T.Tensor) => product(v, x), { inAxes: [null, 0] })(w, xs))
    const at = [scalar(2), of([3], [1, 10, 100])] as const
    expect(values([grad(loss)(...at), grad(loss, { argument: 1 })(...at)])).toEqual([[111], [2, 2, 2]])
  })

  it("reads what it closes over, and refuses a derivative by it", () => {
    const f = (w: T.Tensor) =>
      customVjp(
        (x: T.Tensor) => T.mul(x, w),
        (x) => [T.mul(x, w), undefined],
        (_, cotangent) => [T.mul(cotangent, w)]
      )(scalar(3))
    expect(values([f(scalar(2))])).toEqual([[6]])
    const refused = "expected derivatives by arguments of the function alone, received a derivative by f64[], which it"
    expect(() => grad(f)(scalar(2))).toThrow(`customVjp: ${refused}`)
    expect(() => jvp(f)([scalar(2)], [scalar(1)])).toThrow(`customVjp: ${refused}`)
  })

  it("has rules that follow what the function closes over into loops and batches", () => {
    const run = (w: T.Tensor) => {
      const f = (v: T.Tensor, c: T.Tensor) =>
        customVjp(
          (x: T.Tensor) => T.mul(x, v),
          (x) => [T.mul(x, v), undefined],
          (_, cotangent) => [T.mul(cotangent, v)]
        )(c)
      return grad((x: T.Tensor) => scan((c: T.Tensor) => [f(w, c), undefined] as const, x, undefined, { length: 3 })[0])
    }
    expect(values([run(scalar(2))(scalar(1))])).toEqual([[8]])
    const [many] = [vmap((w: T.Tensor) => run(w)(scalar(1)))(of([2], [2, 3]))]
    expect(values([many])).toEqual([[8, 27]])
  })

  it("asks forward for the types of the function, and backward for those of the arguments", () => {
    const other = customVjp(
      square,
      (x) => [T.stack([x, x], 0), x],
      (x) => [x]
    )
    expect(() => grad(other)(scalar(1))).toThrow(
      "customVjp: expected values of the function and of forward of one shape at the root, received [] and [2]"
    )
    const wrong = (result: unknown) =>
      grad(
        customVjp(
          square,
          (x) => [square(x), x],
          () => result as never
        )
      )
    expect(() => wrong([of([2], [1, 2])])(scalar(1))).toThrow(
      "customVjp: expected cotangents of argument 0 of one shape at the root, received [] and [2]"
    )
    expect(() => wrong([])(scalar(1))).toThrow("customVjp: expected cotangents of 1 arguments, received 0 of them")
    expect(() => wrong({})(scalar(1))).toThrow("customVjp: expected cotangents of 1 arguments, received object")
  })
})

describe("customJvp", () => {
  const odd: typeof square = customJvp(square, ([x], [dx]) => T.mul(dx, T.mul(x, 3)))

  it("gives the value of the function and the derivative of the rule in both modes", () => {
    expect(values(jvp(odd)([scalar(5)], [scalar(10)]))).toEqual([[25], [150]])
    expect(values([grad(odd)(scalar(5)), grad(grad(odd))(scalar(5))])).toEqual([[15], [3]])
  })

  it("may be used by its own rule, and in a checkpoint", () => {
    const exp = customJvp(
      (x: T.Tensor): T.Tensor => T.exp(x),
      ([x], [dx]): T.Tensor => T.mul(dx, exp(x))
    )
    const third = grad(grad(grad(checkpoint(exp))))
    expect(values([third(scalar(0))])).toEqual([[1]])
  })

  it("asks for a tangent like the value", () => {
    const wrong = customJvp(square, () => of([2], [1, 2]))
    expect(() => jvp(wrong)([scalar(1)], [scalar(1)])).toThrow(
      "customJvp: expected tangents of one shape at the root, received [] and [2]"
    )
  })
})
