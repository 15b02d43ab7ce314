/**
 * Filters of images: kernels that slide over every channel, to blur, to sharpen, to find edges.
 *
 * Kernels are not reversed, as everywhere here: what a filter gives at a place is the sum of the kernel times what it lies on.
 */
import type { Float } from "@cotangent/tensor/DType"
import { ArgumentError, ShapeError } from "@cotangent/tensor/errors"
import type { Shape } from "@cotangent/tensor/ShapeType"
import { size } from "@cotangent/tensor/Shape"
import * as Tensor from "@cotangent/tensor/Tensor"

/** A kernel of odd height and width. */
export type Kernel = Tensor.Tensor<readonly [number, number], Float>

const fromRows = (rows: ReadonlyArray<ReadonlyArray<number>>, divisor = 1): Kernel =>
  Tensor.make(
    [rows.length, rows[0].length],
    rows.flat().map((x) => x / divisor)
  )

const checkSize = (operation: string, size: number): void => {
  if (Number.isInteger(size) && size > 0 && size % 2 === 1) return
  throw new ArgumentError({ operation, expected: "an odd size from 1", received: String(size) })
}

/** The mean of a square of `size` by `size`. **Throws** `ArgumentError` unless the size is odd. */
export const mean = (size: number): Kernel => {
  checkSize("Filter.mean", size)
  return Tensor.full([size, size], 1 / size ** 2)
}

/**
 * A mean in which what is far counts less, by a normal distribution of the given standard `deviation`, in pixels; its weights
 * sum to 1.
 *
 * **Throws** `ArgumentError` unless the size is odd and the deviation above 0.
 */
export const gaussian = ({ deviation, size }: { readonly size: number; readonly deviation: number }): Kernel => {
  checkSize("Filter.gaussian", size)
  if (!(deviation > 0)) {
    const expected = "a deviation above 0"
    throw new ArgumentError({ operation: "Filter.gaussian", expected, received: String(deviation) })
  }
  const weights = Array.from({ length: size }, (_, i) => Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * deviation ** 2)))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return fromRows(
    weights.map((a) => weights.map((b) => a * b)),
    total ** 2
  )
}

/** The blur of five by five whole weights over 273 that textbooks give for a normal distribution. */
export const gaussian5: Kernel = fromRows(
  [
    [1, 4, 7, 4, 1],
    [4, 16, 26, 16, 4],
    [7, 26, 41, 26, 7],
    [4, 16, 26, 16, 4],
    [1, 4, 7, 4, 1]
  ],
  273
)

/** Lifts a pixel above its neighbors; its weights sum to 1. */
export const sharpen: Kernel = fromRows([
  [0, -1, 0],
  [-1, 5, -1],
  [0, -1, 0]
])

/** How much brighter it gets from left to right: the edges that go up and down. **Source** Sobel & Feldman 1968. */
export const sobelX: Kernel = fromRows([
  [-1, 0, 1],
  [-2, 0, 2],
  [-1, 0, 1]
])

/** How much brighter it gets from above to below: the edges that go left and right. **Source** Sobel & Feldman 1968. */
export const sobelY: Kernel = fromRows([
  [-1, -2, -1],
  [0, 0, 0],
  [1, 2, 1]
])

/** What lies around an image. */
export interface FilterOptions {
  /** Its mirror image (unless stated), its outermost pixels, or zeros. */
  readonly border?: "reflect" | "edge" | "zero"
}

/**
 * Every channel of an image, or of several, filtered by one kernel.
 *
 * **Shapes** image `[…, height, width]`, kernel `[odd, odd]` → `[…, height, width]`. **Throws** `ShapeError` for a kernel of
 * even extents, an image of fewer than two axes, or one too small to be mirrored.
 *
 * **Example** (A mean of rows)
 *
 * ```ts run
 * const image = Tensor.of([[0, 3, 6, 9]])
 * await evaluate(Filter.filter2d(image, Tensor.of([[1 / 3, 1 / 3, 1 / 3]]), { border: "edge" })) // => [[1, 3, 6, 8]]
 * ```
 */
export const filter2d = <S extends Shape, D extends Float>(
  image: Tensor.Tensor<S, D>,
  kernel: Kernel,
  { border = "reflect" }: FilterOptions = {}
): Tensor.Tensor<S, D> => {
  const [rows, columns] = kernel.shape
  if (image.shape.length < 2 || rows % 2 === 0 || columns % 2 === 0) {
    throw new ShapeError({
      operation: "filter2d",
      expected: "an image [..., height, width] and a kernel of odd extents",
      received: [image.shape, kernel.shape]
    })
  }
  const [height, width] = image.shape.slice(-2)
  const channels: Tensor.Tensor<Shape, Float> = Tensor.reshape(image as Tensor.Tensor<Shape, Float>, [
    size(image.shape.slice(0, -2)),
    1,
    height,
    width
  ])
  const margin = [0, 0, (rows - 1) / 2, (columns - 1) / 2]
  const mode = border === "zero" ? "constant" : border
  const padded = Tensor.pad(channels, { before: margin, after: margin, mode })
  const weight = Tensor.reshape(Tensor.cast(kernel, image.dtype), [1, 1, rows, columns])
  const filtered = Tensor.conv2d(padded as Tensor.Tensor<readonly [number, number, number, number], Float>, weight)
  // What the border adds, the kernel takes off.
  return Tensor.reshape(filtered, image.shape) as Tensor.Tensor as Tensor.Tensor<S, D>
}

/**
 * How steep an image is at each pixel, whichever way: the norm of both derivatives. **Shapes** and **throws** as `filter2d`.
 *
 * **Numerics** At flat places, where the norm has a kink, its gradient is 0.
 */
export const edges = <S extends Shape, D extends Float>(
  image: Tensor.Tensor<S, D>,
  options: FilterOptions = {}
): Tensor.Tensor<S, D> => {
  const [x, y] = [sobelX, sobelY].map((kernel): Tensor.Tensor<Shape, Float> => filter2d(image, kernel, options))
  const squares = Tensor.add(Tensor.square(x), Tensor.square(y))
  const isSteep = Tensor.greater(squares, 0)
  const root = Tensor.sqrt(Tensor.where(isSteep, squares, 1))
  // Both derivatives have the shape of the image.
  return Tensor.where(isSteep, root, 0) as Tensor.Tensor as Tensor.Tensor<S, D>
}
