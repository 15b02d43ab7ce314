/**
 * Weights as PyTorch names and lays them out. There an affine map holds `[outputs, inputs]`, the transpose of `linear`, and
 * batch normalization keeps `running_mean` and `running_var`; everything else is laid out as here.
 */
import { ArgumentError, ShapeError } from "@cotangent/tensor/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import * as Random from "@cotangent/tensor/Random"
import { equals, format } from "@cotangent/tensor/Shape"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import { inside } from "./internal/walk.ts"
import type { Model } from "./Model.ts"
import { trace } from "./Probe.ts"

/** How the tensors of a model are called. */
export interface Naming<I> {
  /** Any input that fits: it shows which of the layers are affine maps. */
  readonly input: I
  /** PyTorch's name for a path of ours, where they differ in more than the last part. */
  readonly rename?: (path: string) => string
}

/** A tensor of a model, and where PyTorch has it. */
interface Slot {
  readonly name: string
  readonly isTransposed: boolean
}

const affine: ReadonlySet<unknown> = new Set(["linear", "maxout"])

const running: Readonly<Record<string, string>> = { mean: "running_mean", variance: "running_var" }

/** The slots of parameters and of state, in the order of their leaves. */
const slotsOf = <P, S, I, O>(model: Model<P, S, I, O>, { input, rename = (path) => path }: Naming<I>) => {
  const { params, state } = model.init(Random.key(0))
  const kinds = new Map(trace(model, { params, state, input }).layers.map(({ kind, path }) => [path, kind]))
  const split = (path: string): readonly [layer: string, name: string] => {
    const at = path.lastIndexOf(".")
    return [path.slice(0, Math.max(0, at)), path.slice(at + 1)]
  }
  const paramSlot = (path: string): Slot => {
    const [layer, name] = split(path)
    return { name: rename(path), isTransposed: name === "weight" && affine.has(kinds.get(layer)) }
  }
  const stateSlot = (path: string): Slot => {
    const [layer, name] = split(path)
    const isRunning = kinds.get(layer) === "batchNorm"
    return { name: rename(isRunning ? inside(layer, running[name]) : path), isTransposed: false }
  }
  return {
    params: Tree.structure(params),
    state: Tree.structure(state),
    paramSlots: Tree.paths(params).map(paramSlot),
    stateSlots: Tree.paths(state).map(stateSlot)
  }
}

/**
 * The parameters and the state of a model from PyTorch's tensors by name, such as a state dictionary in safetensors holds.
 * They keep their dtypes. Counters of batches (`num_batches_tracked`) are of no use here, and left out.
 *
 * **Throws** `ArgumentError` naming a tensor that is missing or that the model does not have, `ShapeError` naming one of
 * another shape.
 *
 * **Example** (An affine map)
 *
 * ```ts run
 * const model = linear(3, 1)
 * const file = new Map([
 *   ["weight", { shape: [1, 3], dtype: "f32", data: Float32Array.of(1, 2, 3) }],
 *   ["bias", { shape: [1], dtype: "f32", data: Float32Array.of(10) }]
 * ])
 * const { params, state } = PyTorch.load(model, file, { input: Tensor.zeros([1, 3]) })
 * await evaluate(model.predict(params, state, Tensor.of([[1, 1, 2]]))) // => [[19]]
 * ```
 */
export const load = <P, S, I, O>(
  model: Model<P, S, I, O>,
  tensors: ReadonlyMap<string, HostArray>,
  naming: Naming<NoInfer<I>>
): { readonly params: P; readonly state: S } => {
  const { paramSlots, params, state, stateSlots } = slotsOf(model, naming)
  const known = new Set([...paramSlots, ...stateSlots].map(({ name }) => name))
  const unknown = [...tensors.keys()].find((name) => !known.has(name) && !name.endsWith("num_batches_tracked"))
  if (unknown !== undefined) {
    throw new ArgumentError({ operation: "PyTorch.load", expected: "tensors of the model", received: unknown })
  }
  const read = <T>(structure: Tree.Structure<T>, slots: ReadonlyArray<Slot>): T => {
    const leaves = slots.map(({ isTransposed, name }, i) => {
      const array = tensors.get(name)
      if (array === undefined) {
        throw new ArgumentError({ operation: "PyTorch.load", expected: `the tensor ${name}`, received: "none" })
      }
      const { shape } = structure.types[i]
      const expected = isTransposed ? shape.toReversed() : shape
      if (!equals(array.shape, expected)) {
        const operation = `PyTorch.load of ${name}`
        throw new ShapeError({ operation, expected: format(expected), received: [array.shape] })
      }
      const tensor: Tensor.Tensor = Tensor.fromHostArray(array)
      return isTransposed ? Tensor.transpose(tensor) : tensor
    })
    // Shapes are those of the model; which floats they are of is up to the file.
    return Tree.unflatten(structure, leaves) as T
  }
  return { params: read(params, paramSlots), state: read(state, stateSlots) }
}

/**
 * PyTorch's tensors of a model, by name: what `load` reads.
 *
 * **Throws** `ArgumentError` where parameters or state are not those of the model.
 */
export const save = <P, S, I, O>(
  model: Model<P, S, I, O>,
  values: { readonly params: NoInfer<P>; readonly state: NoInfer<S> },
  naming: Naming<NoInfer<I>>
): ReadonlyMap<string, Tensor.Tensor> => {
  const { paramSlots, params, state, stateSlots } = slotsOf(model, naming)
  const written = (structure: Tree.Structure, slots: ReadonlyArray<Slot>, tree: unknown) =>
    // Where the structure has a leaf, so has the tree.
    (Tree.leavesLike(structure, tree) as ReadonlyArray<Tensor.Tensor>).map(
      (leaf, i) => [slots[i].name, slots[i].isTransposed ? Tensor.transpose(leaf) : leaf] as const
    )
  return new Map([...written(params, paramSlots, values.params), ...written(state, stateSlots, values.state)])
}
