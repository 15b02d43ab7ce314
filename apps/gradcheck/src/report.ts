/**
 * The report as a page that needs nothing but itself.
 */
import type { Law } from "@cotangent/gradcheck/laws"
import { statements } from "@cotangent/gradcheck/laws"
import type { Summary } from "./Outcome.ts"
import { errorsOf, lawsOf, refuted, worstOf } from "./Outcome.ts"
import { errorText } from "./terminal.ts"

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }

const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character])

const style = `
:root { color-scheme: light dark; --ink: #1c2430; --faint: #667085; --paper: #f6f7f9; --card: #fff; --line: #e3e6eb;
  --accent: 59, 111, 212; --bad: #c43c38; --good: #25794b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --faint: #98a2b3; --paper: #12151b; --card: #1a1f27;
  --line: #2b323d; --accent: 122, 165, 255; --bad: #f06560; --good: #40b076; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 84rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; display: grid; gap: 1.25rem; }
h1, h2 { margin: 0; line-height: 1.2; } h1 { font-size: 1.8rem; } h2 { font-size: 1.05rem; }
p { margin: 0.3rem 0 0; color: var(--faint); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.2rem 1.4rem; overflow-x: auto; }
.laws { display: grid; gap: 1.25rem; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); padding: 0; border: 0; background: none; }
svg { width: 100%; height: auto; margin-top: 0.6rem; font: 11px system-ui, "DejaVu Sans", sans-serif; fill: var(--faint); }
svg rect { fill: rgb(var(--accent)); } svg line { stroke: var(--bad); stroke-dasharray: 3 3; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 0.86rem; }
th, td { padding: 0.2rem 0.6rem; text-align: right; white-space: nowrap; border-radius: 4px; }
th { color: var(--faint); font-weight: 600; } th:first-child, td:first-child { text-align: left; }
pre { margin: 0.6rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.84rem; }
.bad { color: var(--bad); } .good { color: var(--good); }
`

/** Errors are sorted into decades, from 10⁻¹⁶ of what is allowed to 1; zeros have a bar of their own. */
const decades = 16

const bins = (errors: ReadonlyArray<number>): ReadonlyArray<number> => {
  const counts = new Array<number>(decades + 1).fill(0)
  for (const error of errors) {
    counts[error === 0 ? 0 : Math.min(decades, Math.max(1, decades + 1 + Math.floor(Math.log10(error))))]++
  }
  return counts
}

const width = 320
const height = 120
const bar = width / (decades + 1)

const histogram = (errors: ReadonlyArray<number>): string => {
  const counts = bins(errors)
  // One among thousands should still be seen.
  const tall = (count: number): number => (Math.log1p(count) / Math.log1p(Math.max(...counts, 1))) * height
  const bars = counts.map((count, i) => {
    const title = `<title>${count} of ${errors.length}</title>`
    const [x, y] = [(i * bar + 1).toFixed(1), (height - tall(count)).toFixed(1)]
    return `<rect x="${x}" y="${y}" width="${(bar - 2).toFixed(1)}" height="${tall(count).toFixed(1)}" rx="2">${title}</rect>`
  })
  const label = (at: number, text: string, anchor = "middle"): string =>
    `<text x="${(at * bar).toFixed(1)}" y="${height + 15}" text-anchor="${anchor}">${text}</text>`
  return (
    `<svg viewBox="0 0 ${width} ${height + 20}" role="img" aria-label="distribution of errors">${bars.join("")}` +
    `<line x1="${width - 0.5}" x2="${width - 0.5}" y1="0" y2="${height}"/>` +
    label(0.5, "0") +
    [5, 9, 13].map((at) => label(at, `1e${at - decades - 1}`)).join("") +
    `${label(decades + 1, "allowed", "end")}</svg>`
  )
}

const lawCard = (summary: Summary, law: Law): string => {
  const errors = errorsOf(summary, law)
  const most = errors.reduce((worst, error) => Math.max(worst, error), 0)
  return (
    `<section><h2>${law}</h2><p>${escape(statements[law])}</p>${histogram(errors)}` +
    `<p>${errors.length.toLocaleString("en-US")} measurements, at most ${errorText(most)} of what is allowed</p></section>`
  )
}

/** Cells are the darker the nearer an error is to what is allowed. */
const cell = (error: number | undefined): string => {
  if (error === undefined) return "<td></td>"
  const share = error === 0 ? 0 : Math.min(1, Math.max(0, 1 + Math.log10(error) / 8))
  return `<td style="background: rgba(var(--accent), ${(0.45 * share).toFixed(2)})">${errorText(error)}</td>`
}

const tableOf = (summary: Summary): string => {
  const laws = lawsOf(summary)
  const head = `<tr><th>function</th>${laws.map((law) => `<th>${law}</th>`).join("")}</tr>`
  const rows = summary.outcomes.map((outcome) => {
    const cells = laws.map((law) =>
      outcome.mismatch?.law === law ? '<td class="bad">broken</td>' : cell(worstOf(outcome, law))
    )
    return `<tr><td>${escape(outcome.name)}</td>${cells.join("")}</tr>`
  })
  return `<section><h2>Worst error of each function and law, of 1 allowed</h2><table>${head}${rows.join("")}</table></section>`
}

/** The whole page. */
export const page = (summary: Summary): string => {
  const broken = refuted(summary)
  const { device, millis, outcomes, runs, seed } = summary
  const verdict =
    broken.length === 0
      ? `<span class="good">All ${outcomes.length} hold</span>`
      : `<span class="bad">${broken.length} of ${outcomes.length} do not hold</span>`
  const counterexamples = broken.map(
    ({ mismatch, name }) =>
      `<section><h2 class="bad">${escape(name)}</h2><pre>${escape(mismatch!.message)}</pre></section>`
  )
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8">`,
    `<meta name="viewport" content="width=device-width, initial-scale=1"><title>Gradient check</title>`,
    `<style>${style}</style></head><body><main><header><h1>Gradient check: ${verdict}</h1>`,
    `<p>${runs} runs of each law, seed ${seed}, device ${escape(device)}, ${(millis / 1000).toFixed(1)} s. `,
    `Errors are in units of what the law allows.</p></header>`,
    ...counterexamples,
    `<section class="laws">${lawsOf(summary)
      .map((law) => lawCard(summary, law))
      .join("")}</section>`,
    tableOf(summary),
    `</main></body></html>`
  ].join("\n")
}
