/**
 * The command `train`.
 */
import { Device } from "@cotangent/runtime/Device"
import type { Event } from "@cotangent/train/Event"
import * as Stop from "@cotangent/train/Stop"
import type { Profile } from "@cotangent/wasm/Profile"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import type { TrainOptions } from "../command/train.ts"
import type { DeviceLayer } from "../devices/layers.ts"
import { choices, profiled } from "../devices/layers.ts"
import { choose, Interrupted, UsageError } from "../failure.ts"
import { folderOf, program } from "../program.ts"
import type { Recipe, Run } from "../Recipe.ts"
import { recipes } from "../recipes.ts"
import { count, plural } from "../terminal/format.ts"
import type { Screen } from "../terminal/Screen.ts"
import * as Screens from "../terminal/Screen.ts"
import { table } from "../terminal/table.ts"
import type { History } from "./history.ts"
import { empty, record } from "./history.ts"
import type { Insight } from "./insight.ts"
import * as Insights from "./insight.ts"
import * as Journal from "./journal.ts"
import type { Display } from "./progress.ts"
import { heading, lineOf, status } from "./progress.ts"
import type { Signal } from "./signals.ts"
import { signals, stopOnSignals } from "./signals.ts"
import type { Outcome } from "./summary.ts"
import { deviceText, summary, summaryJson } from "./summary.ts"

/** Trains by a recipe, or lists the recipes. */
export const train = Effect.fnUntraced(function* (options: TrainOptions) {
  if (options.list) return yield* list(options)
  const recipe = yield* chosen(options)
  const profile =
    options.profile === undefined ? undefined : (yield* Effect.promise(() => import("@cotangent/wasm/Profile"))).make()
  const insight: Insight = {
    profile,
    trace: options.profile ?? "",
    explain: options.explain,
    json: options.json
  }
  const layer = yield* layerOf(options, profile)
  yield* carryOut(recipe, options, insight).pipe(Effect.scoped, Effect.provide(layer))
})

const chosen = ({ recipe }: TrainOptions): Effect.Effect<Recipe, UsageError> =>
  recipe === undefined
    ? Effect.fail(new UsageError({ message: `name a recipe: ${Object.keys(recipes).join(" or ")}` }))
    : choose("recipe", recipe, recipes)

const layerOf = ({ device }: TrainOptions, profile: Profile | undefined): Effect.Effect<DeviceLayer, UsageError> =>
  Effect.flatMap(choose("device", device, choices), (layer) => {
    if (profile === undefined) return Effect.succeed(layer)
    const layers = profiled(profile)
    if (Object.hasOwn(layers, device)) return Effect.succeed(layers[device])
    return Effect.fail(new UsageError({ message: `the device '${device}' takes no profile` }))
  })

const list = ({ json }: TrainOptions): Effect.Effect<void> => {
  const described = Object.values(recipes).map(({ data, expected, name, summary }) => ({
    name,
    summary,
    data,
    expected
  }))
  if (json) return Console.log(JSON.stringify(described))
  const rows = described.flatMap(({ data, expected, name, summary }) => [
    [name, summary],
    ["", data],
    ["", expected]
  ])
  return Console.log(table(rows).join("\n"))
}

/** Where a training writes. */
interface Paths {
  readonly folder: string
  readonly checkpoint: string
  readonly report: string
  readonly journal: string
}

const pathsOf = (folder: string): Paths => ({
  folder,
  checkpoint: join(folder, "checkpoint.safetensors"),
  report: join(folder, "report.html"),
  journal: join(folder, "events.jsonl")
})

const carryOut = Effect.fnUntraced(function* (recipe: Recipe, options: TrainOptions, insight: Insight) {
  const screen = yield* Screens.make
  const device = yield* Device
  const fs = yield* FileSystem.FileSystem
  const paths = pathsOf(options.out ?? folderOf(recipe.name))
  const task = yield* Effect.promise(recipe.load)
  const stop = yield* Stop.make
  const resume = options.resume === "" ? paths.checkpoint : options.resume
  yield* fs.makeDirectory(paths.folder, { recursive: true })
  const run = yield* task.prepare({ ...options, checkpoint: paths.checkpoint, resume, stop })
  const display: Display = { pass: recipe.pass, plan: run.plan, style: screen.style }
  if (!options.json)
    yield* screen.print(...introduction(recipe, run, deviceText(device.description)), ...heading(display))
  const history = yield* Effect.scoped(
    Effect.andThen(stopOnSignals(stop), follow(run, { ...options, display, paths, screen }))
  )
  const signal = signals.find((name) => name === history.stopped)
  if (signal !== undefined) {
    yield* Insights.report(insight, screen)
    return yield* interrupted(signal, { ...options, recipe, history, run, screen })
  }
  const assessment = yield* run.assess
  const outcome: Outcome = {
    recipe,
    plan: run.plan,
    history,
    assessment,
    device: device.description,
    millis: performance.now(),
    checkpoint: paths.checkpoint,
    report: paths.report
  }
  const { write } = yield* Effect.promise(() => import("../report/report.ts"))
  yield* write(outcome)
  yield* options.json
    ? Console.log(JSON.stringify(summaryJson(outcome)))
    : screen.print(...summary(outcome, screen.style))
  yield* Insights.report(insight, screen)
})

const introduction = ({ name }: Recipe, { plan }: Run, device: string): ReadonlyArray<string> => [
  `${name}: ${plan.model}, ${plural(plan.parameters, "parameter")}, trained on ${plural(plan.examples, "image")} by ${device}`,
  ...(plan.start.step === 0 ? [] : [`going on after ${plural(plan.start.step, "step")} of ${count(plan.steps)}`])
]

interface Following {
  readonly json: boolean
  readonly display: Display
  readonly paths: Paths
  readonly screen: Screen
}

/** Runs the training, and says and stores what it says. */
const follow = Effect.fnUntraced(function* (run: Run, { display, json, paths, screen }: Following) {
  const past = yield* Journal.begin(paths.journal, run.plan.start.step)
  const show = Effect.fnUntraced(function* (history: History, event: Event) {
    yield* Journal.append(paths.journal, event)
    if (json) return yield* Console.log(Journal.encode(event))
    const line = lineOf(display, history, event)
    if (line !== undefined) yield* screen.print(line)
    yield* screen.status((columns) => status(display, history, columns))
  })
  const history = yield* Stream.runFoldEffect(
    run.events,
    () => past.reduce(record, empty),
    (before, event) => {
      const history = record(before, event)
      // Giving way lets a signal in.
      return Effect.as(Effect.andThen(show(history, event), Effect.yieldNow), history)
    }
  )
  if (!json) yield* screen.clear
  return history
})

const interrupted = Effect.fnUntraced(function* (
  signal: Signal,
  context: Omit<TrainOptions, "recipe"> & {
    readonly recipe: Recipe
    readonly history: History
    readonly run: Run
    readonly screen: Screen
  }
) {
  const { data, device, history, out, recipe, run, screen } = context
  if (!context.json) yield* screen.clear
  const parts = [
    `${program} train ${recipe.name} --resume`,
    ...(out === undefined ? [] : [`--out ${out}`]),
    ...(data === undefined ? [] : [`--data ${data}`]),
    ...(device === "auto" ? [] : [`--device ${device}`])
  ]
  const where = `interrupted after step ${count(history.step)} of ${count(run.plan.steps)}`
  const message =
    history.checkpoint === undefined
      ? `${where}: there was nothing to save yet`
      : `${where}; everything up to it is saved. Go on with:\n  ${parts.join(" ")}`
  return yield* new Interrupted({ signal, message })
})
