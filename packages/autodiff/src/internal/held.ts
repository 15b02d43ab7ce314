/**
 * Trees as transformations see them.
 */
import * as DTypes from "@cotangent/tensor/DType"
import { ArgumentError, DTypeError, ShapeError } from "@cotangent/tensor/errors"
import type { Cotangent, Tensor } from "@cotangent/tensor/Primitive"
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

/** Where a leaf stands, as text. */
export const placeOf = (path: string): string => (path === "" ? "the root" : JSON.stringify(path))

/** Holds argument `argument` of `args`. **Throws** unless it is there and of floats. */
export const holdArgument = (
  operation: string,
  args: ReadonlyArray<unknown>,
  argument: number
): Held<unknown> & { readonly args: ReadonlyArray<unknown> } => {
  if (!Number.isInteger(argument) || argument < 0 || argument >= args.length) {
    throw new ArgumentError({
      operation,
      expected: `an argument from 0 to ${args.length - 1} to differentiate by`,
      received: String(argument)
    })
  }
  const held = hold(args[argument])
  held.structure.types.forEach(({ dtype }, i) => {
    if (DTypes.isFloat(dtype)) return
    throw new DTypeError({
      operation,
      expected: `floats to differentiate by, at ${placeOf(held.structure.paths[i])} of argument ${argument}`,
      received: [dtype],
      hint: "pass what does not train as another argument"
    })
  })
  return { ...held, args: args.with(argument, held.tree) }
}

/** The tree of `structure` with `leaves`, zeros where there are none. */
export const fill = <T>(structure: Tree.Structure<T>, leaves: ReadonlyArray<Cotangent>): T =>
  Tree.restore(
    structure,
    leaves.map((x, i) => x ?? zeros(structure.types[i]))
  )

/** Who asks for a tree, and what its leaves are to be. */
interface Demand {
  readonly operation: string
  readonly what: string
}

/**
 * The tensors of `tree` in the order of `structure`.
 *
 * **Throws** `ArgumentError` unless both have the same tree, `ShapeError`, `DTypeError` naming the path where a float, or
 * with `exact` any tensor, is not of the type it belongs to.
 */
export const leavesLike = (
  { operation, what }: Demand,
  structure: Tree.Structure,
  tree: unknown,
  exact = false
): ReadonlyArray<Tensor> => {
  const paths = Tree.paths(tree)
  if (paths.toSorted().join(", ") !== structure.paths.toSorted().join(", ")) {
    const list = (names: ReadonlyArray<string>): string => names.map(placeOf).join(", ") || "nothing"
    throw new ArgumentError({
      operation,
      expected: `${what} for ${list(structure.paths)}`,
      received: `${what} for ${list(paths)}`
    })
  }
  // Where `tree` has a path it has a tensor.
  const leaves = Tree.leavesLike(structure, tree) as ReadonlyArray<Tensor>
  leaves.forEach((x, i) => {
    const { dtype, shape } = structure.types[i]
    if (!exact && !DTypes.isFloat(dtype)) return
    const place = placeOf(structure.paths[i])
    if (!equals(x.shape, shape)) {
      throw new ShapeError({ operation, expected: `${what} of one shape at ${place}`, received: [shape, x.shape] })
    }
    if (x.dtype !== dtype) {
      throw new DTypeError({ operation, expected: `${what} of one dtype at ${place}`, received: [dtype, x.dtype] })
    }
  })
  return leaves
}
