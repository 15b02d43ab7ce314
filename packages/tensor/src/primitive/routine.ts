/**
 * Algorithms that no element rule states well, and random bits.
 */
import { DTypeError, ShapeError } from "../errors.ts"
import { allocate, view } from "../HostArray.ts"
import type { Op } from "../Primitive.ts"
import { make } from "../Primitive.ts"
import type { Scalar } from "../Scalar.ts"
import * as S from "../Scalar.ts"
import { equals } from "../Shape.ts"
import { zeros } from "./leaf.ts"
import { batched } from "./linear.ts"

/**
 * Positions that put the last axis of `x` in order: stable, with NaN greater than everything else.
 * `[…, n] → i32 […, n]`.
 */
export const argSort: Op<1, { readonly descending: boolean }> = make<1, { readonly descending: boolean }>({
  name: "argSort",
  arity: 1,
  type: ([x]) => ({ shape: x.shape, dtype: "i32" }),
  routine: ([x], { descending }) => {
    const rows = x.shape.length === 0 ? 1 : x.shape[x.shape.length - 1]
    const data = allocate("i32", x.data.length)
    const direction = descending ? -1 : 1
    for (let start = 0; start < data.length; start += rows) {
      const rank = (i: number): number => x.data[start + i]
      const order = Array.from({ length: rows }, (_, i) => i).sort((i, j) => {
        const [a, b] = [rank(i), rank(j)]
        if (Number.isNaN(a) || Number.isNaN(b)) return direction * (Number(Number.isNaN(a)) - Number(Number.isNaN(b)))
        return a === b ? 0 : direction * (a < b ? -1 : 1)
      })
      data.set(order, start)
    }
    return view(x.shape, "i32", data)
  },
  jvp: () => undefined,
  vjp: () => [undefined],
  // A scalar is a row of its own.
  batch: ({ inputs: [x], params }) =>
    x.shape.length === 1 ? zeros({ shape: x.shape, dtype: "i32" }) : argSort(x, params)
})

type Pair = readonly [Scalar, Scalar]

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24]
] as const

/**
 * One block of the counter-based generator Threefry-2x32 with 20 rounds.
 *
 * **Source** Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.3.
 */
const threefry = ([k0, k1]: Pair, [c0, c1]: Pair): Pair => {
  const u32 = (value: number): Scalar => S.constant(value, "u32")
  const keys = [k0, k1, S.xor(S.xor(k0, k1), u32(0x1bd11bda))]
  let [x, y] = [S.add(c0, k0), S.add(c1, k1)]
  for (let group = 0; group < 5; group++) {
    for (const bits of rotations[group % 2]) {
      x = S.add(x, y)
      y = S.xor(S.or(S.shiftLeft(y, u32(bits)), S.shiftRight(y, u32(32 - bits))), x)
    }
    x = S.add(x, keys[(group + 1) % 3])
    y = S.add(S.add(y, keys[(group + 2) % 3]), u32(group + 1))
  }
  return [x, y]
}

/**
 * Random 32-bit words: Threefry of `key` at each counter. One word is the exclusive or of both halves of the block; two
 * words are the block itself, along a last axis.
 *
 * **Shapes** key `u32 […b, 2]`, counter `u32 […b, …shape]` → `u32 […b, …shape]`, or `u32 […b, …shape, 2]`.
 */
export const randomBits: Op<2, { readonly words: 1 | 2 }> = make<2, { readonly words: 1 | 2 }>({
  name: "randomBits",
  arity: 2,
  type: ([key, counter], { words }) => {
    if (key.dtype !== "u32" || counter.dtype !== "u32") {
      throw new DTypeError({
        operation: "randomBits",
        expected: "a key and counters of u32",
        received: [key.dtype, counter.dtype]
      })
    }
    const examples = key.shape.slice(0, -1)
    if (key.shape.at(-1) !== 2 || !equals(examples, counter.shape.slice(0, examples.length))) {
      throw new ShapeError({
        operation: "randomBits",
        expected: "a key [...b, 2] and counters [...b, ...shape]",
        received: [key.shape, counter.shape]
      })
    }
    return { shape: words === 2 ? [...counter.shape, 2] : counter.shape, dtype: "u32" }
  },
  element: ([key, counter], index, { words }) => {
    const word = (w: number): Scalar => key.at([...index.slice(0, key.shape.length - 1), S.constant(w)])
    // Counters are single words, so the upper half of each block's counter is 0.
    const position = counter.at(index.slice(0, counter.shape.length))
    const block = threefry([word(0), word(1)], [S.constant(0, "u32"), position])
    return words === 1 ? S.xor(...block) : S.select(S.equal(index[index.length - 1], S.constant(0)), ...block)
  },
  jvp: () => undefined,
  vjp: () => [undefined, undefined],
  batch: ({ params, ...rule }) => {
    const [key, counter] = batched(rule)
    return randomBits(key, counter, params)
  }
})
