/**
 * The friendly operations against plain loops over their definitions.
 */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Tensor } from "../src/Primitive.ts"
import type { Dims } from "../src/Shape.ts"
import { size, strides } from "../src/Shape.ts"
import * as T from "../src/Tensor.ts"
import { values } from "./evaluated.ts"

type At = (index: Dims) => number

/** Every index of `shape`, row-major. */
const indices = (shape: Dims): ReadonlyArray<Dims> =>
  Array.from({ length: size(shape) }, (_, i) => strides(shape).map((step, axis) => Math.floor(i / step) % shape[axis]))

/** The element of `x` at an index. */
const at = (x: Tensor): At => {
  const [data, steps] = [values(x), strides(x.shape)]
  return (index) => data[index.reduce((sum, i, axis) => sum + i * steps[axis], 0)]
}

/** Expects `actual` to have `shape` and the value of `rule` at every index. */
const expectValues = (actual: Tensor, shape: Dims, rule: At): void => {
  expect(actual.shape).toEqual(shape)
  expect(values(actual)).toEqual(indices(shape).map(rule))
}

const whole = fc.integer({ min: -4, max: 4 })
const extent = fc.integer({ min: 1, max: 4 })
const shapes = (minimum: number, maximum: number): fc.Arbitrary<Dims> =>
  fc.array(extent, { minLength: minimum, maxLength: maximum })
const filled = (shape: Dims): fc.Arbitrary<Tensor> =>
  fc.array(whole, { minLength: size(shape), maxLength: size(shape) }).map((data) => T.make(shape, data, "f64"))
const tensors = (minimum: number, maximum: number): fc.Arbitrary<Tensor> => shapes(minimum, maximum).chain(filled)
const axisOf = (x: Tensor): fc.Arbitrary<number> => fc.integer({ min: -x.shape.length, max: x.shape.length - 1 })
const withAxis = (minimum: number, maximum: number): fc.Arbitrary<readonly [Tensor, number]> =>
  tensors(minimum, maximum).chain((x) => fc.tuple(fc.constant(x), axisOf(x)))
const front = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)
const replaced = (index: Dims, axis: number, value: number): Dims => index.map((i, k) => (k === axis ? value : i))
const expectForAll = <A>(arbitrary: fc.Arbitrary<A>, property: (value: A) => void): void =>
  fc.assert(fc.property(arbitrary, property), { numRuns: 60 })

/** Two shapes that broadcast to the third. */
const broadcastable = shapes(0, 3).chain((shape) => {
  const operand = fc
    .tuple(fc.integer({ min: 0, max: shape.length }), fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }))
    .map(([dropped, ones]) => shape.map((e, axis) => (ones[axis] ? 1 : e)).slice(dropped))
    .chain(filled)
  return fc.tuple(filled(shape), operand)
})

describe("operations agree with loops over their definition", () => {
  it("broadcasting arithmetic", () =>
    expectForAll(broadcastable, ([x, y]) => {
      const aligned = (index: Dims): Dims =>
        index.slice(index.length - y.shape.length).map((i, axis) => (y.shape[axis] === 1 ? 0 : i))
      expectValues(T.sub(x, y), x.shape, (index) => at(x)(index) - at(y)(aligned(index)))
      expectValues(T.mul(y, x), x.shape, (index) => at(y)(aligned(index)) * at(x)(index))
      expectValues(T.broadcastTo(y, x.shape), x.shape, (index) => at(y)(aligned(index)))
    }))

  it("reductions over sets of axes", () =>
    expectForAll(
      tensors(1, 3).chain((x) => fc.tuple(fc.constant(x), fc.subarray(x.shape.map((_, axis) => axis)))),
      ([x, axes]) => {
        const kept = x.shape.map((e, axis) => (axes.includes(axis) ? 1 : e))
        const along = (index: Dims): ReadonlyArray<number> =>
          indices(x.shape.map((e, axis) => (axes.includes(axis) ? e : 1))).map((offset) =>
            at(x)(index.map((i, axis) => i + offset[axis]))
          )
        const fold =
          (f: (a: number, b: number) => number): At =>
          (index) =>
            along(index).reduce(f)
        expectValues(
          T.sum(x, axes, { keepDims: true }),
          kept,
          fold((a, b) => a + b)
        )
        expectValues(
          T.max(x, axes, { keepDims: true }),
          kept,
          fold((a, b) => Math.max(a, b))
        )
        expectValues(
          T.min(x, axes, { keepDims: true }),
          kept,
          fold((a, b) => Math.min(a, b))
        )
        expectValues(T.add(T.prod(x, axes, { keepDims: true }), 0), kept, (index) => fold((a, b) => a * b)(index) + 0)
        expectValues(T.argMax(x, axes, { keepDims: true }), kept, (index) =>
          along(index).indexOf(Math.max(...along(index)))
        )
        expect(values(T.sum(x, axes))).toEqual(values(T.sum(x, axes, { keepDims: true })))
      }
    ))

  it("running sums, products and maxima", () =>
    expectForAll(withAxis(1, 3), ([x, axis]) => {
      const k = front(axis, x.shape.length)
      const upTo = (index: Dims): ReadonlyArray<number> =>
        Array.from({ length: index[k] + 1 }, (_, i) => at(x)(replaced(index, k, i)))
      expectValues(T.cumulativeSum(x, axis), x.shape, (index) => upTo(index).reduce((a, b) => a + b))
      expectValues(T.add(T.cumulativeProd(x, axis), 0), x.shape, (index) => upTo(index).reduce((a, b) => a * b) + 0)
      expectValues(T.cumulativeMax(x, axis), x.shape, (index) => Math.max(...upTo(index)))
    }))

  it("slices with any start, stop and step", () => {
    const bound = fc.option(fc.integer({ min: -7, max: 7 }), { nil: undefined })
    const step = fc.integer({ min: -3, max: 3 }).filter((s) => s !== 0)
    expectForAll(fc.tuple(fc.integer({ min: 0, max: 6 }), bound, bound, step), ([count, start, stop, by]) => {
      const place = (value: number | undefined, otherwise: number): number =>
        value === undefined ? otherwise : value < 0 ? value + count : value
      const expected: Array<number> = []
      const [from, to] = by > 0 ? [place(start, 0), place(stop, count)] : [place(start, count - 1), place(stop, -1)]
      const clamped = by > 0 ? Math.max(from, 0) : Math.min(from, count - 1)
      for (let i = clamped; by > 0 ? i < Math.min(to, count) : i > Math.max(to, -1); i += by) expected.push(i)
      expect(values(T.slice(T.arange(count), { start: [start], stop: [stop], step: [by] }))).toEqual(expected)
    })
  })

  it("transpositions, rolls, reversals, tiles and repeats", () =>
    expectForAll(
      withAxis(1, 3).chain(([x, axis]) =>
        fc.tuple(
          fc.constant(x),
          fc.constant(axis),
          fc.integer({ min: -5, max: 5 }),
          fc.shuffledSubarray(
            x.shape.map((_, k) => k),
            { minLength: x.shape.length }
          )
        )
      ),
      ([x, axis, shift, order]) => {
        const k = front(axis, x.shape.length)
        const n = x.shape[k]
        expectValues(
          T.transpose(x, order),
          order.map((a) => x.shape[a]),
          (index) => at(x)(order.map((_, a) => index[order.indexOf(a)]))
        )
        expectValues(T.roll(x, shift, axis), x.shape, (index) =>
          at(x)(replaced(index, k, (((index[k] - shift) % n) + n) % n))
        )
        expectValues(T.reverse(x, axis), x.shape, (index) => at(x)(replaced(index, k, n - 1 - index[k])))
        expectValues(T.repeat(x, 2, axis), replaced(x.shape, k, 2 * n), (index) =>
          at(x)(replaced(index, k, Math.floor(index[k] / 2)))
        )
        expectValues(T.tile(x, [3]), replaced(x.shape, x.shape.length - 1, 3 * x.shape.at(-1)!), (index) =>
          at(x)([...index.slice(0, -1), index.at(-1)! % x.shape.at(-1)!])
        )
      }
    ))

  it("padding in every mode", () =>
    expectForAll(
      tensors(1, 2).chain((x) => {
        const amounts = fc.tuple(...x.shape.map((e) => fc.integer({ min: 0, max: e - 1 })))
        return fc.tuple(fc.constant(x), amounts, amounts)
      }),
      ([x, before, after]) => {
        const shape = x.shape.map((e, axis) => before[axis] + e + after[axis])
        const source = (index: Dims): Dims => index.map((i, axis) => i - before[axis])
        const mirrored = (i: number, n: number): number => (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i)
        const nearest = (i: number, n: number): number => Math.min(Math.max(i, 0), n - 1)
        const moved =
          (rule: (i: number, n: number) => number): At =>
          (index) =>
            at(x)(source(index).map((i, axis) => rule(i, x.shape[axis])))
        expectValues(T.pad(x, { before, after, value: 9 }), shape, (index) =>
          source(index).every((i, axis) => i >= 0 && i < x.shape[axis]) ? at(x)(source(index)) : 9
        )
        expectValues(T.pad(x, { before, after, mode: "reflect" }), shape, moved(mirrored))
        expectValues(T.pad(x, { before, after, mode: "edge" }), shape, moved(nearest))
      }
    ))

  it("splits and concatenations, which undo each other", () =>
    expectForAll(withAxis(1, 3), ([x, axis]) => {
      const n = x.shape[front(axis, x.shape.length)]
      const parts = T.split(x, [1, n - 1], axis)
      expect(values(T.concatenate(parts, axis))).toEqual(values(x))
      expect(values(T.concatenate(T.split(x, n, axis), axis))).toEqual(values(x))
    }))

  it("takes, gathers and scatters", () =>
    expectForAll(
      withAxis(1, 3).chain(([x, axis]) => {
        const k = front(axis, x.shape.length)
        const shape: Dims = replaced(x.shape, k, 3)
        const index = fc.integer({ min: 0, max: x.shape[k] - 1 })
        const list = (length: number): fc.Arbitrary<Array<number>> =>
          fc.array(index, { minLength: length, maxLength: length })
        return fc.tuple(
          fc.constant(x),
          fc.constant(k),
          list(size(shape)).map((data) => T.make(shape, data, "i32")),
          filled(shape)
        )
      }),
      ([x, k, at3, updates]) => {
        const { shape } = at3
        expectValues(T.gather(x, at3, k), shape, (index) => at(x)(replaced(index, k, at(at3)(index))))
        expectValues(T.scatterAdd(x, at3, updates, k), x.shape, (index) =>
          indices(shape)
            .filter((j) => at(at3)(j) === index[k] && replaced(j, k, 0).every((i, a) => a === k || i === index[a]))
            .reduce((sum, j) => sum + at(updates)(j), at(x)(index))
        )
        const row = T.reshape(T.slice(T.flatten(at3), { stop: [2] }), [2, 1])
        expectValues(T.take(x, row, k), x.shape.toSpliced(k, 1, 2, 1), (index) =>
          at(x)(index.toSpliced(k, 2, at(row)([index[k], 0])))
        )
      }
    ))

  it("sorting, by values and by positions", () =>
    expectForAll(withAxis(1, 3), ([x, axis]) => {
      const k = front(axis, x.shape.length)
      const row = (index: Dims): ReadonlyArray<number> =>
        Array.from({ length: x.shape[k] }, (_, i) => at(x)(replaced(index, k, i)))
      expectValues(T.sort(x, axis), x.shape, (index) => row(index).toSorted((a, b) => a - b)[index[k]])
      expect(values(T.gather(x, T.argSort(x, axis), axis))).toEqual(values(T.sort(x, axis)))
      const top = T.topK(x, x.shape[k], axis)
      expect(values(top.values)).toEqual(values(T.sort(x, axis, { descending: true })))
      expect(values(T.gather(x, top.indices, axis))).toEqual(values(top.values))
    }))

  it("triangles and diagonals", () =>
    expectForAll(fc.tuple(tensors(2, 3), fc.integer({ min: -4, max: 4 })), ([x, d]) => {
      const [m, n] = x.shape.slice(-2)
      const below = (index: Dims): boolean => index.at(-1)! - index.at(-2)! <= d
      expectValues(T.triangularLower(x, d), x.shape, (index) => (below(index) ? at(x)(index) : 0))
      expectValues(T.triangularUpper(x, d + 1), x.shape, (index) => (below(index) ? 0 : at(x)(index)))
      const count = Math.max(0, Math.min(m + Math.min(d, 0), n - Math.max(d, 0)))
      expectValues(T.diagonal(x, d), [...x.shape.slice(0, -2), count], (index) =>
        at(x)([...index.slice(0, -1), index.at(-1)! - Math.min(d, 0), index.at(-1)! + Math.max(d, 0)])
      )
    }))
})

describe("contractions agree with loops over their definition", () => {
  it("any equation of one, two or three operands", () => {
    const letters = "ijkl".split("")
    const extents = fc.tuple(extent, extent, extent, extent)
    const term = fc.array(fc.constantFrom(...letters), { maxLength: 3 })
    const equation = fc.tuple(extents, fc.array(term, { minLength: 1, maxLength: 3 })).chain(([sizes, terms]) => {
      const known = letters.filter((letter) => terms.flat().includes(letter))
      const operands = fc.tuple(...terms.map((text) => filled(text.map((letter) => sizes[letters.indexOf(letter)]))))
      return fc.tuple(fc.constant(sizes), fc.constant(terms), fc.shuffledSubarray(known), operands)
    })
    expectForAll(equation, ([sizes, terms, output, operands]) => {
      const [first, ...rest] = operands
      const text = `${terms.map((term) => term.join("")).join(",")}->${output.join("")}`
      const placed = (index: Dims, term: ReadonlyArray<string>): Dims =>
        term.map((letter) => index[letters.indexOf(letter)])
      const used = sizes.map((e, i) => (terms.flat().includes(letters[i]) ? e : 1))
      const shape = output.map((letter) => sizes[letters.indexOf(letter)])
      expectValues(
        T.add(T.einsum(text, first, ...rest), 0),
        shape,
        (at4) =>
          indices(used)
            .filter((index) => placed(index, output).every((i, axis) => i === at4[axis]))
            .reduce((sum, index) => sum + operands.reduce((p, x, i) => p * at(x)(placed(index, terms[i])), 1), 0) + 0
      )
    })
  })

  it("matrix products with broadcast batches", () =>
    expectForAll(
      fc
        .tuple(broadcastable, extent, extent, extent)
        .chain(([[x, y], m, k, n]) => fc.tuple(filled([...x.shape, m, k]), filled([...y.shape, k, n]))),
      ([a, b]) => {
        const batch = a.shape.slice(0, -2)
        const [m, k, n] = [a.shape.at(-2)!, a.shape.at(-1)!, b.shape.at(-1)!]
        const aligned = (index: Dims): Dims =>
          index.slice(batch.length - (b.shape.length - 2)).map((i, axis) => (b.shape[axis] === 1 ? 0 : i))
        expectValues(T.add(T.matmul(a, b), 0), [...batch, m, n], (index) => {
          const [outer, i, j] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!]
          let sum = 0
          for (let l = 0; l < k; l++) sum += at(a)([...outer, i, l]) * at(b)([...aligned(outer), l, j])
          return sum + 0
        })
        const swapped = T.matmul(T.swapAxes(b, -1, -2), T.swapAxes(a, -1, -2))
        expect(values(T.swapAxes(swapped, -1, -2))).toEqual(values(T.matmul(a, b)))
      }
    ))
})
