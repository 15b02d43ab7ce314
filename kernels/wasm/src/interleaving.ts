/** Loads and stores of every second element, by whole vectors that are shuffled. */
import type { DType } from "@cotangent/tensor/DType"
import { bytes } from "@cotangent/tensor/DType"
import type { FunctionBuilder, Local } from "./FunctionBuilder.ts"

/** Whether vectors of four lanes of `dtype` can be put together from neighbors. */
export const isAlternating = (dtype: DType): boolean => bytes(dtype) === 4 || bytes(dtype) === 1

/** Pushes a vector of elements 0, 2, 4 and 6 from the address; nothing behind them is read. Masks are bytes of 0 and 1. */
export const loadAlternate = (code: FunctionBuilder, dtype: DType, address: Local<"index">, offset: number): void => {
  if (bytes(dtype) === 4) {
    code
      .get(address)
      .op("v128.load", offset)
      .get(address)
      .op("v128.load", offset + 12)
      .shuffle([0, 2, 5, 7])
    return
  }
  code
    .get(address)
    .get(address)
    .op("v128.load32_zero", offset)
    .op("v128.load32_lane", 1, offset + 3)
    .get(code.constant("i32x4", 0))
    .shuffle([0, 2, 5, 7].flatMap((byte) => [byte, 16, 16, 16]))
}

/** Stores two rows of vectors of 32-bit lanes element by element in turns. */
export const storeAlternating = (
  code: FunctionBuilder,
  address: Local<"index">,
  offset: number,
  [first, second]: readonly [ReadonlyArray<Local<"v128">>, ReadonlyArray<Local<"v128">>]
): void =>
  first.forEach((vector, u) => {
    const halves = [
      [0, 4, 1, 5],
      [2, 6, 3, 7]
    ]
    halves.forEach((lanes, half) =>
      code
        .get(address)
        .get(vector)
        .get(second[u])
        .shuffle(lanes)
        .op("v128.store", offset + u * 32 + half * 16)
    )
  })
