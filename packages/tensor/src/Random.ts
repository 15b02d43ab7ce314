/**
 * Random numbers as pure functions of keys. There is no global seed: a key gives the same draw every time, and
 * independent draws need independent keys, from `split` or `foldIn`.
 *
 * The streams are those of JAX's default generator (Threefry-2x32, partitionable), bit for bit.
 */
import type { DType, Float, Integer } from "./DType.ts"
import * as DTypes from "./DType.ts"
import { ArgumentError, DTypeError, ShapeError } from "./errors.ts"
import { make } from "./HostArray.ts"
import type { Tensor } from "./Primitive.ts"
import { mul } from "./primitive/bilinear.ts"
import { equal, less, modulo, shiftRight } from "./primitive/discrete.ts"
import { erf, erfInv, log, log1p } from "./primitive/elementwise.ts"
import { constant, full, iota } from "./primitive/leaf.ts"
import { add, broadcast, cast, neg, reshape, sub } from "./primitive/linear.ts"
import { argSort, randomBits } from "./primitive/routine.ts"
import { max, min, reduceMax, reduceMin, where } from "./primitive/selection.ts"
import { slice } from "./primitive/window.ts"
import type { Dims } from "./Shape.ts"
import { check, equals, normalizeAxis, without } from "./Shape.ts"
import type { Shape } from "./ShapeType.ts"

/** The state of a generator: the two words of a 64-bit key. */
export type Key = Tensor<readonly [2], "u32">

/** The element type of a draw; `f32` unless stated, in types (the default of `D`) and in values alike. */
export interface Typed<D extends DType> {
  readonly dtype?: D
}

/**
 * The key of a seed: the high and the low word of its 64 bits.
 *
 * **Throws** `ArgumentError` unless `seed` is a whole number that a double holds exactly.
 *
 * **Example** (Making a key)
 *
 * ```ts run
 * await evaluate(Random.key(42)) // => [0, 42]
 * ```
 */
export const key = (seed: number): Key => {
  if (!Number.isSafeInteger(seed)) {
    throw new ArgumentError({ operation: "Random.key", expected: "a whole number below 2^53", received: String(seed) })
  }
  const words = [Math.floor(seed / 2 ** 32), seed].map((word) => DTypes.round("u32", word))
  // A key is two words of u32, as made here.
  return constant(make([2], "u32", words)) as Key
}

const checked = (operation: string, self: Tensor): Tensor => {
  if (self.dtype !== "u32") throw new DTypeError({ operation, expected: "a key of u32", received: [self.dtype] })
  if (!equals(self.shape, [2])) {
    throw new ShapeError({
      operation,
      expected: "one key [2]",
      received: [self.shape],
      hint: "draw for a batch of keys with vmap"
    })
  }
  return self
}

const words = (operation: string, self: Tensor, shape: Dims, count: 1 | 2): Tensor => {
  check(operation, shape)
  return randomBits(checked(operation, self), iota({ shape, dtype: "u32" }), { words: count })
}

/**
 * `count` independent keys, two unless stated. The key that was split should not be used again.
 *
 * **Shapes** `[2] → count × [2]`
 *
 * **Example** (Drawing twice)
 *
 * ```ts run
 * const [first, second] = Random.split(Random.key(0))
 * await evaluate(Random.bits(first, [1])) // => [3617712097]
 * await evaluate(Random.bits(second, [1])) // => [31327077]
 * ```
 */
export const split = (self: Key, count = 2): ReadonlyArray<Key> => {
  const all = keys(self, count)
  return Array.from({ length: count }, (_, i) => {
    const row = slice(all, { start: [i, 0], stop: [i + 1, 2], step: [1, 1] })
    // One row of keys is a key.
    return reshape(row, { shape: [2] }) as Key
  })
}

/** The keys of `split` as the rows of one tensor, for `vmap` and `scan`. **Shapes** `[2] → [count, 2]` */
export const keys = <const N extends number>(self: Key, count: N): Tensor<readonly [N, 2], "u32"> =>
  // A block has two words.
  words("Random.split", self, [count], 2) as Tensor<readonly [N, 2], "u32">

/**
 * The key of `self` for the case `data`, such as the number of a step; different data give independent keys.
 *
 * **Throws** `ArgumentError` unless a number is whole and not negative; `DTypeError`, `ShapeError` unless a tensor is a
 * scalar integer.
 */
export const foldIn = (self: Key, data: number | Tensor): Key => {
  const counter = typeof data === "number" ? countOf(data) : data
  if (!DTypes.isInteger(counter.dtype)) {
    throw new DTypeError({ operation: "Random.foldIn", expected: "an integer", received: [counter.dtype] })
  }
  if (counter.shape.length > 0) {
    throw new ShapeError({ operation: "Random.foldIn", expected: "a scalar", received: [counter.shape] })
  }
  // Two words of one block are a key.
  return randomBits(checked("Random.foldIn", self), cast(counter, { dtype: "u32" }), { words: 2 }) as Key
}

const countOf = (data: number): Tensor => {
  if (!Number.isInteger(data) || data < 0 || data >= 2 ** 32) {
    throw new ArgumentError({
      operation: "Random.foldIn",
      expected: "a whole number from 0 below 2^32",
      received: String(data)
    })
  }
  return constant(make([], "u32", [data]))
}

/** Random 32-bit words. */
export const bits = <const S extends Dims>(self: Key, shape: S): Tensor<S, "u32"> =>
  // One word for each element of the shape that was asked for.
  words("Random.bits", self, shape, 1) as Tensor<S, "u32">

/** Bits after the leading one of each float. */
const fractionBits: Record<Float, number> = { f64: 52, f32: 23, f16: 10, bf16: 7 }

const fill = (like: Tensor, value: number): Tensor => full({ shape: like.shape, dtype: like.dtype, value })

/** Multiples of `2^-fractionBits` in [0, 1), all equally likely. */
const fractions = (operation: string, self: Tensor, shape: Dims, dtype: Float): Tensor => {
  const kept = fractionBits[dtype]
  const down = (word: Tensor, places: number): Tensor => cast(shiftRight(word, fill(word, places)), { dtype })
  const scaled = (x: Tensor, exponent: number): Tensor => mul(x, fill(x, 2 ** exponent))
  if (dtype !== "f64") return scaled(down(words(operation, self, shape, 1), 32 - kept), -kept)
  const block = words(operation, self, shape, 2)
  const word = (i: number): Tensor => {
    const half = slice(block, {
      start: [...shape.map(() => 0), i],
      stop: [...shape, i + 1],
      step: [...shape.map(() => 1), 1]
    })
    return reshape(half, { shape })
  }
  return scaled(add(scaled(cast(word(0), { dtype }), kept - 32), down(word(1), 64 - kept)), -kept)
}

/** Fractions moved to `[low, high)`. */
const between = (x: Tensor, low: Tensor, high: Tensor): Tensor => add(mul(x, sub(high, low)), low)

/**
 * Numbers spread evenly over `[min, max)`, by default `[0, 1)`.
 *
 * **Throws** `ArgumentError` if `min` is above `max`.
 *
 * **Numerics** `f32` draws are multiples of 2⁻²³ before they are scaled; `f64` draws use both words of a block. Scaling
 * may round a draw up to `max`.
 */
export const uniform = <const S extends Dims, D extends Float = "f32">(
  self: Key,
  shape: S,
  { dtype = "f32" as D, max = 1, min = 0 }: Typed<D> & { readonly min?: number; readonly max?: number } = {}
): Tensor<S, D> => {
  if (!(min <= max)) {
    throw new ArgumentError({ operation: "Random.uniform", expected: "min ≤ max", received: `${min} and ${max}` })
  }
  const x = fractions("Random.uniform", self, shape, dtype)
  // The draw has the shape and dtype that were asked for.
  return (min === 0 && max === 1 ? x : between(x, fill(x, min), fill(x, max))) as Tensor<S, D>
}

/** Draws in at least single precision, rounded to `dtype`. */
const wide = <S extends Dims, D extends Float>(
  operation: string,
  { dtype, key, shape }: { readonly key: Key; readonly shape: S; readonly dtype: D },
  draw: (fractions: Tensor) => Tensor
): Tensor<S, D> => {
  const x = draw(fractions(operation, key, shape, dtype === "f64" ? "f64" : "f32"))
  // The draw has the shape and dtype that were asked for.
  return cast(x, { dtype }) as Tensor<S, D>
}

/** The least fraction above −1. */
const aboveMinusOne = (x: Tensor): Tensor => fill(x, x.dtype === "f64" ? 2 ** -53 - 1 : 2 ** -24 - 1)

const scaledBy = (x: Tensor, factor: number): Tensor => mul(x, fill(x, factor))

/**
 * Numbers of the normal distribution.
 *
 * **Numerics** `√2 erfInv(u)` with `u` uniform on (−1, 1), so the tails end at 5.4 standard deviations in `f32`.
 */
export const normal = <const S extends Dims, D extends Float = "f32">(
  self: Key,
  shape: S,
  { dtype = "f32" as D, mean = 0, std = 1 }: Typed<D> & { readonly mean?: number; readonly std?: number } = {}
): Tensor<S, D> =>
  wide("Random.normal", { key: self, shape, dtype }, (u) => {
    const z = scaledBy(erfInv(between(u, aboveMinusOne(u), fill(u, 1))), Math.SQRT2)
    const spread = std === 1 ? z : scaledBy(z, std)
    return mean === 0 ? spread : add(spread, fill(z, mean))
  })

/**
 * Numbers of the standard normal distribution within `[lower, upper]`.
 *
 * **Throws** `ArgumentError` unless `lower` is below `upper`.
 */
export const truncatedNormal = <const S extends Dims, D extends Float = "f32">(
  self: Key,
  shape: S,
  { dtype = "f32" as D, lower, upper }: Typed<D> & { readonly lower: number; readonly upper: number }
): Tensor<S, D> => {
  if (!(lower < upper)) {
    const received = `${lower} and ${upper}`
    throw new ArgumentError({ operation: "Random.truncatedNormal", expected: "lower < upper", received })
  }
  return wide("Random.truncatedNormal", { key: self, shape, dtype }, (u) => {
    const axes = shape.map((_, axis) => axis)
    const bound = (value: number): Tensor =>
      broadcast(erf(full({ shape: [], dtype: u.dtype, value: value / Math.SQRT2 })), { shape, axes })
    const z = scaledBy(erfInv(between(u, bound(lower), bound(upper))), Math.SQRT2)
    return max(fill(z, lower), min(fill(z, upper), z))
  })
}

/** Numbers of the exponential distribution with mean 1: `−ln(1 − u)`. */
export const exponential = <const S extends Dims, D extends Float = "f32">(
  self: Key,
  shape: S,
  { dtype = "f32" as D }: Typed<D> = {}
): Tensor<S, D> => wide("Random.exponential", { key: self, shape, dtype }, (u) => neg(log1p(neg(u))))

/** Numbers of the standard Gumbel distribution: `−ln(−ln u)`. */
export const gumbel = <const S extends Dims, D extends Float = "f32">(
  self: Key,
  shape: S,
  { dtype = "f32" as D }: Typed<D> = {}
): Tensor<S, D> =>
  wide("Random.gumbel", { key: self, shape, dtype }, (u) => {
    const least = fill(u, u.dtype === "f64" ? 2 ** -1022 : 2 ** -126)
    return neg(log(neg(log(between(u, least, fill(u, 1))))))
  })

/** `true` with probability `p`, one for all elements or one for each. */
export const bernoulli = <const S extends Dims>(
  self: Key,
  p: number | Tensor<NoInfer<S>, Float>,
  shape: S
): Tensor<S, "bool"> => {
  const chance = typeof p === "number" ? full({ shape, dtype: "f32", value: p }) : p
  const dtype = chance.dtype === "f64" ? "f64" : "f32"
  // Comparing keeps the shape.
  return less(fractions("Random.bernoulli", self, shape, dtype), cast(chance, { dtype })) as Tensor<S, "bool">
}

/**
 * Whole numbers spread evenly over `[min, max)`.
 *
 * **Throws** `ArgumentError` unless `min` and `max` are whole numbers of `dtype` and `min` is below `max`.
 *
 * **Numerics** The remainder of 64 random bits, of 32 where there are more than 2¹⁶ numbers; no number is more likely
 * than another by more than `(max − min) / 2³²` of its probability.
 */
export const randint = <const S extends Dims, D extends Integer = "i32">(
  self: Key,
  shape: S,
  { dtype = "i32" as D, max, min }: Typed<D> & { readonly min: number; readonly max: number }
): Tensor<S, D> => {
  if (![min, max - 1].every((x) => Number.isInteger(x) && DTypes.round(dtype, x) === x) || min >= max) {
    throw new ArgumentError({
      operation: "Random.randint",
      expected: `whole numbers min < max of ${dtype}`,
      received: `${min} and ${max}`
    })
  }
  const span = max - min
  const [high, low] = split(self).map((half) => bits(half, shape))
  const rest = (x: Tensor): Tensor => (span === 2 ** 32 ? x : modulo(x, fill(x, span)))
  // The high word counts 2³² times, modulo the span; above 2¹⁶ products would wrap, and the low word is enough.
  const radix = span > 2 ** 16 ? 0 : 2 ** 32 % span
  const offset = rest(add(mul(rest(high), fill(high, radix)), rest(low)))
  const value = add(offset, fill(offset, DTypes.round("u32", min)))
  // Words wrap to the integers that were asked for.
  return cast(value, { dtype }) as Tensor<S, D>
}

/** The numbers `0 … count − 1` in random order. */
export const permutation = <const N extends number>(self: Key, count: N): Tensor<readonly [N], "i32"> =>
  // Words collide with probability count² / 2³³; only then the lower number is more likely to come first.
  argSort(words("Random.permutation", self, [count], 1), { descending: false }) as Tensor<readonly [N], "i32">

/**
 * Draws one category for each row of `logits` (along `axis`, the last by default), with the probabilities
 * `softmax(logits)`: the greatest of `logits` plus Gumbel noise.
 */
export const categorical = (
  self: Key,
  logits: Tensor<Shape, Float>,
  { axis = -1 }: { readonly axis?: number } = {}
): Tensor<Shape, "i32"> => {
  const at = normalizeAxis("Random.categorical", axis, logits.shape.length)
  const x = add(logits, gumbel(self, logits.shape, { dtype: logits.dtype }))
  const spread = (row: Tensor): Tensor => broadcast(row, { shape: x.shape, axes: [at] })
  const all = without(
    x.shape.map((_, i) => i),
    [at]
  )
  const place = broadcast(iota({ shape: [x.shape[at]], dtype: "i32" }), { shape: x.shape, axes: all })
  const first = where(equal(x, spread(reduceMax(x, { axes: [at] }))), place, fill(place, x.shape[at] - 1))
  // Positions are i32.
  return reduceMin(first, { axes: [at] }) as Tensor<Shape, "i32">
}
