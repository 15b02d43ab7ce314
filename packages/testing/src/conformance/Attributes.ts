/**
 * The attributes of a case, read by name and kind.
 */
import { ArgumentError } from "@cotangent/tensor/errors"

/** Reads attributes. Each **throws** `ArgumentError` where there is another kind, or none and no default. */
export interface Attributes {
  readonly number: (name: string, otherwise?: number) => number
  readonly numbers: (name: string, otherwise?: ReadonlyArray<number>) => ReadonlyArray<number>
  readonly flag: (name: string, otherwise?: boolean) => boolean
  readonly text: (name: string, otherwise?: string) => string
  /** Whether there is one of that name. */
  readonly has: (name: string) => boolean
}

const isNumber = (value: unknown): value is number => typeof value === "number"
const isNumbers = (value: unknown): value is ReadonlyArray<number> => Array.isArray(value) && value.every(isNumber)
const isFlag = (value: unknown): value is boolean => typeof value === "boolean"
const isText = (value: unknown): value is string => typeof value === "string"

/** What JSON cannot say stands as text. */
const beyondJson: Readonly<Record<string, number>> = { Infinity, "-Infinity": -Infinity, NaN: Number.NaN }

/** The attributes of `record`. */
export const make = (record: Readonly<Record<string, unknown>>): Attributes => {
  const reader =
    <A>(kind: string, is: (value: unknown) => value is A, parse: (value: unknown) => unknown = (value) => value) =>
    (name: string, otherwise?: A): A => {
      const value = parse(record[name] ?? otherwise)
      if (is(value)) return value
      throw new ArgumentError({
        operation: "conformance",
        expected: `${kind} ${name}`,
        received: JSON.stringify(value)
      })
    }
  return {
    number: reader("the number", isNumber, (value) => (isText(value) ? (beyondJson[value] ?? value) : value)),
    numbers: reader("the numbers", isNumbers),
    flag: reader("the flag", isFlag),
    text: reader("the text", isText),
    has: (name) => record[name] !== undefined && record[name] !== null
  }
}
