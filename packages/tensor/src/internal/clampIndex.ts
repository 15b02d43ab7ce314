import * as Affine from "../Affine.ts"
import type { Scalar } from "../Scalar.ts"
import { constant, max, min } from "../Scalar.ts"

/** `index` moved into `[0, extent)`; itself where its bounds already say so. */
export const clampIndex = (index: Scalar, extent: number): Scalar => {
  const [low, high] = Affine.bounds(Affine.of(index))
  const raised = low >= 0 ? index : max(index, constant(0))
  return high < extent ? raised : min(raised, constant(Math.max(extent - 1, 0)))
}
