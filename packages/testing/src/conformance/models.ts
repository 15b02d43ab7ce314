/**
 * Whole models as operations, whose weights have the names and layouts of PyTorch.
 */
import { lenet, mlp, resnet, torchvisionName } from "@cotangent/models"
import type { Model } from "@cotangent/nn/Model"
import * as PyTorch from "@cotangent/nn/PyTorch"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import * as Random from "@cotangent/tensor/Random"
import { size } from "@cotangent/tensor/Shape"
import type { Dims } from "@cotangent/tensor/Shape"
import type { Tensor } from "@cotangent/tensor/Tensor"
import { cast } from "@cotangent/tensor/Tensor"
import type { Attributes } from "./Attributes.ts"
import type { Operation } from "./operations.ts"

const formula = "sin(1 + k + 0.7 i) / 2"

/** The tensor of number `k` in a state dictionary. */
const weights = (
  name: string,
  k: number,
  { dtype, shape }: { readonly dtype: "f32" | "f64"; readonly shape: Dims }
): HostArray =>
  make(
    shape,
    dtype,
    Array.from({ length: size(shape) }, (_, i) => {
      const value = 0.5 * Math.sin(1 + k + 0.7 * i)
      return name.endsWith("running_var") ? value + 1.5 : value
    })
  )

/** PyTorch names the tensors of a layer in this order, parameters before statistics. */
const places = ["weight", "bias", "running_mean", "running_var"]

/** The names of a state dictionary in PyTorch's order: by layer, in the order in which they are declared. */
const ordered = (names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const layerOf = (name: string): string => name.slice(0, name.lastIndexOf("."))
  const placeOf = (name: string): number => places.indexOf(name.slice(name.lastIndexOf(".") + 1))
  const layers = [...new Set(names.map(layerOf))]
  return names.toSorted((a, b) => layers.indexOf(layerOf(a)) - layers.indexOf(layerOf(b)) || placeOf(a) - placeOf(b))
}

const run =
  (
    make: (attributes: Attributes) => Model<unknown, unknown, unknown, Tensor>,
    rename: (path: string) => string = (path) => path
  ): Operation =>
  ({ x }, attributes) => {
    attributes.choice("weights", [formula])
    const model = make(attributes)
    // Models begin in f32.
    const naming = { input: cast(x as Tensor, "f32"), rename }
    const dtype = (x as Tensor).dtype === "f64" ? "f64" : "f32"
    const tensors = PyTorch.save(model, model.init(Random.key(0)), naming)
    const drawn = ordered([...tensors.keys()]).map((name, k) => {
      const { shape } = tensors.get(name)!
      return [name, weights(name, k, { dtype, shape })] as const
    })
    const { params, state } = PyTorch.load(model, new Map(drawn), naming)
    return model.predict(params, state, x)
  }

/** A model of anything: cases say what they give it. */
const any = (model: unknown) => model as Model<unknown, unknown, unknown, Tensor>

const images = (attributes: Attributes) => ({
  channels: attributes.number("channels"),
  classes: attributes.number("classes")
})

/** Operations of the suite `models`. */
export const models: Readonly<Record<string, Operation>> = {
  mlp: run((attributes) => any(mlp({ sizes: attributes.numbers("sizes") as readonly [number, number] }))),
  lenet: run((attributes) => any(lenet({ ...images(attributes), size: attributes.number("size") }))),
  resnet: run((attributes) => {
    attributes.number("size")
    const [blocks, widths] = [attributes.numbers("blocks"), attributes.numbers("widths")]
    const stem = attributes.choice("stem", ["small", "photograph"])
    return any(resnet({ ...images(attributes), blocks, widths, stem }))
  }, torchvisionName)
}
