/**
 * Trees as transformations see them.
 */
import * as DTypes from "@cotangent/tensor/DType"
import { ArgumentError, DTypeError, ShapeError } from "@cotangent/tensor/errors"
import type { Cotangent, Tensor } from "@cotangent/tensor/Primitive"
import { isTensor } from "@cotangent/tensor/Primitive"
import { zeros } from "@cotangent/tensor/primitive/leaf"
import { reshape } from "@cotangent/tensor/primitive/linear"
import { equals } from "@cotangent/tensor/Shape"
import * as Tree from "@cotangent/tensor/Tree"

/** A tree of inputs. */
export interface Held<T> {
  readonly tree: T
  readonly leaves: ReadonlyArray<Tensor>
  readonly structure: Tree.Structure<T>
}

/**
 * `tree` with each tensor behind a view of its own, so that what a function reads through its argument is told from what
 * it closes over, be it the same tensor.
 */
export const hold = <T>(tree: T): Held<T> => {
  const { leaves, structure } = Tree.flatten(tree)
  const views = leaves.map((x) => reshape(x, { shape: x.shape }))
  return { tree: Tree.restore(structure, views), leaves: views, structure }
}

/** The tree of `structure` with `leaves`, zeros where there are none. */
export const fill = <T>(structure: Tree.Structure<T>, leaves: ReadonlyArray<Cotangent>): T =>
  Tree.restore(structure, leaves.map((x, i) => x ?? zeros(structure.types[i])))

/** Where a leaf stands, as text. */
export const placeOf = (path: string): string => (path === "" ? "the root" : JSON.stringify(path))

/** What is checked: who asks, and for what. */
interface Demand {
  readonly operation: string
  readonly what: "tangent" | "cotangent"
}

/**
 * The tangents or cotangents in `tree` for the leaves of `structure`; those of integers are passed over.
 *
 * **Throws** `ArgumentError`, `ShapeError`, `DTypeError` naming the path of one that does not fit.
 */
export const directions = (
  { operation, what }: Demand,
  structure: Tree.Structure,
  tree: unknown
): ReadonlyArray<Cotangent> =>
  Tree.leavesLike(structure, tree).map((x, i) => {
    const { dtype, shape } = structure.types[i]
    if (!DTypes.isFloat(dtype)) return undefined
    const place = placeOf(structure.paths[i])
    if (!isTensor(x)) {
      throw new ArgumentError({ operation, expected: `a ${what} at ${place}`, received: String(x) })
    }
    if (!equals(x.shape, shape)) {
      throw new ShapeError({
        operation,
        expected: `a ${what} of the shape it belongs to at ${place}`,
        received: [shape, x.shape]
      })
    }
    if (x.dtype !== dtype) {
      throw new DTypeError({ operation, expected: `a ${what} of ${dtype} at ${place}`, received: [x.dtype] })
    }
    return x
  })
