import * as Filter from "@cotangent/models/Filter"
import { Device } from "@cotangent/runtime/Device"
import type { Float } from "@cotangent/tensor/DType"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import type { Gallery } from "../figure.ts"
import { fashion } from "../images/sets.ts"
import type { Task } from "../Recipe.ts"
import { loss } from "../terminal/format.ts"

type Floats = Tensor.Tensor<Shape, Float>

/** A filter, and how its numbers become shades: as they are, or with 0 in the middle. */
interface Kind {
  readonly filter: (image: Floats) => Floats
  readonly isSigned?: boolean
}

/** Filters by name. */
const kinds: Readonly<Record<string, Kind>> = {
  "as it is": { filter: (image) => image },
  "mean of 3 × 3": { filter: (image) => Filter.filter2d(image, Filter.mean(3)) },
  "mean of 5 × 5": { filter: (image) => Filter.filter2d(image, Filter.mean(5)) },
  "Gaussian blur": { filter: (image) => Filter.filter2d(image, Filter.gaussian5) },
  sharpened: { filter: (image) => Filter.filter2d(image, Filter.sharpen) },
  "edges ↕": { filter: (image) => Filter.filter2d(image, Filter.sobelX), isSigned: true },
  "edges ↔": { filter: (image) => Filter.filter2d(image, Filter.sobelY), isSigned: true },
  edges: { filter: (image) => Filter.edges(image) }
}

/** How much neighbors differ, on average. */
const roughness = (image: Floats): Floats => {
  const [height, width] = image.shape.slice(-2)
  const steps = (axis: number, extent: number): Floats =>
    Tensor.mean(
      Tensor.abs(
        Tensor.sub(
          Tensor.take(image, Tensor.arange(extent - 1, { dtype: "i32" }), axis),
          Tensor.take(image, Tensor.add(Tensor.arange(extent - 1, { dtype: "i32" }), 1), axis)
        )
      )
    )
  return Tensor.add(steps(-1, width), steps(-2, height))
}

/** Pixels of a picture as shades. */
const shadesOf = (values: ArrayLike<number>, isSigned: boolean): Uint8Array =>
  Uint8Array.from({ length: values.length }, (_, i) =>
    Math.round(Math.min(255, Math.max(0, isSigned ? 127.5 + values[i] / 4 : values[i])))
  )

/**
 * What kernels make of pictures: blurs, sharpening, edges.
 *
 * **Source** Bahng 2023, "Deep Learning", section 4.1.
 */
export const task: Task = {
  seed: 0,
  trainings: [],
  run: Effect.fnUntraced(function* (lab) {
    const device = yield* Device
    const { classes, test } = yield* fashion(lab)
    const { image, label } = test.columns
    const chosen = classes.flatMap((_, number) => {
      const index = label.data.indexOf(number)
      return index < 0 ? [] : [index]
    })
    const all: Floats = yield* device.realize(Tensor.cast(Tensor.fromHostArray(image), "f32"))
    const measured = yield* Effect.forEach(Object.entries(kinds), ([name, { filter, isSigned = false }]) =>
      Effect.gen(function* () {
        const picked = Tensor.take(all, Tensor.of(chosen, "i32"), 0)
        return {
          name,
          isSigned,
          pixels: (yield* device.read(filter(picked))).data,
          mean: yield* device.readNumber(Tensor.mean(filter(all))),
          roughness: yield* device.readNumber(roughness(filter(all)))
        }
      })
    )
    const [plain] = measured
    const of = (name: string) => measured.find((one) => one.name === name)!
    const [, height, width] = image.shape
    const galleryOf = (index: number): Gallery => ({
      _tag: "Gallery",
      title: classes[label.data[chosen[index]]],
      isWide: true,
      size: 112,
      pictures: measured.map(({ isSigned, name, pixels }) => ({
        width,
        height,
        pixels: shadesOf(pixels.subarray(height * width * index, height * width * (index + 1)), isSigned),
        alt: `${classes[label.data[chosen[index]]]}, ${name}`,
        lines: [name]
      }))
    })
    return {
      results: [
        { name: "roughness after the blur", value: of("Gaussian blur").roughness / plain.roughness, form: "percent" },
        { name: "roughness after sharpening", value: of("sharpened").roughness / plain.roughness, form: "percent" },
        { name: "brightness after the blur", value: of("Gaussian blur").mean / plain.mean, form: "percent" }
      ],
      remarks: [["roughness", "the mean difference of neighbors, beside that of the pictures as they are"]],
      table: [
        ["filter", "mean", "roughness"],
        ...measured.map(({ mean, name, roughness }) => [name, loss(mean), loss(roughness)])
      ],
      figures: chosen.map((_, index) => galleryOf(index))
    }
  })
}
