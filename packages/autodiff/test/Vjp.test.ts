import type { Declaration } from "@cotangent/tensor/Primitive"
import { make } from "@cotangent/tensor/Primitive"
import { applications } from "@cotangent/tensor/Program"
import * as T from "@cotangent/tensor/Tensor"
import { describe, expect, it } from "vitest"
import { vjp } from "../src/index.ts"
import { pullback } from "../src/Vjp.ts"
import { of, values } from "./numeric.ts"

const scalar = (value: number) => of([], [value])

const identity: Declaration<1, void> = {
  name: "identity",
  arity: 1,
  type: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  element: ([x], index) => x.at(index),
  jvp: ({ tangents: [dx] }) => dx,
  vjp: ({ cotangent }) => [cotangent],
  batch: ({ inputs: [x] }) => x
}

/** How many applications `x` is computed by. */
const count = (x: T.Tensor | undefined): number => (x === undefined ? 0 : applications([x]).length)

describe("vjp", () => {
  it("pulls a cotangent of the value back to all primals", () => {
    const [value, pull] = vjp((x: T.Tensor, y: T.Tensor) => T.mul(x, y))(scalar(3), scalar(4))
    expect(values([value, ...pull(scalar(10))])).toEqual([[12], [40], [30]])
  })

  it("takes a cotangent for each leaf of the value and adds what meets", () => {
    const f = (x: T.Tensor) => ({ double: T.mul(x, 2), square: T.mul(x, x) })
    const [, pull] = vjp(f)(scalar(3))
    expect(values(pull({ square: scalar(1), double: scalar(10) }))).toEqual([[26]])
  })

  it("gives zeros for primals that the value does not read, and for integers", () => {
    const f = (x: T.Tensor, unread: T.Tensor, n: T.Tensor) => T.mul(x, T.cast(n, "f64"))
    const [, pull] = vjp(f)(scalar(2), T.zeros([2, 2], "f64"), of([], [3], "i32"))
    const [dx, dUnread, dn] = pull(scalar(1))
    expect(values([dx, dUnread, dn])).toEqual([[3], [0, 0, 0, 0], [0]])
    expect(dn.dtype).toBe("i32")
  })

  it("rejects a cotangent that is not like the value", () => {
    const [, pull] = vjp((x: T.Tensor) => [x])(T.zeros([2]))
    expect(() => pull([T.zeros([3])])).toThrow('vjp: expected cotangents of one shape at "0", received [2] and [3]')
    expect(() => pull([])).toThrow('vjp: expected cotangents for "0", received cotangents for nothing')
  })
})

describe("pullback", () => {
  it("takes any expressions as inputs, each as free", () => {
    const x = scalar(2)
    const hidden = T.mul(x, x)
    const output = T.mul(hidden, x)
    const [byHidden, byBoth] = [pullback([output], [hidden], [scalar(1)]), pullback([output], [hidden, x], [scalar(1)])]
    expect(values([byHidden[0]!])).toEqual([[2]])
    expect(values([byBoth[0]!, byBoth[1]!])).toEqual([[2], [4]])
  })

  it("gives undefined where there is nothing to pull back", () => {
    const [x, y] = [scalar(2), scalar(3)]
    expect(pullback([T.neg(x)], [y], [scalar(1)])).toEqual([undefined])
    expect(pullback([T.stopGradient(x)], [x], [scalar(1)])).toEqual([undefined])
    expect(pullback([T.neg(x)], [x], [undefined])).toEqual([undefined])
  })

  it("visits only what lies between inputs and outputs", () => {
    const visited: Array<string> = []
    const watched = (name: string) =>
      make<1>({
        ...identity,
        name,
        vjp: ({ cotangent }) => {
          visited.push(name)
          return [cotangent]
        }
      })
    const x = scalar(2)
    const before = watched("before")(x)
    const output = T.mul(watched("inside")(before), watched("aside")(scalar(1)))
    pullback([watched("after")(output), output], [before], [undefined, scalar(1)])
    expect(visited).toEqual(["inside"])
  })

  it("adds cotangents in an order that depends on the program alone", () => {
    const build = () => {
      const x = scalar(0.1)
      const y = T.add(T.mul(x, 3), T.add(T.exp(x), T.sin(x)))
      return applications([pullback([y], [x], [scalar(1)])[0]!]).map(({ primitive }) => primitive.name)
    }
    expect(build()).toEqual(build())
  })

  it("walks a chain of 100,000 applications", () => {
    const x = scalar(1)
    let y = x
    for (let i = 0; i < 100_000; i++) y = T.neg(y)
    const [cotangent] = pullback([y], [x], [scalar(3)])
    expect(count(cotangent)).toBe(100_001)
  })

  it("adds 100,000 cotangents of one input", () => {
    const x = scalar(1)
    let y = x
    for (let i = 0; i < 100_000; i++) y = T.add(y, x)
    const [cotangent] = pullback([y], [x], [scalar(1)])
    expect(count(cotangent)).toBe(100_001)
  })
})
