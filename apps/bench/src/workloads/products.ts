/**
 * Matrix products, in all the ways that operands can lie in memory.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import type { Dims } from "@cotangent/tensor/Shape"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import { fill } from "../data.ts"
import type { Calculation } from "../Workload.ts"
import { calculation } from "../Workload.ts"

type Matrix = Tensor.Tensor<Shape, "f32">

/** The product of two matrices, or of each of a batch of two. */
export interface Product {
  readonly name: string
  /** How many products; none for one without a batch axis. */
  readonly batch?: number
  readonly m: number
  readonly n: number
  readonly k: number
  /** Whether the first operand lies as `[k, m]`. */
  readonly ofA?: boolean
  /** Whether the second operand lies as `[n, k]`. */
  readonly ofB?: boolean
}

const square = (n: number, name = `gemm_${n}`): Product => ({ name, m: n, n, k: n })

/** Those that every library is asked for. */
export const common: ReadonlyArray<Product> = [
  ...[256, 512, 1024, 2048].map((n) => square(n)),
  { ...square(64, "bmm_64"), batch: 64 }
]

/** Where libraries fall off a cliff: rests of tiles, transposed operands, vectors. */
export const cliffs: ReadonlyArray<Product> = [
  square(509),
  square(1023),
  { ...square(1024, "gemm_1024_at"), ofA: true },
  { ...square(1024, "gemm_1024_bt"), ofB: true },
  { ...square(1024, "gemm_1024_at_bt"), ofA: true, ofB: true },
  { name: "gemm_n1", m: 2048, n: 1, k: 2048 },
  { name: "gemm_m1", m: 1, n: 2048, k: 2048 },
  { name: "gemm_k1", m: 2048, n: 2048, k: 1 },
  { name: "gemm_narrow", m: 60000, n: 10, k: 784 },
  { name: "gemm_tall", m: 784, n: 10, k: 60000, ofA: true },
  { name: "bmm_odd", batch: 61, m: 63, n: 65, k: 67 },
  { name: "bmm_odd_at", batch: 61, m: 63, n: 65, k: 67, ofA: true },
  { name: "bmm_odd_bt", batch: 61, m: 63, n: 65, k: 67, ofB: true }
]

const shaped = ({ batch }: Product, rows: number, columns: number): Dims =>
  batch === undefined ? [rows, columns] : [batch, rows, columns]

/** Both operands, as they lie. */
export const operands = (product: Product): readonly [HostArray<"f32">, HostArray<"f32">] => {
  const { k, m, n, ofA = false, ofB = false } = product
  return [
    fill(ofA ? shaped(product, k, m) : shaped(product, m, k), 1),
    fill(ofB ? shaped(product, n, k) : shaped(product, k, n), 2)
  ]
}

/** A vector for each product, to multiply the result by: `[n, 1]`. */
export const probe = (product: Product): HostArray<"f32"> => fill(shaped(product, product.n, 1), 3)

/** The mean of `|A (B v)|` in f64, where `v` is the probe: a few operations for each element, and all elements count. */
const meanAbsOfProbed = (product: Product): number => {
  const { batch = 1, k, m, n, ofA = false, ofB = false } = product
  const [a, b] = operands(product)
  const v = probe(product)
  let total = 0
  for (let at = 0; at < batch; at++) {
    const inner = Float64Array.from({ length: k }, (_, p) => {
      let sum = 0
      for (let j = 0; j < n; j++) sum += b.data[at * n * k + (ofB ? j * k + p : p * n + j)] * v.data[at * n + j]
      return sum
    })
    for (let i = 0; i < m; i++) {
      let sum = 0
      for (let p = 0; p < k; p++) sum += a.data[at * m * k + (ofA ? p * m + i : i * k + p)] * inner[p]
      total += Math.abs(sum)
    }
  }
  return total / (batch * m)
}

/** The mean of `|C v|` in f64, of a result `C`. */
const meanAbsOfResult = (product: Product, result: ArrayLike<number>): number => {
  const { batch = 1, m, n } = product
  const v = probe(product)
  let total = 0
  for (let row = 0; row < batch * m; row++) {
    let sum = 0
    for (let j = 0; j < n; j++) sum += result[row * n + j] * v.data[Math.floor(row / m) * n + j]
    total += Math.abs(sum)
  }
  return total / (batch * m)
}

/** The check values of a result that lies in host memory, as `check` of the workload says. */
export const checkOf =
  (product: Product): ((result: ArrayLike<number>) => ReadonlyArray<number>) =>
  (result) =>
    common.includes(product)
      ? [Array.from(result, Math.abs).reduce((sum, value) => sum + value, 0) / result.length]
      : [meanAbsOfResult(product, result)]

const text = ({ batch, k, m, n, ofA = false, ofB = false }: Product): string =>
  (batch === undefined ? "" : `${batch} of `) +
  `${m} × ${k}${ofA ? " transposed" : ""} times ${k} × ${n}${ofB ? " transposed" : ""}`

const turned = (x: Matrix): Matrix => Tensor.swapAxes(x, -1, -2)

const described = (product: Product) => {
  const { batch = 1, k, m, n, name, ofA = false, ofB = false } = product
  return {
    name,
    text: text(product),
    operations: 2 * batch * m * n * k,
    bytes: 4 * batch * (m * k + k * n + m * n),
    inputs: () => operands(product),
    run: (a: Matrix, b: Matrix): Matrix => Tensor.matmul(ofA ? turned(a) : a, ofB ? turned(b) : b)
  }
}

const meanAbs = (x: Matrix): Tensor.Tensor => Tensor.mean(Tensor.abs(x))

const ofAll = (product: Product): Calculation =>
  calculation<readonly [Matrix, Matrix], Matrix>({ ...described(product), check: (c) => [meanAbs(c)] })

/** A product that we alone are asked for, checked against sums in f64. */
export const oddProduct = (product: Product): Calculation =>
  calculation<readonly [Matrix, Matrix], Matrix>({
    ...described(product),
    check: (c) => [meanAbs(Tensor.matmul(c, Tensor.fromHostArray(probe(product))))],
    reference: () => [meanAbsOfProbed(product)]
  })

export const products: ReadonlyArray<Calculation> = common.map(ofAll)

/** No product of any shape should be slower than its operations or its bytes explain. */
export const oddProducts: ReadonlyArray<Calculation> = cliffs.map(oddProduct)
