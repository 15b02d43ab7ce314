/**
 * The kernels of a program, as few translation units: those that wait for one another apart from those that do not,
 * and none too long, so that several are compiled at the same time.
 */
import { library } from "../library.ts"
import type { Kernels } from "./Site.ts"

/** Kernels in a translation unit. */
const most = 32

interface Unit {
  readonly texts: Array<string>
  readonly libraries: Set<string>
}

/** The kernels of a program so far. */
export interface Written extends Kernels {
  readonly sources: () => ReadonlyArray<string>
}

/** No kernels. */
export const kernels = (): Written => {
  const known = new Map<string, ReturnType<Kernels["add"]>>()
  const units: Array<Unit> = []
  const open = new Map<string, number>()
  const unitFor = (kind: string): number => {
    const at = open.get(kind)
    if (at !== undefined && units[at].texts.length < most) return at
    open.set(kind, units.length)
    return units.push({ texts: [], libraries: new Set(["prelude"]) }) - 1
  }
  return {
    add: (name, text, isCooperative, needs = []) => {
      const found = known.get(text)
      if (found !== undefined) return found
      const source = unitFor(isCooperative ? "cooperative" : "single")
      // Names are told apart by their numbers; what a name says is for people.
      const kernel = `k${known.size}_${name.replaceAll(/\W/g, "_").slice(0, 60)}`
      units[source].texts.push(text.replace("NAME", kernel))
      needs.forEach((need) => units[source].libraries.add(need))
      const made = { source, kernel }
      known.set(text, made)
      return made
    },
    sources: () => units.map(({ libraries, texts }) => `${[...[...libraries].map(library), ...texts].join("\n\n")}\n`)
  }
}
