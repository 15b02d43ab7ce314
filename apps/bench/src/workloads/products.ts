/**
 * Matrix products, in all the ways that operands can lie in memory.
 */
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import { fill } from "../data.ts"
import type { Calculation } from "../Workload.ts"
import { calculation } from "../Workload.ts"

type Matrix = Tensor.Tensor<Shape, "f32">

const meanAbs = (x: Matrix): ReadonlyArray<Tensor.Tensor> => [Tensor.mean(Tensor.abs(x))]

const square = (n: number, isChecked: boolean): Calculation =>
  calculation<readonly [Matrix, Matrix], Matrix>({
    name: `gemm_${n}`,
    text: `${n} × ${n} times ${n} × ${n}`,
    isChecked,
    operations: 2 * n ** 3,
    inputs: () => [fill([n, n], 1), fill([n, n], 2)],
    run: (a, b) => Tensor.matmul(a, b),
    check: meanAbs
  })

/** A product of shapes that are no squares, or lie otherwise in memory. */
const product = (
  name: string,
  [m, n, k]: readonly [number, number, number],
  { ofA = false, ofB = false }: { readonly ofA?: boolean; readonly ofB?: boolean } = {}
): Calculation =>
  calculation<readonly [Matrix, Matrix], Matrix>({
    name,
    text: `${m} × ${k}${ofA ? " transposed" : ""} times ${k} × ${n}${ofB ? " transposed" : ""}`,
    isChecked: false,
    operations: 2 * m * n * k,
    bytes: 4 * (m * k + k * n + m * n),
    inputs: () => [fill(ofA ? [k, m] : [m, k], 1), fill(ofB ? [n, k] : [k, n], 2)],
    run: (a, b) => Tensor.matmul(ofA ? Tensor.transpose(a) : a, ofB ? Tensor.transpose(b) : b),
    check: meanAbs
  })

const batched = (name: string, [count, m, n, k]: readonly [number, number, number, number]): Calculation =>
  calculation<readonly [Matrix, Matrix], Matrix>({
    name,
    text: `${count} products of ${m} × ${k} and ${k} × ${n}`,
    isChecked: name === "bmm_64",
    operations: 2 * count * m * n * k,
    inputs: () => [fill([count, m, k], 1), fill([count, k, n], 2)],
    run: (a, b) => Tensor.matmul(a, b),
    check: meanAbs
  })

export const products: ReadonlyArray<Calculation> = [
  ...[256, 512, 1024, 2048].map((n) => square(n, true)),
  batched("bmm_64", [64, 64, 64, 64])
]

/** Where libraries fall off a cliff: rests of tiles, transposed operands, vectors. */
export const cliffs: ReadonlyArray<Calculation> = [
  ...[509, 1023].map((n) => square(n, false)),
  product("gemm_1024_at", [1024, 1024, 1024], { ofA: true }),
  product("gemm_1024_bt", [1024, 1024, 1024], { ofB: true }),
  product("gemm_1024_at_bt", [1024, 1024, 1024], { ofA: true, ofB: true }),
  product("gemm_n1", [2048, 1, 2048]),
  product("gemm_m1", [1, 2048, 2048]),
  product("gemm_k1", [2048, 2048, 1]),
  product("gemm_narrow", [60000, 10, 784]),
  product("gemm_tall", [784, 10, 60000], { ofA: true }),
  batched("bmm_odd", [61, 63, 65, 67])
]
