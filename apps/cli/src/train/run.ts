/**
 * The command `train`.
 */
import { Device } from "@cotangent/runtime/Device"
import type { Profile } from "@cotangent/wasm/Profile"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"
import type { TrainOptions } from "../command/train.ts"
import type { DeviceLayer } from "../devices/layers.ts"
import { choices } from "../devices/layers.ts"
import { choose, describe, Interrupted, Missed, UsageError } from "../failure.ts"
import { folderOf, program } from "../program.ts"
import type { Recipe } from "../Recipe.ts"
import { alone } from "../Recipe.ts"
import { recipes } from "../recipes.ts"
import type { Screen } from "../terminal/Screen.ts"
import * as Screens from "../terminal/Screen.ts"
import type { Insight } from "./insight.ts"
import * as Insights from "./insight.ts"
import { filesOf, make } from "./lab.ts"
import { list } from "./list.ts"
import { entryOf, record } from "./record.ts"
import type { Outcome } from "./summary.ts"
import { deviceText, judged, summary, summaryJson } from "./summary.ts"

/** Carries out one recipe or all of them, or lists them. */
export const train = Effect.fnUntraced(function* (options: TrainOptions) {
  if (options.list) return yield* list(Object.values(recipes), options.json)
  yield* checkUsage(options)
  const profile =
    options.profile === undefined ? undefined : (yield* Effect.promise(() => import("@cotangent/wasm/Profile"))).make()
  const layer = yield* layerOf(options, profile)
  const screen = yield* Screens.make
  const insight = { profile, trace: options.profile ?? "", explain: options.explain, json: options.json }
  if (options.all) return yield* all(options, { layer, screen, insight })
  const recipe = yield* choose("recipe", options.recipe!, recipes)
  // The process began for this recipe.
  yield* one(recipe, options, { layer, screen, insight, since: 0 })
})

const checkUsage = ({
  all,
  explain,
  profile,
  recipe,
  record,
  resume
}: TrainOptions): Effect.Effect<void, UsageError> => {
  const wrong = [
    ...(all && recipe !== undefined ? [`say ${recipe} or --all, not both`] : []),
    ...(!all && recipe === undefined ? ["name a recipe, for instance mnist-mlp; --list shows them all"] : []),
    ...(all && (profile !== undefined || explain !== undefined)
      ? ["--profile and --explain are of one recipe: name it"]
      : []),
    ...(resume !== undefined && (all || record !== undefined)
      ? [`--${all ? "all" : "record"} is for whole runs: leave --resume out`]
      : [])
  ]
  return wrong.length === 0 ? Effect.void : Effect.fail(new UsageError({ message: wrong[0] }))
}

const layerOf = (
  { device, threads }: TrainOptions,
  profile: Profile | undefined
): Effect.Effect<DeviceLayer, UsageError> => {
  const layers = choices({ threads, profile })
  return profile !== undefined && !Object.hasOwn(layers, device) && Object.hasOwn(choices(), device)
    ? Effect.fail(new UsageError({ message: `the device '${device}' takes no profile` }))
    : choose("device", device, layers)
}

/** What a recipe is carried out with. */
interface Place {
  readonly insight: Insight
  readonly layer: DeviceLayer
  readonly screen: Screen
}

/** Carries out all recipes, whatever becomes of each. **Fails** `Missed` where one fails or misses what it promises. */
const all = Effect.fnUntraced(function* (options: TrainOptions, place: Place) {
  const troubles: Array<string> = []
  for (const recipe of Object.values(recipes)) {
    const out = options.out === undefined ? undefined : join(options.out, recipe.name)
    const missed = yield* one(recipe, { ...options, out }, { ...place, since: performance.now() }).pipe(
      Effect.map((outcome) => (judged(outcome).some(({ isMet }) => !isMet) ? "missed what it promises" : undefined)),
      Effect.catchIf(
        (error) => !(error instanceof Interrupted),
        (error) => Effect.succeed(describe(error))
      )
    )
    if (missed === undefined) continue
    troubles.push(`${recipe.name}: ${missed}`)
    if (!options.json) yield* place.screen.print(place.screen.style.red(troubles.at(-1)!), "")
  }
  if (troubles.length > 0) return yield* new Missed({ troubles })
})

/** Carries out a recipe on a device of its own, and records what came out if that is asked for. */
const one = Effect.fnUntraced(function* (
  recipe: Recipe,
  options: TrainOptions,
  { layer, ...place }: Place & { readonly since: number }
) {
  const outcome = yield* carryOut(recipe, options, place).pipe(Effect.scoped, Effect.provide(layer))
  if (options.record !== undefined) {
    yield* record(options.record, yield* entryOf(outcome), Object.keys(recipes))
    if (!options.json) yield* place.screen.print(`recorded in ${options.record}`, "")
  }
  return outcome
})

const carryOut = Effect.fnUntraced(function* (
  recipe: Recipe,
  options: TrainOptions,
  { insight, screen, since }: Omit<Place, "layer"> & { readonly since: number }
) {
  const device = yield* Device
  const fs = yield* FileSystem.FileSystem
  const folder = options.out ?? folderOf(recipe.name)
  const task = yield* Effect.promise(recipe.load)
  yield* fs.makeDirectory(folder, { recursive: true })
  const isAlone = task.trainings[0] === alone
  const inWords = deviceText(device.description)
  if (!isAlone && !options.json)
    yield* screen.print(`${recipe.name}: ${recipe.summary}`, screen.style.dim(`on ${inWords}`))
  const room = { recipe: recipe.name, task, folder, screen, device: inWords, goOn: goOn(recipe, options) }
  const { isUsual, lab, trained } = yield* make({ ...options, ...room })
  const conclusion = yield* Effect.tapErrorTag(task.run(lab), "Interrupted", () => Insights.report(insight, screen))
  const outcome: Outcome = {
    recipe,
    seed: lab.seed,
    isUsual: isUsual(),
    trained,
    conclusion,
    device: device.description,
    millis: performance.now() - since,
    folder,
    checkpoint: isAlone ? filesOf(folder, alone).checkpoint : undefined,
    report: join(folder, "report.html")
  }
  const { write } = yield* Effect.promise(() => import("../report/report.ts"))
  yield* write(outcome)
  yield* options.json
    ? Console.log(JSON.stringify(summaryJson(outcome)))
    : screen.print(...summary(outcome, screen.style))
  yield* Insights.report(insight, screen)
  return outcome
})

/** The command that goes on with an interrupted recipe. */
const goOn = ({ name }: Recipe, { archives, data, device, out }: TrainOptions): string =>
  [
    `${program} train ${name} --resume`,
    ...(out === undefined ? [] : [`--out ${out}`]),
    ...(data === undefined ? [] : [`--data ${data}`]),
    ...(archives === undefined ? [] : [`--archives${archives === "" ? "" : `=${archives}`}`]),
    ...(device === "auto" ? [] : [`--device ${device}`])
  ].join(" ")
