/**
 * Numbers for people.
 */

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 })

/** A whole number with separators: `60,000`. */
export const count = (value: number): string => grouped.format(value)

/** A share of one: `98.40 %`. */
export const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`

/** A loss: four digits that mean something. */
export const loss = (value: number): string => {
  if (value === 0) return "0"
  return Math.abs(value) >= 1e-3 ? value.toFixed(4) : value.toExponential(2)
}

/** Milliseconds: `340 ms`, `16.2 s`, `2 min 05 s`. */
export const duration = (millis: number): string => {
  if (millis < 999.5) return `${millis.toFixed(0)} ms`
  if (millis < 99_950) return `${(millis / 1000).toFixed(1)} s`
  const seconds = Math.round(millis / 1000)
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60]
  if (minutes < 60) return `${minutes} min ${String(rest).padStart(2, "0")} s`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`
}

/** Bytes: `4.0 GiB`. */
export const bytes = (value: number): string => {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
  const power = Math.min(units.length - 1, value < 1 ? 0 : Math.floor(Math.log2(value) / 10))
  return `${(value / 2 ** (10 * power)).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

/** `one`, or `count` of `many`: `1 thread`, `2 threads`. */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

/** How a number is said: as a share of one, as a loss, as a whole number. */
export type Form = "count" | "number" | "percent"

/** `value` in its form. */
export const say = (value: number, form: Form): string => forms[form](value)

const forms: Readonly<Record<Form, (value: number) => string>> = { count, number: loss, percent }
