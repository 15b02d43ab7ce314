/**
 * The tensors of a tree by name: the path to each, its steps joined by dots.
 */
import { ArgumentError } from "@cotangent/tensor/errors"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { isTensor } from "@cotangent/tensor/Primitive"

/** `tree` with `f` applied to every tensor and its name. */
export const mapNamed = <A>(tree: A, f: (name: string, tensor: Tensor) => Tensor): A => {
  const walk = (value: unknown, path: ReadonlyArray<string>): unknown => {
    if (isTensor(value)) return f(path.join("."), value)
    if (Array.isArray(value)) return value.map((item, i) => walk(item, [...path, String(i)]))
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]))
  }
  // The same tree, with tensors in the place of tensors.
  return walk(tree, []) as A
}

/** The tensors of `tree` with their names, in order. **Throws** `ArgumentError` if two have the same name. */
export const named = (tree: unknown): ReadonlyArray<readonly [string, Tensor]> => {
  const found = new Map<string, Tensor>()
  mapNamed(tree, (name, tensor) => {
    if (found.has(name)) {
      throw new ArgumentError({
        operation: "checkpoint",
        expected: "keys without dots",
        received: `two tensors with the path ${name}`
      })
    }
    found.set(name, tensor)
    return tensor
  })
  return [...found]
}
