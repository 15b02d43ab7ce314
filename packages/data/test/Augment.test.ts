import { assert, describe, it } from "@effect/vitest"
import { vmap } from "@cotangent/autodiff"
import { make } from "@cotangent/tensor/HostArray"
import * as Random from "@cotangent/tensor/Random"
import * as Reference from "@cotangent/tensor/Reference"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import * as Augment from "../src/Augment.ts"

const evaluate = (tensor: Tensor.Tensor): ReadonlyArray<number> => [...Reference.evaluate([tensor])[0].data]

const pictureOf = (shape: ReadonlyArray<number>, values: ReadonlyArray<number>): Augment.Picture =>
  Tensor.fromHostArray(make(shape, "f32", values))

/** Pictures of up to five pixels a side, from 0 to 1. */
const pictures: fc.Arbitrary<Augment.Picture> = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
  .chain(([channels, height, width]) => {
    const size = channels * height * width
    return fc.array(fc.integer({ min: 0, max: 255 }), { minLength: size, maxLength: size }).map((values) =>
      pictureOf(
        [channels, height, width],
        values.map((value) => value / 255)
      )
    )
  })
const keys = fc.nat().map((seed) => Random.key(seed))

const changes: Readonly<Record<string, Augment.Augmentation>> = {
  flip: Augment.flip(),
  crop: Augment.crop({ padding: 1 }),
  translate: Augment.translate({ vertical: 2, horizontal: [-1, 3] }),
  rotate: Augment.rotate({ degrees: 40 }),
  stretch: Augment.stretch({ vertical: [0.5, 1.5], horizontal: [1, 2] }),
  shear: Augment.shear({ degrees: 20, outside: "edge" }),
  elastic: Augment.elastic({ strength: 1, smoothness: 0.8 }),
  lens: Augment.lens({ amount: 0.4 }),
  brightness: Augment.brightness({ amount: 0.3 }),
  noise: Augment.noise({ deviation: 0.2 }),
  compose: Augment.compose(Augment.flip(), Augment.rotate({ degrees: 9 }), Augment.noise({ deviation: 0.1 })),
  sometimes: Augment.sometimes(Augment.rotate({ degrees: 90 }), { probability: 0.5 })
}

const identities: Readonly<Record<string, Augment.Augmentation>> = {
  flip: Augment.flip({ probability: 0 }),
  crop: Augment.crop({}),
  translate: Augment.translate({}),
  rotate: Augment.rotate({ degrees: 0 }),
  stretch: Augment.stretch({}),
  shear: Augment.shear({ degrees: 0 }),
  elastic: Augment.elastic({ strength: 0, smoothness: 1 }),
  lens: Augment.lens({ amount: 0 }),
  brightness: Augment.brightness({ amount: 0 }),
  noise: Augment.noise({ deviation: 0 }),
  compose: Augment.compose(),
  sometimes: Augment.sometimes(Augment.flip({ probability: 1 }), { probability: 0 })
}

describe.each(Object.entries(changes))("%s", (name, change) => {
  it("changes nothing where its amount is none, bit for bit", () =>
    fc.assert(
      fc.property(pictures, keys, (image, key) => {
        assert.deepStrictEqual(evaluate(identities[name](image, key)), evaluate(image))
      }),
      { numRuns: 20 }
    ))

  it("is determined by its key, keeps the shape, and stays within the range", () =>
    fc.assert(
      fc.property(pictures, keys, (image, key) => {
        const changed = change(image, key)
        assert.deepStrictEqual(changed.shape, image.shape)
        const values = evaluate(changed)
        assert.deepStrictEqual(evaluate(change(image, key)), values)
        assert.isTrue(values.every((value) => value >= -1e-6 && value <= 1 + 1e-6))
      }),
      { numRuns: 20 }
    ))

  it("differs from key to key", () => {
    const image = pictureOf(
      [1, 4, 4],
      Array.from({ length: 16 }, (_, i) => (i + 1) / 17)
    )
    const results = Array.from({ length: 12 }, (_, seed) => evaluate(change(image, Random.key(seed))).join())
    assert.isAbove(new Set(results).size, 1)
  })

  it("of a batch is that of each picture", () => {
    const images = pictureOf(
      [3, 2, 4, 3],
      Array.from({ length: 72 }, (_, i) => ((i * 37) % 72) / 72)
    )
    const key = Random.key(5)
    const batch = evaluate(vmap(change)(images, Random.keys(key, 3)))
    Random.split(key, 3).forEach((own, i) => {
      const image = Tensor.reshape(Tensor.slice(images, { start: [i], stop: [i + 1] }), [2, 4, 3])
      const single = evaluate(change(image, own))
      single.forEach((value, k) => assert.approximately(batch[24 * i + k], value, 1e-6))
    })
  })
})

const square = pictureOf([1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9])
const key = Random.key(0)

const assertNear = (change: Augment.Augmentation, expected: ReadonlyArray<number>): void =>
  evaluate(change(square, key)).forEach((value, i) => assert.approximately(value, expected[i], 1e-5))

describe("changes of known amounts", () => {
  it("flips undo themselves", () =>
    fc.assert(
      fc.property(
        pictures,
        keys,
        fc.constantFrom("horizontal" as const, "vertical" as const),
        (image, k, direction) => {
          const flip = Augment.flip({ direction, probability: 1 })
          assert.deepStrictEqual(evaluate(flip(flip(image, k), k)), evaluate(image))
        }
      ),
      { numRuns: 20 }
    ))

  it("flips are as likely as they should be", () => {
    const marked = pictureOf([1, 1, 2], [0, 1])
    const flipped = vmap(Augment.flip({ probability: 0.25 }), { inAxes: [null, 0] })(marked, Random.keys(key, 4000))
    const count = evaluate(flipped).reduce((total, value, i) => total + (i % 2 === 0 ? value : 0), 0)
    // Five standard deviations.
    assert.approximately(count / 4000, 0.25, 5 * Math.sqrt((0.25 * 0.75) / 4000))
  })

  it("translate moves by whole pixels exactly, and by parts in proportion", () => {
    assertNear(Augment.translate({ horizontal: [1, 1], vertical: [-1, -1] }), [0, 4, 5, 0, 7, 8, 0, 0, 0])
    assertNear(Augment.translate({ horizontal: [0.25, 0.25] }), [0.75, 1.75, 2.75, 3, 4.75, 5.75, 5.25, 7.75, 8.75])
    assertNear(Augment.translate({ vertical: [1, 1], outside: "edge" }), [1, 2, 3, 1, 2, 3, 4, 5, 6])
    assertNear(Augment.translate({ vertical: [2, 2], outside: 9 }), [9, 9, 9, 9, 9, 9, 1, 2, 3])
  })

  it("rotate turns counterclockwise, and four quarters are one turn", () => {
    const quarter = Augment.rotate({ degrees: [90, 90], outside: "edge" })
    assertNear(quarter, [3, 6, 9, 2, 5, 8, 1, 4, 7])
    assertNear(Augment.compose(quarter, quarter, quarter, quarter), [1, 2, 3, 4, 5, 6, 7, 8, 9])
    assertNear(Augment.rotate({ degrees: [180, 180], outside: "edge" }), [9, 8, 7, 6, 5, 4, 3, 2, 1])
  })

  it("stretch to twice the width reads between the pixels of the middle", () => {
    assertNear(Augment.stretch({ horizontal: [2, 2] }), [1.5, 2, 2.5, 4.5, 5, 5.5, 7.5, 8, 8.5])
    assertNear(Augment.stretch({ vertical: [0.5, 0.5] }), [0, 0, 0, 4, 5, 6, 0, 0, 0])
  })

  it("shear by 45 degrees moves rows by their distance from the middle", () => {
    assertNear(Augment.shear({ degrees: [45, 45], outside: "edge" }), [1, 1, 2, 4, 5, 6, 8, 9, 9])
  })

  it("lens moves corners the most, and the middle not at all", () => {
    const [bulged, pinched] = [1, -0.5].map((amount) =>
      evaluate(Augment.lens({ amount: [amount, amount] })(square, key))
    )
    assert.deepStrictEqual([bulged[4], bulged[0], bulged[8]], [5, 0, 0])
    assert.approximately(bulged[1], 1, 1e-5)
    assert.approximately(pinched[0], 3, 1e-5)
    assert.approximately(pinched[1], 2.75, 1e-5)
  })

  it("elastic displaces by its strength on average", () => {
    const size = 24
    // A picture whose values are its columns tells how far each pixel was read from.
    const ramp = pictureOf(
      [1, size, size],
      Array.from({ length: size * size }, (_, i) => i % size)
    )
    const change = Augment.elastic({ strength: 0.5, smoothness: 2, outside: "edge" })
    const moved = evaluate(vmap(change, { inAxes: [null, 0] })(ramp, Random.keys(key, 12)))
    const squares = moved.flatMap((value, i) => {
      const [row, column] = [Math.floor(i / size) % size, i % size]
      const isInside = [row, column].every((place) => place >= 7 && place < size - 7)
      return isInside ? [(value - column) ** 2] : []
    })
    const mean = Math.sqrt(squares.reduce((total, value) => total + value, 0) / squares.length)
    assert.approximately(mean, 0.5, 0.1)
  })

  it("brightness is the same everywhere, and noise is not", () => {
    const gray = pictureOf([2, 8, 8], Array<number>(128).fill(0.5))
    const lighter = evaluate(Augment.brightness({ amount: [0.1, 0.2] })(gray, key))
    assert.isTrue(lighter.every((value) => value === lighter[0] && value > 0.59 && value < 0.71))
    const noisy = evaluate(Augment.noise({ deviation: 0.05 })(gray, key))
    const deviation = Math.sqrt(noisy.reduce((total, value) => total + (value - 0.5) ** 2, 0) / 128)
    assert.approximately(deviation, 0.05, 0.015)
    assert.deepStrictEqual(evaluate(Augment.brightness({ amount: [2, 2], range: [-1, 3] })(gray, key))[0], 2.5)
    assert.deepStrictEqual(evaluate(Augment.brightness({ amount: [2, 2] })(gray, key))[0], 1)
  })

  it("crop takes every place of the picture and its border", () => {
    const crop = Augment.crop({ size: [1, 1], padding: 1 })
    const seen = evaluate(vmap(crop, { inAxes: [null, 0] })(square, Random.keys(key, 600)))
    assert.sameMembers([...new Set(seen)], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert.deepStrictEqual(Augment.crop({ size: [2, 3] })(square, key).shape, [1, 2, 3])
  })
})

describe("augmentations refuse", () => {
  it("amounts that are none", () => {
    assert.throws(() => Augment.flip({ probability: 2 }), /Augment.flip: expected 0 ≤ probability ≤ 1, received 2/)
    assert.throws(() => Augment.sometimes(Augment.flip(), { probability: -1 }), /Augment.sometimes/)
    assert.throws(() => Augment.crop({ padding: 0.5 }), /Augment.crop: expected whole numbers from 0/)
    assert.throws(
      () => Augment.rotate({ degrees: [2, 1] }),
      /Augment.rotate: expected bounds least ≤ most, received 2 and 1/
    )
    assert.throws(() => Augment.stretch({ vertical: [0, 1] }), /bounds least ≤ most above 0/)
    assert.throws(() => Augment.shear({ degrees: 90 }), /Augment.shear/)
    assert.throws(() => Augment.shear({ degrees: [0, 90] }), /degrees below 90/)
    assert.throws(() => Augment.elastic({ strength: 1, smoothness: 0 }), /Augment.elastic/)
    assert.throws(() => Augment.noise({ deviation: -1 }), /Augment.noise/)
    assert.throws(() => Augment.lens({ amount: Number.NaN }), /Augment.lens/)
  })

  it("batches, and crops that are too large", () => {
    const batch = pictureOf([1, 1, 2, 2], [1, 2, 3, 4])
    assert.throws(() => Augment.rotate({ degrees: 1 })(batch, key), /one picture \[channels, height, width\].*vmap/s)
    assert.throws(
      () => Augment.crop({ size: [6, 3], padding: 1 })(square, key),
      /at least 6 × 3 pixels with the border/
    )
  })
})
