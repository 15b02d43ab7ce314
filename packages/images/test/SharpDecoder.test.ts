import { assert, layer } from "@effect/vitest"
import { ImageDecoder } from "@cotangent/data/ImageDecoder"
import type { PictureForm } from "@cotangent/data/ImageDecoder"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import sharp from "sharp"
import * as SharpDecoder from "../src/SharpDecoder.ts"

/** Pixels with their channels side by side. */
interface Picture {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3 | 4
  readonly pixels: Uint8Array
}

const pictures = (channels: 1 | 3 | 4): fc.Arbitrary<Picture> =>
  fc
    .record({ width: fc.integer({ min: 1, max: 7 }), height: fc.integer({ min: 1, max: 7 }) })
    .chain(({ height, width }) =>
      fc
        .uint8Array({ minLength: channels * width * height, maxLength: channels * width * height })
        .map((pixels) => ({ width, height, channels, pixels }))
    )

const encoded = ({ channels, height, pixels, width }: Picture, format: "jpeg" | "png" | "webp" = "png") =>
  Effect.promise(() => sharp(pixels, { raw: { width, height, channels } }).toFormat(format).toBuffer())

const decode = (bytes: Uint8Array, form: PictureForm) =>
  Effect.flatMap(ImageDecoder, (decoder) => decoder.decode(bytes, { path: "a/b.png" }, form))

/** A picture with each pixel the same. */
const plain = (width: number, height: number, ...colour: ReadonlyArray<number>): Picture => ({
  width,
  height,
  channels: colour.length as 1 | 3 | 4,
  pixels: Uint8Array.from({ length: width * height * colour.length }, (_, i) => colour[i % colour.length])
})

layer(SharpDecoder.layer)("SharpDecoder", (it) => {
  for (const channels of [1, 3, 4] as const) {
    it.effect(`gives the ${channels} channels of a PNG as they were written, one plane after the other`, () =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(pictures(channels), async (picture) => {
            const program = Effect.flatMap(encoded(picture), (bytes) => decode(bytes, { channels }))
            const { data, shape } = await Effect.runPromise(Effect.provide(program, SharpDecoder.layer))
            const { height, pixels, width } = picture
            assert.deepStrictEqual(shape, [channels, height, width])
            for (let i = 0; i < pixels.length; i++) {
              assert.strictEqual(data[(i % channels) * width * height + Math.floor(i / channels)], pixels[i])
            }
          }),
          { numRuns: 20 }
        )
      )
    )
  }

  it.effect("reads JPEG and WebP", () =>
    Effect.gen(function* () {
      for (const format of ["jpeg", "webp"] as const) {
        const { data, shape } = yield* decode(yield* encoded(plain(16, 8, 200, 100, 50), format), { channels: 3 })
        assert.deepStrictEqual(shape, [3, 8, 16])
        for (const [channel, value] of [200, 100, 50].entries()) {
          assert.approximately(data[channel * 128 + 60], value, 6)
        }
      }
    })
  )

  it.effect("makes transparent parts white where there is no opacity", () =>
    Effect.gen(function* () {
      const clear = yield* encoded(plain(2, 2, 10, 20, 30, 0))
      assert.deepStrictEqual([...(yield* decode(clear, { channels: 3 })).data], Array<number>(12).fill(255))
      assert.deepStrictEqual([...(yield* decode(clear, { channels: 1 })).data], Array<number>(4).fill(255))
      const solid = yield* encoded(plain(1, 1, 10, 20, 30))
      assert.deepStrictEqual([...(yield* decode(solid, { channels: 4 })).data], [10, 20, 30, 255])
    })
  )

  it.effect("brings pictures to a size: cut, with a margin, or stretched", () =>
    Effect.gen(function* () {
      // Left black, right white.
      const pixels = Uint8Array.from({ length: 64 * 32 }, (_, i) => (i % 64 < 32 ? 0 : 255))
      const wide = yield* encoded({ width: 64, height: 32, channels: 1, pixels })
      const size = [16, 16] as const
      const at = (data: ArrayLike<number>, row: number, column: number): number => data[row * 16 + column]
      const cover = yield* decode(wide, { channels: 1, size })
      assert.deepStrictEqual(cover.shape, [1, 16, 16])
      assert.deepStrictEqual([at(cover.data, 0, 0), at(cover.data, 15, 15)], [0, 255])
      const contain = yield* decode(wide, { channels: 1, size, fit: "contain" })
      assert.deepStrictEqual([at(contain.data, 0, 0), at(contain.data, 8, 0), at(contain.data, 15, 0)], [255, 0, 255])
      const stretch = yield* decode(wide, { channels: 1, size, fit: "stretch" })
      assert.deepStrictEqual([at(stretch.data, 0, 0), at(stretch.data, 15, 4), at(stretch.data, 8, 15)], [0, 0, 255])
    })
  )

  it.effect("turns pictures upright", () =>
    Effect.gen(function* () {
      const { height, pixels, width } = plain(4, 2, 1, 2, 3)
      const turned = yield* Effect.promise(() =>
        sharp(pixels, { raw: { width, height, channels: 3 } })
          .withMetadata({ orientation: 6 })
          .jpeg()
          .toBuffer()
      )
      assert.deepStrictEqual((yield* decode(turned, { channels: 3 })).shape, [3, 4, 2])
    })
  )

  it.effect("refuses what is no whole picture, and names its file", () =>
    Effect.gen(function* () {
      const noise = Uint8Array.from({ length: 3 * 4096 }, (_, i) => (i * 7919) % 251)
      for (const format of ["png", "jpeg"] as const) {
        const whole = yield* encoded({ width: 64, height: 64, channels: 3, pixels: noise }, format)
        for (const bytes of [whole.subarray(0, whole.length >> 1), whole.subarray(0, 3), new Uint8Array(100)]) {
          const { message } = yield* Effect.flip(decode(bytes, { channels: 3 }))
          assert.include(message, "a/b.png is not a valid picture file: ")
        }
      }
    })
  )
})
