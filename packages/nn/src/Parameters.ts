/**
 * Trees of parameters by the paths of their leaves: names, counts, and parts of them that are trained while others stay.
 */
import type { DType } from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { Dims } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import type { Tensor } from "@cotangent/tensor/Tensor"
import { isTensor } from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"

/** A parameter by its name. */
export interface Parameter {
  /** Where it stands, as in `hidden.weight`. */
  readonly path: string
  readonly shape: Dims
  readonly dtype: DType
}

/**
 * The names, shapes and dtypes of all parameters, in the order of leaves.
 *
 * **Example** (Parameters of an affine map)
 *
 * ```ts run
 * Parameters.named(linear(4, 3).init(Random.key(0)).params).map(({ path, shape }) => [path, shape]) // => [["weight", [4, 3]], ["bias", [3]]]
 * ```
 */
export const named = (params: unknown): ReadonlyArray<Parameter> => {
  const { paths, types } = Tree.structure(params)
  return paths.map((path, i) => ({ path, ...types[i] }))
}

/** How many numbers all parameters are. */
export const count = (params: unknown): number => named(params).reduce((sum, { shape }) => sum + size(shape), 0)

/** A tree like `T` where some leaves are absent. */
export type Part<T> = T extends Tensor ? T | undefined : T extends object ? { readonly [K in keyof T]: Part<T[K]> } : T

/** `T` where nothing is absent. */
export type Whole<T> = T extends Tensor | undefined
  ? Exclude<T, undefined>
  : T extends object
    ? { readonly [K in keyof T]: Whole<T[K]> }
    : T

/**
 * The parameters whose paths are `selected`, and the others: two trees like `params`, where each leaf is absent from one. What
 * is absent has no gradient, no moments and no place in a checkpoint; `merge` puts both together again.
 *
 * **Example** (Training the last layer alone)
 *
 * ```ts run
 * const model = Model.sequential(["body", linear(2, 2)], ["head", linear(2, 1)])
 * const { params, state } = model.init(Random.key(0))
 * const [head, body] = Parameters.partition(params, (path) => path.startsWith("head."))
 * const loss = (part: typeof head) => Tensor.sum(model.predict(Parameters.merge(part, body), state, Tensor.ones([1, 2])))
 * const gradients = grad(loss)(head)
 * Tree.paths(gradients) // => ["head.weight", "head.bias"]
 * ```
 */
export const partition = <T>(
  params: T,
  selected: (path: string) => boolean
): readonly [selected: Part<T>, others: Part<T>] => {
  const part = (isWanted: (path: string) => boolean): Part<T> =>
    // Leaves stay where they are, or are absent.
    Tree.map(params, (leaf, path) => (isWanted(path) ? leaf : undefined)) as Part<T>
  return [part(selected), part((path) => !selected(path))]
}

/**
 * The tree that `partition` took apart.
 *
 * **Throws** `ArgumentError` naming the path where both have a leaf, or are no parts of one tree.
 */
export const merge = <T>(self: T, that: NoInfer<T>): Whole<T> => {
  const join = (a: unknown, b: unknown, path: string): unknown => {
    if (a === undefined) return b
    if (b === undefined) return a
    const [isArray, others] = [Array.isArray(a), Array.isArray(b)]
    const areNodes =
      !isTensor(a) && !isTensor(b) && typeof a === "object" && typeof b === "object" && isArray === others
    const keys = areNodes ? Object.keys(a!) : []
    if (!areNodes || keys.length !== Object.keys(b!).length || keys.some((key) => !Object.hasOwn(b!, key))) {
      throw new ArgumentError({
        operation: "Parameters.merge",
        expected: `two parts of one tree at ${path === "" ? "the root" : path}`,
        received: isTensor(a) && isTensor(b) ? "a tensor in both" : "trees that differ"
      })
    }
    const entries = keys.map((key): readonly [string, unknown] => {
      const [left, right] = [a, b] as ReadonlyArray<Readonly<Record<string, unknown>>>
      return [key, join(left[key], right[key], path === "" ? key : `${path}.${key}`)]
    })
    return isArray ? entries.map(([, item]) => item) : Object.fromEntries(entries)
  }
  // What one lacks, the other has.
  return join(self, that, "") as Whole<T>
}
