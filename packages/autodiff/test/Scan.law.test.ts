/** Scans against the loops they stand for, under every transformation. */
import * as DTypes from "@cotangent/tensor/DType"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { zeros } from "@cotangent/tensor/primitive/leaf"
import * as T from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as fc from "fast-check"
import { describe, it } from "vitest"
import type { Axes } from "../src/index.ts"
import { jvp, scan, vjp, vmap } from "../src/index.ts"
import { assertClose, noise, of, row } from "./numeric.ts"

interface Example {
  /** A run: what it closes over, its carry, its slice. */
  readonly body: (closed: Trees, carry: Trees, x: Trees) => readonly [carry: Trees, item: Trees]
  readonly closed: Trees
  readonly init: Trees
  /** The sequences for a number of runs. */
  readonly xs: (length: number) => Trees
}

// Trees of all sorts stand in one record of examples.
type Trees = { readonly [name: string]: Tensor }

const vector = (seed: number): Tensor => noise([2], seed)
const scalar = (value: number): Tensor => of([], [value])

const examples: Record<string, Example> = {
  "a recurrent net": {
    closed: { weight: noise([2, 2], 1), bias: vector(2) },
    init: { state: vector(3) },
    xs: (length) => ({ x: noise([length, 2], 4) }),
    body: ({ bias, weight }, { state }, { x }) => {
      const next = T.tanh(T.add(T.matmul(state, weight), T.mul(x, bias)))
      return [{ state: next }, { y: T.mul(next, 2), x: T.sin(x) }]
    }
  },
  "carries that pass on what they receive": {
    closed: { rate: scalar(0.5) },
    init: { a: scalar(1), b: scalar(2), c: scalar(3) },
    xs: (length) => ({ x: noise([length], 5) }),
    body: ({ rate }, { a, b, c }, { x }) => [
      { a: T.add(a, T.mul(b, b)), b: T.add(T.mul(b, rate), c), c: T.mul(c, T.add(x, 1)) },
      { y: T.mul(a, b) }
    ]
  },
  "a counter, and a carry that stays": {
    closed: {},
    init: { state: vector(6), count: of([], [1], "i32"), fixed: scalar(0.7) },
    xs: () => ({}),
    body: (_, { count, fixed, state }) => [
      { state: T.mul(T.sin(state), T.mul(fixed, T.cast(count, "f64"))), count: T.add(count, 1), fixed },
      { count, half: T.mul(state, 0.5) }
    ]
  },
  "items without a carry": {
    closed: { w: vector(7) },
    init: {},
    xs: (length) => ({ x: noise([length, 2], 8), unread: noise([length], 9) }),
    body: ({ w }, _, { x }) => [{}, { y: T.exp(T.mul(x, w)), w }]
  },
  "a carry without items": {
    closed: {},
    init: { product: scalar(1) },
    xs: (length) => ({ x: T.add(noise([length], 10), 2) }),
    body: (_, { product }, { x }) => [{ product: T.mul(product, x) }, {}]
  },
  "contractions before, in and after the runs": {
    closed: { input: noise([2, 6], 13), state: noise([3, 6], 14), bias: noise([6], 15), output: noise([3, 2], 16) },
    init: { state: noise([2, 3], 17) },
    xs: (length) => ({ x: noise([length, 2, 2], 18) }),
    body: ({ bias, input, output, state: weight }, { state }, { x }) => {
      const product = T.matmul(state, weight)
      const [[a, b], [c, d]] = [T.matmul(x, input), T.add(product, bias)].map((each) => T.split(each, 2, 1))
      const next = T.mul(T.tanh(T.add(a, c)), T.add(state, T.sigmoid(T.add(b, d))))
      return [{ state: next }, { y: T.add(T.matmul(next, output), 1), product, again: T.add(a, c), next }]
    }
  },
  "a sum of squares that grows beyond what runs stack": {
    closed: { w: noise([2, 2], 19) },
    init: { sum: scalar(0) },
    xs: (length) => ({ x: noise([length, 2, 40], 20) }),
    body: ({ w }, { sum }, { x }) => {
      const y = T.matmul(w, x)
      return [{ sum: T.add(sum, T.sum(T.mul(y, T.mul(y, T.cos(sum))))) }, {}]
    }
  },
  "a scan inside": {
    closed: { w: scalar(0.8) },
    init: { state: vector(11) },
    xs: (length) => ({ x: noise([length, 3], 12) }),
    body: ({ w }, { state }, { x }) => {
      const [last, items] = scan(
        (inner, each) => {
          const next = T.tanh(T.add(T.mul(inner, w), T.mul(state, each)))
          return [next, T.sum(next)]
        },
        state,
        x,
        { reverse: true }
      )
      return [{ state: last }, { items: items }]
    }
  }
}

type Function3 = (closed: Trees, init: Trees, xs: Trees) => readonly [last: Trees, items: Trees]

const scanned =
  ({ body }: Example, length: number, reverse: boolean): Function3 =>
  (closed, init, xs) => {
    const [last, items] = scan((carry: Trees, x: Trees) => body(closed, carry, x), init, xs, { length, reverse })
    return [last, items as Trees]
  }

const unrolled =
  ({ body }: Example, length: number, reverse: boolean): Function3 =>
  (closed, init, xs) => {
    let carry = init
    const items: Array<Trees> = []
    for (let k = 0; k < length; k++) {
      const at = reverse ? length - 1 - k : k
      const [next, item] = body(
        closed,
        carry,
        Tree.map(xs, (x) => row(x, at))
      )
      carry = next
      items[at] = item
    }
    const names = Object.keys(
      body(
        closed,
        init,
        Tree.map(xs, (x) => zeros({ ...x, shape: x.shape.slice(1) }))
      )[1]
    )
    return [
      carry,
      Object.fromEntries(
        names.map((name) => [
          name,
          T.stack(
            items.map((item) => item[name]),
            0
          )
        ])
      )
    ]
  }

/** A direction for each float; integers stand still. */
const direction = <A>(tree: A, seed: number): A => {
  let next = seed
  return Tree.map(tree, (x: Tensor) => (DTypes.isFloat(x.dtype) ? noise(x.shape, next++) : x)) as A
}

const runs = fc.record({
  length: fc.integer({ min: 1, max: 4 }),
  reverse: fc.boolean(),
  seed: fc.integer({ min: 20, max: 999 })
})
const options = { numRuns: 5 }

const assertTrees = (actual: unknown, expected: unknown): void =>
  assertClose(Tree.leaves(actual), Tree.leaves(expected), 1e-9)

describe.each(Object.entries(examples))("%s", (_, example) => {
  const { closed, init } = example

  const assertAgree = (
    transform: (f: Function3, args: readonly [Trees, Trees, Trees], seed: number) => unknown
  ): void =>
    fc.assert(
      fc.property(runs, ({ length, reverse, seed }) => {
        const args = [closed, init, example.xs(length)] as const
        const [actual, expected] = [scanned, unrolled].map((make) =>
          transform(make(example, length, reverse), args, seed)
        )
        assertTrees(actual, expected)
      }),
      options
    )

  const push =
    (f: Function3, seed: number) =>
    (...args: [Trees, Trees, Trees]) =>
      jvp(f)(args, direction(args, seed))[1]
  const pull =
    (f: Function3, seed: number) =>
    (...args: [Trees, Trees, Trees]) => {
      const [value, back] = vjp(f)(...args)
      return back(direction(value, seed))
    }

  it("has the value of the loop", () => assertAgree((f, args) => f(...args)))

  it("has its jvp", () => assertAgree((f, args, seed) => push(f, seed)(...args)))

  it("has its vjp", () => assertAgree((f, args, seed) => pull(f, seed)(...args)))

  it("has its second derivatives in all four orders of modes", () =>
    assertAgree((f, args, seed) => {
      const [forward, backward] = [push(f, seed), pull(f, seed)]
      const again = (g: (...args: [Trees, Trees, Trees]) => unknown): ReadonlyArray<unknown> => {
        const [value, back] = vjp(g)(...args)
        return [jvp(g)([...args], direction([...args], seed + 7))[1], back(direction(value, seed + 9))]
      }
      return [again(forward), again(backward)]
    }))

  it("has its vmap, whatever is mapped, before and after differentiation", () =>
    assertAgree((f, args, seed) => {
      const size = 2
      // Bits of the seed choose the arguments that are mapped; one at least.
      const mapped = args.map((arg, i) => ((seed >> i) & 1) === 1 && Tree.leaves(arg).length > 0)
      const axes = mapped.map((isMapped) => (isMapped ? 0 : null))
      const many = args.map((arg, i) =>
        mapped[i] ? Tree.map(arg, (x: Tensor) => T.stack([x, direction(x, seed + i)], 0)) : arg
      ) as unknown as [Trees, Trees, Trees]
      const given = { inAxes: axes as Axes, axisSize: size }
      return [
        vmap(f as (...args: ReadonlyArray<Trees>) => unknown, given)(...many),
        vmap(pull(f, seed) as (...args: ReadonlyArray<Trees>) => unknown, given)(...many),
        vmap(push(f, seed) as (...args: ReadonlyArray<Trees>) => unknown, given)(...many)
      ]
    }))
})
