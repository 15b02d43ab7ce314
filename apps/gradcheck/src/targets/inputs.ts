/**
 * Inputs that many targets share.
 */
import type { Domain } from "@cotangent/gradcheck/generators"
import { tensor } from "@cotangent/gradcheck/generators"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import type { Dims } from "@cotangent/tensor/Shape"
import type { Shape } from "@cotangent/tensor/ShapeType"
import type * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import type { Check } from "../Target.ts"
import { check } from "../Target.ts"

/** Tensors of floats of any shape. */
export type Floats = Tensor.Tensor<Shape, "f64">

/** Tensors of whole numbers. */
export type Whole = Tensor.Tensor<Shape, "i32">

/** Extents from 1 to 3. */
export const extent: fc.Arbitrary<number> = fc.integer({ min: 1, max: 3 })

/** Shapes of one or two axes. */
export const shapes: fc.Arbitrary<Dims> = fc.array(extent, { minLength: 1, maxLength: 2 })

/** Domains by what they leave out. */
export const domains = {
  reals: {},
  positive: { min: 0.25 },
  aboveOne: { min: 1.25 },
  nonzero: { away: [0], distance: 0.25 },
  fractions: { min: -0.9, max: 0.9 },
  moderate: { min: -1.3, max: 1.3 },
  shares: { min: 0.1, max: 0.9 },
  betweenHalves: { away: [-3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3] },
  distinct: { isDistinct: true }
} satisfies Readonly<Record<string, Domain>>

/** A function of one tensor, on arrays of `shape` from a domain. */
export const unary = (
  f: (x: Floats) => unknown,
  domain: Domain = {},
  shape: Dims | fc.Arbitrary<Dims> = shapes
): Check => check(f, fc.tuple(tensor(shape, domain)))

/** A function of two tensors of one shape. */
export const binary = (f: (x: Floats, y: Floats) => unknown, left: Domain = {}, right: Domain = {}): Check =>
  check(
    f,
    shapes.chain((shape) => fc.tuple(tensor(shape, left), tensor(shape, right)))
  )

/** A function of several tensors of stated shapes. */
export const of = (f: (...xs: ReadonlyArray<Floats>) => unknown, ...shapes: ReadonlyArray<Dims>): Check =>
  check(f, fc.tuple(...shapes.map((shape) => tensor(shape))))

/** Arrays that never tie with those of hundredths. */
export const offGrid = (shape: Dims): fc.Arbitrary<HostArray> =>
  tensor(shape).map(({ data }) =>
    make(
      shape,
      "f64",
      Array.from(data, (x) => x + 0.005)
    )
  )

/** Whole numbers from 0 to `count − 1`. */
export const indices = (shape: Dims, count: number): fc.Arbitrary<HostArray> =>
  tensor(shape, { min: 0, max: count - 0.01, dtype: "i32" })

const added = (n: number, diagonal: (i: number) => number, max: number): fc.Arbitrary<HostArray> =>
  tensor([n, n], { min: -max, max }).map(({ data }) =>
    make(
      [n, n],
      "f64",
      Array.from(data, (x, at) => (at % (n + 1) === 0 ? x + diagonal(at / (n + 1)) : x))
    )
  )

/** A function of a matrix whose diagonal outweighs everything else: regular, and with a positive definite symmetric part. */
export const dominant = (f: (x: Floats) => unknown): Check =>
  check(f, fc.tuple(extent.chain((n) => added(n, () => n + 1, 1))))

/** The same with a right side. */
export const system = (f: (a: Floats, b: Floats) => unknown): Check =>
  check(
    f,
    extent.chain((n) =>
      fc.tuple(
        added(n, () => n + 1, 1),
        tensor([n, 2])
      )
    )
  )

/** A function of a matrix whose eigenvalues and singular values are far from each other and from zero. */
export const separated = (f: (x: Floats) => unknown): Check =>
  check(f, fc.tuple(extent.chain((n) => added(n, (i) => 4 * (i + 1), 0.3))))
