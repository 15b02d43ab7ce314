/** Matrix products to be tried, and what tries them. */
import { expect } from "vitest"
import * as Features from "../src/Features.ts"
import { gemm } from "../src/gemm.ts"
import { storeRowMajor } from "../src/gemmEpilogue.ts"
import type { GemmSpec } from "../src/gemmPlan.ts"
import * as Module from "../src/Module.ts"

/** What this engine can do. */
export const features = Features.detect()
const memory = new WebAssembly.Memory({ initial: 256 })

type Case = Pick<GemmSpec, "m" | "n" | "k" | "a" | "b" | "dtype"> & Partial<GemmSpec>

/** Where the elements of a matrix lie: the first, and how many there are from the lowest to the highest. */
const extentOf = (sizes: ReadonlyArray<number>, strides: ReadonlyArray<number>) => {
  const reach = sizes.map((size, axis) => Math.max(0, size - 1) * strides[axis])
  const first = -reach.reduce((sum, value) => sum + Math.min(0, value), 0)
  return { first, count: 1 + reach.reduce((sum, value) => sum + Math.abs(value), 0) }
}

/** Small multiples of 1/8, whose products and sums are exact in f32 up to a depth of thousands. */
const numbers = (count: number): ReadonlyArray<number> => {
  let state = 12345
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return ((state >> 16) % 17) / 8 - 1
  })
}

/** Runs a product and compares every element with a plain loop; also guards what lies around scratch and result. */
export const check = (
  given: Case,
  ranges?: (parts: { units: number; panels: number }) => ReadonlyArray<ReadonlyArray<number>>
) => {
  const { m, n, k, a, b, dtype } = given
  const size = dtype === "f32" ? 4 : 8
  const spec: GemmSpec = {
    isRelaxed: features.relaxedSimd,
    isWide: false,
    epilogue: storeRowMajor(dtype, n + 1),
    ...given
  }
  const module = Module.make({ minimum: 1 })
  const made = gemm(module, spec)
  const code = module.function({
    name: "run",
    parameters: Array.from({ length: 8 }, () => "i32" as const),
    isExported: true
  })
  for (const parameter of code.parameters) code.get(parameter)
  code.call(made.function)
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(module.build()), { env: { memory } }).exports

  const FloatArray = dtype === "f32" ? Float32Array : Float64Array
  const left = extentOf([m, k], [a.rowStride, a.depthStride])
  const right = extentOf([k, n], [b.depthStride, b.columnStride])
  let end = 1024
  const allocate = (bytes: number): number => {
    const start = end
    end = Math.ceil((end + bytes + 64) / 64) * 64
    return start
  }
  const [leftAt, rightAt] = [allocate(left.count * size), allocate(right.count * size)]
  const [scratch, result] = [allocate(made.scratchBytes), allocate(m * (n + 1) * size)]
  const x = new FloatArray(memory.buffer, leftAt, left.count)
  const y = new FloatArray(memory.buffer, rightAt, right.count)
  const z = new FloatArray(memory.buffer, result, m * (n + 1))
  new Uint8Array(memory.buffer, 0, end).fill(0xff)
  x.set(numbers(left.count))
  y.set(numbers(right.count).toReversed())
  z.fill(99)

  const parts = ranges?.(made) ?? [[0, made.units, 0, made.panels]]
  const bases = [leftAt + left.first * size, rightAt + right.first * size, scratch]
  for (const part of parts) if (typeof run === "function") run(...bases, ...part, result)

  const wrong: Array<string> = []
  for (let i = 0; i < m; i += 1) {
    for (let j = 0; j < n; j += 1) {
      let sum = 0
      for (let d = 0; d < k; d += 1) {
        sum +=
          x[left.first + i * a.rowStride + d * a.depthStride] * y[right.first + d * b.depthStride + j * b.columnStride]
      }
      if (z[i * (n + 1) + j] !== sum) wrong.push(`(${i}, ${j}): ${z[i * (n + 1) + j]} instead of ${sum}`)
    }
    if (z[i * (n + 1) + n] !== 99) wrong.push(`row ${i} ends too late`)
  }
  if (!new Uint8Array(memory.buffer, scratch + made.scratchBytes, 64).every((byte) => byte === 0xff))
    wrong.push("scratch")
  expect(wrong.slice(0, 5), JSON.stringify(given)).toEqual([])
}

/** Strides of the operands of an m × k by k × n product. */
export const layouts: Readonly<Record<string, (m: number, n: number, k: number) => Pick<GemmSpec, "a" | "b">>> = {
  plain: (_m, n, k) => ({ a: { rowStride: k, depthStride: 1 }, b: { depthStride: n, columnStride: 1 } }),
  "A transposed": (m, n) => ({ a: { rowStride: 1, depthStride: m }, b: { depthStride: n, columnStride: 1 } }),
  "B transposed": (_m, _n, k) => ({ a: { rowStride: k, depthStride: 1 }, b: { depthStride: 1, columnStride: k } }),
  "both transposed": (m, _n, k) => ({ a: { rowStride: 1, depthStride: m }, b: { depthStride: 1, columnStride: k } }),
  spread: (_m, n, k) => ({
    a: { rowStride: 3 * k + 1, depthStride: 3 },
    b: { depthStride: 2 * n + 3, columnStride: 2 }
  }),
  reversed: (_m, n, k) => ({ a: { rowStride: -k, depthStride: -1 }, b: { depthStride: -n, columnStride: -1 } }),
  "reversed and transposed": (m, _n, k) => ({
    a: { rowStride: -1, depthStride: -m },
    b: { depthStride: 1, columnStride: -k }
  }),
  "repeated rows of A and columns of B": () => ({
    a: { rowStride: 0, depthStride: 1 },
    b: { depthStride: 1, columnStride: 0 }
  }),
  "repeated depth": () => ({ a: { rowStride: 1, depthStride: 0 }, b: { depthStride: 0, columnStride: 1 } })
}

/** Rows, columns and depth: all remainders, and the degenerate. */
export const shapes: ReadonlyArray<readonly [number, number, number]> = [
  ...Array.from({ length: 20 }, (_, index) => [index + 1, 16, 5] as const),
  ...Array.from({ length: 35 }, (_, index) => [7, index + 1, 6] as const),
  ...Array.from({ length: 19 }, (_, index) => [1, 9, index] as const),
  ...Array.from({ length: 19 }, (_, index) => [5, 1, index] as const),
  [1, 1, 0],
  [1, 1, 1],
  [1, 1, 33],
  [3, 5, 0],
  [13, 1, 0],
  [64, 64, 64],
  [31, 33, 17],
  [128, 10, 40],
  [20, 97, 9],
  [2, 40, 30]
]
