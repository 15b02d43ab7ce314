/**
 * Markup in which text cannot be taken for markup.
 */

/** Text that is markup already. */
export interface Html {
  readonly markup: string
}

/** What a template may hold. */
export type Value = string | number | Html | ReadonlyArray<Html>

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

/** `text` with the characters replaced that mean something in markup. */
export const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character])

/** Markup as it is. */
export const raw = (markup: string): Html => ({ markup })

const isHtml = (value: Value): value is Html => typeof value === "object" && "markup" in value

const markupOf = (value: Value): string => {
  if (isHtml(value)) return value.markup
  return typeof value === "object" ? value.map(markupOf).join("") : escape(String(value))
}

/** Markup from a template: text in it is escaped, markup is not. */
export const html = (parts: TemplateStringsArray, ...values: ReadonlyArray<Value>): Html =>
  raw(parts.map((part, i) => (i === 0 ? part : markupOf(values[i - 1]) + part)).join(""))
