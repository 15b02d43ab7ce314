/**
 * Deep classifiers of pictures in rows, from blocks of one width.
 */
import type { Entry } from "@cotangent/nn/Composition"
import type { Rows } from "@cotangent/nn/layer/linear"
import * as Model from "@cotangent/nn/Model"
import type * as Tensor from "@cotangent/tensor/Tensor"

/** Parameters and states by the names of layers. */
export interface Parts {
  readonly [name: string]: Parts | Tensor.Tensor
}

/** Rows of pixels to logits, by layers in a row. Where the types of layers are not known their shapes are checked when they run. */
export const stack = (layers: ReadonlyArray<Entry>): Model.Model<Parts, Parts, Rows<784>, Rows<number>> =>
  // The last layer gives logits.
  Model.sequential(...(layers as [])) as never

/** A layer that goes before `depth` blocks, then one that goes after them. */
export const deep = ({
  block,
  depth,
  first,
  last
}: {
  readonly depth: number
  readonly first: ReadonlyArray<Entry>
  /** The `i`-th block, from 1 on. */
  readonly block: (name: string, i: number) => ReadonlyArray<Entry>
  readonly last: ReadonlyArray<Entry>
}): Model.Model<Parts, Parts, Rows<784>, Rows<number>> =>
  stack([...first, ...Array.from({ length: depth }, (_, i) => block(`block${i + 1}`, i + 1)).flat(), ...last])
