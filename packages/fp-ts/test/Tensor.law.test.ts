import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import type { Field } from "fp-ts/lib/Field.js"
import type { Ring } from "fp-ts/lib/Ring.js"
import type { Semiring } from "fp-ts/lib/Semiring.js"
import { assert, describe, it } from "vitest"
import { tensor } from "../src/index.ts"
import { decimal, exact, near, tensorOf } from "./generators.ts"
import * as Laws from "./laws.ts"

const whole = {
  i32: fc.integer({ min: -2147483648, max: 2147483647 }),
  u32: fc.integer({ min: 0, max: 4294967295 }),
  u8: fc.integer({ min: 0, max: 255 })
} as const

// A table of dtypes gives every ring the type of each; these stand for all.
type AnyTensor = Tensor.Tensor<Tensor.Shape, "f32">
const ringOf = (dtype: tensor.Numeric): Ring<AnyTensor> =>
  tensor.getRing(Tensor.zeros([2, 2], dtype)) as unknown as Ring<AnyTensor>
const valuesOf = (dtype: tensor.Numeric, element: fc.Arbitrary<number>): fc.Arbitrary<AnyTensor> =>
  tensorOf([2, 2], dtype, element) as unknown as fc.Arbitrary<AnyTensor>

describe.each(["i32", "u32", "u8"] as const)("the ring of %s[2, 2]", (dtype) => {
  const ring = ringOf(dtype)
  const values = valuesOf(dtype, whole[dtype])
  Laws.testLaws("exactly", { ...Laws.ringUnits(ring, exact), ...Laws.semiringSums(ring, exact) }, { values })
})

describe.each(["f32", "f64", "f16", "bf16"] as const)("the ring of %s[2, 2]", (dtype) => {
  const ring = ringOf(dtype)
  const values = valuesOf(dtype, decimal)
  Laws.testLaws("exactly", Laws.ringUnits(ring, exact), { values })
  Laws.testLaws("up to rounding", Laws.semiringSums(ring, near), { values })
})

describe.each(["f32", "f64", "f16", "bf16"] as const)("the max-plus semiring of %s[2, 2]", (dtype) => {
  const semiring = tensor.getMaxPlus(Tensor.zeros([2, 2], dtype)) as unknown as Semiring<AnyTensor>
  const values = valuesOf(dtype, fc.oneof(decimal, fc.constant(-Infinity)))
  const associative = "mul is associative"
  const { [associative]: _, ...sums } = Laws.semiringSums(semiring, exact)
  const { [associative]: rounds } = Laws.semiringSums(semiring, near)
  const idempotent: Laws.Laws<AnyTensor> = { "add is idempotent": (x) => exact(semiring.add(x, x), x) }

  Laws.testLaws("exactly", { ...Laws.semiringUnits(semiring, exact), ...sums, ...idempotent }, { values })
  Laws.testLaws("up to rounding", { [associative]: rounds }, { values: valuesOf(dtype, decimal) })
})

describe.each(["f32", "f64", "f16", "bf16"] as const)("the field of scalars of %s", (dtype) => {
  const field = tensor.getField(Tensor.zeros([], dtype)) as unknown as Field<AnyTensor>
  const scalars = (element: fc.Arbitrary<number>) => tensorOf([], dtype, element) as unknown as fc.Arbitrary<AnyTensor>
  const { exactly, rounded } = Laws.field(field, { exact, near })

  Laws.testLaws("exactly", { ...Laws.ringUnits(field, exact), ...exactly }, { values: scalars(decimal) })
  Laws.testLaws("up to rounding", { ...Laws.semiringSums(field, near), ...rounded }, { values: scalars(decimal) })
})

describe("the ring of floats", () => {
  const { add, mul, one, zero } = tensor.getRing(Tensor.zeros([2], "f64"))
  const of = (x: number, y: number) => Tensor.of([x, y], "f64")

  it("is not associative to the last bit", () =>
    assert.isFalse(exact(add(add(of(0.1, 1), of(0.2, 1)), of(0.3, 1)), add(of(0.1, 1), add(of(0.2, 1), of(0.3, 1))))))

  it("has divisors of zero, so it is no field", () => {
    assert.isTrue(exact(mul(of(1, 0), of(0, 1)), zero))
    assert.isFalse(exact(one, zero))
  })

  it("broadcasts nothing", () => {
    const { add } = tensor.getRing<ReadonlyArray<number>, "f64">(zero)
    assert.throws(() => add(of(1, 2), Tensor.of(1, "f64")), "add: expected operands of one shape")
  })
})
