import { describe, expect, it } from "vitest"
import * as Features from "../src/Features.ts"
import type { FunctionBuilder } from "../src/FunctionBuilder.ts"
import { gemm } from "../src/gemm.ts"
import type { Epilogue, Lane, Tile } from "../src/gemmEpilogue.ts"
import { storeRowMajor } from "../src/gemmEpilogue.ts"
import type { GemmSpec, Tuning } from "../src/gemmPlan.ts"
import * as Module from "../src/Module.ts"

const features = Features.detect()
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
const check = (given: Case, ranges?: (parts: { units: number; panels: number }) => ReadonlyArray<ReadonlyArray<number>>) => {
  const { m, n, k, a, b, dtype } = given
  const size = dtype === "f32" ? 4 : 8
  const spec: GemmSpec = { isRelaxed: features.relaxedSimd, isWide: false, epilogue: storeRowMajor(dtype, n + 1), ...given }
  const module = Module.make({ minimum: 1 })
  const made = gemm(module, spec)
  const code = module.function({ name: "run", parameters: Array.from({ length: 8 }, () => "i32" as const), isExported: true })
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
        sum += x[left.first + i * a.rowStride + d * a.depthStride] * y[right.first + d * b.depthStride + j * b.columnStride]
      }
      if (z[i * (n + 1) + j] !== sum) wrong.push(`(${i}, ${j}): ${z[i * (n + 1) + j]} instead of ${sum}`)
    }
    if (z[i * (n + 1) + n] !== 99) wrong.push(`row ${i} ends too late`)
  }
  if (!new Uint8Array(memory.buffer, scratch + made.scratchBytes, 64).every((byte) => byte === 0xff)) wrong.push("scratch")
  expect(wrong.slice(0, 5), JSON.stringify(given)).toEqual([])
}

const layouts: Readonly<Record<string, (m: number, n: number, k: number) => Pick<GemmSpec, "a" | "b">>> = {
  plain: (_m, n, k) => ({ a: { rowStride: k, depthStride: 1 }, b: { depthStride: n, columnStride: 1 } }),
  "A transposed": (m, n) => ({ a: { rowStride: 1, depthStride: m }, b: { depthStride: n, columnStride: 1 } }),
  "B transposed": (_m, _n, k) => ({ a: { rowStride: k, depthStride: 1 }, b: { depthStride: 1, columnStride: k } }),
  "both transposed": (m, _n, k) => ({ a: { rowStride: 1, depthStride: m }, b: { depthStride: 1, columnStride: k } }),
  spread: (_m, n, k) => ({ a: { rowStride: 3 * k + 1, depthStride: 3 }, b: { depthStride: 2 * n + 3, columnStride: 2 } }),
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

const shapes: ReadonlyArray<readonly [number, number, number]> = [
  ...Array.from({ length: 20 }, (_, index) => [index + 1, 16, 5] as const),
  ...Array.from({ length: 35 }, (_, index) => [7, index + 1, 6] as const),
  ...Array.from({ length: 19 }, (_, index) => [1, 9, index] as const),
  ...Array.from({ length: 19 }, (_, index) => [5, 1, index] as const),
  [1, 1, 0], [1, 1, 1], [1, 1, 33], [3, 5, 0], [13, 1, 0], [64, 64, 64], [31, 33, 17], [128, 10, 40], [20, 97, 9], [2, 40, 30]
]

const types = ["f32", "f64"] as const

const forms = [
  { isRelaxed: false, isWide: false },
  { isRelaxed: false, isWide: true },
  ...(features.relaxedSimd ? [{ isRelaxed: true, isWide: false }, { isRelaxed: true, isWide: true }] : [])
]

describe("gemm", () => {
  describe.each(Object.entries(layouts))("with operands %s", (_name, layout) => {
    it.each(types)("equals the loop for %s", (dtype) => {
      for (const [m, n, k] of shapes) for (const form of forms) check({ m, n, k, dtype, ...layout(m, n, k), ...form })
    })
  })

  describe.each(Object.entries(layouts))("in blocks, with operands %s", (_name, layout) => {
    const tunings: ReadonlyArray<Partial<Tuning>> = (["stream", "depthOuter", "rowsOuter"] as const).flatMap((order) =>
      [true, false].flatMap((packsA) =>
        [7, 13, 1000].map((depthLimit) => ({ order, packsA, depthLimit, packsB: true, isDot: false, blockBytes: 100 }))
      )
    )
    it.each(types)("equals the loop for %s", (dtype) => {
      for (const tuning of tunings) {
        for (const [m, n, k] of [[33, 37, 26], [8, 10, 15], [50, 16, 7]] as const) {
          for (const isWide of [false, true]) check({ m, n, k, dtype, ...layout(m, n, k), isWide, tuning })
        }
      }
    })
  })

  it("takes large shapes apart by itself", () => {
    for (const [m, n, k] of [[100, 40, 1500], [700, 40, 300], [300, 50, 2100]] as const) {
      for (const layout of Object.values(layouts)) check({ m, n, k, dtype: "f32", ...layout(m, n, k) })
    }
  })

  it("computes any part alone", () => {
    const parts = ({ units, panels }: { units: number; panels: number }) =>
      Array.from({ length: units }, (_, unit) => unit).flatMap((unit) =>
        Array.from({ length: Math.ceil(panels / 2) }, (_, half) => [
          unit, unit + 1, 2 * half, Math.min(panels, 2 * half + 2)
        ])
      )
    for (const [m, n, k] of [[33, 70, 20], [8, 10, 15], [5, 1, 20], [1, 30, 9], [14, 16, 1100]] as const) {
      for (const layout of Object.values(layouts)) {
        check({ m, n, k, dtype: "f32", ...layout(m, n, k) }, parts)
        check({ m, n, k, dtype: "f32", ...layout(m, n, k) }, (whole) => [...parts(whole), [0, 0, 0, 1], [1, 1, 0, 0]])
      }
    }
  })

  it("hands each element to its epilogue once", () => {
    const address = (code: FunctionBuilder, { row, column, parameters: [matrix] }: Tile | Lane, width: number) =>
      code.get(matrix).get(row).i32(width).op("i32.mul").get(column).op("i32.add").i32(4).op("i32.mul").op("i32.add")
    /** Adds to what is there, which the test has set to 99. */
    const accumulate = (width: number, isScalar: boolean): Epilogue => ({
      key: `accumulate ${width} ${isScalar}`,
      parameters: 1,
      lane: (code, lane) => {
        address(code, lane, width)
        address(code, lane, width).op("f32.load").get(lane.value).op("f32.add").f32(99).op("f32.sub").op("f32.store")
      },
      ...(isScalar ? {} : {
        tile: (code: FunctionBuilder, tile: Tile) => {
          const pointer = code.local("i32")
          address(code, tile, width).set(pointer)
          tile.accumulators.forEach((vectors, i) => {
            const offset = (j: number) => i * width * 4 + j * 16
            vectors.forEach((vector, j) =>
              code.get(pointer).op("v128.load", offset(j)).get(vector).op("f32x4.add")
                .get(code.constant("f32x4", 99)).op("f32x4.sub").set(vector)
            )
            vectors.forEach((vector, j) => code.get(pointer).get(vector).op("v128.store", offset(j)))
          })
        }
      })
    })
    for (const [m, n, k] of shapes) {
      for (const isScalar of [false, true]) {
        for (const isWide of [false, true]) {
          check({ m, n, k, dtype: "f32", ...layouts.plain(m, n, k), isWide, epilogue: accumulate(n + 1, isScalar) })
        }
      }
    }
  })

  it("shares kernels between products", () => {
    const module = Module.make({ minimum: 1 })
    const spec = { m: 60, n: 64, k: 64, dtype: "f32", isRelaxed: true, isWide: true, ...layouts.plain(60, 64, 64) } as const
    const sizes = [0, 1, 2].map(() => {
      gemm(module, { ...spec, epilogue: storeRowMajor("f32", 64) })
      return module.build().length
    })
    expect(sizes[1] - sizes[0]).toBeLessThan(200)
    expect(sizes[2] - sizes[1]).toBe(sizes[1] - sizes[0])
  })
})
