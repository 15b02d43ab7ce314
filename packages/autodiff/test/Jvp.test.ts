import { applications } from "@cotangent/tensor/Program"
import * as T from "@cotangent/tensor/Tensor"
import { describe, expect, it } from "vitest"
import { grad, jvp } from "../src/index.ts"
import { pushforward } from "../src/Jvp.ts"
import { of, values } from "./numeric.ts"

const scalar = (value: number) => of([], [value])

describe("jvp", () => {
  it("gives the value and its derivative along the tangents", () => {
    const product = (x: T.Tensor, y: T.Tensor) => T.mul(x, y)
    const [value, tangent] = jvp(product)([scalar(3), scalar(4)], [scalar(1), scalar(10)])
    expect(values([value, tangent])).toEqual([[12], [34]])
  })

  it("takes and gives trees", () => {
    const f = ({ a, b }: { readonly a: T.Tensor; readonly b: ReadonlyArray<T.Tensor> }) => ({
      sum: T.add(a, b[0]),
      all: [T.mul(a, a), b[0]]
    })
    const primal = { a: scalar(2), b: [scalar(5)] }
    const [, tangent] = jvp(f)([primal], [{ b: [scalar(7)], a: scalar(1) }])
    expect(values([tangent.sum, ...tangent.all])).toEqual([[8], [4], [7]])
  })

  it("gives zeros where a result does not move, integers included", () => {
    const f = (x: T.Tensor) => ({ fixed: scalar(1), floor: T.floor(x), whole: T.cast(x, "i32") })
    const [, { fixed, floor, whole }] = jvp(f)([scalar(2.5)], [scalar(1)])
    expect(values([fixed, floor, whole])).toEqual([[0], [0], [0]])
    expect(whole.dtype).toBe("i32")
  })

  it("does not move integers, whatever stands for their tangents", () => {
    const f = (x: T.Tensor, n: T.Tensor) => T.mul(x, T.cast(n, "f64"))
    const count = of([], [3], "i32")
    const [, tangent] = jvp(f)([scalar(2), count], [scalar(1), count])
    expect(values([tangent])).toEqual([[3]])
  })

  it("tells an argument from the same tensor in a closure", () => {
    const x = scalar(3)
    const [, tangent] = jvp((y: T.Tensor) => T.mul(x, y))([x], [scalar(1)])
    expect(values([tangent])).toEqual([[3]])
  })

  it("does not confuse the perturbations of nested derivatives", () => {
    // d/dx x · d/dy (x + y) = 1, where a confusion gives 2.
    const inner = (x: T.Tensor) => grad((y: T.Tensor) => T.add(x, y))(scalar(1))
    const [, tangent] = jvp((x: T.Tensor) => T.mul(x, inner(x)))([scalar(5)], [scalar(1)])
    expect(values([tangent])).toEqual([[1]])
  })

  it("rejects tangents that are not like the primals, naming the leaf", () => {
    const f = ({ w }: { readonly w: T.Tensor }) => w
    const primal = { w: T.zeros([2]) }
    expect(() => jvp(f)([primal], [{ w: T.zeros([3]) }])).toThrow(
      'jvp: expected tangents of one shape at "0.w", received [2] and [3]'
    )
    expect(() => jvp(f)([primal], [{ w: T.zeros([2], "f64") }])).toThrow(
      'jvp: expected tangents of one dtype at "0.w", received f32 and f64'
    )
    expect(() => jvp(f)([primal], [{ v: T.zeros([2]) } as never])).toThrow(
      'jvp: expected tangents for "0.w", received tangents for "0.v"'
    )
  })
})

describe("pushforward", () => {
  it("takes any expressions as inputs and leaves undefined what does not move", () => {
    const x = scalar(2)
    const hidden = T.mul(x, x)
    const outputs = [T.mul(hidden, x), T.neg(x)]
    const [moved, still] = pushforward(outputs, [hidden], [scalar(1)])
    expect(values([moved!])).toEqual([[2]])
    expect(still).toBeUndefined()
  })

  it("gives the tangent itself where an output is an input", () => {
    const [x, dx] = [scalar(2), scalar(7)]
    expect(pushforward([x], [x], [dx])).toEqual([dx])
  })

  it("walks a chain of 100,000 applications", () => {
    const x = scalar(1)
    let y = x
    for (let i = 0; i < 100_000; i++) y = T.neg(y)
    const [tangent] = pushforward([y], [x], [scalar(3)])
    expect(applications([tangent!]).length).toBe(100_001)
  })
})
