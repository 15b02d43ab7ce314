/**
 * The recipes as a list.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { expectationText } from "../expectation.ts"
import type { Recipe } from "../Recipe.ts"
import { duration } from "../terminal/format.ts"
import type { Style } from "../terminal/style.ts"
import * as Screens from "../terminal/Screen.ts"

/** A recipe in lines of text: its name and time, what it does, on what, and what it reaches. */
export const linesOf = ({ data, expected, name, seconds, section, summary }: Recipe, style: Style) => [
  `${style.bold(name)}  ${style.dim(`about ${duration(1000 * seconds)}, section ${section}`)}`,
  `  ${summary}`,
  `  ${style.dim("on")} ${data}`,
  ...expected.map((expectation, i) => `  ${style.dim(i === 0 ? "reaches" : "       ")} ${expectationText(expectation)}`)
]

/** A recipe for programs. */
const described = ({ data, expected, name, seconds, section, summary }: Recipe) => ({
  name,
  summary,
  section,
  data,
  expected,
  seconds
})

/** Prints the recipes, for people or for programs. */
export const list = Effect.fnUntraced(function* (recipes: ReadonlyArray<Recipe>, json: boolean) {
  if (json) return yield* Console.log(JSON.stringify(recipes.map(described)))
  const { style } = yield* Screens.make
  yield* Console.log(recipes.map((recipe) => linesOf(recipe, style).join("\n")).join("\n\n"))
})
