import { crc32, deflateSync } from "node:zlib"

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

/** Length, type, data and checksum. */
const chunk = (type: string, data: Uint8Array): Uint8Array => {
  const bytes = Buffer.alloc(12 + data.length)
  bytes.writeUInt32BE(data.length, 0)
  bytes.write(type, 4, "latin1")
  bytes.set(data, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length)
  return bytes
}

/**
 * A picture in 8-bit shades of gray, row by row, as a PNG file.
 *
 * **Source** W3C 2003, "Portable Network Graphics (PNG) Specification", second edition.
 */
export const png = (pixels: Uint8Array, width: number, height: number): Uint8Array => {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // 8 bits, shades of gray, and the only methods of compression, filter and order.
  header.set([8, 0, 0, 0, 0], 8)
  const rows = new Uint8Array((width + 1) * height)
  // Each row begins with the number of its filter, here none.
  for (let row = 0; row < height; row++)
    rows.set(pixels.subarray(row * width, (row + 1) * width), row * (width + 1) + 1)
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", new Uint8Array())
  ])
}

/** A picture of a digit, ink on paper, as a data URL. */
export const digitUrl = (pixels: Uint8Array): string =>
  `data:image/png;base64,${Buffer.from(
    png(
      pixels.map((ink) => 255 - ink),
      28,
      28
    )
  ).toString("base64")}`
