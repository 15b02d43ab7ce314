import { describe, expect, it } from "vitest"
import type { FunctionBuilder } from "../src/FunctionBuilder.ts"
import { gemm } from "../src/gemm.ts"
import type { Epilogue, Lane, Tile } from "../src/gemmEpilogue.ts"
import { storeRowMajor } from "../src/gemmEpilogue.ts"
import type { Tuning } from "../src/gemmPlan.ts"
import * as Module from "../src/Module.ts"
import { check, features, layouts, shapes } from "./gemmCases.ts"

const types = ["f32", "f64"] as const

const forms = [
  { isRelaxed: false, isWide: false },
  { isRelaxed: false, isWide: true },
  ...(features.relaxedSimd
    ? [
        { isRelaxed: true, isWide: false },
        { isRelaxed: true, isWide: true }
      ]
    : [])
]

describe("gemm", () => {
  describe.each(Object.entries(layouts))("with operands %s", (_name, layout) => {
    it.each(types)("equals the loop for %s", (dtype) => {
      for (const [m, n, k] of shapes) for (const form of forms) check({ m, n, k, dtype, ...layout(m, n, k), ...form })
    })
  })

  describe.each(["plain", "both transposed", "spread", "reversed"])("in blocks, with operands %s", (name) => {
    const layout = layouts[name]
    const tunings: ReadonlyArray<Partial<Tuning>> = (["stream", "depthOuter", "rowsOuter"] as const).flatMap((order) =>
      [true, false].flatMap((packsA) =>
        [7, 13, 1000].map((depthLimit) => ({ order, packsA, depthLimit, packsB: true, isDot: false, blockBytes: 100 }))
      )
    )
    it.each(types)("equals the loop for %s", (dtype) => {
      for (const tuning of tunings) {
        for (const [m, n, k] of [
          [33, 37, 26],
          [8, 10, 15],
          [50, 16, 7]
        ] as const) {
          for (const isWide of [false, true]) check({ m, n, k, dtype, ...layout(m, n, k), isWide, tuning })
        }
      }
    })
  })

  it("takes large shapes apart by itself", () => {
    for (const [m, n, k] of [
      [100, 40, 1500],
      [700, 40, 300],
      [300, 50, 2100]
    ] as const) {
      for (const name of ["plain", "A transposed", "B transposed"]) {
        check({ m, n, k, dtype: "f32", ...layouts[name](m, n, k) })
      }
    }
  })

  it("computes any part alone", () => {
    const parts = ({ units, panels }: { units: number; panels: number }) =>
      Array.from({ length: units }, (_, unit) => unit).flatMap((unit) =>
        Array.from({ length: Math.ceil(panels / 2) }, (_, half) => [
          unit,
          unit + 1,
          2 * half,
          Math.min(panels, 2 * half + 2)
        ])
      )
    for (const [m, n, k] of [
      [33, 70, 20],
      [8, 10, 15],
      [5, 1, 20],
      [1, 30, 9],
      [14, 16, 1100]
    ] as const) {
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
      ...(isScalar
        ? {}
        : {
            tile: (code: FunctionBuilder, tile: Tile) => {
              const pointer = code.local("i32")
              address(code, tile, width).set(pointer)
              tile.accumulators.forEach((vectors, i) => {
                const offset = (j: number) => i * width * 4 + j * 16
                vectors.forEach((vector, j) =>
                  code
                    .get(pointer)
                    .op("v128.load", offset(j))
                    .get(vector)
                    .op("f32x4.add")
                    .get(code.constant("f32x4", 99))
                    .op("f32x4.sub")
                    .set(vector)
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
    const spec = {
      m: 60,
      n: 64,
      k: 64,
      dtype: "f32",
      isRelaxed: true,
      isWide: true,
      ...layouts.plain(60, 64, 64)
    } as const
    const sizes = [0, 1, 2].map(() => {
      gemm(module, { ...spec, epilogue: storeRowMajor("f32", 64) })
      return module.build().length
    })
    expect(sizes[1] - sizes[0]).toBeLessThan(200)
    expect(sizes[2] - sizes[1]).toBe(sizes[1] - sizes[0])
  })
})
