/**
 * What a GPU is measured by: copies, elements of a gibibyte, products in several formats.
 */
import type { DType } from "@cotangent/tensor/DType"
import * as Random from "@cotangent/tensor/Random"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"

/** A function whose runs are timed on the device, between events. */
export interface Probe {
  readonly name: string
  readonly text: string
  /** Operations of one run, for arithmetic. */
  readonly operations?: number
  /** Bytes that one run reads and writes. */
  readonly bytes?: number
  /** What it is given; made on the device. */
  readonly inputs: () => ReadonlyArray<Tensor.Tensor>
  readonly run: (...inputs: ReadonlyArray<Tensor.Tensor>) => Tensor.Tensor
  /** What the mean of the absolute values of a result is, about. */
  readonly meanAbs: number
}

/** Elements of a gibibyte of `f32`. */
const gibi = 2 ** 28

const uniform = (shape: ReadonlyArray<number>, seed: number, dtype: DType = "f32"): Tensor.Tensor =>
  Tensor.cast(Random.uniform(Random.key(seed), shape) as Tensor.Tensor<Shape, "f32">, dtype)

/** Memory copied to other memory. */
export const copy: Probe = {
  name: "copy_1GiB",
  text: "a gibibyte copied",
  bytes: 2 * 4 * gibi,
  inputs: () => [uniform([gibi], 1)],
  run: (x) => x,
  meanAbs: 0.5
}

const elements = (name: string, bytes: number, run: Probe["run"], meanAbs: number): Probe => ({
  name,
  text: "elements of a gibibyte each",
  bytes: bytes * gibi,
  inputs: () => [uniform([gibi], 1), uniform([gibi], 2)],
  run,
  meanAbs
})

const product = (n: number, dtype: DType): Probe => ({
  name: `gemm_${dtype}_${n}`,
  text: `${n} × ${n} in ${dtype}`,
  operations: 2 * n ** 3,
  inputs: () => [uniform([n, n], 1, dtype), uniform([n, n], 2, dtype)],
  run: (x, y) => Tensor.matmul(x as Tensor.Tensor<Shape, "f32">, y as Tensor.Tensor<Shape, "f32">) as Tensor.Tensor,
  meanAbs: n / 4
})

type Floats = Tensor.Tensor<Shape, "f32">

/** Everything that is probed, the copy first: its speed is what others are compared with. */
export const probes: ReadonlyArray<Probe> = [
  copy,
  elements("chain_1GiB", 12, (x, y) => Tensor.add(Tensor.mul(x as Floats, y as Floats), x as Floats), 0.75),
  {
    name: "softmax_1GiB",
    text: "rows of 1024 of a gibibyte",
    bytes: 8 * gibi,
    inputs: () => [uniform([gibi / 1024, 1024], 1)],
    run: (x) => Tensor.softmax(x as Floats) as Tensor.Tensor,
    meanAbs: 1 / 1024
  },
  product(4096, "f32"),
  product(4096, "bf16"),
  product(8192, "bf16"),
  product(8192, "f16")
]
