/**
 * Random changes of pictures that leave what they show the same, as pure functions of a picture and a key.
 *
 * A picture is `[channels, height, width]`. A batch is changed by `vmap`, with a key for each picture, and on the device:
 *
 * ```ts
 * const change = Augment.compose(Augment.flip(), Augment.crop({ padding: 2 }))
 * const changed = vmap(change)(images, Random.keys(key, images.shape[0]))
 * ```
 *
 * Where pictures are read between pixels, values are those of the four around, in proportion; so they are the same on
 * every device up to rounding, and an amount of 0 changes nothing, bit for bit.
 */
import { ArgumentError, ShapeError } from "@cotangent/tensor/errors"
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Random from "@cotangent/tensor/Random"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as T from "@cotangent/tensor/Tensor"
import type { Floats, Places } from "./internal/warp.ts"
import { fromMiddle, grid, warp } from "./internal/warp.ts"

/** A picture `[channels, height, width]`. */
export type Picture = Tensor<Shape, "f32">

/** A random change of a picture, determined by a key. */
export type Augmentation = (image: Picture, key: Random.Key) => Picture

/** Amounts between two bounds, or up to one in either direction. */
export type Amount = number | readonly [least: number, most: number]

/** What lies outside of a picture: a value, or what is at the edge. */
export interface Outside {
  /** 0 unless stated. */
  readonly outside?: number | "edge"
}

const boundsOf = (amount: Amount): readonly [number, number] =>
  typeof amount === "number" ? [-Math.abs(amount), Math.abs(amount)] : amount

/** **Throws** `ArgumentError` unless `least ≤ most` are finite, and above `above`. */
const checked = (operation: string, amount: Amount, above = -Infinity): readonly [number, number] => {
  const [least, most] = boundsOf(amount)
  if (least <= most && Number.isFinite(least) && Number.isFinite(most) && least > above) return [least, most]
  const expected = `bounds least ≤ most${above === -Infinity ? "" : ` above ${above}`}`
  throw new ArgumentError({ operation: `Augment.${operation}`, expected, received: `${least} and ${most}` })
}

const draw = (key: Random.Key, [min, max]: readonly [number, number]): Floats => Random.uniform(key, [], { min, max })

/** **Throws** `ShapeError` unless `image` has channels, height and width. */
const sizeOf = (operation: string, image: Picture): readonly [height: number, width: number] => {
  if (image.shape.length === 3) return [image.shape[1], image.shape[2]]
  throw new ShapeError({
    operation: `Augment.${operation}`,
    expected: "one picture [channels, height, width]",
    received: [image.shape],
    hint: "change a batch with vmap"
  })
}

/** The change that reads each pixel at another place; places are counted from the middle. */
const moving =
  (operation: string, outside: Outside["outside"], move: (places: Places, key: Random.Key) => Places): Augmentation =>
  (image, key) => {
    const [height, width] = sizeOf(operation, image)
    return warp(image, fromMiddle(move(grid(height, width), key), height, width), outside ?? 0)
  }

/** **Throws** `ArgumentError` unless `p` is from 0 to 1. */
const checkProbability = (operation: string, p: number): void => {
  if (p >= 0 && p <= 1) return
  throw new ArgumentError({ operation: `Augment.${operation}`, expected: "0 ≤ probability ≤ 1", received: String(p) })
}

/**
 * The changes one after the other, each with a key of its own.
 *
 * **Example** (Flip, then move)
 *
 * ```ts run
 * const change = Augment.compose(Augment.flip({ probability: 1 }), Augment.translate({ horizontal: [1, 1] }))
 * await evaluate(change(Tensor.of([[[1, 2, 3]]]), Random.key(0))) // => [[[0, 3, 2]]]
 * ```
 */
export const compose =
  (...changes: ReadonlyArray<Augmentation>): Augmentation =>
  (image, key) => {
    const keys = Random.split(key, changes.length)
    return changes.reduce((picture, change, i) => change(picture, keys[i]), image)
  }

/** `change` with a probability, else the picture as it is. The change must keep its size. */
export const sometimes = (change: Augmentation, { probability }: { readonly probability: number }): Augmentation => {
  checkProbability("sometimes", probability)
  return (image, key) => {
    const [choice, rest] = Random.split(key)
    return T.where(Random.bernoulli(choice, probability, []), change(image, rest), image)
  }
}

/**
 * Mirrors: left and right change places, or top and bottom.
 *
 * **Throws** `ArgumentError` unless `probability` is from 0 to 1.
 *
 * **Example** (Always)
 *
 * ```ts run
 * const flip = Augment.flip({ probability: 1 })
 * await evaluate(flip(Tensor.of([[[1, 2], [3, 4]]]), Random.key(0))) // => [[[2, 1], [4, 3]]]
 * ```
 */
export const flip = ({
  direction = "horizontal",
  probability = 0.5
}: {
  /** `horizontal`, left and right, unless stated. */
  readonly direction?: "horizontal" | "vertical"
  /** One half unless stated. */
  readonly probability?: number
} = {}): Augmentation => {
  checkProbability("flip", probability)
  return (image, key) => {
    sizeOf("flip", image)
    return T.where(
      Random.bernoulli(key, probability, []),
      T.reverse(image, [direction === "horizontal" ? 2 : 1]),
      image
    )
  }
}

/**
 * Cuts a part of `size` out of the picture and a border of zeros around it, at a place drawn evenly.
 *
 * **Throws** `ArgumentError` unless padding and size are whole; `ShapeError` for a size larger than picture and border.
 *
 * **Source** Krizhevsky, Sutskever, Hinton 2012, section 4.1; with a border, He et al. 2016, section 4.2.
 *
 * **Example** (The only place)
 *
 * ```ts run
 * const crop = Augment.crop({ size: [1, 3] })
 * await evaluate(crop(Tensor.of([[[1, 2, 3]]]), Random.key(0))) // => [[[1, 2, 3]]]
 * ```
 */
export const crop = ({
  padding = 0,
  size
}: {
  /** Height and width; those of the picture unless stated. */
  readonly size?: readonly [height: number, width: number]
  /** How wide the border is; there is none unless stated. */
  readonly padding?: number
}): Augmentation => {
  if (![padding, ...(size ?? [])].every((value) => Number.isInteger(value) && value >= 0)) {
    const received = JSON.stringify({ padding, size })
    throw new ArgumentError({ operation: "Augment.crop", expected: "whole numbers from 0", received })
  }
  return (image, key) => {
    const given = sizeOf("crop", image)
    const wanted = size ?? given
    const rest = given.map((extent, axis) => extent + 2 * padding - wanted[axis])
    if (rest.some((room) => room < 0)) {
      const expected = `at least ${wanted.join(" × ")} pixels with the border`
      throw new ShapeError({ operation: "Augment.crop", expected, received: [image.shape] })
    }
    const border = [0, padding, padding]
    const padded: Picture = padding === 0 ? image : T.pad(image, { before: border, after: border })
    const keys = Random.split(key)
    return rest.reduce((picture: Picture, room, axis) => {
      const start = Random.randint(keys[axis], [], { min: 0, max: room + 1 })
      return T.take(picture, T.add(T.arange(wanted[axis], { dtype: "i32" }), start), axis + 1)
    }, padded)
  }
}

/** Moves by up to so many pixels down and to the right, and back. **Throws** `ArgumentError` for bounds that are none. */
export const translate = ({
  horizontal = 0,
  outside,
  vertical = 0
}: Outside & { readonly vertical?: Amount; readonly horizontal?: Amount }): Augmentation => {
  const [down, right] = [checked("translate", vertical), checked("translate", horizontal)]
  return moving("translate", outside, ({ column, row }, key) => {
    const [first, second] = Random.split(key)
    return { row: T.sub(row, draw(first, down)), column: T.sub(column, draw(second, right)) }
  })
}

/**
 * Turns about the middle, counterclockwise, by degrees. **Throws** `ArgumentError` for bounds that are none.
 *
 * **Example** (A quarter turn)
 *
 * ```ts run
 * const turn = Augment.rotate({ degrees: [90, 90] })
 * await evaluate(Tensor.round(turn(Tensor.of([[[1, 2], [3, 4]]]), Random.key(0)))) // => [[[2, 4], [1, 3]]]
 * ```
 */
export const rotate = ({ degrees, outside }: Outside & { readonly degrees: Amount }): Augmentation => {
  const bounds = checked("rotate", degrees)
  return moving("rotate", outside, ({ column, row }, key) => {
    const angle = T.mul(draw(key, bounds), Math.PI / 180)
    const [cosine, sine] = [T.cos(angle), T.sin(angle)]
    return {
      row: T.add(T.mul(column, sine), T.mul(row, cosine)),
      column: T.sub(T.mul(column, cosine), T.mul(row, sine))
    }
  })
}

/** Makes pictures higher or wider by factors above 0. **Throws** `ArgumentError` for bounds that are none. */
export const stretch = ({
  horizontal = [1, 1],
  outside,
  vertical = [1, 1]
}: Outside & {
  readonly vertical?: readonly [least: number, most: number]
  readonly horizontal?: readonly [least: number, most: number]
}): Augmentation => {
  const [high, wide] = [checked("stretch", vertical, 0), checked("stretch", horizontal, 0)]
  return moving("stretch", outside, ({ column, row }, key) => {
    const [first, second] = Random.split(key)
    return { row: T.div(row, draw(first, high)), column: T.div(column, draw(second, wide)) }
  })
}

/** Slants: upright lines lean to the right by degrees. **Throws** `ArgumentError` for bounds outside ±90. */
export const shear = ({ degrees, outside }: Outside & { readonly degrees: Amount }): Augmentation => {
  const bounds = checked("shear", degrees, -90)
  if (bounds[1] >= 90) {
    throw new ArgumentError({ operation: "Augment.shear", expected: "degrees below 90", received: String(bounds[1]) })
  }
  return moving("shear", outside, ({ column, row }, key) => ({
    row,
    column: T.add(column, T.mul(row, T.tan(T.mul(draw(key, bounds), Math.PI / 180))))
  }))
}

/** The weights of a Gaussian, 1 in all, out to three deviations. */
const gaussian = (deviation: number): ReadonlyArray<number> => {
  const reach = Math.ceil(3 * deviation)
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / deviation) ** 2))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

/**
 * Bends pictures like rubber: each pixel moves by a random field that is smooth over about `smoothness` pixels.
 *
 * **Throws** `ArgumentError` unless `strength` is finite and `smoothness` above 0.
 *
 * **Numerics** Uniform noise under a Gaussian of deviation `smoothness`, scaled so that displacements away from the border
 * have the root mean square `strength`, along each axis; towards the border they become smaller.
 *
 * **Source** Simard, Steinkraus, Platt 2003, "Best Practices for Convolutional Neural Networks Applied to Visual Document
 * Analysis", section 2.
 */
export const elastic = ({
  outside,
  smoothness,
  strength
}: Outside & {
  /** **Units** pixels. */
  readonly strength: number
  /** **Units** pixels. */
  readonly smoothness: number
}): Augmentation => {
  if (!Number.isFinite(strength) || !(smoothness > 0 && smoothness < Infinity)) {
    const received = `${strength} and ${smoothness}`
    throw new ArgumentError({ operation: "Augment.elastic", expected: "strength, smoothness above 0", received })
  }
  const weights = gaussian(smoothness)
  const length = weights.length
  // The deviation of noise on (−1, 1), after both passes.
  const deviation = weights.reduce((sum, weight) => sum + weight ** 2, 0) / Math.sqrt(3)
  const kernel = T.of(weights)
  return moving("elastic", outside, ({ column, row }, key) => {
    const [height, width] = row.shape
    const noise: Picture = Random.uniform(key, [2, 1, height, width], { min: -1, max: 1 })
    const across = T.conv2d(noise, T.reshape(kernel, [1, 1, 1, length]), { padding: "same" })
    const smooth = T.conv2d(across, T.reshape(kernel, [1, 1, length, 1]), { padding: "same" })
    const field = T.mul(smooth, strength / deviation)
    const moveOf = (i: number): Floats => T.reshape(T.slice(field, { start: [i], stop: [i + 1] }), [height, width])
    return { row: T.add(row, moveOf(0)), column: T.add(column, moveOf(1)) }
  })
}

/**
 * Bends straight lines as lenses do: a pixel at the distance `ρ` from the middle, 1 at the corners, is read at
 * `ρ (1 + amount ρ²)`. Above 0 the picture bulges, below it is pinched.
 *
 * **Throws** `ArgumentError` for bounds that are none.
 *
 * **Source** Brown 1966, "Decentering Distortion of Lenses", its first radial term.
 */
export const lens = ({ amount, outside }: Outside & { readonly amount: Amount }): Augmentation => {
  const bounds = checked("lens", amount)
  return moving("lens", outside, ({ column, row }, key) => {
    const [height, width] = row.shape
    const corner = Math.max(((height - 1) / 2) ** 2 + ((width - 1) / 2) ** 2, 1)
    const distance = T.div(T.add(T.square(row), T.square(column)), corner)
    const factor = T.add(T.mul(distance, draw(key, bounds)), 1)
    return { row: T.mul(row, factor), column: T.mul(column, factor) }
  })
}

/** Between which values pixels stay. */
export interface Range {
  /** 0 and 1 unless stated. */
  readonly range?: readonly [least: number, most: number]
}

/** Makes the whole picture lighter or darker by the same amount. **Throws** `ArgumentError` for bounds that are none. */
export const brightness = ({ amount, range = [0, 1] }: Range & { readonly amount: Amount }): Augmentation => {
  const bounds = checked("brightness", amount)
  return (image, key) => T.clamp(T.add(image, draw(key, bounds)), ...range)
}

/** Adds noise of the normal distribution to each value. **Throws** `ArgumentError` unless `deviation` is from 0. */
export const noise = ({ deviation, range = [0, 1] }: Range & { readonly deviation: number }): Augmentation => {
  if (!(deviation >= 0 && deviation < Infinity)) {
    const received = String(deviation)
    throw new ArgumentError({ operation: "Augment.noise", expected: "a deviation from 0", received })
  }
  return (image, key) => T.clamp(T.add(image, T.mul(Random.normal(key, image.shape), deviation)), ...range)
}
