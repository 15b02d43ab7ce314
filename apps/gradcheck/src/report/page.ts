/**
 * The report as a page that needs nothing but itself.
 */
import type { GradientMismatch } from "@cotangent/gradcheck/errors"
import type { Law } from "@cotangent/gradcheck/laws"
import { statements } from "@cotangent/gradcheck/laws"
import type { Outcome, Summary } from "../Outcome.ts"
import { distributionOf, lawsOf, measurementsOf, refuted, reportOf } from "../Outcome.ts"
import type { Exclusion } from "../Target.ts"
import { exclusions } from "../targets.ts"
import { errorText } from "../terminal.ts"
import { histogram } from "./histogram.ts"
import { script } from "./script.ts"
import { style } from "./style.ts"

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }

const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character])

const count = (value: number): string => value.toLocaleString("en-US")

/** A law that is broken: what is wrong, what it should be, and for which inputs. */
const brokenCard = (name: string, mismatch: GradientMismatch, { runs, seed, device }: Summary): string => {
  const facts = [
    ["law", escape(mismatch.statement)],
    ["wrong", escape(mismatch.what + mismatch.place)],
    ["expected", `<code class="good">${escape(mismatch.expected)}</code>`],
    ["received", `<code class="bad">${escape(mismatch.received)}</code>`],
    ["for", `<pre>${escape(mismatch.counterexample)}</pre>`],
    [
      "again",
      `<code>gradcheck --filter "${escape(name)}" --runs ${runs} --seed ${seed} --device ${escape(device)}</code>`
    ],
    [
      "in a test",
      `<code>{ laws: ["${mismatch.law}"], seed: ${mismatch.seed}, path: "${escape(mismatch.path)}" }</code>`
    ]
  ]
  const list = facts.map(([term, fact]) => `<dt>${term}</dt><dd>${fact}</dd>`).join("")
  return `<section class="broken"><h2 class="bad">${escape(name)}: ${mismatch.law} is broken</h2><dl>${list}</dl></section>`
}

const lawCard = (summary: Summary, law: Law): string => {
  const counts = distributionOf(summary, law)
  const most = Math.max(0, ...summary.outcomes.map((outcome) => reportOf(outcome, law)?.worst.error ?? 0))
  const broken = refuted(summary).filter(({ mismatch }) => mismatch?.law === law).length
  const measured = `${count(counts.reduce((sum, each) => sum + each, 0))} measurements, the worst ${errorText(most)} of what is allowed`
  return (
    `<section><h2>${law}</h2><p>${escape(statements[law])}</p>${histogram(counts)}<p>${measured}` +
    `${broken === 0 ? "" : `; <span class="bad">broken by ${broken}</span>`}</p></section>`
  )
}

/** Cells are the darker the nearer an error is to what is allowed, and say where it was worst. */
const cell = (outcome: Outcome, law: Law): string => {
  if (outcome.mismatch?.law === law) return '<td class="bad" data-value="1e9">broken</td>'
  const report = reportOf(outcome, law)
  if (report === undefined) return "<td></td>"
  const { error, expected, received, what } = report.worst
  if (error === 0) return '<td data-value="0">0</td>'
  const share = Math.min(1, Math.max(0, 1 + Math.log10(error) / 8))
  const title = escape(`${what}: expected ${expected}, received ${received}`)
  return `<td data-value="${error}" title="${title}" style="background: rgba(var(--accent), ${(0.45 * share).toFixed(2)})">${errorText(error)}</td>`
}

const tableOf = (summary: Summary): string => {
  const laws = lawsOf(summary)
  const head = ["function", ...laws, "seconds"].map((name) => `<th><button>${name}</button></th>`).join("")
  const rows = summary.outcomes.map((outcome) => {
    const seconds = (outcome.millis / 1000).toFixed(1)
    const cells = laws.map((law) => cell(outcome, law)).join("")
    return `<tr><td>${escape(outcome.name)}</td>${cells}<td data-value="${outcome.millis}">${seconds}</td></tr>`
  })
  return [
    `<section><h2>Worst error of each function and law, of 1 allowed</h2>`,
    `<div class="bar"><input id="search" type="search" placeholder="conv, layer/, scan reverse" aria-label="part of a name">`,
    `<span id="shown"></span></div><div class="scroll"><table id="worst"><thead><tr>${head}</tr></thead><tbody>`,
    ...rows,
    `</tbody></table></div></section>`
  ].join("\n")
}

/** What is not checked, by reason. */
const excluded = (given: ReadonlyArray<Exclusion>): string => {
  const reasons = [...new Set(given.map(({ reason }) => reason))].map((reason) => {
    const names = given.filter((each) => each.reason === reason).map(({ name }) => escape(name))
    return `<dt>${escape(reason)}</dt><dd>${names.join(", ")}</dd>`
  })
  return `<section><details><summary>${given.length} exports have no check</summary><dl>${reasons.join("")}</dl></details></section>`
}

/** The whole page. */
export const page = (summary: Summary): string => {
  const broken = refuted(summary)
  const { device, millis, outcomes, runs, seed } = summary
  const verdict =
    broken.length === 0
      ? `<span class="good">all ${count(outcomes.length)} hold</span>`
      : `<span class="bad">${broken.length} of ${count(outcomes.length)} ${broken.length === 1 ? "does" : "do"} not hold</span>`
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8">`,
    `<meta name="viewport" content="width=device-width, initial-scale=1"><title>Gradient check</title>`,
    `<style>${style}</style></head><body><main><header><h1>Gradient check: ${verdict}</h1>`,
    `<p>${count(measurementsOf(summary))} measurements: ${runs} of each law and function, seed ${seed}, device ${escape(device)}, `,
    `${(millis / 1000).toFixed(1)} s. Errors are in units of what the law allows, so that it holds up to 1.</p></header>`,
    ...broken.map(({ mismatch, name }) => brokenCard(name, mismatch!, summary)),
    `<section class="laws">${lawsOf(summary)
      .map((law) => lawCard(summary, law))
      .join("\n")}</section>`,
    tableOf(summary),
    excluded(exclusions),
    `</main><script type="module">${script}</script></body></html>`
  ].join("\n")
}
