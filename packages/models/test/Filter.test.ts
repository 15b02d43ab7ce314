import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as Filter from "../src/Filter.ts"
import { assertNear, values } from "./values.ts"

const kernels = {
  mean: Filter.mean(5),
  gaussian: Filter.gaussian({ size: 5, deviation: 1.1 }),
  gaussian5: Filter.gaussian5,
  sharpen: Filter.sharpen,
  sobelX: Filter.sobelX,
  sobelY: Filter.sobelY
} as const

const border = fc.constantFrom<"reflect" | "edge" | "zero">("reflect", "edge", "zero")

/** Images of 5 by 6 pixels. */
const image = fc
  .array(fc.integer({ min: -9, max: 9 }), { minLength: 30, maxLength: 30 })
  .map((pixels) => Tensor.make([5, 6], pixels, "f64"))

describe.each(Object.entries(kernels))("%s", (name, kernel) => {
  it(`${name.startsWith("sobel") ? "finds nothing in" : "leaves"} an even surface`, () => {
    const total = values(kernel).reduce((sum, weight) => sum + weight, 0)
    assert.closeTo(total, name.startsWith("sobel") ? 0 : 1, 1e-6)
    const even = Filter.filter2d(Tensor.full([6, 7], 3, "f64"), kernel, { border: "edge" })
    assertNear(even, new Array<number>(42).fill(3 * total), 1e-5)
  })

  it("slides over the image, pixel by pixel", () =>
    fc.assert(
      fc.property(image, border, (image, border) => {
        const [pixels, weights] = [values(image), values(kernel)]
        const half = (kernel.shape[0] - 1) / 2
        const at = (i: number, extent: number): number | undefined => {
          if (i >= 0 && i < extent) return i
          if (border === "zero") return undefined
          if (border === "edge") return i < 0 ? 0 : extent - 1
          return i < 0 ? -i : 2 * (extent - 1) - i
        }
        const expected = pixels.map((_, place) => {
          const [y, x] = [Math.floor(place / 6), place % 6]
          return weights.reduce((sum, weight, k) => {
            const row = at(y + Math.floor(k / (2 * half + 1)) - half, 5)
            const column = at(x + (k % (2 * half + 1)) - half, 6)
            return row === undefined || column === undefined ? sum : sum + weight * pixels[6 * row + column]
          }, 0)
        })
        assertNear(Filter.filter2d(image, kernel, { border }), expected, 1e-9)
      }),
      { numRuns: 12 }
    ))
})

it("the gaussian of five by five is near the normal distribution of a deviation of a pixel", () => {
  const normal = values(Filter.gaussian({ size: 5, deviation: 1 }))
  values(Filter.gaussian5).forEach((weight, i) => assert.closeTo(weight, normal[i], 0.02))
})

it("channels and images are filtered one by one", () =>
  fc.assert(
    fc.property(image, image, border, (a, b, border) => {
      const batch = Tensor.reshape(Tensor.stack([a, b]), [1, 2, 5, 6])
      const filtered = Filter.filter2d(batch, Filter.sharpen, { border })
      assert.deepStrictEqual([...filtered.shape], [1, 2, 5, 6])
      const each = [a, b].flatMap((image) => values(Filter.filter2d(image, Filter.sharpen, { border })))
      assertNear(filtered, each)
    }),
    { numRuns: 10 }
  ))

it("edges are where it gets brighter, whichever way", () => {
  const step = Tensor.make([3, 4], [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1], "f64")
  assertNear(Filter.edges(step, { border: "edge" }), [0, 4, 4, 0, 0, 4, 4, 0, 0, 4, 4, 0])
  assertNear(Filter.edges(Tensor.transpose(step), { border: "edge" }), [0, 0, 0, 4, 4, 4, 4, 4, 4, 0, 0, 0])
  const diagonal = Tensor.make([3, 3], [0, 0, 1, 0, 1, 1, 1, 1, 1], "f64")
  assert.closeTo(values(Filter.edges(diagonal, { border: "edge" }))[4], Math.SQRT2 * 3, 1e-9)
})

it("kernels and images that do not fit are refused", () => {
  assert.throws(() => Filter.mean(4), "Filter.mean: expected an odd size from 1, received 4")
  assert.throws(() => Filter.gaussian({ size: 3, deviation: 0 }), "Filter.gaussian: expected a deviation above 0")
  assert.throws(() => Filter.filter2d(Tensor.zeros([4]), Filter.sharpen), /filter2d: expected an image/)
  assert.throws(() => Filter.filter2d(Tensor.zeros([4, 4]), Tensor.zeros([2, 3])), /a kernel of odd extents/)
})
