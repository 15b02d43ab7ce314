/**
 * The attributes of a case, read by name and kind.
 */
import { ArgumentError } from "@cotangent/tensor/errors"

/** Reads attributes. Each **throws** `ArgumentError` where there is another kind, or none and no default. */
export interface Attributes {
  readonly number: (name: string, otherwise?: number) => number
  readonly numbers: (name: string, otherwise?: ReadonlyArray<number>) => ReadonlyArray<number>
  readonly flag: (name: string, otherwise?: boolean) => boolean
  /** A number, or a list of them: what options take that have one value for all axes or one for each. */
  readonly perAxis: (name: string, otherwise?: number | ReadonlyArray<number>) => number | ReadonlyArray<number>
  readonly text: (name: string, otherwise?: string) => string
  /** One of the texts `known`. */
  readonly choice: <const T extends string>(name: string, known: ReadonlyArray<T>, otherwise?: NoInfer<T>) => T
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
  const text = reader("the text", isText)
  return {
    number: reader("the number", isNumber, (value) => (isText(value) ? (beyondJson[value] ?? value) : value)),
    numbers: reader("the numbers", isNumbers),
    flag: reader("the flag", isFlag),
    perAxis: reader("a number or the numbers", (value) => isNumber(value) || isNumbers(value)),
    text,
    choice: (name, known, otherwise) => {
      const received = text(name, otherwise)
      const found = known.find((each) => each === received)
      if (found !== undefined) return found
      throw new ArgumentError({ operation: "conformance", expected: `${name}: ${known.join(", ")}`, received })
    },
    has: (name) => record[name] !== undefined
  }
}
