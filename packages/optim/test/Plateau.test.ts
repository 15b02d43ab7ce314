import * as Reference from "@cotangent/tensor/Reference"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as Optimizer from "../src/Optimizer.ts"
import * as Plateau from "../src/Plateau.ts"
import { settled, values } from "./values.ts"

/** The rates after each loss. */
const ratesOf = ({ initial, update }: Plateau.Plateau, losses: ReadonlyArray<number>): ReadonlyArray<number> => {
  let state = initial
  return losses.map((loss) => {
    state = settled(update(state, Tensor.scalar(loss)))
    return values(state.learningRate)[0]
  })
}

/** The same on numbers, as PyTorch does it. */
const expectedRates = (
  { factor, least, learningRate, minimum, patience }: Required<Plateau.PlateauOptions>,
  losses: ReadonlyArray<number>
): ReadonlyArray<number> => {
  let [rate, best, bad] = [Math.fround(learningRate), Infinity, 0]
  return losses.map((loss) => {
    if (loss < best * (1 - least)) [best, bad] = [loss, 0]
    else bad++
    if (bad > patience) [rate, bad] = [Math.max(rate * factor, minimum), 0]
    return rate
  })
}

const options = fc.record({
  learningRate: fc.constantFrom(0.5, 1, 4),
  factor: fc.constantFrom(0.25, 0.5),
  patience: fc.integer({ min: 0, max: 3 }),
  // Sums and products of these are exact.
  least: fc.constantFrom(0, 0.25),
  minimum: fc.constantFrom(0, 0.125)
})

describe("Plateau", () => {
  it("falls where PyTorch's does", () =>
    fc.assert(
      fc.property(options, fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 25 }), (options, losses) =>
        assert.deepStrictEqual(ratesOf(Plateau.make(options), losses), expectedRates(options, losses))
      )
    ))

  it("never grows, and stays while the loss falls", () =>
    fc.assert(
      fc.property(options, fc.array(fc.integer({ min: -20, max: 20 }), { maxLength: 20 }), (options, losses) => {
        const rates = ratesOf(Plateau.make(options), losses)
        rates.forEach((rate, i) => assert.isAtMost(rate, i === 0 ? options.learningRate : rates[i - 1]))
        const falling = losses.map((_, i) => 100 * 0.5 ** i)
        assert.isTrue(ratesOf(Plateau.make(options), falling).every((rate) => rate === options.learningRate))
      })
    ))

  it("counts no loss that is NaN, and takes losses below 0", () => {
    const plateau = Plateau.make({ learningRate: 1, factor: 0.5, patience: 1 })
    assert.deepStrictEqual(ratesOf(plateau, [Number.NaN, Number.NaN, 1]), [1, 0.5, 0.5])
    assert.deepStrictEqual(ratesOf(plateau, [-1, -1, -1]), [1, 1, 0.5])
  })

  it("gives an optimizer its rate, within one program", () => {
    const { initial, update } = Plateau.make({ learningRate: 0.5, factor: 0.5, patience: 0 })
    const params = { x: Tensor.of([1]) }
    const state = update(update(initial, Tensor.scalar(1)), Tensor.scalar(1))
    const optimizer = Optimizer.sgd({ learningRate: state.learningRate })
    const next = optimizer.update({ x: Tensor.of([1]) }, optimizer.init(params), params)
    assert.deepStrictEqual([...Reference.evaluate([next.params.x])[0].data], [0.75])
  })

  it("refuses what makes no sense", () => {
    assert.throws(
      () => Plateau.make({ learningRate: 1, factor: 1 }),
      "Plateau.make: expected a factor above 0 and below 1, received 1"
    )
    assert.throws(
      () => Plateau.make({ learningRate: 1, patience: 0.5 }),
      "Plateau.make: expected a patience that is a whole number from 0, received 0.5"
    )
    for (const wrong of [{ least: -1 }, { minimum: Number.NaN }, { learningRate: 0 }]) {
      assert.throws(() => Plateau.make({ learningRate: 1, ...wrong }), "Plateau.make: expected a")
    }
  })
})
