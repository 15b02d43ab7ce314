/**
 * Attention: averages of values, weighed by how well keys answer queries.
 */
import type { Float } from "@cotangent/tensor/DType"
import { ShapeError } from "@cotangent/tensor/errors"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Floats } from "./internal/forms.ts"
import type { Dropped } from "./internal/thin.ts"
import { checkRate, thinned } from "./internal/thin.ts"

export type { Dropped } from "./internal/thin.ts"

type Truths = Tensor.Tensor<Shape, "bool">

/** Which keys a query may see. */
export interface AttentionOptions {
  /**
   * Whether a query may see a key, or what is added to its score, where −∞ hides it; of a shape that broadcasts to
   * `[…, queries, keys]`. Everything is seen unless stated.
   */
  readonly mask?: Truths | Floats
  /** Whether query `i` sees the keys `0 … i` only. */
  readonly causal?: boolean
  /** What products are scaled by; `1/√width` unless stated. */
  readonly scale?: number
  /** Sets weights to 0 at random, for training: nothing is dropped without a key. */
  readonly dropout?: Dropped
}

/** Queries, and keys with their values. */
export interface Attended<D extends Float = Float> {
  readonly query: Tensor.Tensor<Shape, D>
  readonly key: Tensor.Tensor<Shape, D>
  readonly value: Tensor.Tensor<Shape, D>
}

const both = (x: Truths | undefined, y: Truths): Truths => (x === undefined ? y : Tensor.logicalAnd(x, y))

const isTruths = (mask: Truths | Floats): mask is Truths => mask.dtype === "bool"

/** Which keys a mask lets be seen, and what it adds to their scores. */
const meaningOf = (mask: Truths | Floats | undefined): { readonly seen?: Truths; readonly added?: Floats } => {
  if (mask === undefined) return {}
  if (isTruths(mask)) return { seen: mask }
  const seen = Tensor.notEqual(mask, -Infinity)
  return { seen, added: Tensor.where(seen, mask, 0) }
}

/** Whether key `j` is not after query `i`. **Shapes** → `[queries, keys]` */
const isPast = (queries: number, keys: number): Truths =>
  Tensor.lessEqual(
    Tensor.reshape(Tensor.arange(keys, { dtype: "i32" }), [1, keys]),
    Tensor.reshape(Tensor.arange(queries, { dtype: "i32" }), [queries, 1])
  )

const checkPair = (query: Floats, key: Floats): void => {
  const isPair = query.shape.length >= 2 && key.shape.length >= 2 && query.shape.at(-1) === key.shape.at(-1)
  if (isPair) return
  throw new ShapeError({
    operation: "attention",
    expected: "queries [..., queries, width] and keys [..., keys, width]",
    received: [query.shape, key.shape]
  })
}

/**
 * How much each query attends to each key: `softmax(scale · query · keyᵀ + mask)` over the keys that it may see. The
 * weights of a query that sees none are 0. With `dropout`, each weight is 0 with probability `rate` and the others are
 * scaled by `1 / (1 − rate)`.
 *
 * **Shapes** `[…, queries, width]`, `[…, keys, width]` → `[…, queries, keys]`
 *
 * **Throws** `ShapeError` unless widths agree, `ArgumentError` unless `0 ≤ rate < 1`.
 */
export const attentionWeights = <D extends Float>(
  { key, query }: Pick<Attended<D>, "query" | "key">,
  { causal = false, dropout, mask, scale }: AttentionOptions = {}
): Tensor.Tensor<Shape, D> => {
  const [queries, keys]: readonly [Floats, Floats] = [query, key]
  checkPair(queries, keys)
  const scaled = Tensor.mul(queries, scale ?? 1 / Math.sqrt(queries.shape.at(-1) ?? 1))
  const products = Tensor.matmul(scaled, Tensor.swapAxes(keys, -1, -2))
  const { added, seen } = meaningOf(mask)
  const scores = added === undefined ? products : Tensor.add(products, added)
  const allowed = causal ? both(seen, isPast(queries.shape.at(-2) ?? 0, keys.shape.at(-2) ?? 0)) : seen
  // The first key is seen by all queries unless something else hides it.
  const seesSome = seen === undefined && (keys.shape.at(-2) ?? 0) > 0
  const weights = allowed === undefined ? Tensor.softmax(scores, -1) : maskedSoftmax(scores, allowed, seesSome)
  if (dropout !== undefined) checkRate("attention", dropout.rate)
  // Scores have the dtype of the queries.
  return (dropout === undefined ? weights : thinned(weights, dropout)) as Tensor.Tensor<Shape, D>
}

/**
 * The softmax over what is allowed, 0 elsewhere. A row where nothing is gets even scores, so nothing in it is NaN; there is
 * none if every query `seesSome`.
 */
const maskedSoftmax = (scores: Floats, allowed: Truths, seesSome: boolean): Floats => {
  const isAllowed = Tensor.broadcastTo(allowed, scores.shape)
  if (seesSome) return Tensor.softmax(Tensor.where(isAllowed, scores, -Infinity), -1)
  const floor = Tensor.where(Tensor.any(isAllowed, -1, { keepDims: true }), -Infinity, Tensor.zeros([], scores.dtype))
  return Tensor.where(isAllowed, Tensor.softmax(Tensor.where(isAllowed, scores, floor), -1), 0)
}

/**
 * `softmax(query · keyᵀ / √width) · value`: for each query the mean of the values, weighed by `attentionWeights`. A query
 * that sees no key gets zeros.
 *
 * **Shapes** `[…, queries, width]`, `[…, keys, width]`, `[…, keys, features]` → `[…, queries, features]`; leading axes
 * broadcast.
 *
 * **Throws** `ShapeError`, `DTypeError` unless dtypes agree.
 *
 * **Numerics** Queries are scaled before the product; the greatest score is taken out before `exp`.
 *
 * **Source** Vaswani et al. 2017, equation 1.
 *
 * **Example** (The second query may see both keys)
 *
 * ```ts run
 * const [query, key, value] = [Tensor.zeros([2, 4]), Tensor.zeros([2, 4]), Tensor.of([[1], [3]])]
 * await evaluate(Attention.scaledDotProductAttention({ query, key, value }, { causal: true })) // => [[1], [2]]
 * ```
 */
export const scaledDotProductAttention = <D extends Float>(
  { key, query, value }: Attended<D>,
  options: AttentionOptions = {}
): Tensor.Tensor<Shape, D> => {
  const values: Floats = value
  // Products have the dtype of the values.
  return Tensor.matmul(attentionWeights({ query, key }, options) as Floats, values) as Tensor.Tensor<Shape, D>
}

/** The maps of `multiHeadAttention`, under PyTorch's names: those of query, key and value are stacked in one. */
export interface MultiHeadParams<W extends number = number> {
  /** `[3 · width, width]` */
  readonly in_proj_weight: Tensor.Tensor<readonly [number, W], Float>
  /** `[3 · width]` */
  readonly in_proj_bias?: Tensor.Tensor<readonly [number], Float>
  readonly out_proj: {
    /** `[outputs, inputs]` */
    readonly weight: Tensor.Tensor<readonly [W, W], Float>
    readonly bias?: Tensor.Tensor<readonly [W], Float>
  }
}

/** How many heads attend, and to what. */
export interface MultiHeadOptions extends AttentionOptions {
  readonly heads: number
}

/** `x · weightᵀ + bias` */
const projected = (x: Floats, weight: Floats, bias: Floats | undefined): Floats => {
  const product = Tensor.matmul(x, Tensor.swapAxes(weight, 0, 1))
  return bias === undefined ? product : Tensor.add(product, bias)
}

/** `[…, length, width]` → `[…, heads, length, width / heads]` */
const splitHeads = (x: Floats, heads: number): Floats => {
  const width = x.shape.at(-1) ?? 0
  return Tensor.swapAxes(Tensor.reshape(x, [...x.shape.slice(0, -1), heads, width / heads]), -2, -3)
}

/** `[…, heads, length, width]` → `[…, length, heads · width]` */
const joinHeads = (x: Floats): Floats => {
  const rows: Floats = Tensor.swapAxes(x, -2, -3)
  const [heads, width] = rows.shape.slice(-2)
  return Tensor.reshape(rows, [...rows.shape.slice(0, -2), heads * width])
}

const checkHeads = (width: number | undefined, heads: number, { in_proj_weight }: MultiHeadParams): void => {
  const { shape }: Floats = in_proj_weight
  const fits = width !== undefined && shape[0] === 3 * width && shape[1] === width
  if (fits && Number.isInteger(width / heads)) return
  throw new ShapeError({
    operation: "multiHeadAttention",
    expected: `in_proj_weight [3 · width, width] with a width that divides by ${heads} heads`,
    received: [shape],
    ...(fits || width === undefined ? {} : { hint: `the last axis of the query is ${width}` })
  })
}

/**
 * Attention by several heads, each over its share of the width: query, key and value are mapped, cut into heads,
 * attended to as by `scaledDotProductAttention`, put together again and mapped once more. One tensor stands for all
 * three: self-attention.
 *
 * **Shapes** `[…, queries, width]`, `[…, keys, width]` → `[…, queries, width]`; a mask broadcasts to
 * `[…, heads, queries, keys]`.
 *
 * **Throws** `ShapeError` unless `heads` divides the width, `DTypeError`.
 *
 * **Source** Vaswani et al. 2017, section 3.2.2.
 */
export const multiHeadAttention = <D extends Float>(
  input: Tensor.Tensor<Shape, D> | Attended<D>,
  params: MultiHeadParams,
  { heads, ...options }: MultiHeadOptions
): Tensor.Tensor<Shape, D> => {
  const given: Attended = Tensor.isTensor(input) ? { query: input, key: input, value: input } : input
  checkHeads(given.query.shape.at(-1), heads, params)
  const weights = Tensor.split(params.in_proj_weight as Floats, 3)
  const biases = params.in_proj_bias === undefined ? [] : Tensor.split(params.in_proj_bias as Floats, 3)
  const [query, key, value] = [given.query, given.key, given.value].map((x, i) =>
    splitHeads(projected(x, weights[i], biases[i]), heads)
  )
  const attended = joinHeads(scaledDotProductAttention({ query, key, value }, options))
  // Maps keep the dtype.
  return projected(attended, params.out_proj.weight, params.out_proj.bias) as Tensor.Tensor<Shape, D>
}
