/**
 * The worked examples of the lecture notes as operations.
 */
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Attributes } from "./Attributes.ts"
import type { Inputs, Operation } from "./operations.ts"

type Floats = Tensor.Tensor<Tensor.Shape, Tensor.Float>

/** The input or attribute `name` as a scalar; an example that asks for its gradient makes it an input. */
const scalarOf = (inputs: Inputs, attributes: Attributes, name: string): Tensor.Tensor<readonly [], Tensor.Float> =>
  Tensor.reshape<[], Tensor.Float>(inputs[name] ?? Tensor.scalar(attributes.number(name), "f64"), [])

/** Example 1.4: two inputs, two hidden units and two outputs, each rectified, and their mean squared error. */
const network: Operation = (inputs, attributes) => {
  attributes.choice("loss", ["mean of the two squared errors"])
  const row = (...names: ReadonlyArray<string>): Floats =>
    Tensor.stack(names.map((name): Floats => scalarOf(inputs, attributes, name)))
  const matrix = (...rows: ReadonlyArray<Floats>): Floats => Tensor.stack(rows)
  const layer = (x: Floats, weight: Floats, bias: Floats): Floats =>
    Tensor.relu(Tensor.add(Tensor.matmul(x, weight), bias))
  const first = row("w11", "w12")
  const vector = (name: string): Floats => Tensor.of(attributes.numbers(name), first.dtype)
  const hidden = layer(vector("x"), matrix(first, row("w21", "w22")), row("b1", "b2"))
  const y = layer(hidden, matrix(row("w31", "w32"), row("w41", "w42")), row("b3", "b4"))
  return { y, mse: Tensor.mean(Tensor.square(Tensor.sub(y, vector("target")))) }
}

/** Example 4.4: an image filtered and rectified, then pooled in two ways. */
const filter: Operation = (inputs, attributes) => {
  // Ranks are checked when the expression is built.
  const [x, weight] = [inputs.x, inputs.weight] as ReadonlyArray<Tensor.Tensor> as ReadonlyArray<Image>
  const padding = attributes.number("padding", 0)
  const filtered = Tensor.conv2d(x, weight, { padding })
  const y = Tensor.relu(Tensor.add(filtered, attributes.number("bias", 0)))
  const options = { kernel: 2, stride: 2 }
  return { y, max: Tensor.maxPool2d(y, options), average: Tensor.avgPool2d(y, options) }
}

type Image = Tensor.Tensor<readonly [number, number, number, number], Tensor.Float>

/** Operations of the suite `notes`. */
export const notes: Readonly<Record<string, Operation>> = { "example-1.4": network, "example-4.4": filter }
