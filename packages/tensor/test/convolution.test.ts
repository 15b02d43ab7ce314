import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Dims } from "../src/Shape.ts"
import { size } from "../src/Shape.ts"
import type { Shape } from "../src/ShapeType.ts"
import * as T from "../src/Tensor.ts"
import { gradientOf, nested, values } from "./evaluated.ts"

/** Data of a shape whose numbers all differ. */
const data = (shape: Dims, seed = 1): T.Tensor<Shape, "f64"> =>
  T.make(
    shape,
    Array.from({ length: size(shape) }, (_, i) => Math.sin(seed + 7 * i)),
    "f64"
  )

interface Sequence {
  readonly batch: number
  readonly groups: number
  readonly inputs: number
  readonly outputs: number
  readonly length: number
  readonly kernel: number
  readonly stride: number
  readonly dilation: number
  readonly padding: readonly [number, number]
}

const upTo = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max })
const sequences: fc.Arbitrary<Sequence> = fc
  .record({
    batch: upTo(2),
    groups: upTo(2),
    inputs: upTo(2),
    outputs: upTo(2),
    length: upTo(7),
    kernel: upTo(3),
    stride: upTo(3),
    dilation: upTo(2),
    padding: fc.tuple(fc.nat(3), fc.nat(3))
  })
  .filter((s) => s.length + s.padding[0] + s.padding[1] > (s.kernel - 1) * s.dilation)

const range = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, i) => i)

/** The definition, element by element. */
const slowly = (x: T.Tensor, weight: T.Tensor, s: Sequence): ReadonlyArray<number> => {
  const [a, w] = [values(x), values(weight)]
  const element = (n: number, channel: number, place: number): number =>
    place < 0 || place >= s.length ? 0 : a[(n * s.groups * s.inputs + channel) * s.length + place]
  const windows = Math.floor((s.length + s.padding[0] + s.padding[1] - (s.kernel - 1) * s.dilation - 1) / s.stride) + 1
  const sum = (n: number, output: number, window: number): number =>
    range(s.inputs * s.kernel).reduce((total, i) => {
      const [c, k] = [Math.floor(i / s.kernel), i % s.kernel]
      const channel = Math.floor(output / s.outputs) * s.inputs + c
      const place = window * s.stride + k * s.dilation - s.padding[0]
      return total + w[output * s.inputs * s.kernel + i] * element(n, channel, place)
    }, 0)
  return range(s.batch).flatMap((n) =>
    range(s.groups * s.outputs).flatMap((output) => range(windows).map((window) => sum(n, output, window)))
  )
}

const expectNear = (actual: ReadonlyArray<number>, expected: ReadonlyArray<number>): void => {
  expect(actual.length).toBe(expected.length)
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 10))
}

describe("convolutions", () => {
  it("sum the products of each window", () => {
    fc.assert(
      fc.property(sequences, (s) => {
        const x = data([s.batch, s.groups * s.inputs, s.length])
        const weight = data([s.groups * s.outputs, s.inputs, s.kernel], 2)
        const { dilation, groups, padding, stride } = s
        expectNear(values(T.conv1d(x, weight, { stride, dilation, groups, padding: [padding] })), slowly(x, weight, s))
      }),
      { numRuns: 50 }
    )
  })

  it("have transposes that are their adjoints", () => {
    fc.assert(
      fc.property(sequences, (s) => {
        const margin = s.padding[0]
        fc.pre(s.length + 2 * margin > (s.kernel - 1) * s.dilation)
        const options = { stride: s.stride, dilation: s.dilation, groups: s.groups, padding: margin }
        const x = data([s.batch, s.groups * s.inputs, s.length])
        const weight = data([s.groups * s.outputs, s.inputs, s.kernel], 2)
        const convolved = T.conv1d(x, weight, options)
        const cotangent = data(convolved.shape, 3)
        const outputPadding = (s.length + 2 * margin - (s.kernel - 1) * s.dilation - 1) % s.stride
        const transposed = T.convTranspose1d(cotangent, weight, { ...options, outputPadding })
        expectNear(values(transposed), values(gradientOf((y) => T.mul(T.conv1d(y, weight, options), cotangent), x)))
      }),
      { numRuns: 50 }
    )
  })

  it("keep the extents with padding same, and take none with valid", () => {
    const [x, weight] = [data([1, 1, 7, 8]), data([1, 1, 4, 3])]
    expect(T.conv2d(x, weight, { padding: "same" }).shape).toEqual([1, 1, 7, 8])
    expect(T.conv2d(x, weight, { padding: "same", stride: 3 }).shape).toEqual([1, 1, 3, 3])
    expect(T.conv2d(x, weight, { padding: "valid" }).shape).toEqual([1, 1, 4, 6])
    expect(T.conv2d(x, weight, { padding: [1, [0, 2]] }).shape).toEqual([1, 1, 6, 8])
  })

  it("may be called in a pipe", () => {
    const [x, weight] = [data([1, 2, 5]), data([3, 2, 2])]
    expect(values(x.pipe(T.conv1d(weight, { stride: 2 })))).toEqual(values(T.conv1d(x, weight, { stride: 2 })))
  })
})

describe("pooling", () => {
  const row = T.of([3, 1, 4, 1, 5], "f64")

  it("lets padding win no maximum", () => {
    const x = T.neg(row)
    expect(nested(T.maxPool1d(x, { kernel: 3, stride: 2, padding: 1 }))).toEqual([-1, -1, -1])
  })

  it("gives ties an equal share of the gradient", () => {
    const x = T.of([2, 2, 1, 2], "f64")
    expect(values(gradientOf((y) => T.maxPool1d(y, { kernel: 2, stride: 1 }), x))).toEqual([0.5, 1.5, 0, 1])
  })

  it("may reach beyond the end, but never starts there", () => {
    expect(nested(T.maxPool1d(row, { kernel: 2, ceilMode: true }))).toEqual([3, 4, 5])
    expect(nested(T.avgPool1d(row, { kernel: 2, ceilMode: true }))).toEqual([2, 2.5, 5])
    expect(T.avgPool1d(row, { kernel: 1, stride: 3, padding: 1, ceilMode: true }).shape).toEqual([3])
    expect(T.avgPool1d(data([4]), { kernel: 1, stride: 4, padding: 1, ceilMode: true }).shape).toEqual([2])
  })

  it("counts padding or not", () => {
    expect(nested(T.avgPool1d(row, { kernel: 2, stride: 3, padding: 1 }))).toEqual([1.5, 2.5])
    expect(nested(T.avgPool1d(row, { kernel: 2, stride: 3, padding: 1, countIncludePad: false }))).toEqual([3, 2.5])
  })
})

describe("resampling", () => {
  const row = T.of([0, 4, 8], "f64")

  it("averages parts that overlap where they do not divide the axis", () => {
    expect(nested(T.adaptiveAvgPool(T.of([1, 2, 3, 4, 5], "f64"), [3]))).toEqual([1.5, 3, 4.5])
    expect(nested(T.adaptiveAvgPool(T.of([1, 2], "f64"), [3]))).toEqual([1, 1.5, 2])
  })

  it("finds places between elements, with their corners aligned or not", () => {
    expect(nested(T.interpolate(row, { size: [5] }))).toEqual([0, 0, 4, 4, 8])
    expect(nested(T.interpolate(row, { size: [5], mode: "linear", alignCorners: true }))).toEqual([0, 2, 4, 6, 8])
    expect(nested(T.interpolate(row, { size: [6], mode: "linear" }))).toEqual([0, 1, 3, 5, 7, 8])
    expect(nested(T.interpolate(row, { size: [1], mode: "linear", alignCorners: true }))).toEqual([0])
  })
})

describe("wrong arguments", () => {
  const zeros = (shape: Dims): T.Tensor<Shape, "f32"> => T.zeros(shape)
  it.each([
    [
      () => T.conv2d(zeros([8, 3, 9, 9]), zeros([4, 1, 3, 3])),
      "conv2d: expected a kernel of 3 input channels, received [8, 3, 9, 9] and [4, 1, 3, 3]\n  hint: this kernel fits groups: 3"
    ],
    [
      () => T.conv2d(zeros([8, 4, 9, 9]), zeros([4, 3, 3, 3]), { groups: 2 }),
      "conv2d: expected a kernel of 2 input channels in each of 2 groups, received [8, 4, 9, 9] and [4, 3, 3, 3]"
    ],
    [
      () => T.conv2d(zeros([3, 9, 9]), zeros([4, 3, 3, 3])),
      "conv2d: expected an input and a kernel of 4 axes, the last 2 spatial, received [3, 9, 9] and [4, 3, 3, 3]\n  hint: give a single example a batch axis with expandDims(x, 0)"
    ],
    [
      () => T.conv1d(zeros([1, 3, 9]), zeros([4, 3, 3]), { groups: 2 }),
      "conv1d: expected groups: a whole number from 1 that divides 3 and 4 channels, received 2"
    ],
    [
      () => T.conv1d(zeros([1, 3, 2]), zeros([4, 3, 3])),
      "conv1d: expected at least [3] elements for a window, with padding, received [2]\n  hint: use a smaller kernel or more padding"
    ],
    [
      () => T.conv1d(zeros([1, 3, 9]), zeros([4, 3, 3]), { bias: T.zeros([3]) }),
      "conv1d: expected a bias for each of 4 output channels, received [3]"
    ],
    [
      () => T.conv1d(zeros([1, 3, 9]), zeros([4, 3, 3]), { stride: 0 }),
      "conv1d: expected stride: a whole number from 1, or 1 of them, received 0"
    ],
    [
      () => T.conv1d(zeros([1, 3, 9]), zeros([4, 3, 3]), { padding: -1 }),
      'conv1d: expected padding: "same", "valid", a whole number from 0, or 1 of them or of pairs [before, after], received -1'
    ],
    [
      () => T.convTranspose1d(zeros([1, 3, 9]), zeros([4, 3, 3])),
      "convTranspose1d: expected a kernel [3, outputs, ...spatial], received [1, 3, 9] and [4, 3, 3]\n  hint: kernels of transposed convolutions have inputs first"
    ],
    [
      () => T.maxPool2d(zeros([3]), { kernel: 2 }),
      "maxPool2d: expected at least 2 axes, the last spatial, received [3]"
    ],
    [() => T.interpolate(zeros([3]), { size: [0] }), "interpolate: expected whole extents from 1, received [0]"]
  ])("are told apart (%#)", (build, message) => {
    expect(build).toThrow(message)
  })
})
