/**
 * The report of a recipe: one page that needs nothing but itself.
 */
import { expectationText } from "../expectation.ts"
import { duration, say } from "../terminal/format.ts"
import type { Outcome } from "../train/summary.ts"
import { judged } from "../train/summary.ts"
import { figureOf, section, tableOf } from "./figures.ts"
import type { Html } from "./html.ts"
import { html, raw } from "./html.ts"
import { style } from "./style.ts"

/** A name and what it stands for. */
export type Fact = readonly [name: string, value: string]

const factsOf = (facts: ReadonlyArray<Fact>): ReadonlyArray<Html> =>
  facts.map(
    ([name, value]) =>
      html`<div>
        <dt>${name}</dt>
        <dd>${value}</dd>
      </div>`
  )

/** Results that stand at the head of a page, at most. */
const most = 3

/** What the recipe promises something of, else what comes first. */
const numbersOf = ({ conclusion: { results }, millis, recipe }: Outcome): ReadonlyArray<Fact> => {
  const promised = results.filter(({ name }) => recipe.expected.some(({ result }) => result === name))
  const others = results.filter((result) => !promised.includes(result))
  return [
    ...[...promised, ...others]
      .slice(0, most)
      .map(({ form, name, note, value }): Fact => [note === undefined ? name : `${name}, ${note}`, say(value, form)]),
    ["time", duration(millis)]
  ]
}

/** What was expected, and whether it came. */
const verdictsOf = (outcome: Outcome): Html => {
  const verdicts = judged(outcome)
  if (verdicts.length === 0) return raw("")
  return html`<ul class="verdicts">
    ${verdicts.map(
      ({ expectation, isMet }) =>
        html`<li class="${isMet ? "met" : "missed"}">${isMet ? "✓" : "✗"} ${expectationText(expectation)}</li>`
    )}
  </ul>`
}

/** The whole page; `facts` stand at its end. */
export const page = (outcome: Outcome, facts: ReadonlyArray<Fact>): string => {
  const { conclusion, recipe } = outcome
  const { figures, results, table } = conclusion
  const [main] = results
  // Else there is room for the last section beside a figure.
  const isEven = figures.filter(({ isWide = false }) => !isWide).length % 2 === 0
  const title = main === undefined ? recipe.name : `${recipe.name}: ${say(main.value, main.form)}`
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <title>${title}</title>
        <style>
          ${raw(style)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <div>
              <h1>${recipe.name}</h1>
              <p>${recipe.summary}</p>
              ${verdictsOf(outcome)}
            </div>
            <dl class="numbers">${factsOf(numbersOf(outcome))}</dl>
          </header>
          ${table === undefined ? raw("") : section("Side by side", tableOf({ rows: table }), true)}
          ${figures.map(figureOf)} ${section("This run", html`<dl class="facts">${factsOf(facts)}</dl>`, isEven)}
        </main>
      </body>
    </html> `.markup
}
