/** Random orders on the host. */
import * as Random from "@cotangent/tensor/Random"
import * as Reference from "@cotangent/tensor/Reference"

/** The order that `Random.permutation` draws: whole numbers, the same wherever they are computed. */
export const permutation = (key: Random.Key, count: number): Int32Array =>
  // Drawn in `i32`.
  Reference.evaluate([Random.permutation(key, count)])[0].data as Int32Array
