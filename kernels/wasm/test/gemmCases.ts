/** Matrix products to be tried, and what tries them. */
import type { Stretch } from "@cotangent/compiler/LoopProgram"
import { memoryOf, pointer } from "../src/Heap.ts"
import * as Features from "../src/Features.ts"
import { gemm } from "../src/gemm.ts"
import { storeRowMajor } from "../src/gemmEpilogue.ts"
import type { GemmSpec } from "../src/gemmPlan.ts"
import * as Module from "../src/Module.ts"

/** What this engine can do. */
export const features = Features.detect()

/** The memory that products compute in: one for each length of addresses. */
const memories = [false, true].map((is64) =>
  is64 && !features.memory64 ? undefined : memoryOf({ minimum: 256, is64 })
)

/** A product; the rest of its specification has defaults. */
export type Case = Pick<GemmSpec, "m" | "n" | "k" | "a" | "b" | "dtype"> & Partial<GemmSpec>

/** The rounds in which each axis of a matrix is stepped through. */
type Rounds = readonly [ReadonlyArray<Stretch>, ReadonlyArray<Stretch>]

/** Where the elements of a matrix lie: the first, and how many there are from the lowest to the highest. */
const extentOf = (rounds: Rounds) => {
  const reach = rounds.flat().map(({ extent, stride }) => Math.max(0, extent - 1) * stride)
  const first = -reach.reduce((sum, value) => sum + Math.min(0, value), 0)
  return { first, count: 1 + reach.reduce((sum, value) => sum + Math.abs(value), 0) }
}

/** The place of element `index` along an axis. */
const placeOf = (stretches: ReadonlyArray<Stretch>, index: number): number => {
  let rest = index
  return stretches.reduceRight((place, { extent, stride }) => {
    const digit = rest % extent
    rest = Math.floor(rest / extent)
    return place + digit * stride
  }, 0)
}

/** Small multiples of 1/8, whose products and sums are exact in f32 up to a depth of thousands. */
const numbers = (count: number): ReadonlyArray<number> => {
  let state = 12345
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return ((state >> 16) % 17) / 8 - 1
  })
}

/** The ranges of units and panels with which a product is called, one call after the other. */
export type Calls = (parts: {
  readonly units: number
  readonly panels: number
}) => ReadonlyArray<readonly [unitFrom: number, unitTo: number, panelFrom: number, panelTo: number]>

const inOneCall: Calls = ({ units, panels }) => [[0, units, 0, panels]]

/** A module whose export `run` is the product. */
const compile = (spec: GemmSpec, memory: WebAssembly.Memory, is64: boolean) => {
  const module = Module.make({ minimum: 1, is64 })
  const product = gemm(module, spec)
  const parameters = Array.from({ length: 8 }, () => "index" as const)
  const code = module.function({ name: "run", parameters, isExported: true })
  if (product.prepare !== undefined) {
    for (const parameter of code.parameters.slice(0, 3)) code.get(parameter)
    code.call(product.prepare)
  }
  for (const parameter of code.parameters) code.get(parameter)
  code.call(product.function)
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(module.build()), { env: { memory } }).exports
  if (typeof run !== "function") throw new TypeError("run is exported")
  return { run, product }
}

/** Runs a product and names what differs from a plain loop, or was written beside scratch memory and result. */
export const mistakes = (given: Case, calls: Calls = inOneCall, is64 = false): ReadonlyArray<string> => {
  const memory = memories[Number(is64)]
  if (memory === undefined) return ["the engine has no 64-bit addresses"]
  const { m, n, k, a, b, dtype } = given
  const defaults = { isRelaxed: features.relaxedSimd, isWide: false, epilogue: storeRowMajor(dtype, n + 1) }
  const { run, product } = compile({ ...defaults, ...given }, memory, is64)
  const even = (extent: number, stride: number): ReadonlyArray<Stretch> => [{ extent, stride }]
  const roundsA: Rounds = a.walk ? [a.walk.free, a.walk.depth] : [even(m, a.rowStride), even(k, a.depthStride)]
  const roundsB: Rounds = b.walk ? [b.walk.free, b.walk.depth] : [even(n, b.columnStride), even(k, b.depthStride)]
  const [left, right] = [extentOf(roundsA), extentOf(roundsB)]
  const size = dtype === "f32" ? 4 : 8
  let end = 1024
  const allocate = (bytes: number): number => {
    const start = end
    end = Math.ceil((end + bytes + 64) / 64) * 64
    return start
  }
  const scratch = allocate(product.scratchBytes)
  const view = (count: number) => {
    const start = allocate(count * size)
    return dtype === "f32"
      ? new Float32Array(memory.buffer, start, count)
      : new Float64Array(memory.buffer, start, count)
  }
  const [x, y, z] = [view(left.count), view(right.count), view(m * (n + 1))]
  new Uint8Array(memory.buffer, 0, end).fill(0xff)
  x.set(numbers(left.count))
  y.set(numbers(right.count).toReversed())
  z.fill(99)
  const bases = [x.byteOffset + left.first * size, y.byteOffset + right.first * size, scratch]
  const type = is64 ? "i64" : "i32"
  for (const call of calls(product)) run(...[...bases, ...call, z.byteOffset].map((value) => pointer(value, type)))

  const found: Array<string> = []
  const demand = (place: string, received: number, expected: number) => {
    if (received !== expected) found.push(`${JSON.stringify(given)} ${place}: ${received} instead of ${expected}`)
  }
  const [stepsA, stepsB] = [roundsA, roundsB].map(([, depth]) => Array.from({ length: k }, (_, d) => placeOf(depth, d)))
  for (let i = 0; i < m; i += 1) {
    for (let j = 0; j < n; j += 1) {
      const [atA, atB] = [left.first + placeOf(roundsA[0], i), right.first + placeOf(roundsB[0], j)]
      let sum = 0
      for (let d = 0; d < k; d += 1) sum += x[atA + stepsA[d]] * y[atB + stepsB[d]]
      demand(`(${i}, ${j})`, z[i * (n + 1) + j], sum)
    }
    demand(`behind row ${i}`, z[i * (n + 1) + n], 99)
  }
  for (const byte of new Uint8Array(memory.buffer, scratch + product.scratchBytes, 64)) demand("scratch", byte, 0xff)
  return found.slice(0, 5)
}

/** An axis in two, the inner of 2, 3 or 4, where that divides it; `inner` and `outer` are their strides. */
const inTwo = (extent: number, outer: number, inner: number): ReadonlyArray<Stretch> => {
  const divisor = [4, 3, 2].find((count) => extent > count && extent % count === 0)
  return divisor === undefined
    ? [{ extent, stride: outer }]
    : [
        { extent: extent / divisor, stride: outer },
        { extent: divisor, stride: inner }
      ]
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
  "windows as B": (_m, n, k) => ({
    a: { rowStride: k, depthStride: 1 },
    b: { depthStride: 0, columnStride: 0, walk: { free: inTwo(n, 4, 1), depth: inTwo(k, 7, 1) } }
  }),
  "windows as A, backwards": (m, n, k) => ({
    a: { rowStride: 0, depthStride: 0, walk: { free: inTwo(m, 9, 2), depth: inTwo(k, 5, -1) } },
    b: { depthStride: n, columnStride: 1 }
  }),
  "both walked through": (m, n, k) => ({
    a: { rowStride: 0, depthStride: 0, walk: { free: inTwo(m, k, -3), depth: inTwo(k, 1, 30) } },
    b: { depthStride: 0, columnStride: 0, walk: { free: inTwo(n, 2, 1), depth: inTwo(k, -n, 11) } }
  }),
  "repeated depth": () => ({ a: { rowStride: 1, depthStride: 0 }, b: { depthStride: 0, columnStride: 1 } })
}

/** Rows, columns and depth: all remainders, and the degenerate. */
export const shapes: ReadonlyArray<readonly [number, number, number]> = [
  ...Array.from({ length: 20 }, (_, index) => [index + 1, 16, 5] as const),
  ...Array.from({ length: 35 }, (_, index) => [7, index + 1, 6] as const),
  ...Array.from({ length: 19 }, (_, index) => [1, 9, index] as const),
  ...Array.from({ length: 19 }, (_, index) => [5, 1, index] as const),
  [0, 5, 3],
  [5, 0, 3],
  [0, 0, 0],
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
