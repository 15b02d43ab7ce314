import * as DTypes from "@cotangent/tensor/DType"
import type { Cotangent, Tensor } from "@cotangent/tensor/Primitive"
import { full } from "@cotangent/tensor/primitive/leaf"
import { mul } from "@cotangent/tensor/primitive/bilinear"
import { add, reshape } from "@cotangent/tensor/primitive/linear"
import { concatenate } from "@cotangent/tensor/primitive/window"
import * as fc from "fast-check"
import { describe, it } from "vitest"
import { pushforward } from "../src/Jvp.ts"
import { pullback } from "../src/Vjp.ts"
import { batch } from "../src/Vmap.ts"
import type { Case } from "./cases.ts"
import { discrete, smooth } from "./cases.ts"
import { assertClose, assertNear, dot, filled, noise, repeat, row } from "./numeric.ts"

const directions = (tensors: ReadonlyArray<Tensor>, seed: number): ReadonlyArray<Cotangent> =>
  tensors.map((x, i) => (DTypes.isFloat(x.dtype) ? noise(x.shape, seed + i) : undefined))

const scaled = (x: Tensor, factor: number): Tensor => mul(x, full({ shape: x.shape, dtype: x.dtype, value: factor }))

/** `inputs` moved by `t` times `tangents`. */
const along = (inputs: ReadonlyArray<Tensor>, tangents: ReadonlyArray<Cotangent>, t: number): ReadonlyArray<Tensor> =>
  inputs.map((x, i) => {
    const tangent = tangents[i]
    return tangent === undefined ? x : add(x, scaled(tangent, t))
  })

/** The slope of ⟨apply, cotangents⟩ along `tangents`, by central differences. */
const slope = (
  { apply, inputs }: Case,
  tangents: ReadonlyArray<Cotangent>,
  cotangents: ReadonlyArray<Cotangent>
): number => {
  const h = 1e-5
  const at = (t: number): number => dot(apply(along(inputs, tangents, t)), cotangents)
  return (at(h) - at(-h)) / (2 * h)
}

const assertDerivatives = (point: Case, tolerance: number): Case => {
  const { apply, inputs } = point
  const outputs = apply(inputs)
  const tangents = directions(inputs, 1)
  const cotangents = directions(outputs, 11)
  const forward = dot(pushforward(outputs, inputs, tangents), cotangents)
  assertNear(forward, slope(point, tangents, cotangents), tolerance, "jvp and central differences")
  assertNear(dot(tangents, pullback(outputs, inputs, cotangents)), forward, 1e-10, "adjoint law")
  return {
    inputs,
    apply: (moved) => filled(pullback(apply(moved), moved, cotangents), inputs)
  }
}

/** `count` examples near `x`; integers repeat. */
const examples = (x: Tensor, count: number): Tensor =>
  DTypes.isFloat(x.dtype) ? join(Array.from({ length: count }, (_, k) => scaled(x, 1 + k / 64))) : repeat(x, count)

const join = (rows: ReadonlyArray<Tensor>): Tensor =>
  concatenate(
    rows.map((x) => reshape(x, { shape: [1, ...x.shape] })),
    { axis: 0 }
  )

const assertBatches = ({ apply, inputs }: Case, mapped: ReadonlyArray<boolean>): void => {
  const size = 3
  const many = inputs.map((x, i) => (mapped[i] ? examples(x, size) : undefined))
  const outputs = apply(inputs)
  const batched = batch(outputs, inputs, many, size).map((y, i) => y ?? repeat(outputs[i], size))
  const loop = Array.from({ length: size }, (_, k) =>
    apply(
      inputs.map((x, i) => {
        const examples = many[i]
        return examples === undefined ? x : row(examples, k)
      })
    )
  )
  assertClose(
    batched,
    outputs.map((_, i) => join(loop.map((results) => results[i])))
  )
}

const options = { numRuns: 10 }
const assertProperty = fc.assert

describe.each(Object.entries(smooth))("%s", (_, arbitrary) => {
  it("jvp agrees with central differences, and vjp is its adjoint, to second order", () => {
    assertProperty(
      fc.property(arbitrary, (point) => {
        const gradient = assertDerivatives(point, 1e-6)
        assertDerivatives(gradient, 1e-6)
      }),
      options
    )
  })
})

describe.each(Object.entries({ ...smooth, ...discrete }))("%s", (_, arbitrary) => {
  const masks = fc.array(fc.boolean(), { minLength: 3, maxLength: 3 })

  it("vmap is the loop over examples, for any choice of mapped inputs", () => {
    assertProperty(
      fc.property(arbitrary, masks, (point, mapped) => assertBatches(point, mapped)),
      options
    )
  })

  it("vmap of vmap is the loop of loops", () => {
    assertProperty(
      fc.property(arbitrary, masks, masks, ({ apply, inputs }, inner, outer) => {
        const size = 2
        const batched: Case = {
          inputs: inputs.map((x, i) => (inner[i] ? examples(x, size) : x)),
          apply: (xs) => {
            const ones = xs.map((x, i) => (inner[i] ? inputs[i] : x))
            const outputs = apply(ones)
            const many = xs.map((x, i) => (inner[i] ? x : undefined))
            return batch(outputs, ones, many, size).map((y, i) => y ?? repeat(outputs[i], size))
          }
        }
        assertBatches(batched, outer)
      }),
      options
    )
  })
})
