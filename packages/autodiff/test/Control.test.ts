import type { Application } from "@cotangent/tensor/Primitive"
import { applications } from "@cotangent/tensor/Program"
import * as T from "@cotangent/tensor/Tensor"
import { describe, expect, it } from "vitest"
import type { Truth } from "../src/index.ts"
import { associativeScan, cond, grad, jvp, map, scan, vjp, vmap, whileLoop } from "../src/index.ts"
import { of, values } from "./numeric.ts"

const scalar = (value: number) => of([], [value])
// Types of the reference's doubles are not those of literals.
const truth = (value: boolean) => of([], [value ? 1 : 0], "bool") as Truth

const named = (tensors: ReadonlyArray<T.Tensor>, name: string): ReadonlyArray<Application> =>
  applications(tensors).filter(({ primitive }) => primitive.name === name)

describe("cond", () => {
  const choose = (predicate: Truth, x: T.Tensor) =>
    cond(
      predicate,
      (y) => T.mul(y, y),
      (y) => T.neg(y),
      x
    )

  it("gives the value and the derivative of the branch that is taken", () => {
    for (const [taken, value, slope] of [
      [true, 9, 6],
      [false, -3, -1]
    ] as const) {
      const f = (x: T.Tensor) => choose(truth(taken), x)
      expect(values([f(scalar(3)), grad(f)(scalar(3)), jvp(f)([scalar(3)], [scalar(1)])[1]])).toEqual([
        [value],
        [slope],
        [slope]
      ])
    }
  })

  it("does not let NaN of the other branch into a derivative", () => {
    const root = (x: T.Tensor) =>
      cond(
        T.greater(x, 0) as Truth,
        (y) => T.sqrt(y),
        (y) => T.mul(y, 2),
        x
      )
    expect(values([root(scalar(-4)), grad(root)(scalar(-4))])).toEqual([[-8], [2]])
  })

  it("under vmap stays a choice where the predicate is shared, and chooses by example where it is not", () => {
    const xs = of([2], [2, 3])
    const shared = vmap((x: T.Tensor) => choose(truth(true), x))(xs)
    expect(named([shared], "cond").length).toBe(1)
    const own = vmap(choose as (p: T.Tensor, x: T.Tensor) => T.Tensor)(of([2], [1, 0], "bool"), xs)
    expect(named([own], "cond").length).toBe(0)
    expect(values([shared, own])).toEqual([
      [4, 9],
      [4, -3]
    ])
  })

  it("takes trees, and branches that need no operands", () => {
    const [a, b] = cond(
      truth(false),
      () => [scalar(1), scalar(2)] as const,
      () => [scalar(3), scalar(4)] as const
    )
    expect(values([a, b])).toEqual([[3], [4]])
    expect(
      cond(
        truth(true),
        () => undefined,
        () => undefined
      )
    ).toBeUndefined()
  })

  it("asks for a scalar of bool, and for branches of one type, naming the leaf", () => {
    const same = (x: T.Tensor) => x
    expect(() => cond(of([2], [1, 0], "bool") as never, same, same, scalar(1))).toThrow(
      "cond: expected the predicate to be a scalar, received [2]\n  hint: for a choice by element use Tensor.where"
    )
    expect(() => cond(scalar(1) as never, same, same, scalar(1))).toThrow(
      "cond: expected the predicate to be bool, received f64"
    )
    expect(() => cond(true as never, same, same, scalar(1))).toThrow(
      "cond: expected the predicate to be a tensor, received boolean"
    )
    const run = (other: (x: T.Tensor) => unknown) => () =>
      cond(
        truth(true),
        (x) => ({ h: x }),
        (x) => other(x) as { readonly h: T.Tensor },
        scalar(1)
      )
    expect(run((x) => ({ h: T.stack([x, x], 0) }))).toThrow(
      'cond: expected values of both branches of one shape at "h", received [] and [2]'
    )
    expect(run((x) => ({ h: T.cast(x, "f32") }))).toThrow(
      'cond: expected values of both branches of one dtype at "h", received f64 and f32'
    )
    expect(run((x) => [x])).toThrow(
      'cond: expected values of both branches for "h", received values of both branches for "0"'
    )
  })
})

describe("whileLoop", () => {
  const double = (x: T.Tensor) =>
    whileLoop(
      (y) => T.less(y, 100) as Truth,
      (y) => T.mul(y, 2),
      x
    )

  it("runs until the condition is false, perhaps never", () => {
    expect(values([double(scalar(3)), double(scalar(500))])).toEqual([[192], [500]])
  })

  it("carries tangents along", () => {
    expect(values([jvp(double)([scalar(3)], [scalar(1)])[1]])).toEqual([[64]])
  })

  it("under vmap keeps the examples that are done", () => {
    expect(values([vmap(double)(of([3], [3, 500, 60]))])).toEqual([[192, 500, 120]])
  })

  it("under vmap batches only what depends on the example, where the condition does not", () => {
    const f = (x: T.Tensor) =>
      whileLoop(
        ({ count }) => T.less(count, 3) as Truth,
        ({ count, y }) => ({ count: T.add(count, 1), y: T.mul(y, x) }),
        { count: scalar(0), y: scalar(1) }
      )
    const { count, y } = vmap(f)(of([2], [2, 3]))
    expect(values([count, y])).toEqual([
      [3, 3],
      [8, 27]
    ])
    const [loop] = named([y], "whileLoop")
    expect(loop.outputs.map(({ shape }) => shape)).toEqual([[], [2]])
  })

  it("in reverse mode refers to scan, unless nothing flows through it", () => {
    expect(() => grad(double)(scalar(3))).toThrow(/whileLoop: expected forward mode.*\n.*use scan/)
    const f = (x: T.Tensor) =>
      T.mul(
        x,
        T.cast(
          whileLoop(
            (n) => T.less(n, 5) as Truth,
            (n) => T.add(n, 1),
            of([], [0], "i32")
          ),
          "f64"
        )
      )
    expect(values([grad(f)(scalar(3))])).toEqual([[5]])
  })

  it("runs for no examples", () => {
    const halve = (x: T.Tensor) =>
      whileLoop(
        (y) => T.greater(y, 1) as Truth,
        (y) => T.div(y, 2),
        x
      )
    const none = vmap(halve as (x: T.Tensor<readonly []>) => T.Tensor)(T.zeros([0], "f64"))
    expect(values([none])).toEqual([[]])
  })

  it("asks for a state that keeps its type, and a condition of bool", () => {
    const run =
      (next: (h: T.Tensor) => unknown, test: (h: T.Tensor) => unknown = (h) => T.less(h, 1)) =>
      () =>
        whileLoop(
          ({ h }) => test(h) as Truth,
          ({ h }) => ({ h: next(h) as T.Tensor }),
          { h: scalar(0) }
        )
    expect(run((h) => T.stack([h, h], 0))).toThrow(
      'whileLoop: expected states of one shape at "h", received [] and [2]'
    )
    expect(run((h) => T.cast(h, "f32"))).toThrow('whileLoop: expected states of one dtype at "h", received f64 and f32')
    expect(
      run(
        (h) => h,
        (h) => h
      )
    ).toThrow("whileLoop: expected the condition to be bool, received f64")
  })
})

describe("associativeScan", () => {
  const sum = (x: T.Tensor, y: T.Tensor) => T.add(x, y)

  it.each([0, 1, 2, 3, 7, 8])("over %i slices gives the running combinations", (length) => {
    const xs = of(
      [length],
      Array.from({ length }, (_, i) => i + 1)
    )
    const sums = Array.from({ length }, (_, i) => ((i + 1) * (i + 2)) / 2)
    expect(values([associativeScan(sum, xs)])).toEqual([sums])
  })

  it("takes trees, in reverse combines from the end", () => {
    const line = associativeScan(
      (f, g) => ({ slope: T.mul(f.slope, g.slope), start: T.add(T.mul(f.start, g.slope), g.start) }),
      { slope: of([3], [1, 2, 3]), start: of([3], [1, 1, 1]) },
      { reverse: true }
    )
    expect(values([line.slope, line.start])).toEqual([
      [6, 6, 3],
      [4, 3, 1]
    ])
  })

  it("applies the combination about twice as often as the logarithm of the length", () => {
    const count = (length: number) => named([associativeScan(sum, T.zeros([length], "f64") as T.Tensor)], "add").length
    expect([2, 16, 1024].map(count)).toEqual([1, 7, 19])
  })

  it("asks for combinations like slices, and for sequences of one length", () => {
    expect(() =>
      associativeScan((x: T.Tensor, y: T.Tensor) => T.stack([x, y], 0), T.zeros([3], "f64") as T.Tensor)
    ).toThrow("associativeScan: expected combinations of one shape at the root, received [] and [2]")
    expect(() => associativeScan((x) => x, { a: T.zeros([3]), b: T.zeros([2]) })).toThrow(
      'associativeScan: expected sequences of 3 slices along axis 0, also at "b", received [2]'
    )
  })
})

describe("map", () => {
  it("runs slice by slice, over nothing gives nothing", () => {
    const f = (x: T.Tensor) => ({ sum: T.sum(x), twice: T.mul(x, 2) })
    const { sum, twice } = map(f, of([2, 2], [1, 2, 3, 4]) as T.Tensor)
    expect(values([sum, twice])).toEqual([
      [3, 7],
      [2, 4, 6, 8]
    ])
    expect(map(f, of([0, 2], []) as T.Tensor).sum.shape).toEqual([0])
  })

  it("has the gradient of what it maps", () => {
    const [, pull] = vjp((xs: T.Tensor) => map((x: T.Tensor) => T.mul(x, x), xs))(of([2], [3, 4]))
    expect(values(pull(of([2], [1, 10])))).toEqual([[6, 80]])
  })
})

describe("control inside control", () => {
  it("a loop of choices of loops", () => {
    const body = (c: T.Tensor, x: T.Tensor) => {
      const next = cond(
        T.less(c, 5) as Truth,
        (y) =>
          whileLoop(
            (z) => T.less(z, 10) as Truth,
            (z) => T.mul(z, 2),
            y
          ),
        (y) => T.sub(y, x),
        c
      )
      return [next, next] as const
    }
    const [last, items] = scan(body, scalar(3), of([3], [1, 8, 1]))
    expect(values([last, items])).toEqual([[16], [12, 4, 16]])
  })
})
