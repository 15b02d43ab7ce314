import type { Application, Loop } from "@cotangent/tensor/Primitive"
import { dotGeneral } from "@cotangent/tensor/primitive/bilinear"
import { applications } from "@cotangent/tensor/Program"
import { run } from "@cotangent/tensor/Reference"
import * as T from "@cotangent/tensor/Tensor"
import { describe, expect, it } from "vitest"
import { checkpoint, grad, jvp, scan, vjp, vmap } from "../src/index.ts"
import { of, values } from "./numeric.ts"

const scalar = (value: number) => of([], [value])

const running = (sum: T.Tensor, x: T.Tensor) => {
  const next = T.add(sum, x)
  return [next, next] as const
}

const loopsOf = (tensor: T.Tensor): ReadonlyArray<Loop> => {
  const loopOf = ({ params, primitive: { lowering } }: Application): ReadonlyArray<Loop> =>
    lowering.kind === "loop" ? [lowering.loop(params)] : []
  return applications([tensor]).flatMap(loopOf)
}

describe("scan", () => {
  it("passes a carry from run to run and stacks the items", () => {
    expect(values(scan(running, scalar(0), of([3], [1, 2, 3])))).toEqual([[6], [1, 3, 6]])
  })

  it("shows an observer of the reference its body as often as it runs", () => {
    const [last] = scan(running, scalar(0), of([3], [1, 2, 3]))
    const totals: Array<number> = []
    run({ parameters: [], results: [last] }, [], ({ primitive }, [{ data }]) => {
      if (primitive.name === "add") totals.push(data[0])
    })
    expect(totals).toEqual([1, 3, 6])
  })

  it("in reverse runs from the last slice, and items keep the places of their slices", () => {
    expect(values(scan(running, scalar(0), of([3], [1, 2, 3]), { reverse: true }))).toEqual([[6], [6, 5, 3]])
  })

  it("takes trees, and undefined where there is nothing", () => {
    const body = ({ a, b }: { readonly a: T.Tensor; readonly b: T.Tensor }) =>
      [{ b: a, a: T.add(a, b) }, undefined] as const
    const [last, items] = scan(body, { a: scalar(1), b: scalar(0) }, undefined, { length: 10 })
    expect(values([last.a, last.b])).toEqual([[89], [55]])
    expect(items).toBeUndefined()
  })

  it("over nothing gives the first carry and empty items, and passes cotangents through", () => {
    const [last, items] = scan(running, scalar(7), T.zeros([0], "f64"))
    expect(values([last])).toEqual([[7]])
    expect(items.shape).toEqual([0])
    const [, pull] = vjp(
      (init: T.Tensor, w: T.Tensor) => scan((c: T.Tensor) => [T.mul(c, w), c], init, undefined, { length: 0 })[0]
    )(scalar(7), scalar(2))
    expect(values(pull(scalar(5)))).toEqual([[5], [0]])
  })

  it("reads what it closes over as a constant of the loop, but builds fills again", () => {
    const w = T.exp(scalar(1))
    const [last] = scan(
      (c: T.Tensor, x: T.Tensor) => [T.mul(T.add(c, w), T.mul(x, 2)), undefined],
      scalar(1),
      of([3], [1, 2, 3])
    )
    const [loop] = loopsOf(last)
    expect(loop).toMatchObject({ constants: 1, carries: 1, length: 3, reverse: false })
    expect(loop.body.parameters.length).toBe(3)
  })

  it("differentiates by a fill that it closes over", () => {
    const f = (w: T.Tensor) => scan((c: T.Tensor) => [T.mul(c, w), undefined], scalar(5), undefined, { length: 2 })[0]
    expect(values([grad(f)(T.full([], 3, "f64")), jvp(f)([T.full([], 3, "f64")], [scalar(1)])[1]])).toEqual([
      [30],
      [30]
    ])
  })

  it("keeps its program small however long it is", () => {
    const size = (length: number): number => {
      const f = (x: T.Tensor) => scan(running, x, T.zeros([length], "f64"))[0]
      const [loop] = loopsOf(grad(f)(scalar(1)))
      return applications(loop.body.results).length
    }
    expect(size(1000)).toBe(size(1))
  })

  it("in reverse mode runs once forward and once back", () => {
    const f = (w: T.Tensor) =>
      scan((c: T.Tensor, x: T.Tensor) => [T.tanh(T.mul(c, T.add(w, x))), undefined], scalar(1), of([3], [1, 2, 3]))[0]
    const loops = loopsOf(grad(f)(scalar(0.5)))
    expect(loops.map(({ reverse }) => reverse)).toEqual([false, true])
  })

  const contractionsIn = ({ body }: Loop): number =>
    applications(body.results).filter(({ primitive }) => primitive === dotGeneral.primitive).length
  const [input, weight, output] = [T.zeros([2, 3]), T.zeros([3, 3]), T.zeros([3, 2])]
  const cell = (h: T.Tensor, x: T.Tensor): readonly [T.Tensor, T.Tensor] => {
    const next = T.tanh(T.add(T.matmul(x, input), T.matmul(h, weight)))
    return [next, T.matmul(next, output)]
  }
  const state: T.Tensor = T.zeros([2, 3])
  const sequence: T.Tensor = T.zeros([5, 2, 2])

  it("leaves to each run the contractions that wait for its carry and that another run waits for", () => {
    const [last, items] = scan(cell, state, sequence)
    expect(loopsOf(last).map(contractionsIn)).toEqual([1])
    const outside = applications([items]).filter(({ primitive }) => primitive === dotGeneral.primitive)
    expect(outside.map(({ inputs }) => inputs[0].shape)).toEqual([
      [5, 2, 2],
      [5, 2, 3]
    ])
  })

  it("does not take contractions out of the runs that are much larger than what runs take and give", () => {
    const attend = (query: T.Tensor) => T.matmul(T.softmax(T.matmul(query, T.zeros([2, 100]))), T.zeros([100, 2]))
    const [, items] = scan((_: undefined, query: T.Tensor) => [undefined, attend(query)], undefined, sequence)
    expect(loopsOf(items).map(contractionsIn)).toEqual([2])
  })

  it("in reverse mode reads contractions and costly functions of runs, and contracts for weights after the loop", () => {
    const f = (w: T.Tensor) => T.sum(scan((h: T.Tensor, x: T.Tensor) => cell(T.matmul(h, w), x), state, sequence)[0])
    const [forward, back] = loopsOf(grad(f)(T.ones([3, 3])))
    // Both products with the state, and back through both.
    expect([forward, back].map(contractionsIn)).toEqual([2, 2])
    expect(back.carries).toBe(1)
    const names = applications(back.body.results).map(({ primitive }) => primitive.name)
    expect(names).not.toContain("tanh")
  })

  it("in a checkpoint keeps carries alone, and gradients of weights add up in a carry", () => {
    const f = (w: T.Tensor) => T.sum(scan((h: T.Tensor, x: T.Tensor) => cell(T.matmul(h, w), x), state, sequence)[0])
    const replayed = applications([grad(checkpoint(f))(T.ones([3, 3]))]).flatMap(
      ({ params, primitive: { lowering } }) => (lowering.kind === "call" ? lowering.call(params).body.results : [])
    )
    const [forward, back] = replayed.flatMap(loopsOf)
    // The next carry and the item.
    expect(forward.body.results.length).toBe(2)
    expect(contractionsIn(back)).toBeGreaterThan(contractionsIn(forward) + 2)
    expect(back.carries).toBe(2)
  })

  it("in reverse mode carries nothing for what is not differentiated", () => {
    const data = of([3, 2], [1, 2, 3, 4, 5, 6])
    const scale = of([2], [3, 4])
    const f = (w: T.Tensor) => {
      const body = (c: T.Tensor, x: T.Tensor) =>
        [T.add(c, T.sum(T.mul(T.mul(x, scale), T.mul(w, w)))), undefined] as const
      return scan(body, scalar(0), data)[0]
    }
    const backward = loopsOf(grad(f)(of([2], [1, 1]))).at(-1)!
    // The cotangent of the sum, and the gradient as it adds up.
    expect(backward.carries).toBe(2)
    expect(backward.body.results.length).toBe(2)
  })

  it("in forward mode carries nothing that tangents do not read", () => {
    const f = (x: T.Tensor) => scan((c: T.Tensor, w: T.Tensor) => [T.mul(c, w), c], x, of([3], [1, 2, 3]))[0]
    const [, tangent] = jvp(f)([scalar(5)], [scalar(2)])
    expect(values([tangent])).toEqual([[12]])
    expect(loopsOf(tangent).map(({ carries }) => carries)).toEqual([1])
  })

  it("is equal as text where body, length and direction are equal", () => {
    const text = (body: typeof running, length: number): string => {
      const [last] = scan(body, scalar(0), T.zeros([length], "f64"))
      const { params, primitive } = last.application
      return primitive.key!(params, ({ results }) =>
        applications(results)
          .map((each) => each.primitive.name)
          .join(" ")
      )
    }
    const other = (sum: T.Tensor, x: T.Tensor) => [T.mul(sum, x), sum] as const
    expect(text(running, 3)).toBe(text(running, 3))
    expect(text(running, 3)).not.toBe(text(running, 4))
    expect(text(running, 3)).not.toBe(text(other, 3))
  })

  it("batches only the carries that depend on the example", () => {
    const body = ({ count, sum }: { readonly count: T.Tensor; readonly sum: T.Tensor }, x: T.Tensor) =>
      [{ count: T.add(count, 1), sum: T.add(sum, T.mul(x, count)) }, undefined] as const
    const f = (xs: T.Tensor) => scan(body, { count: scalar(0), sum: scalar(0) }, xs)[0]
    const last = vmap(f)(of([2, 3], [1, 1, 1, 1, 2, 3]))
    expect(values([last.sum, last.count])).toEqual([
      [3, 8],
      [3, 3]
    ])
    const [loop] = loopsOf(last.sum)
    expect(loop.body.results.map(({ shape }) => shape)).toEqual([[], [2]])
  })

  it("asks for a carry that keeps its type, naming the leaf", () => {
    const init = { state: { h: T.zeros([2]) } }
    const run = (next: (h: T.Tensor) => unknown) => () =>
      scan(
        ({ state }: { readonly state: { readonly h: T.Tensor } }) => [next(state.h) as typeof init, undefined],
        init,
        undefined,
        { length: 2 }
      )
    expect(run((h) => ({ state: { h: T.concatenate([h, h], 0) } }))).toThrow(
      'scan: expected carries of one shape at "state.h", received [2] and [4]'
    )
    expect(run((h) => ({ state: { h: T.cast(h, "f64") } }))).toThrow(
      'scan: expected carries of one dtype at "state.h", received f32 and f64'
    )
    expect(run((h) => ({ state: [h] }))).toThrow('scan: expected carries for "state.h", received carries for "state.0"')
  })

  it("asks for sequences of one length", () => {
    const body = (c: T.Tensor) => [c, undefined] as const
    expect(() => scan(body, scalar(0), { a: T.zeros([3]), b: T.zeros([4, 2]) })).toThrow(
      'scan: expected sequences of 3 slices along the first axis, also at "b", received [4, 2]'
    )
    expect(() => scan(body, scalar(0), T.zeros([3]), { length: 2 })).toThrow(
      "scan: expected sequences of 2 slices along the first axis, also at the root, received [3]"
    )
    expect(() => scan(body, scalar(0), undefined)).toThrow(
      "scan: expected a number of runs, received undefined\n  hint: give sequences of at least one axis, or { length }"
    )
  })

  it("gives the gradient of 10,000 runs", () => {
    const f = (x: T.Tensor) => scan((c: T.Tensor) => [T.mul(c, 1.0001), undefined], x, undefined, { length: 10_000 })[0]
    expect(values([grad(f)(scalar(1))])[0][0]).toBeCloseTo(1.0001 ** 10_000, 9)
  })
})
