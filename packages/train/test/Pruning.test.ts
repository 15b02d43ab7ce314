import { assert, describe, it } from "@effect/vitest"
import * as Optimizer from "@cotangent/optim/Optimizer"
import { Device } from "@cotangent/runtime/Device"
import * as Reference from "@cotangent/tensor/Reference"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import * as Pruning from "../src/Pruning.ts"
import { onReference } from "./line.ts"

const number = fc.integer({ min: -99, max: 99 }).map((x) => x / 10)
const row = (length: number) => fc.array(number, { minLength: length, maxLength: length })

interface Params {
  readonly a: { readonly weight: Tensor.Tensor; readonly bias: Tensor.Tensor }
  readonly b: { readonly weight_ih_l0: Tensor.Tensor }
}

const params: fc.Arbitrary<Params> = fc.tuple(row(6), row(3), row(4)).map(([a, bias, b]) => ({
  a: { weight: Tensor.make([2, 3], a), bias: Tensor.make([3], bias) },
  b: { weight_ih_l0: Tensor.make([4], b, "f64") }
}))

const share = fc.double({ min: 0.05, max: 1, noNaN: true })
const scope = fc.constantFrom<"global" | "leaf">("global", "leaf")

const values = (tensor: Tensor.Tensor): ReadonlyArray<number> => [...Reference.evaluate([tensor])[0].data]
const weights = ({ a, b }: Params): ReadonlyArray<ReadonlyArray<number>> => [values(a.weight), values(b.weight_ih_l0)]

describe("byMagnitude", () => {
  it("keeps exactly the share that is asked for, and nothing that outweighs what is pruned is gone", () =>
    fc.assert(
      fc.property(params, share, scope, (params, keep, scope) => {
        const mask = Pruning.byMagnitude(params, Pruning.full(params), { keep, scope })
        const pairs = weights(params).map((row, i) => row.map((x, k) => [Math.abs(x), weights(mask)[i][k]] as const))
        for (const group of scope === "leaf" ? pairs : [pairs.flat()]) {
          const kept = group.filter(([, m]) => m === 1).map(([x]) => x)
          const gone = group.filter(([, m]) => m === 0).map(([x]) => x)
          assert.strictEqual(kept.length + gone.length, group.length)
          // A half is rounded to the even number.
          assert.isAtMost(Math.abs(kept.length - keep * group.length), 0.5 + 1e-9)
          assert.isAtLeast(Math.min(...kept, Infinity), Math.max(...gone, -Infinity))
        }
        assert.deepStrictEqual(values(mask.a.bias), [1, 1, 1])
      }),
      { numRuns: 40 }
    ))

  it("never brings back what was pruned", () =>
    fc.assert(
      fc.property(params, params, share, share, (params, later, first, second) => {
        const before = Pruning.byMagnitude(params, Pruning.full(params), { keep: first })
        const after = Pruning.byMagnitude(later, before, { keep: second })
        weights(after)
          .flat()
          .forEach((m, i) => assert.isAtMost(m, weights(before).flat()[i]))
        const [alive, left] = [before, after].map(
          (mask) =>
            weights(mask)
              .flat()
              .filter((m) => m === 1).length
        )
        assert.isAtMost(Math.abs(left - second * alive), 0.5 + 1e-9)
        assert.deepStrictEqual(values(Pruning.kept(after).count), [left])
      }),
      { numRuns: 40 }
    ))

  it("keeps dtypes, and takes the parameters that it is told to", () => {
    const params = { x: Tensor.of([1, 2], "f64"), y: Tensor.of([5, -9]) }
    const mask = Pruning.byMagnitude(params, Pruning.full(params), { keep: 0.5, selects: (path) => path === "y" })
    assert.deepStrictEqual(
      [values(mask.x), values(mask.y)],
      [
        [1, 1],
        [0, 1]
      ]
    )
    assert.deepStrictEqual([mask.x.dtype, mask.y.dtype], ["f64", "f32"])
    assert.strictEqual(Pruning.kept(mask, { selects: (path) => path === "y" }).of, 2)
    const none = Pruning.byMagnitude(params, Pruning.full(params), { keep: 0.5 })
    assert.deepStrictEqual(
      [values(none.x), values(none.y)],
      [
        [1, 1],
        [1, 1]
      ]
    )
  })

  it("ranks doubles among singles without rounding them", () => {
    const single = Tensor.of([9.3])
    const params = { a: { weight: single }, b: { weight: Tensor.of([9.3], "f64") } }
    const mask = Pruning.byMagnitude(params, Pruning.full(params), { keep: 0.5 })
    assert.isAbove(values(single)[0], 9.3)
    assert.deepStrictEqual([values(mask.a.weight), values(mask.b.weight)], [[1], [0]])
  })

  it("refuses to keep nothing", () =>
    assert.throws(
      () => Pruning.byMagnitude({}, {}, { keep: 0 }),
      "Pruning.byMagnitude: expected a share above 0 and at most 1, received 0"
    ))
})

it("what a mask prunes is 0, even if it was not finite", () => {
  const pruned = Pruning.apply({ w: Tensor.of([1, Number.NaN, 3]) }, { w: Tensor.of([1, 0, 0]) })
  assert.deepStrictEqual(values(pruned.w), [1, 0, 0])
})

it("under a mask pruned parameters stay, and the others move as without them", () =>
  fc.assert(
    fc.property(row(4), row(4), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (start, gradient, kept) => {
      const mask = { w: Tensor.of(kept.map(Number), "f64") }
      const inner = Optimizer.adamW({ learningRate: 0.1, weightDecay: 0.5 })
      const optimizer = Pruning.masked(mask, inner)
      const gradients = { w: Tensor.of(gradient, "f64") }
      let pruned = Pruning.apply({ w: Tensor.of(start, "f64") }, mask)
      let whole = { w: Tensor.of(start, "f64") }
      let [state, free] = [optimizer.init(pruned), inner.init(whole)]
      for (let step = 0; step < 3; step++) {
        const [under, without] = [optimizer.update(gradients, state, pruned), inner.update(gradients, free, whole)]
        ;[pruned, state, whole, free] = [under.params, under.state, without.params, without.state]
      }
      const expected = values(whole.w)
      values(pruned.w).forEach((x, i) => assert.closeTo(x, kept[i] ? expected[i] : 0, 1e-12))
      assert.deepStrictEqual(
        Tree.paths(state).filter((path) => path.startsWith("mask")),
        ["mask.0"]
      )
    }),
    { numRuns: 30 }
  ))

it("a mask of other parameters is refused", () =>
  assert.throws(
    () => Pruning.masked({ w: Tensor.of([1]) }, Optimizer.sgd({ learningRate: 1 })).init({ v: Tensor.of([1]) }),
    /a record of w/
  ))

describe("the lottery", () => {
  /** Training moves every weight that is left away from 0, by its own amount. */
  const initial = { weight: Tensor.of([1, -2, 3, -4, 5, -6, 7, -8, 9, -10]) }
  const trained = (start: typeof initial): typeof initial => ({
    weight: Tensor.mul(start.weight, Tensor.of([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]))
  })

  it.effect("prunes to its target, and begins each round at the initial values of what is left", () =>
    onReference(
      Effect.gen(function* () {
        const device = yield* Device
        const seen: Array<number> = []
        const rounds = yield* Pruning.lottery({
          initial,
          target: 0.2,
          rounds: 3,
          train: (start, _, round) => {
            seen.push(round)
            return device.realize(trained(start))
          }
        })
        assert.deepStrictEqual(seen, [0, 1, 2, 3])
        assert.deepStrictEqual(
          rounds.map(({ kept }) => kept),
          [10, 6, 3, 2]
        )
        const read = (tensor: Tensor.Tensor) => Effect.map(device.read(tensor), ({ data }) => [...data])
        const first = yield* read(initial.weight)
        for (const { mask, start, trained: after } of rounds) {
          const kept = yield* read(mask.weight)
          assert.deepStrictEqual(
            yield* read(start.weight),
            first.map((x, i) => (kept[i] === 1 ? x : 0))
          )
          assert.deepStrictEqual(yield* read(after.weight), yield* read(trained(start).weight))
        }
        // Of 10 · 1, 9 · 2, … the greatest in the middle are left.
        assert.deepStrictEqual(yield* read(rounds[3].mask.weight), [0, 0, 0, 0, 1, 1, 0, 0, 0, 0])
      })
    )
  )

  it.effect("refuses a target that leaves nothing", () =>
    onReference(
      Effect.gen(function* () {
        const train = (start: typeof initial) => Effect.succeed(start)
        const exit = yield* Effect.exit(Pruning.lottery({ initial, target: 0, rounds: 1, train }))
        assert.match(String(exit), /expected a target above 0 and at most 1, and rounds from 1, received 0 and 1/)
      })
    )
  )
})
