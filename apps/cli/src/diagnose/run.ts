/**
 * The command `diagnose`.
 */
import { Device } from "@cotangent/runtime/Device"
import * as Random from "@cotangent/tensor/Random"
import { start } from "@cotangent/train/Event"
import * as Findings from "@cotangent/train/Finding"
import * as Console from "effect/Console"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"
import type { DiagnoseOptions } from "../command/diagnose.ts"
import { choices } from "../devices/layers.ts"
import { choose, NothingToExamine, UsageError } from "../failure.ts"
import type { Checklist } from "../lab/checklist.ts"
import { conclusionOf, titles } from "../lab/checklist.ts"
import type { Search, Thoroughness } from "../lab/examination.ts"
import { examine as examineTrial } from "../lab/examination.ts"
import { empty } from "../lab/history.ts"
import type { Lab } from "../lab/Lab.ts"
import { folderOf } from "../program.ts"
import type { Recipe, Task } from "../Recipe.ts"
import { alone } from "../Recipe.ts"
import { recipes } from "../recipes.ts"
import type { Screen } from "../terminal/Screen.ts"
import * as Screens from "../terminal/Screen.ts"
import { pad } from "../terminal/table.ts"
import { fetchingOn } from "../train/fetching.ts"
import type { Outcome } from "../train/summary.ts"
import { deviceText, summary, summaryJson } from "../train/summary.ts"

/** Examines the trainings of a recipe. */
export const diagnose = Effect.fnUntraced(function* (options: DiagnoseOptions) {
  if (options.recipe === undefined) {
    return yield* new UsageError({ message: "name a recipe, for instance mnist-mlp; train --list shows them all" })
  }
  const recipe = yield* choose("recipe", options.recipe, recipes)
  const layer = yield* choose("device", options.device, choices({ threads: options.threads }))
  const search = yield* choose<Search>("search", options.search, { grid: "grid", random: "random" })
  const screen = yield* Screens.make
  yield* examine(recipe, { ...options, search }, screen).pipe(Effect.scoped, Effect.provide(layer))
})

/** What the findings of a training are told by. */
type Tell = (name: string) => NonNullable<Thoroughness["tell"]>

const tellOn =
  ({ clear, print, style }: Screen, json: boolean): Tell =>
  (training) =>
  (finding) => {
    if (json) return Console.log(JSON.stringify({ training, ...finding }))
    const mark = finding.isHealthy ? style.green("✓") : style.red("✗")
    const title = style.dim(pad(titles[finding._tag], 14))
    return Effect.andThen(clear, print(`  ${mark} ${title}  ${Findings.describe(finding)}`))
  }

/** What an examination of a recipe is carried out with. */
interface Examining extends Omit<Thoroughness, "tell"> {
  readonly lab: Omit<Lab, "train">
  /** Is told each training before it is examined. */
  readonly begin: (training: string, model: string) => Effect.Effect<void>
  readonly tell: Tell
}

/**
 * Carries out a recipe in a lab that examines trainings, until the last of them was. Where a training begins with what
 * another learned, that is what the other learned while it was examined.
 *
 * **Fails** `NothingToExamine` for a training that learns nothing from examples by gradients.
 */
const examineAll = Effect.fnUntraced(function* (
  { name: recipe }: Recipe,
  { run, trainings }: Task,
  { begin, lab, search, steps, tell }: Examining
) {
  if (trainings.length === 0) return yield* new NothingToExamine({ recipe, training: undefined })
  const done = yield* Deferred.make<Checklist>()
  const list: Array<Checklist[number]> = []
  const train: Lab["train"] = (trial) =>
    Effect.gen(function* () {
      const { model, name, parameters, pass, unit } = trial
      if (trial.examine !== undefined) yield* begin(name, model)
      const { state, ...found } = yield* examineTrial(recipe, trial, { search, steps, tell: tell(name) })
      list.push([name, found])
      if (list.length === trainings.length) return yield* Effect.andThen(Deferred.succeed(done, list), Effect.never)
      const nothing = { seed: lab.seed, epochs: 0, steps: 0, examples: 0, batch: 0, start }
      return { state, history: empty, plan: { training: name, model, parameters, pass, unit, ...nothing } }
    })
  return yield* Effect.raceFirst(Effect.as(run({ ...lab, train }), list), Deferred.await(done))
})

const examine = Effect.fnUntraced(function* (
  recipe: Recipe,
  options: DiagnoseOptions & { readonly search: Search },
  screen: Screen
) {
  const fs = yield* FileSystem.FileSystem
  const { description } = yield* Device
  const { json, search, steps } = options
  const { style } = screen
  const task = yield* Effect.promise(recipe.load)
  const folder = options.out ?? folderOf(recipe.name)
  const seed = options.seed ?? task.seed
  const title = [`${recipe.name}: ${recipe.summary}`, style.dim(`on ${deviceText(description)}`)]
  const list = yield* examineAll(recipe, task, {
    lab: {
      seed,
      key: Random.key(seed),
      limit: options.limit ?? Infinity,
      data: options.data,
      ...fetchingOn(screen, options)
    },
    search,
    steps,
    begin: (training, model) => {
      const number = task.trainings.indexOf(training) + 1
      const name = training === alone ? "" : `${style.bold(`${number}/${task.trainings.length} ${training}`)}  `
      return json ? Effect.void : screen.print(...(number === 1 ? title : []), "", `  ${name}${style.dim(model)}`)
    },
    tell: tellOn(screen, json)
  })
  yield* fs.makeDirectory(folder, { recursive: true })
  const { figures, table: rows = [], ...conclusion } = conclusionOf(list)
  const outcome: Outcome = {
    recipe: { ...recipe, name: `${recipe.name}, examined`, expected: [] },
    seed,
    isUsual: false,
    trained: [],
    conclusion: { ...conclusion, figures: [{ _tag: "Table", title: "Findings", isWide: true, rows }, ...figures] },
    device: description,
    millis: performance.now(),
    folder,
    checkpoint: undefined,
    report: join(folder, "diagnosis.html")
  }
  const { write } = yield* Effect.promise(() => import("../report/report.ts"))
  yield* write(outcome)
  if (json) return yield* Console.log(JSON.stringify({ ...summaryJson(outcome), recipe: recipe.name }))
  yield* screen.print(...summary(outcome, style))
})
