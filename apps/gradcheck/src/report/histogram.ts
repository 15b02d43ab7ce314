/**
 * Distributions of errors as pictures.
 */
import { decades } from "../Outcome.ts"

const width = 340
const height = 110
/** Errors of 0 are no power of ten: their bar stands apart. */
const gap = 10
const bar = (width - gap - 24) / decades.length
const left = (i: number): number => i * bar + (i === 0 ? 0 : gap)
const allowed = left(decades.length)

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹"

const power = (exponent: number): string =>
  exponent === 0 ? "1" : `10⁻${String(-exponent).replace(/\d/g, (digit) => superscripts[Number(digit)])}`

const label = (x: number, text: string, anchor = "middle"): string =>
  `<text x="${x.toFixed(1)}" y="${height + 15}" text-anchor="${anchor}">${text}</text>`

/** Counts by decade, on a logarithmic axis that ends at what is allowed. One among thousands is still seen. */
export const histogram = (counts: ReadonlyArray<number>): string => {
  const most = Math.max(...counts, 1)
  const bars = counts.map((count, i) => {
    const tall = (Math.log1p(count) / Math.log1p(most)) * height
    const range = i === 0 ? "exactly 0" : `from ${power(i - decades.length)} to ${power(i + 1 - decades.length)} of it`
    return (
      `<rect x="${(left(i) + 1).toFixed(1)}" y="${(height - tall).toFixed(1)}" width="${(bar - 2).toFixed(1)}" ` +
      `height="${tall.toFixed(1)}" rx="1.5"><title>${count} ${range}</title></rect>`
    )
  })
  return [
    `<svg viewBox="0 0 ${width} ${height + 20}" role="img" aria-label="distribution of errors">`,
    `<rect class="beyond" x="${allowed.toFixed(1)}" y="0" width="${(width - allowed).toFixed(1)}" height="${height}"/>`,
    `<line class="axis" x1="0" x2="${width}" y1="${height}" y2="${height}"/>`,
    ...bars,
    `<line class="allowed" x1="${allowed.toFixed(1)}" x2="${allowed.toFixed(1)}" y1="0" y2="${height}"/>`,
    label(bar / 2, "0"),
    ...[-14, -10, -6].map((exponent) => label(left(decades.length + exponent), power(exponent))),
    label(width, "allowed", "end"),
    "</svg>"
  ].join("")
}
