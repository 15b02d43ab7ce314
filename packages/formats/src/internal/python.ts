/** The part of Python's literals that describes an array: dictionaries, strings, booleans, counts, tuples. */

const token = /\s*(?:'([^'\\]*)'|"([^"\\]*)"|(True|False)|(\d+)|([{}:,()]))/y

const bracket: Readonly<Record<string, string>> = { "(": "[", ")": "]" }

/** The JSON text of a Python literal; nothing where it holds anything else. The result need not be JSON yet. */
export const pythonToJson = (text: string): string | undefined => {
  // In Python only the comma makes a tuple: (3) is the number 3.
  if (/\(\s*\d+\s*\)/.test(text)) return undefined
  const json: Array<string> = []
  const end = text.trimEnd().length
  let at = 0
  while (at < end) {
    token.lastIndex = at
    const match = token.exec(text)
    if (match === null) return undefined
    const [, single, double, truth, count, mark] = match
    const string = single ?? double
    if (mark === ")" || mark === "}") dropComma(json)
    json.push(string === undefined ? (truth?.toLowerCase() ?? count ?? bracket[mark] ?? mark) : JSON.stringify(string))
    at = token.lastIndex
  }
  return json.join("")
}

/** Python lets a comma stand behind the last item, JSON does not. */
const dropComma = (json: Array<string>): void => {
  const before = json.at(-2)
  if (json.at(-1) === "," && before !== "[" && before !== "{") json.pop()
}
