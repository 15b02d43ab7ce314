/**
 * The examples of docstrings and READMEs as programs. A line that ends in `// => value` asserts what it computes.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { isTensor } from "@cotangent/tensor/Primitive"
import * as Reference from "@cotangent/tensor/Reference"
import type { Dims } from "@cotangent/tensor/Shape"
import { stripTypeScriptTypes } from "node:module"

/** A fenced block of code. */
export interface Example {
  /** The number of its first line. */
  readonly line: number
  /** What follows the three backticks. */
  readonly language: string
  readonly code: string
}

/** The fenced blocks of a text, whether they stand in a comment or by themselves. */
export const collect = (text: string): ReadonlyArray<Example> => {
  const blocks: Array<Example> = []
  const lines = text.split("\n")
  for (let at = 0; at < lines.length; at++) {
    const [, margin, language] = /^(\s*(?:\* )?)```(\w.*)$/.exec(lines[at]) ?? []
    if (language === undefined) continue
    const end = lines.findIndex((line, i) => i > at && line.trim().replace(/^\* /, "") === "```")
    const code = lines.slice(at + 1, end).map((line) => line.slice(margin.length))
    blocks.push({ line: at + 2, language: language.trim(), code: code.join("\n") })
    at = end
  }
  return blocks
}

/** What an example may use beside its own imports. */
export interface Surroundings {
  readonly names: Readonly<Record<string, unknown>>
  readonly load: (specifier: string) => Promise<unknown>
  /** Receives the value of a line and what it should be. */
  readonly assert: (received: unknown, expected: unknown) => void
}

/** Runs the code of an example. */
export const run = async (code: string, { assert, load, names }: Surroundings): Promise<void> => {
  const scope = { ...names, evaluate, $assert: assert, $load: load }
  const withoutImports = stripTypeScriptTypes(code).replaceAll(
    importOf,
    (_, what: string, from: string) =>
      `const ${what.replace("* as ", "").replaceAll(" as ", ": ")} = await $load(${from})`
  )
  // An example is an asynchronous function of what it may use; its own block may name the same things again.
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (
    ...args: ReadonlyArray<string>
  ) => (...args: ReadonlyArray<unknown>) => Promise<void>
  await new AsyncFunction(...Object.keys(scope), `{\n${asserting(withoutImports)}\n}`)(...Object.values(scope))
}

const importOf = /^import\s+([^"]+?)\s+from\s+(".+?")/gm

/** `code` with a call of `$assert` for each line that ends in `// => value`. */
const asserting = (code: string): string => {
  const statements: Array<string> = []
  for (const line of code.split("\n")) {
    const [, text, expected] = /^(.*?)\s*\/\/ => (.*)$/.exec(line) ?? [undefined, line, undefined]
    // A statement begins where a line is not indented, and does not close what was opened before.
    if (/^[^\s.)\]}]/.test(text)) statements.push(text)
    else statements.push(`${statements.pop() ?? ""}\n${text}`)
    if (expected === undefined) continue
    const statement = statements.pop() ?? ""
    const [, name] = /^const (\w+)/.exec(statement) ?? []
    statements.push(
      name === undefined ? `$assert(${statement}\n, ${expected})` : `${statement}\n;$assert(${name}, ${expected})`
    )
  }
  return statements.join("\n;")
}

/** The value of a tensor as nested arrays. */
export const evaluate = (tensor: Tensor): unknown => nested(Reference.evaluate([tensor])[0])

const nested = ({ data, shape }: HostArray): unknown => {
  const from = (start: number, [extent, ...rest]: Dims): unknown => {
    if (extent === undefined) return data[start]
    const step = rest.reduce((total, next) => total * next, 1)
    return Array.from({ length: extent }, (_, i) => from(start + i * step, rest))
  }
  return from(0, shape)
}

const isHostArray = (value: object): value is HostArray => "shape" in value && "dtype" in value && "data" in value

/** A value as it is compared: truth as 0 and 1, arrays of every kind as nested arrays. */
export const plain = (value: unknown): unknown => {
  if (typeof value === "boolean") return Number(value)
  if (typeof value !== "object" || value === null) return value
  if (isTensor(value)) return plain(evaluate(value))
  if (isHostArray(value)) return plain(nested(value))
  // Typed arrays have elements like arrays.
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as ArrayLike<unknown>, plain)
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]))
}
