/**
 * The end of a zip archive. Entries are read from their local headers; other tools read them from the directory at the
 * end. An archive where both disagree shows different content to different readers, and is not to be trusted.
 */

const directoryHeader = 0x02014b50
const endHeader = 0x06054b50
const localHeader = 0x04034b50
const endLength = 22

/** An entry as its local header and its body tell of it. */
export interface Entry {
  readonly path: string
  readonly size: number
}

/** How the directory of `bytes` departs from `entries`, the ones read in order; nothing where it agrees. */
export const objection = (bytes: Uint8Array, entries: ReadonlyArray<Entry>): string | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = bytes.length - endLength
  if (end < 0 || view.getUint32(end, true) !== endHeader || view.getUint16(end + 20, true) !== 0) {
    return "it does not end with the directory of the archive"
  }
  const count = view.getUint16(end + 10, true)
  if (count !== entries.length || view.getUint16(end + 8, true) !== count) {
    return `its directory counts ${count} entries, but there are ${entries.length}`
  }
  let position = view.getUint32(end + 16, true)
  let local = 0
  for (const entry of entries) {
    const listed = position + 46 <= end ? readListed(view, position) : undefined
    if (listed === undefined || position + listed.length > end || !agrees(view, listed, entry, local)) {
      return `its directory does not agree with the entry ${JSON.stringify(entry.path)}`
    }
    position += listed.length
    local = listed.local + 1
  }
  const size = view.getUint32(end + 12, true)
  return position === end && position - size === view.getUint32(end + 16, true)
    ? undefined
    : "its directory has another length than it claims"
}

/** An entry as the directory lists it. */
interface Listed {
  readonly path: Uint8Array
  readonly size: number
  readonly local: number
  readonly length: number
}

const readListed = (view: DataView, at: number): Listed | undefined => {
  if (view.getUint32(at, true) !== directoryHeader) return undefined
  const [path, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true))
  return {
    path: new Uint8Array(view.buffer, view.byteOffset + at + 46, Math.min(path, view.byteLength - at - 46)),
    size: view.getUint32(at + 24, true),
    local: view.getUint32(at + 42, true),
    length: 46 + path + extra + comment
  }
}

/** Whether `listed` is `entry`, whose local header stands at `lowest` or behind it. */
const agrees = (view: DataView, listed: Listed, entry: Entry, lowest: number): boolean => {
  const { local, path } = listed
  if (listed.size !== entry.size || local < lowest || local + 30 + path.length > view.byteLength) return false
  if (lowest === 0 && local !== 0) return false
  if (view.getUint32(local, true) !== localHeader || view.getUint16(local + 26, true) !== path.length) return false
  const named = new Uint8Array(view.buffer, view.byteOffset + local + 30, path.length)
  return path.every((byte, i) => byte === named[i]) && new TextDecoder().decode(path) === entry.path
}
