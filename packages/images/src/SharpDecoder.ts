/**
 * Pictures through sharp, which reads PNG, JPEG, WebP and more, resizes well, and decodes beside the program's own thread.
 */
import { at } from "@cotangent/formats/FormatError"
import type { FormatError } from "@cotangent/formats/FormatError"
import type { PictureForm } from "@cotangent/data/ImageDecoder"
import { ImageDecoder } from "@cotangent/data/ImageDecoder"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { view } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Sharp } from "sharp"
import sharp from "sharp"

/** Pixels of a picture that may be decoded: more are a trap or a mistake. */
const limitInputPixels = 2 ** 28

const background = { white: { r: 255, g: 255, b: 255, alpha: 1 }, clear: { r: 255, g: 255, b: 255, alpha: 0 } }

/** `picture` in colours and size of `form`. */
const formed = (picture: Sharp, { channels, fit = "cover", size }: PictureForm): Sharp => {
  const coloured =
    channels === 4
      ? picture.toColourspace("srgb").ensureAlpha()
      : picture.flatten({ background: background.white }).toColourspace(channels === 1 ? "b-w" : "srgb")
  if (size === undefined) return coloured
  const [height, width] = size
  return coloured.resize({
    width,
    height,
    fit: fit === "stretch" ? "fill" : fit,
    background: channels === 4 ? background.clear : background.white
  })
}

/** Pixels with their channels side by side as one plane for each channel. */
const planes = (pixels: Uint8Array, channels: number): Uint8Array => {
  const count = pixels.length / channels
  const result = new Uint8Array(pixels.length)
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < count; i++) result[channel * count + i] = pixels[i * channels + channel]
  }
  return result
}

const decode: (typeof ImageDecoder.Service)["decode"] = (
  bytes,
  source,
  form
): Effect.Effect<HostArray<"u8">, FormatError> =>
  Effect.tryPromise({
    try: async () => {
      // `warning`: a picture whose data end too early is none.
      const picture = sharp(bytes, { failOn: "warning", limitInputPixels, autoOrient: true })
      const { data, info } = await formed(picture, form).raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true })
      return view([info.channels, info.height, info.width], "u8", planes(data, info.channels))
    },
    catch: (error) => at("picture", source)(error instanceof Error ? error.message : String(error))
  })

/** Decodes with sharp. */
export const layer: Layer.Layer<ImageDecoder> = Layer.succeed(ImageDecoder, { decode })
