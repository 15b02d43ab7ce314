/** What the page does: hides rows whose name lacks what is typed, and sorts by the column that is clicked. */
export const script = `
const table = document.querySelector("#worst")
const body = table.tBodies[0]
const rows = [...body.rows]
const search = document.querySelector("#search")
const shown = document.querySelector("#shown")
const filter = () => {
  const words = search.value.toLowerCase().split(/\\s+/)
  for (const row of rows) row.hidden = !words.every((word) => row.cells[0].textContent.toLowerCase().includes(word))
  shown.textContent = rows.filter((row) => !row.hidden).length + " of " + rows.length
}
search.addEventListener("input", filter)
filter()
const keyOf = (row, column) => row.cells[column].dataset.value
const compare = (column) => (a, b) => {
  if (column === 0) return rows.indexOf(a) - rows.indexOf(b)
  const [x, y] = [a, b].map((row) => Number(keyOf(row, column) ?? -1))
  return x - y || rows.indexOf(a) - rows.indexOf(b)
}
const heads = [...table.tHead.rows[0].cells]
heads.forEach((head, column) => head.addEventListener("click", () => {
  const order = head.getAttribute("aria-sort") === "descending" || column === 0 ? "ascending" : "descending"
  for (const other of heads) other.removeAttribute("aria-sort")
  head.setAttribute("aria-sort", order)
  const sign = order === "ascending" ? 1 : -1
  body.append(...rows.toSorted((a, b) => sign * compare(column)(a, b)))
}))
`
