/**
 * Functions of trees as functions of leaves.
 */
import * as DTypes from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { isTensor } from "@cotangent/tensor/Primitive"
import * as Reference from "@cotangent/tensor/Reference"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tree from "@cotangent/tensor/Tree"
import * as fc from "fast-check"
import { show } from "./Comparison.ts"
import { near } from "./generators.ts"
import type { Point } from "./Point.ts"

/** `T` as it is generated: arrays or numbers in place of its tensors. */
export type Drawn<T> =
  T extends Tensor<infer _S extends Shape>
    ? HostArray | number
    : T extends object
      ? { readonly [K in keyof T]: Drawn<T[K]> }
      : T

/** An example of the arguments, or arbitrary ones. */
export type Inputs<A extends ReadonlyArray<unknown>> = A | fc.Arbitrary<Drawn<A>>

/** A point that knows where its inputs stand. */
export interface Subject extends Point {
  /** The path of each input in the arguments: `0.weight`. */
  readonly paths: ReadonlyArray<string>
  /** The dtype that the first float among the inputs was given in. */
  readonly dtype: DTypes.Float
}

type AnyFunction<A extends ReadonlyArray<unknown>> = (...args: A) => unknown

const isHostArray = (value: object): value is HostArray => "shape" in value && "dtype" in value && "data" in value

/** `array` in the dtype that derivatives are taken in. */
const inDouble = (array: HostArray): HostArray =>
  DTypes.isFloat(array.dtype) ? make(array.shape, "f64", array.data) : array

/** The tree with tensors in place of arrays and numbers. */
const withTensors = (tree: unknown): unknown => {
  if (typeof tree === "number") return constant({ shape: [], dtype: "f64", data: Float64Array.of(tree) })
  if (typeof tree !== "object" || tree === null || isTensor(tree)) return tree
  if (isHostArray(tree)) return constant(tree)
  if (Array.isArray(tree)) return tree.map(withTensors)
  return Object.fromEntries(Object.entries(tree).map(([key, item]) => [key, withTensors(item)]))
}

const subject = <A extends ReadonlyArray<unknown>>(
  f: AnyFunction<A>,
  structure: Tree.Structure<A>,
  arrays: ReadonlyArray<HostArray>
): Subject => {
  const inputs = arrays.map(inDouble)
  const { paths } = structure
  return {
    // The tensors stand where those of the arguments stood; their dtype may be another.
    apply: (leaves) => Tree.leaves(f(...(Tree.unflatten(structure, leaves) as unknown as A))),
    inputs,
    differentiable: inputs.flatMap(({ dtype }, i) => (DTypes.isFloat(dtype) ? [i] : [])),
    paths,
    dtype: arrays.map(({ dtype }) => dtype).find(DTypes.isFloat) ?? "f64",
    [fc.toStringMethod]: () => inputs.map((input, i) => `${paths[i]} = ${show(input)}`).join("\n")
  } as Subject
}

/** `f` at arbitrary arguments: those given, or some near the example. */
export const subjects = <A extends ReadonlyArray<unknown>>(
  f: AnyFunction<A>,
  inputs: Inputs<A>
): fc.Arbitrary<Subject> => {
  if (inputs instanceof fc.Arbitrary) {
    return inputs.map((drawn) => {
      // What is drawn for `A` has its structure.
      const { leaves, structure } = Tree.flatten(withTensors(drawn) as A)
      return subject(f, structure, Reference.evaluate(leaves))
    })
  }
  const { leaves, structure } = Tree.flatten(inputs)
  return fc.tuple(...Reference.evaluate(leaves).map(near)).map((arrays) => subject(f, structure, arrays))
}
