/**
 * The sources that are written by hand, from the folder `kernels`.
 */
import { readFileSync } from "node:fs"

const texts = new Map<string, string>()

/** The text of a source. */
export const library = (name: string): string => {
  const known = texts.get(name)
  if (known !== undefined) return known
  const text = readFileSync(new URL(`../kernels/${name}.cu`, import.meta.url), "utf8")
  texts.set(name, text)
  return text
}
