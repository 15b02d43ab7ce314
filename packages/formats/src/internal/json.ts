/** What `JSON.parse` does not tell. */

const quote = 0x22
const backslash = 0x5c

/** The index behind the string literal that starts at `start`. */
const endOfString = (text: string, start: number): number => {
  let at = start + 1
  while (text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1
  return at + 1
}

/**
 * A key that stands twice in one object of `text`, of which `JSON.parse` would keep the last value only. `text` is
 * known to be JSON.
 */
export const duplicateKey = (text: string): string | undefined => {
  // One entry for each open bracket: the keys of an object so far, nothing for an array.
  const open: Array<Set<string> | undefined> = []
  let expectsKey = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === "{") open.push(new Set())
    else if (char === "[") open.push(undefined)
    else if (char === "}" || char === "]") open.pop()
    if (char === "{" || char === "," || char === ":") expectsKey = char !== ":"
    if (char !== '"') continue
    const end = endOfString(text, at)
    const keys = open.at(-1)
    if (keys !== undefined && expectsKey) {
      // `text` is JSON, so this literal is one, and it is a string.
      const key = JSON.parse(text.slice(at, end)) as string
      if (keys.has(key)) return key
      keys.add(key)
    }
    at = end - 1
  }
  return undefined
}

/** The value of JSON `text`; nothing where it is not JSON. */
export const parse = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}
