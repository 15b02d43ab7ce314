/**
 * Whether a GPU computes what it should, and how fast: its libraries, the conformance cases, short trainings beside the
 * values of PyTorch, memory, the workloads with their part of what the device can do, PyTorch beside them.
 */
import * as Cuda from "@cotangent/cuda/Cuda"
import type { Driver } from "@cotangent/cuda/driver/Driver"
import * as Drivers from "@cotangent/cuda/driver/Driver"
import { Device } from "@cotangent/runtime/Device"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { objection } from "../checks.ts"
import { measure, quick } from "../measure.ts"
import type { Result } from "../Result.ts"
import { table } from "../table.ts"
import type { Workload } from "../Workload.ts"
import { workloads } from "../workloads.ts"
import { gpt2 } from "../workloads/gpt.ts"
import { oddProducts } from "../workloads/products.ts"
import { conformance } from "./conformance.ts"
import type { Probe } from "./probes.ts"
import { copy, probes } from "./probes.ts"
import { profile } from "./profile.ts"
import * as Recipes from "./recipes.ts"
import { beside } from "./torch.ts"

/** How long sections may take. **Units** seconds. */
export interface Budget {
  readonly conformance: number
  readonly recipes: number
  readonly workload: number
  /** After so long no more workloads are begun. */
  readonly workloads: number
  /** After so long it ends, PyTorch included. */
  readonly all: number
}

/** Four and a half minutes in all. */
export const usual: Budget = { conformance: 70, recipes: 60, workload: 25, workloads: 190, all: 245 }

const say = (section: string, what: Readonly<Record<string, unknown>>): Effect.Effect<void> =>
  Console.log(JSON.stringify({ section, ...what }))

/** What came of a part, or why nothing did; nothing stops what follows. */
const attempt = <A, E, R>(seconds: number, part: Effect.Effect<A, E, R>) =>
  part.pipe(
    Effect.map((value) => ({ tag: "done" as const, value })),
    Effect.timeout(seconds * 1000),
    Effect.catchCause((cause) => Effect.succeed({ tag: "failed" as const, reason: String(cause).slice(0, 400) }))
  )

const seconds = (from: number): number => Math.round(performance.now() - from) / 1000

/** A row of the table at the end. */
interface Row {
  readonly name: string
  readonly ms: number
  readonly gbps?: number
  readonly tflops?: number
  readonly note: string
}

/** The least time of some rounds of runs between events. */
const probed = (driver: Driver, { bytes, inputs, meanAbs, name, operations, run }: Probe) =>
  Effect.scoped(
    Effect.gen(function* () {
      const device = yield* Device
      const given = yield* device.realize(inputs())
      const compiled = yield* device.compile((xs: ReadonlyArray<Tensor.Tensor>) => run(...xs), { name })
      const one = Effect.scoped(compiled(given))
      yield* one
      yield* one
      const rounds = 10
      const all = Effect.forEach(Array.from({ length: rounds }), () => one, { discard: true })
      const times = yield* Effect.forEach([0, 1, 2], () => Effect.map(driver.timed(all), ([, ms]) => ms / rounds))
      const ms = Math.min(...times)
      const found = yield* Effect.scoped(
        Effect.gen(function* () {
          const sample = Tensor.slice(Tensor.reshape(yield* compiled(given), [-1]), { start: [0], stop: [2 ** 20] })
          return yield* device.readNumber(Tensor.mean(Tensor.abs(Tensor.cast(sample, "f32"))))
        })
      )
      const row: Row = {
        name,
        ms,
        ...(bytes === undefined ? {} : { gbps: bytes / ms / 1e6 }),
        ...(operations === undefined ? {} : { tflops: operations / ms / 1e9 }),
        note: Math.abs(found - meanAbs) < 0.02 * meanAbs ? "" : `mean ${found}, expected about ${meanAbs}`
      }
      return row
    })
  )

const rowOf = ({ gbps, gflops, medianMs, workload }: Result, note: string): Row => ({
  name: workload,
  ms: medianMs,
  ...(gbps === undefined ? {} : { gbps }),
  ...(gflops === undefined ? {} : { tflops: gflops / 1000 }),
  note
})

/** Losses of PyTorch 2.11 on an H200, eager, with products in bf16; compiled it differs from them by up to 2 · 10⁻⁴. */
const lossesOfGpt2 = [
  10.992374420166016, 10.800281524658203, 10.530250549316406, 11.188663482666016, 10.246147155761719
]

/** Products of eight significant bits leave that much of losses open. */
const toleranceOfGpt2 = 1e-3

const objectionToGpt2 = ({ check }: Result): string | undefined =>
  check.length === lossesOfGpt2.length &&
  check.every((loss, i) => Math.abs(loss - lossesOfGpt2[i]) <= toleranceOfGpt2 * lossesOfGpt2[i])
    ? undefined
    : `losses ${check.join(", ")}, expected about ${lossesOfGpt2.join(", ")}`

const timed = Effect.fnUntraced(function* (workload: Workload, budget: number) {
  const outcome = yield* attempt(budget, measure(workload, quick))
  if (outcome.tag === "failed") {
    yield* say("workload", { workload: workload.name, failed: outcome.reason })
    return { row: { name: workload.name, ms: NaN, note: "failed" } satisfies Row, isWrong: true }
  }
  const wrong = workload === gpt2 ? objectionToGpt2(outcome.value) : objection(outcome.value, workload)
  yield* say("workload", { result: outcome.value, ...(wrong === undefined ? {} : { wrong }) })
  return { row: rowOf(outcome.value, wrong === undefined ? "" : "wrong"), isWrong: wrong !== undefined }
})

const percent = (part: number | undefined, whole: number): string =>
  part === undefined || !Number.isFinite(whole) ? "" : `${((100 * part) / whole).toFixed(0)} %`

const cellsOf = (
  rows: ReadonlyArray<Row>,
  ratios: ReadonlyMap<string, string>
): ReadonlyArray<ReadonlyArray<string>> => {
  const bandwidth = rows.find(({ name }) => name === copy.name)?.gbps ?? NaN
  const peak = Math.max(...rows.map(({ tflops }) => tflops ?? 0))
  return [
    ["workload", "ms", "GB/s", "of copy", "TFLOP/s", "of best", "PyTorch eager, compiled", ""],
    ...rows.map(({ gbps, ms, name, note, tflops }) => [
      name,
      ms.toFixed(4),
      gbps?.toFixed(0) ?? "",
      percent(gbps, bandwidth),
      tflops?.toFixed(2) ?? "",
      percent(tflops, peak),
      ratios.get(name) ?? "",
      note
    ])
  ]
}

/** What is timed, the most telling first. */
const ordered: ReadonlyArray<Workload> = [
  ...workloads.filter(({ kind }) => kind === "training"),
  gpt2,
  ...workloads.filter((each) => each.kind !== "training" && !oddProducts.includes(each)),
  ...oddProducts
]

const onDevice = Effect.fnUntraced(function* (
  driver: Driver,
  asked: ReadonlyArray<string>,
  budget: Budget,
  start: number
) {
  const device = yield* Device
  const rows: Array<Row> = []
  let [wrong, leftOut] = [0, 0]
  const isAsked = (name: string): boolean => asked.length === 0 || asked.includes(name)
  for (const outcome of isAsked("conformance") ? yield* conformance(budget.conformance) : []) {
    wrong += outcome.failures.length
    leftOut += outcome.leftOut
    yield* say("conformance", { ...outcome, failures: outcome.failures.slice(0, 5) })
  }
  yield* say("conformance", { seconds: seconds(start) })
  if (isAsked("recipes")) {
    const known = yield* Recipes.names
    const compared = yield* Recipes.compare(known, ["wasm", "cuda"], budget.recipes)
    for (const outcome of compared) yield* say("recipe", { ...outcome, failures: outcome.failures.slice(0, 5) })
    wrong += compared.filter(({ failures, numbers }) => failures.length > 0 || numbers === 0).length
    yield* say("recipes", { leftOut: known.length - compared.length, seconds: seconds(start) })
  }
  for (const each of probes.filter(({ name }) => isAsked(name))) {
    const outcome = yield* attempt(budget.workload, probed(driver, each))
    if (outcome.tag === "failed") {
      wrong++
      yield* say("probe", { probe: each.name, failed: outcome.reason })
      continue
    }
    const { value } = outcome
    if (value.note !== "") wrong++
    rows.push(value)
    yield* say("probe", { ...value })
  }
  for (const workload of ordered.filter(({ name }) => isAsked(name))) {
    if (seconds(start) > budget.workloads) {
      yield* say("workload", { workload: workload.name, leftOut: "no time" })
      continue
    }
    const { isWrong, row } = yield* timed(workload, workload === gpt2 ? 2 * budget.workload : budget.workload)
    rows.push(row)
    if (isWrong) wrong++
  }
  const live = yield* device.liveBuffers
  yield* say("memory", { liveBuffers: live, peakBytes: yield* device.peakBytes, seconds: seconds(start) })
  const ratios = yield* beside(rows, budget.all - seconds(start))
  yield* Console.log(table(cellsOf(rows, ratios)).join("\n"))
  return { wrong: wrong + live, leftOut }
})

/** Tables of the operations of workloads that are asked for by name. */
export const profiles = (asked: ReadonlyArray<string>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const driver = yield* Drivers.open()
      const device = yield* Device.make(Cuda.backend(driver))
      for (const workload of ordered.filter(({ name }) => asked.includes(name))) {
        const rows = yield* Effect.provideService(profile(driver, workload), Device, device)
        yield* Console.log([workload.name, ...table(rows)].join("\n"))
      }
      return 0
    })
  )

/** The whole check, or the parts of it that are asked for by name. Gives the number of things that are wrong. */
export const check = (asked: ReadonlyArray<string>, budget: Budget) =>
  Effect.scoped(
    Effect.gen(function* () {
      const start = performance.now()
      const driver = yield* Drivers.open()
      yield* say("status", { ...driver.info, availableBytes: driver.availableBytes() })
      const device = yield* Device.make(Cuda.backend(driver))
      const { leftOut, wrong } = yield* onDevice(driver, asked, budget, start).pipe(
        Effect.provideService(Device, device)
      )
      yield* say("end", { wrong, casesLeftOut: leftOut, seconds: seconds(start) })
      return wrong
    })
  )
