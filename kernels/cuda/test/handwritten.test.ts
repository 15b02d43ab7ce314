import type { ProgramCase } from "@cotangent/gradcheck/laws/device"
import { deviceIsReference } from "@cotangent/gradcheck/laws/device"
import type { Measurement } from "@cotangent/gradcheck/Measurement"
import { holds } from "@cotangent/gradcheck/Measurement"
import * as Attention from "@cotangent/nn/Attention"
import type { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type { DType } from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import { sum } from "@cotangent/tensor/primitive/linear"
import { argSort } from "@cotangent/tensor/primitive/routine"
import { scatterAdd } from "@cotangent/tensor/primitive/window"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { trace } from "@cotangent/tensor/Program"
import { directedAs, withGradients } from "@cotangent/testing/directions"
import type { PrimitiveName } from "@cotangent/testing/generators"
import { names, signatures } from "@cotangent/testing/generators"
import { recorder } from "@cotangent/testing/gpu"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as fc from "fast-check"
import * as fs from "node:fs"
import * as path from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { compileAhead } from "./ahead.ts"
import { layerOn } from "./device.ts"
import { emulator } from "./support.ts"

const folder = path.join(import.meta.dirname, "../kernels")
const textOf = (source: string): string => fs.readFileSync(path.join(folder, `${source}.cu`), "utf8")

/** What blocks of code mean, by the sources that they stand in. */
const manifest = JSON.parse(fs.readFileSync(path.join(folder, "manifest.json"), "utf8")) as Readonly<
  Record<string, Readonly<Record<string, string>>>
>
const blocks = Object.entries(manifest).flatMap(([source, all]) =>
  Object.entries(all).map(([block, meaning]) => ({ source, block, meaning }))
)

describe("the sources that are written by hand", () => {
  it("are all in the manifest", () => {
    const sources = fs.readdirSync(folder).flatMap((file) => (file.endsWith(".cu") ? [path.basename(file, ".cu")] : []))
    expect(Object.keys(manifest).toSorted()).toEqual(sources.toSorted())
  })

  it.each(blocks.filter(({ source }) => source !== "prelude"))("say what $block does, how and after whom", (given) => {
    const text = textOf(given.source)
    const header = text.slice(0, text.indexOf("*/"))
    expect(text).toMatch(new RegExp(`\\bCT [\\w ]+ ${given.block}\\(`))
    expect(header).toContain(given.block)
    expect(header).toMatch(/Launch: /)
    expect(header).toMatch(/Sources?: .+\d{4}/)
  })
})

const seeds = fc.integer({ min: 1, max: 2 ** 31 })

/** Numbers between -1 and 1, quarters: many are equal. */
const numbers = (shape: ReadonlyArray<number>, dtype: DType, seed: number): HostArray =>
  make(
    shape,
    dtype,
    Array.from({ length: shape.reduce((x, y) => x * y, 1) }, (_, i) => Math.round(4 * Math.sin(1.7 * i * seed)) / 4)
  )

const places = (length: number, rows: number, seed: number): HostArray =>
  make(
    [length],
    "i32",
    Array.from({ length }, (_, i) => (i * (seed % 97) + 3) % rows)
  )

const caseOf = (inputs: ReadonlyArray<HostArray>, f: (...tensors: ReadonlyArray<Tensor>) => Tensor): ProgramCase => ({
  inputs,
  program: trace(inputs, (...tensors) => [f(...tensors)])
})

const added = (count: number) =>
  seeds.map((seed) =>
    caseOf(
      [numbers([50, 7], "f32", seed), numbers([count, 7], "f32", seed + 1), places(count, 50, seed)],
      (x, updates, indices) => scatterAdd(x, updates, indices)
    )
  )

const sorted = (shape: ReadonlyArray<number>) =>
  fc
    .tuple(seeds, fc.boolean(), fc.constantFrom("f32", "f64", "f16", "i32"))
    .map(([seed, descending, dtype]) => caseOf([numbers(shape, dtype, seed)], (x) => argSort(x, { descending })))

const summed = (shape: ReadonlyArray<number>, axis: number) =>
  fc
    .tuple(seeds, fc.constantFrom("f32", "f64", "bf16"))
    .map(([seed, dtype]) => caseOf([numbers(shape, dtype, seed)], (x) => sum(x, { axes: [axis] })))

const attended = fc.tuple(seeds, fc.integer({ min: 1, max: 40 }), fc.boolean()).map(([seed, length, causal]) =>
  caseOf(
    [0, 1, 2].map((i) => numbers([2, length, 16], "f32", seed + i)),
    (query, key, value) => Attention.scaledDotProductAttention({ query, key, value } as never, { causal })
  )
)

const primitive = (name: string): fc.Arbitrary<ProgramCase> => {
  const known = names.find((each): each is PrimitiveName => each === name)
  if (known === undefined) throw new RangeError(`there is no primitive ${name}`)
  return signatures[known].chain(directedAs("f32")).map(withGradients)
}

/** Programs that need a block; those of factorizations are the ones of their primitives. */
const special: Readonly<Record<string, fc.Arbitrary<ProgramCase>>> = {
  ct_over_warp: summed([100, 100], 1),
  ct_over_block: summed([3, 5000], 1),
  ct_over_column: summed([300, 40], 0),
  ct_sort_row: sorted([5, 1000]),
  ct_positions: sorted([2, 1100]),
  ct_merge_row: sorted([2, 1300]),
  ct_scatter_few: added(300),
  ct_scatter_sorted: added(700),
  ct_scores: attended,
  ct_weigh: attended,
  ct_over_row: attended
}

const options = { leastScores: { f16: 0, bf16: 0, f32: 0 } }
const standIn = emulator()

describe.skipIf(standIn.obstacle !== undefined)("a block of code that is written by hand, on the stand-in", () => {
  const runtime = ManagedRuntime.make(layerOn(standIn, { options }))
  afterAll(() => runtime.dispose())
  const parameters = { numRuns: 6, seed: 1 }
  const lawsOf = (block: string, meaning: string) =>
    (special[block] ?? primitive(meaning)).map((given) => ({ given, law: lawOf(given) }))
  const lawOf = (given: ProgramCase): Effect.Effect<Measurement, DeviceError, Device> => deviceIsReference(given, 64)
  const callers = (block: string, sources: ReadonlyArray<string>) =>
    sources.filter((text) => new RegExp(`\\b${block}(<.*>)?\\(`).test(text.slice(text.indexOf('extern "C"'))))

  beforeAll(async () => {
    const all = blocks.flatMap(({ block, meaning }) => fc.sample(lawsOf(block, meaning), parameters))
    await compileAhead(
      standIn,
      Effect.forEach(all, ({ law }) => Effect.exit(law)),
      options
    )
  }, 300_000)

  it.each(blocks)("$block computes what $meaning means", { timeout: 120_000 }, async ({ block, meaning }) => {
    const { layer, plans } = recorder(options)
    await fc.assert(
      fc.asyncProperty(lawsOf(block, meaning), async ({ law }) => {
        await Effect.runPromise(Effect.provide(Effect.exit(law), layer))
        const measured = await runtime.runPromise(law)
        if (!holds(measured)) throw new Error(JSON.stringify(measured))
      }),
      parameters
    )
    expect(
      callers(
        block,
        plans.flatMap(({ sources }) => sources)
      )
    ).not.toEqual([])
  })
})
