/** Arbitrary arrays, tensors and trees, with few values, so that equal ones are not rare. */
import type { DType } from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Reference from "@cotangent/tensor/Reference"
import type { Dims } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Tree } from "@cotangent/tensor/Tree"
import { make } from "@cotangent/tensor/HostArray"
import * as fc from "fast-check"

/** Where floats end, and a few numbers between. */
const few: fc.Arbitrary<number> = fc.constantFrom(0, -0, 1, -1, 0.5, Infinity, Number.NaN)

const dims: fc.Arbitrary<Dims> = fc.constantFrom([], [2], [1, 2], [0])

/** Arrays of any dtype with special values. */
export const hostArray: fc.Arbitrary<HostArray> = fc
  .tuple(dims, fc.constantFrom<DType>("f32", "f64", "i32"))
  .chain(([shape, dtype]) =>
    fc
      .array(few, { minLength: size(shape), maxLength: size(shape) })
      .map((values) => make(shape, dtype, dtype === "i32" ? values.map((x) => (Number.isFinite(x) ? x : 7)) : values))
  )

/** Tensors of one type. */
export const tensorOf = <D extends DType>(
  shape: Dims,
  dtype: D,
  element: fc.Arbitrary<number>
): fc.Arbitrary<Tensor.Tensor<Shape, D>> =>
  fc
    .array(element, { minLength: size(shape), maxLength: size(shape) })
    .map((values) => Tensor.fromHostArray(make(shape, dtype, values)) as Tensor.Tensor<Shape, D>)

/** Numbers that round. */
export const decimal: fc.Arbitrary<number> = fc.integer({ min: -300, max: 300 }).map((x) => x / 100)

/** Expressions over few constants. */
export const { expression } = fc.letrec<{ expression: Tensor.Tensor<Shape, "f64"> }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(1, 2).map((x) => Tensor.of([x, x], "f64")),
    fc.constantFrom(0, -0).map((x) => Tensor.full([2], x, "f64")),
    fc.tuple(tie("expression"), tie("expression")).map(([x, y]) => Tensor.add(x, y)),
    tie("expression").map((x) => Tensor.mul(x, x)),
    tie("expression").map((x) => Tensor.reverse(x, 0))
  )
}))

/** Trees of any nesting. */
export const { tree } = fc.letrec<{ tree: Tree<Tensor.Tensor> }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ min: -9, max: 9 }).map((value) => Tensor.scalar(value, "f64")),
    fc.constant(undefined),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("weight", "bias", "0", "layers"), tie("tree"), { noNullPrototype: true })
  )
}))

/** The value of a tensor. */
export const valueOf = (tensor: Tensor.Tensor): HostArray => Reference.evaluate([tensor])[0]

/** How far rounding may take apart two ways to compute a number below 30, in units of the dtype's precision. */
const roundings = 64
const precision = { f64: 2 ** -52, f32: 2 ** -23, f16: 2 ** -10, bf16: 2 ** -7 } as const

/** Whether two float tensors agree up to rounding. */
export const near = (x: Tensor.Tensor, y: Tensor.Tensor): boolean => {
  const [a, b] = Reference.evaluate([x, y])
  const tolerance = roundings * precision[x.dtype as keyof typeof precision]
  return (
    x.dtype === y.dtype &&
    a.data.length === b.data.length &&
    a.data.every((v, i) => Math.abs(v - b.data[i]) <= tolerance)
  )
}

/** Whether numbers are equal in pairs, where 0 and −0 are one. */
export const sameNumbers = (x: ReadonlyArray<number>, y: ReadonlyArray<number>): boolean =>
  x.length === y.length && x.every((v, i) => v === y[i])

/** Whether two tensors have one type and equal elements, where 0 and −0 are one. */
export const exact = (x: Tensor.Tensor, y: Tensor.Tensor): boolean => {
  const [a, b] = Reference.evaluate([x, y])
  return a.dtype === b.dtype && sameNumbers(a.shape, b.shape) && sameNumbers([...a.data], [...b.data])
}
