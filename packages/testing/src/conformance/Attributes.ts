/**
 * The attributes of a case. Those that nobody asked for are told, so that none is passed over in silence.
 */
import { ArgumentError } from "@cotangent/tensor/errors"

/** Reads attributes by name and kind. Each **throws** `ArgumentError` where there is another kind, or none and no default. */
export interface Attributes {
  readonly number: (name: string, otherwise?: number) => number
  readonly numbers: (name: string, otherwise?: ReadonlyArray<number>) => ReadonlyArray<number>
  readonly flag: (name: string, otherwise?: boolean) => boolean
  readonly text: (name: string, otherwise?: string) => string
  /** A number where there is one. */
  readonly optional: (name: string) => number | undefined
  /** Whether it is there; its value is taken care of. */
  readonly has: (name: string) => boolean
  /** Names that were not asked for. */
  readonly unread: () => ReadonlyArray<string>
}

const isNumber = (value: unknown): value is number => typeof value === "number"
const isNumbers = (value: unknown): value is ReadonlyArray<number> => Array.isArray(value) && value.every(isNumber)
const isFlag = (value: unknown): value is boolean => typeof value === "boolean"
const isText = (value: unknown): value is string => typeof value === "string"

/** The attributes of `record`. */
export const make = (record: Readonly<Record<string, unknown>>): Attributes => {
  const read = new Set<string>()
  const reader =
    <A>(kind: string, is: (value: unknown) => value is A) =>
    (name: string, otherwise?: A): A => {
      read.add(name)
      const value = record[name] ?? otherwise
      if (is(value)) return value
      throw new ArgumentError({
        operation: "conformance",
        expected: `${kind} ${name}`,
        received: JSON.stringify(value)
      })
    }
  const number = reader("the number", isNumber)
  return {
    number,
    numbers: reader("the numbers", isNumbers),
    flag: reader("the flag", isFlag),
    text: reader("the text", isText),
    has: (name) => {
      read.add(name)
      return name in record
    },
    optional: (name) => (record[name] === undefined ? void read.add(name) : number(name)),
    unread: () => Object.keys(record).filter((name) => !read.has(name))
  }
}
