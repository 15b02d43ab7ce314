/**
 * Pictures from the bytes of their files: a service, since systems decode in ways of their own. The package
 * `@cotangent/images` has a layer for Node.
 */
import type { FormatError, Source } from "@cotangent/formats/FormatError"
import type { HostArray } from "@cotangent/tensor/HostArray"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/** What pictures are to be like, whatever their files are. */
export interface PictureForm {
  /** Grey; red, green and blue; or these with opacity. Transparent parts become white where there is no opacity. */
  readonly channels: 1 | 3 | 4
  /** Height and width; those of the file unless stated. */
  readonly size?: readonly [number, number]
  /**
   * How a picture of another shape comes to the size: `cover` cuts off what is too long, `contain` adds a margin (white, or
   * transparent), `stretch` changes the shape. `cover` unless stated.
   */
  readonly fit?: "contain" | "cover" | "stretch"
}

/** How pictures are decoded. */
export interface ImageDecoderService {
  /**
   * The picture in `bytes`, from 0 to 255, upright if the file says which side is up.
   *
   * **Shapes** `[channels, height, width]`
   *
   * **Fails** `FormatError`, which names the file, for bytes that are no picture, or a damaged one.
   */
  readonly decode: (bytes: Uint8Array, source: Source, form: PictureForm) => Effect.Effect<HostArray<"u8">, FormatError>
}

/** The service that readers of pictures ask for. */
export class ImageDecoder extends Context.Service<ImageDecoder, ImageDecoderService>()(
  "@cotangent/data/ImageDecoder"
) {}
