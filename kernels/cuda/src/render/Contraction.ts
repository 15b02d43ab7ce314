/**
 * Contractions: by the library where it can, in tiles of our own where what is stored is computed with the sums, and as
 * plain sums where there is little to share.
 */
import type { Contraction } from "@cotangent/compiler/LoopProgram"
import type { Draft } from "./Draft.ts"
import { extentOf } from "./freedom.ts"
import { renderNest } from "./Nest.ts"
import { directOf, productsOf } from "./Product.ts"
import type { Site } from "./Site.ts"
import { tile } from "./Tile.ts"

/** With fewer rows or columns than this, tiles are mostly empty. */
const thin = 8
/** From so many multiplications on, the library is worth a kernel more for what is done with the sums. */
const large = 2 ** 27

/** What does the work of a contraction. */
export const renderContraction = (step: Contraction, site: Site): ReadonlyArray<Draft> => {
  const { accumulator, batch, column, depth, name, row, stores } = step
  if (Math.min(row.extent, column.extent) < thin) {
    return renderNest({ tag: "nest", name, axes: [], stages: [{ axes: [...batch, row, column], stores }] }, site)
  }
  const isHalf = accumulator.dtype === "f16" || accumulator.dtype === "bf16"
  const isWorthwhile = isHalf || directOf(step) !== undefined || extentOf([...batch, row, column, depth]) >= large
  const multiplied = isWorthwhile ? productsOf(step, site) : undefined
  if (multiplied !== undefined) {
    const { products, rest } = multiplied
    return [...products, ...(rest === undefined ? [] : renderNest(rest, site))]
  }
  const { draft, rest } = tile(step, site)
  return [draft, ...(rest === undefined ? [] : renderNest(rest, site))]
}
