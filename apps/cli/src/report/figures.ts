/**
 * What reports show, as markup.
 */
import type { Confusion, Figure, Gallery, Table } from "../figure.ts"
import { hasWords } from "../figure.ts"
import { percent } from "../terminal/format.ts"
import { curvesChart, histogramsChart, planeChart } from "./charts.ts"
import type { Html } from "./html.ts"
import { html, raw } from "./html.ts"
import { pictureUrl } from "./png.ts"

const tone = (color: "good" | "bad", opacity: number): string =>
  `background: rgba(var(--${color}), ${opacity.toFixed(2)})`

/** Rows are classes, columns what they were taken for; the more often, the stronger the color. */
const matrixOf = ({ classes, counts }: Confusion): Html => {
  const totals = counts.map((row) => row.reduce((sum, times) => sum + times, 0))
  const most = Math.max(1, ...counts.flatMap((row, label) => row.filter((_, predicted) => predicted !== label)))
  const cell = (times: number, label: number, predicted: number): Html => {
    if (times === 0) return html`<td class="none">0</td>`
    const isRight = label === predicted
    const opacity = isRight ? 0.12 + 0.4 * (times / totals[label]) ** 8 : 0.08 + 0.6 * Math.sqrt(times / most)
    const title = isRight
      ? `${classes[label]}: ${times} of ${totals[label]} recognized`
      : `${classes[label]} taken for ${classes[predicted]}: ${times} times`
    return html`<td style="${tone(isRight ? "good" : "bad", opacity)}" title="${title}">${times}</td>`
  }
  const isLong = classes.some((name) => name.length > 3)
  const short = (name: string): string => (isLong ? name.slice(0, 5) : name)
  return html`<table class="matrix${isLong ? " long" : ""}">
    <thead>
      <tr>
        <th></th>
        <th colspan="${classes.length}">taken for</th>
        <th></th>
      </tr>
      <tr>
        <th scope="col">class</th>
        ${classes.map((name) => html`<th scope="col" title="${name}">${short(name)}</th>`)}
        <th scope="col">right</th>
      </tr>
    </thead>
    <tbody>
      ${counts.map(
        (row, label) =>
          html`<tr>
            <th scope="row" title="${classes[label]}">${classes[label]}</th>
            ${row.map((times, predicted) => cell(times, label, predicted))}
            <td>${totals[label] === 0 ? "" : percent(row[label] / totals[label], 1)}</td>
          </tr>`
      )}
    </tbody>
  </table>`
}

const galleryOf = ({ isInk = false, pictures, size = 84 }: Gallery): Html =>
  html`<div class="gallery${isInk ? " ink" : ""}" style="--size: ${size}px">
    ${pictures.map(
      ({ alt, lines: [first = "", ...rest], ...picture }) =>
        html`<figure>
          <img src="${pictureUrl(picture)}" width="${picture.width}" height="${picture.height}" alt="${alt}" />
          <figcaption><b>${first}</b>${rest.map((line) => html`<span>${line}</span>`)}</figcaption>
        </figure>`
    )}
  </div>`

/** Rows of text; the first has the heads, the first column the names. Words begin at the left, numbers end at the right. */
export const tableOf = ({ rows: [heads = [], ...rows] }: Pick<Table, "rows">): Html => {
  const sides = heads.map((_, column) => (hasWords(rows, column) ? "words" : ""))
  return html`<div class="scroll">
    <table class="plain">
      <thead>
        <tr>
          ${heads.map((head, i) => html`<th scope="col" class="${sides[i]}">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([name = "", ...cells]) =>
            html`<tr>
              <th scope="row">${name}</th>
              ${cells.map((cell, i) => html`<td class="${sides[i + 1]}">${cell}</td>`)}
            </tr>`
        )}
      </tbody>
    </table>
  </div>`
}

const bodyOf = (figure: Figure): Html => {
  switch (figure._tag) {
    case "Confusion":
      return matrixOf(figure)
    case "Curves":
      return curvesChart(figure)
    case "Gallery":
      return galleryOf(figure)
    case "Histograms":
      return histogramsChart(figure)
    case "Plane":
      return planeChart(figure)
    case "Table":
      return tableOf(figure)
  }
}

/** A part of a page with a title. */
export const section = (title: string, body: Html, isWide = false): Html =>
  html`<section class="${isWide ? "wide" : ""}">
    <h2>${title}</h2>
    ${body}
  </section>`

/** A figure with its title. */
export const figureOf = (figure: Figure): Html =>
  section(
    figure.title,
    html`${figure.text === undefined ? raw("") : html`<p class="text">${figure.text}</p>`}${bodyOf(figure)}`,
    figure.isWide
  )
