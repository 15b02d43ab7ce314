import type { Picture } from "../figure.ts"
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
 * A picture as a PNG file: 8-bit shades of gray, or colors of as many bits for each of three channels.
 *
 * **Source** W3C 2003, "Portable Network Graphics (PNG) Specification", second edition.
 */
export const png = ({ height, pixels, width }: Picture): Uint8Array => {
  const channels = pixels.length / (width * height)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // 8 bits, shades of gray or colors, and the only methods of compression, filter and order.
  header.set([8, channels === 3 ? 2 : 0, 0, 0, 0], 8)
  const size = channels * width
  const rows = new Uint8Array((size + 1) * height)
  // Each row begins with the number of its filter, here none.
  for (let row = 0; row < height; row++) rows.set(pixels.subarray(row * size, (row + 1) * size), row * (size + 1) + 1)
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", new Uint8Array())
  ])
}

/** A picture as a data URL. */
export const pictureUrl = (picture: Picture): string =>
  `data:image/png;base64,${Buffer.from(png(picture)).toString("base64")}`
