/**
 * The report of a training: one page that needs nothing but itself.
 */
import type { Assessment, Mistake } from "../digits/assessment.ts"
import { accuracyOf } from "../digits/assessment.ts"
import { count, duration, percent } from "../terminal/format.ts"
import { last, meanRate } from "../train/history.ts"
import type { Outcome } from "../train/summary.ts"
import { accuracyChart, epochChart, lossChart } from "./charts.ts"
import type { Html } from "./html.ts"
import { html, raw } from "./html.ts"
import { digitUrl } from "./png.ts"
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

/** Mistakes that are shown. */
const shown = 30

const figureOf = ({ confidence, index, label, pixels, predicted }: Mistake): Html =>
  html`<figure>
    <img src="${digitUrl(pixels)}" width="84" height="84" alt="a ${label}, taken for a ${predicted}" />
    <figcaption>
      <b>${label} → ${predicted}</b><span>${percent(confidence, 1)} sure</span><span>image ${index}</span>
    </figcaption>
  </figure>`

const tone = (color: "good" | "bad", opacity: number): string =>
  `background: rgba(var(--${color}), ${opacity.toFixed(2)})`

/** Rows are digits, columns what they were taken for; the more often, the stronger the color. */
const matrixOf = ({ confusion }: Assessment): Html => {
  const totals = confusion.map((row) => row.reduce((sum, times) => sum + times, 0))
  const most = Math.max(1, ...confusion.flatMap((row, label) => row.filter((_, predicted) => predicted !== label)))
  const cell = (times: number, label: number, predicted: number): Html => {
    if (times === 0) return html`<td class="none">0</td>`
    const isRight = label === predicted
    const opacity = isRight ? 0.12 + 0.4 * (times / totals[label]) ** 8 : 0.08 + 0.6 * Math.sqrt(times / most)
    const title = isRight
      ? `${times} of ${totals[label]} recognized`
      : `${label} taken for ${predicted}: ${times} times`
    return html`<td style="${tone(isRight ? "good" : "bad", opacity)}" title="${title}">${times}</td>`
  }
  return html`<table class="matrix">
    <thead>
      <tr>
        <th></th>
        <th colspan="10">taken for</th>
        <th></th>
      </tr>
      <tr>
        <th scope="col">digit</th>
        ${confusion.map((_, digit) => html`<th scope="col">${digit}</th>`)}
        <th scope="col">right</th>
      </tr>
    </thead>
    <tbody>
      ${confusion.map(
        (row, label) =>
          html`<tr>
            <th scope="row">${label}</th>
            ${row.map((times, predicted) => cell(times, label, predicted))}
            <td>${totals[label] === 0 ? "" : percent(row[label] / totals[label], 1)}</td>
          </tr>`
      )}
    </tbody>
  </table>`
}

const section = (title: string, body: Html, isWide = false): Html =>
  html`<section class="${isWide ? "wide" : ""}">
    <h2>${title}</h2>
    ${body}
  </section>`

const chartsOf = ({ history, recipe }: Outcome): ReadonlyArray<Html> => {
  const { batchAccuracies, losses, testAccuracies } = history
  const isFine = recipe.pass.name === "iteration"
  const loss = lossChart(losses, {
    ends: isFine ? [] : testAccuracies.map(({ step }) => step),
    // The loss of the whole set has no noise.
    window: isFine ? 1 : Math.max(1, Math.round(losses.length / 20))
  })
  const accuracy = isFine
    ? section("Training accuracy", accuracyChart(batchAccuracies))
    : section("Test accuracy after each epoch", epochChart(testAccuracies.map(({ value }) => value)))
  return losses.length < 2 ? [] : [section("Loss", loss), accuracy]
}

const numbersOf = ({ assessment, history, millis, recipe }: Outcome): ReadonlyArray<Fact> => {
  const training = recipe.pass.name === "iteration" ? last(history.batchAccuracies) : undefined
  return [
    ["test accuracy", percent(accuracyOf(assessment))],
    ...(training === undefined ? [] : [["training accuracy", percent(training)] as const]),
    ["time", duration(millis)],
    ["images per second", count(meanRate(history))]
  ]
}

/** The whole page; `facts` stand at its end. */
export const page = (outcome: Outcome, facts: ReadonlyArray<Fact>): string => {
  const { assessment, recipe } = outcome
  const { mistakes, total } = assessment
  const gallery = html`<div class="mistakes">${mistakes.slice(0, shown).map(figureOf)}</div>`
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <title>${recipe.name}: ${percent(accuracyOf(assessment))}</title>
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
            </div>
            <dl class="numbers">${factsOf(numbersOf(outcome))}</dl>
          </header>
          ${chartsOf(outcome)} ${section("Digits, and what they were taken for", matrixOf(assessment))}
          ${section("This run", html`<dl class="facts">${factsOf(facts)}</dl>`)}
          ${mistakes.length === 0 ? raw("") : section(`The worst of ${count(mistakes.length)} mistakes in ${count(total)}`, gallery, true)}
        </main>
      </body>
    </html> `.markup
}
