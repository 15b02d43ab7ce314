import { describe, expect, it } from "vitest"
import { gemm } from "../src/gemm.ts"
import type { Epilogue } from "../src/gemmEpilogue.ts"
import { storeRowMajor } from "../src/gemmEpilogue.ts"
import type { Order } from "../src/gemmPlan.ts"
import * as Module from "../src/Module.ts"
import { accumulate } from "./accumulate.ts"
import type { Calls, Case } from "./gemmCases.ts"
import { features, layouts, mistakes, shapes } from "./gemmCases.ts"

const types = ["f32", "f64"] as const

const flags = [false, true]

const forms = flags.flatMap((isWide) =>
  (features.relaxedSimd ? flags : [false]).map((isRelaxed) => ({ isWide, isRelaxed }))
)

/** Each unit of rows by itself, with panels of columns by twos. */
const piecewise: Calls = ({ units, panels }) =>
  Array.from({ length: units * Math.ceil(panels / 2) }, (_, call) => {
    const [unit, pair] = [call % units, Math.floor(call / units)]
    return [unit, unit + 1, 2 * pair, Math.min(panels, 2 * pair + 2)]
  })

describe("gemm", () => {
  describe.each(Object.entries(layouts))("with operands %s", (_name, layout) => {
    it.each(types)("equals the loop for %s", (dtype) => {
      const cases = shapes.flatMap(([m, n, k]) =>
        forms.map((form) => ({ m, n, k, dtype, ...layout(m, n, k), ...form }))
      )
      expect(cases.flatMap((given) => mistakes(given))).toEqual([])
    })
  })

  describe.each(["plain", "both transposed", "spread", "reversed", "both walked through"])(
    "in blocks, with operands %s",
    (name) => {
      const orders: ReadonlyArray<Order> = ["stream", "depthOuter", "rowsOuter"]
      const tunings = orders.flatMap((order) =>
        flags.flatMap((packsA) =>
          [7, 13, 1000].map((depthLimit) => ({
            order,
            packsA,
            depthLimit,
            packsB: true,
            isDot: false,
            isTransposed: false,
            blockBytes: 100
          }))
        )
      )
      const sizes: ReadonlyArray<readonly [number, number, number]> = [
        [33, 37, 26],
        [8, 10, 15],
        [50, 16, 7]
      ]
      it.each(types)("equals the loop for %s", (dtype) => {
        const cases = tunings.flatMap((tuning) =>
          sizes.flatMap(([m, n, k]) =>
            flags.map((isWide): Case => ({ m, n, k, dtype, ...layouts[name](m, n, k), isWide, tuning }))
          )
        )
        expect(cases.flatMap((given) => mistakes(given))).toEqual([])
      })
    }
  )

  describe.each(["windows as B", "windows as A, backwards", "both walked through"])(
    "in place or packed, with operands %s",
    (name) => {
      const tunings = flags.flatMap((packsA) => [
        ...flags.map((packsB) => ({ packsA, packsB, isTransposed: false })),
        { packsA, packsB: true, isTransposed: true }
      ])
      const sizes: ReadonlyArray<readonly [number, number, number]> = [
        [33, 36, 26],
        [8, 10, 15],
        [13, 60, 1100]
      ]
      it.each(types)("equals the loop for %s", (dtype) => {
        const cases = tunings.flatMap((tuning) =>
          sizes.flatMap(([m, n, k]) =>
            flags.flatMap((isFixed) => {
              const { a, b } = layouts[name](m, n, k)
              const operands = { a: { ...a, isFixed }, b: { ...b, isFixed: !isFixed } }
              return forms.map((form): Case => ({ m, n, k, dtype, ...operands, ...form, tuning }))
            })
          )
        )
        expect(cases.flatMap((given) => [...mistakes(given), ...mistakes(given, piecewise)])).toEqual([])
      })
    }
  )

  it.each([
    [100, 40, 1500],
    [700, 40, 300],
    [300, 50, 2100]
  ])("takes %i × %i × %i apart by itself", (m, n, k) => {
    const cases = ["plain", "A transposed", "B transposed", "both walked through"].map((name) => layouts[name](m, n, k))
    expect(cases.flatMap((strides) => mistakes({ m, n, k, dtype: "f32", ...strides }))).toEqual([])
  })

  it.each([
    [33, 70, 20],
    [8, 10, 15],
    [5, 1, 20],
    [1, 30, 9],
    [14, 16, 1100]
  ])("computes any part of %i × %i × %i alone", (m, n, k) => {
    const cases = Object.values(layouts).map((layout): Case => ({ m, n, k, dtype: "f32", ...layout(m, n, k) }))
    expect(cases.flatMap((given) => mistakes(given, piecewise))).toEqual([])
    expect(
      cases.flatMap((given) => mistakes(given, (parts) => [[0, 0, 0, 1], ...piecewise(parts), [1, 1, 0, 0]]))
    ).toEqual([])
  })

  it.each(flags)("hands each element to its epilogue once; lane by lane: %s", (isScalar) => {
    const cases = shapes.flatMap(([m, n, k]) =>
      flags.map((isWide): Case => {
        const { tile, ...scalar } = accumulate(n + 1, 99)
        const epilogue: Epilogue = isScalar || tile === undefined ? scalar : { ...scalar, tile }
        return { m, n, k, dtype: "f32", ...layouts.plain(m, n, k), isWide, epilogue }
      })
    )
    expect(cases.flatMap((given) => mistakes(given))).toEqual([])
  })

  describe.skipIf(!features.memory64)("with 64-bit addresses, where the engine has them", () => {
    const mistakesIn64 = (given: Case): ReadonlyArray<string> => [
      ...mistakes(given, undefined, true),
      ...mistakes(given, piecewise, true)
    ]

    it.each(Object.keys(layouts))("equals the loop with operands %s", (name) => {
      const some = shapes.filter((_, i) => i % 4 === 0)
      const cases = some.flatMap(([m, n, k]) =>
        types.flatMap((dtype) => forms.map((form): Case => ({ m, n, k, dtype, ...layouts[name](m, n, k), ...form })))
      )
      expect(cases.flatMap(mistakesIn64)).toEqual([])
    })

    it("takes products apart by itself", () => {
      const cases = ["plain", "A transposed", "B transposed", "both walked through"].flatMap((name) =>
        [[100, 40, 1500] as const, [300, 50, 2100] as const].map(([m, n, k]): Case => ({
          m,
          n,
          k,
          dtype: "f32",
          ...layouts[name](m, n, k)
        }))
      )
      expect(cases.flatMap((given) => mistakes(given, undefined, true))).toEqual([])
    })
  })

  it("shares kernels between products", () => {
    const module = Module.make({ minimum: 1 })
    const [m, n, k] = [60, 64, 64]
    const form = { dtype: "f32", isRelaxed: true, isWide: true } as const
    const sizes = [0, 1, 2].map(() => {
      gemm(module, { m, n, k, ...form, ...layouts.plain(m, n, k), epilogue: storeRowMajor("f32", n) })
      return module.build().length
    })
    expect(sizes[1] - sizes[0]).toBeLessThan(200)
    expect(sizes[2] - sizes[1]).toBe(sizes[1] - sizes[0])
  })
})
