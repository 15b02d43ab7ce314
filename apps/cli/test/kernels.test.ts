import { recorder } from "@cotangent/testing/gpu"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestConsole } from "effect/testing"
import { describe, it } from "vitest"
import { assertSound, nvrtc } from "../../../kernels/cuda/test/machineCode.ts"
import type { Recipe } from "../src/Recipe.ts"
import { recipes } from "../src/recipes.ts"
import * as Screens from "../src/terminal/Screen.ts"
import { make } from "../src/train/lab.ts"
import { temporaryFolder, writeClothes, writeDigits } from "./run.ts"

const path = temporaryFolder()
writeDigits(path("data"), 400)
writeClothes(path("data"), 40)

/** What a recipe asks a GPU for, on few examples. */
const plansOf = ({ load, name }: Recipe) =>
  Effect.gen(function* () {
    const { layer, plans } = recorder()
    const task = yield* Effect.promise(load)
    const { lab } = yield* make({
      recipe: name,
      task,
      seed: undefined,
      epochs: 1,
      limit: 200,
      data: path("data"),
      archives: undefined,
      offline: true,
      folder: path(name),
      resume: undefined,
      json: true,
      screen: yield* Screens.make,
      device: "a GPU that computes nothing",
      goOn: ""
    })
    yield* Effect.provide(task.run(lab), layer)
    return plans
  }).pipe(Effect.scoped, Effect.provide(Layer.merge(NodeServices.layer, TestConsole.layer)), Effect.runPromise)

describe.skipIf(nvrtc === undefined)("NVRTC", () => {
  it.each(Object.values(recipes))(
    "compiles what $name takes, for GPUs of several generations, and no kernel spills registers",
    async (recipe) => assertSound(recipe.name, await plansOf(recipe)),
    300_000
  )
})
