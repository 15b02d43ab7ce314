/** Pictures read at other places. */
import type { Tensor } from "@cotangent/tensor/Primitive"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as T from "@cotangent/tensor/Tensor"

/** Numbers of any shape. */
export type Floats = Tensor<Shape, "f32">

/** Where each pixel of a picture comes from: the place of its row and of its column, counted from 0 in pixels. */
export interface Places {
  /** `[height, width]` */
  readonly row: Floats
  readonly column: Floats
}

/** The row and column of each pixel of a picture, from its middle. */
export const grid = (height: number, width: number): Places => ({
  row: T.broadcastTo(T.reshape(T.sub(T.arange(height), (height - 1) / 2), [height, 1]), [height, width]),
  column: T.broadcastTo(T.reshape(T.sub(T.arange(width), (width - 1) / 2), [1, width]), [height, width])
})

/** Places counted from the middle, counted from the corner. */
export const fromMiddle = ({ column, row }: Places, height: number, width: number): Places => ({
  row: T.add(row, (height - 1) / 2),
  column: T.add(column, (width - 1) / 2)
})

/**
 * The picture with each pixel read at its place: between four pixels, in proportion. Outside there is `outside`, or what
 * is at the edge.
 *
 * **Shapes** `[channels, height, width]` at `[height′, width′]` places `→ [channels, height′, width′]`
 */
export const warp = (image: Floats, { column, row }: Places, outside: number | "edge"): Floats => {
  const [channels, height, width] = image.shape
  const pixels = T.reshape(image, [channels, height * width])
  const [top, left] = [T.floor(row), T.floor(column)]
  const at = (r: Floats, c: Floats): Floats => {
    const place = T.add(T.mul(T.cast(T.clamp(r, 0, height - 1), "i32"), width), T.cast(T.clamp(c, 0, width - 1), "i32"))
    const value = T.take(pixels, place, 1)
    if (outside === "edge") return value
    const isRow = T.logicalAnd(T.greaterEqual(r, 0), T.lessEqual(r, height - 1))
    const isColumn = T.logicalAnd(T.greaterEqual(c, 0), T.lessEqual(c, width - 1))
    return T.where(T.logicalAnd(isRow, isColumn), value, outside)
  }
  const [bottom, right] = [T.add(top, 1), T.add(left, 1)]
  const [down, across] = [T.sub(row, top), T.sub(column, left)]
  return T.lerp(
    T.lerp(at(top, left), at(top, right), across),
    T.lerp(at(bottom, left), at(bottom, right), across),
    down
  )
}
