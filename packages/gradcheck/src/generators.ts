/**
 * Arbitrary inputs for a function: arrays from its domain that stay away from its kinks.
 */
import type { DType } from "@cotangent/tensor/DType"
import * as DTypes from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import type { Dims } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import * as fc from "fast-check"

/** What the elements of a generated array are. */
export interface Domain<D extends DType = "f64"> {
  /** −3 unless stated. */
  readonly min?: number
  /** 3 unless stated. */
  readonly max?: number
  /** Values where the function has no derivative. */
  readonly away?: ReadonlyArray<number>
  /** How far from these the elements stay; 0.05 unless stated. */
  readonly distance?: number
  /** Whether no two elements of an array are equal. */
  readonly isDistinct?: boolean
  /** `f64` unless stated; whatever it is, derivatives are taken in `f64`. */
  readonly dtype?: D
}

/** Elements are hundredths, so that counterexamples can be read. */
const unit = 100

const entries = ({ away = [], distance = 0.05, max = 3, min = -3 }: Domain<DType>): fc.Arbitrary<number> => {
  const [from, to] = [Math.ceil(min * unit), Math.floor(max * unit)]
  const isFar = (x: number): boolean => away.every((kink) => Math.abs(x - kink) >= distance - 1e-9)
  // Near zero first, where counterexamples are simple.
  const allowed = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => (from + i) / unit)
    .filter(isFar)
    .toSorted((x, y) => Math.abs(x) - Math.abs(y) || y - x)
  if (allowed.length > 0) return fc.nat(allowed.length - 1).map((i) => allowed[i])
  throw new ArgumentError({
    operation: "gradcheck.tensor",
    expected: `hundredths from ${min} to ${max} that are ${distance} away from ${away.join(", ") || "nothing"}`,
    received: "none"
  })
}

/**
 * Arrays of `shape`, or of arbitrary shapes, with elements from a domain. They shrink to few elements near zero.
 *
 * **Throws** `ArgumentError` where the domain is empty.
 */
export const tensor = <D extends DType = "f64">(
  shape: Dims | fc.Arbitrary<Dims>,
  domain: Domain<D> = {}
): fc.Arbitrary<HostArray<D>> => {
  // Without a dtype `D` is "f64".
  const dtype = (domain.dtype ?? "f64") as D
  const entry = entries(domain)
  const of = (dims: Dims): fc.Arbitrary<HostArray<D>> => {
    const length = { minLength: size(dims), maxLength: size(dims) }
    const values = domain.isDistinct === true ? fc.uniqueArray(entry, length) : fc.array(entry, length)
    return values.map((data) => make(dims, dtype, data))
  }
  return shape instanceof fc.Arbitrary ? shape.chain(of) : of(shape)
}

/** How far the entries of an example are moved: up to a quarter of themselves, in hundredths. */
const quarter = fc.integer({ min: -25, max: 25 }).map((value) => value / unit)

/**
 * Arrays near an example: each element moves by up to a quarter of itself, which keeps its sign, and zeros by up to a
 * quarter. What is not of floats stays as it is. They shrink to the example.
 */
export const near = (example: HostArray): fc.Arbitrary<HostArray> => {
  if (!DTypes.isFloat(example.dtype)) return fc.constant(example)
  return fc.array(quarter, { minLength: example.data.length, maxLength: example.data.length }).map((moves) =>
    make(
      example.shape,
      example.dtype,
      Array.from(example.data, (x, i) => (x === 0 ? moves[i] : x * (1 + moves[i])))
    )
  )
}
