/**
 * Call stacks as engines write them, and where in them the library ends.
 */

/** A place in a file; lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One call; undefined where it has no place in a file, as that of a built-in function. */
export type Frame = Place | undefined

/**
 * The calls of `stack`, the innermost first: lines `    at name (file:1:2)` of V8, `name@file:1:2` of all others. Empty
 * for anything else, such as what a hook of the program made of it.
 */
export const parse = (stack: unknown): ReadonlyArray<Frame> => {
  if (typeof stack !== "string") return []
  const lines = stack.split("\n").filter((line) => line !== "")
  const calls = lines.filter((line) => /^\s+at /.test(line))
  return calls.length > 0 ? calls.map(ofV8) : lines.filter((line) => /@|:\d+:\d+$/.test(line)).map(ofOthers)
}

const ofV8 = (text: string): Frame => {
  const call = text.replace(/^\s+at (?:async )?/, "")
  const inner = call.endsWith(")") ? call.slice(call.indexOf(" (") + 2, -1) : call
  // What an evaluated text calls stands after where it was evaluated.
  return place(inner.slice(inner.lastIndexOf(", <anonymous>:") + 1).trimStart())
}

const ofOthers = (text: string): Frame => {
  const at = text.indexOf("@")
  // A function without a name has no `@` of its own, but its address may hold one.
  return place(at < 0 || text.slice(0, at).includes("://") ? text : text.slice(at + 1))
}

const place = (text: string): Frame => {
  const [, file, line, column] = /^(.+):(\d+):(\d+)$/.exec(text) ?? []
  return file === undefined ? undefined : { file: path(file), line: Number(line), column: Number(column) }
}

/** The path of a `file:` address; other addresses stay as they are. */
const path = (file: string): string => {
  if (!file.startsWith("file://")) return file.replaceAll("\\", "/")
  const encoded = file.slice("file://".length).replace(/^\/(?=[A-Za-z]:)/, "")
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}

/**
 * The first call that is neither the library's nor the engine's. `own` is a file of the library: with its path it tells
 * where the other packages lie. Calls of installed packages count only where there is no other: between the library and
 * its user stands what pipes values through functions. Undefined where one file holds library and user.
 */
export const firstOutside = (frames: ReadonlyArray<Frame>, own: string): Place | undefined => {
  const root = own.replace(/packages\/tensor\/(?:src|dist)\/[^/]+$/, "")
  const isOurs = (file: string): boolean =>
    file === own ||
    file.includes("/@cotangent/") ||
    (root !== own &&
      file.startsWith(root) &&
      /^(?:packages|kernels)\/[^/]+\/(?:src|dist)\//.test(file.slice(root.length)))
  const outside = frames.filter(
    (frame) => frame !== undefined && !frame.file.startsWith("node:") && !isOurs(frame.file)
  )
  const isInstalled = (frame: Frame): boolean => frame!.file.includes("/node_modules/")
  return (
    outside.find((frame) => !isInstalled(frame)) ??
    outside.find((frame) => !/\/node_modules\/effect\//.test(frame!.file))
  )
}
