/**
 * Compiled kernels on disk. Files are written elsewhere and renamed, so that nobody reads half of one; each begins with
 * the hash of the rest, so that a damaged one is compiled again. A folder that cannot be used costs time, nothing else.
 */
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import type { Environment } from "./Adapter.ts"

/** Images by their key. */
export interface ImageCache {
  readonly read: (key: string) => Uint8Array<ArrayBuffer> | undefined
  readonly write: (key: string, image: Uint8Array) => void
}

/** Where images are kept; empty to keep none. */
export const folderOf = (environment: Environment): string =>
  environment["COTANGENT_CUDA_CACHE"] ??
  path.join(environment["XDG_CACHE_HOME"] ?? path.join(environment["HOME"] ?? os.tmpdir(), ".cache"), "cotangent/cuda")

/** The key of an image that depends on `parts` and on nothing else. */
export const keyOf = (parts: ReadonlyArray<string>): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex")

const checksumBytes = 32

const checksum = (image: Uint8Array): Buffer => createHash("sha256").update(image).digest()

/** The images in `folder`. */
export const make = (folder: string): ImageCache => {
  if (folder === "") return { read: () => undefined, write: () => undefined }
  const fileOf = (key: string): string => path.join(folder, `${key}.image`)
  let writes = 0
  return {
    read: (key) => {
      try {
        const bytes = new Uint8Array(fs.readFileSync(fileOf(key)))
        const image = bytes.slice(checksumBytes)
        return checksum(image).equals(bytes.subarray(0, checksumBytes)) ? image : undefined
      } catch {
        return undefined
      }
    },
    write: (key, image) => {
      const unfinished = `${fileOf(key)}.${process.pid}.${writes++}`
      const isKept =
        succeeds(() => fs.mkdirSync(folder, { recursive: true })) &&
        succeeds(() => fs.writeFileSync(unfinished, Buffer.concat([checksum(image), image]))) &&
        succeeds(() => fs.renameSync(unfinished, fileOf(key)))
      if (!isKept) succeeds(() => fs.rmSync(unfinished, { force: true }))
    }
  }
}

const succeeds = (body: () => void): boolean => {
  try {
    body()
    return true
  } catch {
    return false
  }
}
