/**
 * Index arithmetic: sums of loop variables times constants, kept in normal form.
 *
 * Element rules compute indices with division and remainder (a reshape splits and merges axes). Where the bounds of
 * the variables allow it, these fold away here, so that a reshape of a row-major tensor costs nothing.
 */
import type { Index, Scalar } from "./Scalar.ts"
import * as S from "./Scalar.ts"

/** `constant + Σ coefficient · atom`; an atom is a loop variable or any part that is not affine. */
export interface Affine {
  readonly constant: number
  readonly terms: ReadonlyMap<Scalar, number>
}

const include = (terms: Map<Scalar, number>, atom: Scalar, coefficient: number): void => {
  const total = (terms.get(atom) ?? 0) + coefficient
  if (total === 0) terms.delete(atom)
  else terms.set(atom, total)
}

const combine = (x: Affine, y: Affine, factor: number): Affine => {
  const terms = new Map(x.terms)
  y.terms.forEach((coefficient, atom) => include(terms, atom, factor * coefficient))
  return { constant: x.constant + factor * y.constant, terms }
}

/** Adds the terms of `factor · scalar`; gives its constant. */
const addTo = (terms: Map<Scalar, number>, scalar: Scalar, factor: number): number => {
  if (scalar.tag === "constant") return factor * scalar.value
  if (scalar.tag === "call" && scalar.dtype === "i32") {
    const [x, y] = scalar.args
    if (scalar.op === "add") return addTo(terms, x, factor) + addTo(terms, y, factor)
    if (scalar.op === "sub") return addTo(terms, x, factor) + addTo(terms, y, -factor)
    if (scalar.op === "mul" && y.tag === "constant") return addTo(terms, x, factor * y.value)
    if (scalar.op === "mul" && x.tag === "constant") return addTo(terms, y, factor * x.value)
  }
  include(terms, scalar, factor)
  return 0
}

/** The normal form of an index. */
export const of = (scalar: Scalar): Affine => {
  const terms = new Map<Scalar, number>()
  // Zero has no sign here.
  const constant = 0 + addTo(terms, scalar, 1)
  return { constant, terms }
}

/** Whether two scalars are the same index arithmetic over the same atoms. */
const same = (x: Scalar, y: Scalar): boolean => {
  if (x === y) return true
  if (x.tag === "constant" && y.tag === "constant") return x.value === y.value
  if (x.tag !== "call" || y.tag !== "call" || x.op !== y.op) return false
  return x.args.every((arg, i) => same(arg, y.args[i]))
}

/** The operands of `x / divisor` or `x % divisor`. */
const division = (atom: Scalar, op: "quotient" | "remainder"): readonly [x: Scalar, divisor: number] | undefined => {
  if (atom.tag !== "call" || atom.op !== op || atom.args[1].tag !== "constant") return undefined
  return [atom.args[0], atom.args[1].value]
}

/**
 * `factor · (x % n) + factor · n · (x / n) = factor · x`: what a reshape took apart, another puts together. The
 * quotient may also stand as `y / (d · n)` where `x` is `y / d`.
 */
const rejoined = (affine: Affine): Affine => {
  const { constant, terms } = affine
  for (const [part, factor] of terms) {
    const rest = division(part, "remainder")
    if (rest === undefined) continue
    const [x, n] = rest
    for (const [whole, coefficient] of terms) {
      const found = division(whole, "quotient")
      if (found === undefined || coefficient !== factor * n) continue
      const [y, divisor] = found
      const inner = division(x, "quotient")
      const isSame = divisor === n && same(x, y)
      const isNested = inner !== undefined && inner[1] * n === divisor && same(inner[0], y)
      if (!isSame && !isNested) continue
      const others = new Map(terms)
      others.delete(part)
      others.delete(whole)
      return rejoined(combine({ constant, terms: others }, of(x), factor))
    }
  }
  return affine
}

/** The affine expression as a scalar. */
export const toScalar = (affine: Affine): Scalar => {
  const { constant, terms } = rejoined(affine)
  let sum: Scalar | undefined
  terms.forEach((coefficient, atom) => {
    const term = coefficient === 1 ? atom : S.mul(atom, S.constant(coefficient))
    sum = sum === undefined ? term : S.add(sum, term)
  })
  if (sum === undefined) return S.constant(constant)
  return constant === 0 ? sum : S.add(sum, S.constant(constant))
}

/** The least and the greatest of some numbers. */
export type Bounds = readonly [low: number, high: number]
const unbounded: Bounds = [-Infinity, Infinity]

/** Variables that are known to run through a part of their extents only. */
export type Ranges = ReadonlyMap<Scalar, Bounds>

const boundsOfAtom = (atom: Scalar, ranges: Ranges | undefined): Bounds => {
  if (atom.tag === "variable") return ranges?.get(atom) ?? [0, Math.max(atom.extent - 1, 0)]
  if (atom.tag === "constant") return [atom.value, atom.value]
  if (atom.tag !== "call" || atom.dtype !== "i32") return unbounded
  const [x, y] = atom.args
  if ((atom.op === "remainder" || atom.op === "quotient") && y.tag === "constant" && y.value > 0) {
    const [low, high] = bounds(of(x), ranges)
    if (low < 0) return unbounded
    if (atom.op === "quotient") return [Math.floor(low / y.value), Math.floor(high / y.value)]
    return [0, Math.min(y.value - 1, high)]
  }
  if (atom.op === "min" || atom.op === "max") {
    const choose = atom.op === "min" ? Math.min : Math.max
    const [a, b] = [bounds(of(x), ranges), bounds(of(y), ranges)]
    return [choose(a[0], b[0]), choose(a[1], b[1])]
  }
  return unbounded
}

/** An index as a sum of multiples, each term once. */
export const simplified = (index: Scalar): Scalar => toScalar(of(index))

/** The least and greatest value that an index can take; its variables run through their extents unless stated. */
export const bounds = ({ constant, terms }: Affine, ranges?: Ranges): Bounds => {
  let low = constant
  let high = constant
  terms.forEach((coefficient, atom) => {
    const [a, b] = boundsOfAtom(atom, ranges)
    low += coefficient * (coefficient > 0 ? a : b)
    high += coefficient * (coefficient > 0 ? b : a)
  })
  return [low, high]
}

/** `x = divisor · multiple + rest`, termwise. */
const split = (x: Affine, divisor: number): readonly [multiple: Affine, rest: Affine] => {
  const multiple = new Map<Scalar, number>()
  const rest = new Map<Scalar, number>()
  x.terms.forEach((coefficient, atom) => {
    if (coefficient % divisor === 0) multiple.set(atom, coefficient / divisor)
    else rest.set(atom, coefficient)
  })
  const whole = Math.floor(x.constant / divisor)
  return [
    { constant: whole, terms: multiple },
    { constant: x.constant - whole * divisor, terms: rest }
  ]
}

const greatestCommonDivisor = (x: number, y: number): number =>
  y === 0 ? Math.abs(x) : greatestCommonDivisor(y, x % y)

/**
 * `x = g · multiple + rest` with `0 ≤ rest < g` for the greatest such `g` that divides `divisor`: then `rest` plays no
 * part in `x / divisor`, which is `multiple / (divisor / g)`.
 */
const coarsen = (
  x: Affine,
  divisor: number
): { readonly factor: number; readonly multiple: Affine; readonly rest: Affine } | undefined => {
  const factors = new Set<number>()
  x.terms.forEach((coefficient) => factors.add(greatestCommonDivisor(coefficient, divisor)))
  factors.delete(1)
  for (const factor of factors.size < 2 ? factors : [...factors].toSorted((a, b) => b - a)) {
    const [multiple, rest] = split(x, factor)
    const [low, high] = bounds(rest)
    if (low >= 0 && high < factor) return { factor, multiple, rest }
  }
  return undefined
}

/** Whether `0 ≤ x < divisor`. */
const isWithin = (x: Affine, divisor: number): boolean => {
  const [low, high] = bounds(x)
  return low >= 0 && high < divisor
}

/** `x / divisor` rounded down, for an index that is never negative. */
export const quotient = (index: Scalar, divisor: number): Scalar => {
  if (divisor === 1) return index
  const x = of(index)
  if (isWithin(x, divisor)) return S.constant(0)
  const coarse = coarsen(x, divisor)
  if (coarse !== undefined) return quotient(toScalar(coarse.multiple), divisor / coarse.factor)
  const [multiple, rest] = split(x, divisor)
  const [low, high] = bounds(rest)
  if (low >= 0 && high < divisor) return toScalar(multiple)
  if (low >= 0) return S.add(S.quotient(toScalar(rest), S.constant(divisor)), toScalar(multiple))
  return S.quotient(toScalar(x), S.constant(divisor))
}

/** The remainder of `x / divisor`, for an index that is never negative. */
export const remainder = (index: Scalar, divisor: number): Scalar => {
  if (divisor === 1) return S.constant(0)
  const x = of(index)
  if (isWithin(x, divisor)) return toScalar(x)
  const coarse = coarsen(x, divisor)
  if (coarse !== undefined) {
    const { factor, multiple, rest } = coarse
    return toScalar(combine(rest, of(remainder(toScalar(multiple), divisor / factor)), factor))
  }
  const [, rest] = split(x, divisor)
  const [low, high] = bounds(rest)
  if (low >= 0 && high < divisor) return toScalar(rest)
  return S.remainder(toScalar(low >= 0 ? rest : x), S.constant(divisor))
}

/** The row-major position of `index` within `shape`. */
export const flatten = (index: Index, shape: ReadonlyArray<number>): Scalar => {
  const terms = new Map<Scalar, number>()
  let constant = 0
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1) constant += addTo(terms, index[axis], stride)
    stride *= shape[axis]
  }
  return toScalar({ constant, terms })
}

/** The index within `shape` of a row-major position. */
export const unflatten = (position: Scalar, shape: ReadonlyArray<number>): Index => {
  const total = shape.reduce((product, extent) => product * extent, 1)
  if (total === 0) return shape.map(() => S.constant(0))
  let below = total
  return shape.map((extent, axis) => {
    below /= extent
    const leading = quotient(position, below)
    return axis === 0 ? leading : remainder(leading, extent)
  })
}
