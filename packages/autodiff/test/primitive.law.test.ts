import * as DTypes from "@cotangent/tensor/DType"
import type { Cotangent, Tensor } from "@cotangent/tensor/Primitive"
import { full } from "@cotangent/tensor/primitive/leaf"
import { mul } from "@cotangent/tensor/primitive/bilinear"
import { add } from "@cotangent/tensor/primitive/linear"
import { concatenate } from "@cotangent/tensor/primitive/window"
import { reshape } from "@cotangent/tensor/primitive/linear"
import * as fc from "fast-check"
import { describe, it } from "vitest"
import { pushforward } from "../src/Jvp.ts"
import { pullback } from "../src/Vjp.ts"
import { batch } from "../src/Vmap.ts"
import type { Case } from "./cases.ts"
import { discrete, smooth } from "./cases.ts"
import { allClose, close, dot, filled, noise, repeat, row } from "./numeric.ts"

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

const holdsForwardAndBackward = (point: Case, tolerance: number): Case => {
  const { apply, inputs } = point
  const outputs = apply(inputs)
  const tangents = directions(inputs, 1)
  const cotangents = directions(outputs, 11)
  const forward = dot(pushforward(outputs, inputs, tangents), cotangents)
  close(forward, slope(point, tangents, cotangents), tolerance, "jvp and central differences")
  close(dot(tangents, pullback(outputs, inputs, cotangents)), forward, 1e-10, "adjoint law")
  return {
    inputs,
    apply: (moved) => filled(pullback(apply(moved), moved, cotangents), inputs)
  }
}

/** `count` examples near `x`; integers repeat. */
const examples = (x: Tensor, count: number): Tensor =>
  DTypes.isFloat(x.dtype)
    ? join(Array.from({ length: count }, (_, k) => scaled(x, 1 + k / 64)))
    : repeat(x, count)

const join = (rows: ReadonlyArray<Tensor>): Tensor =>
  concatenate(rows.map((x) => reshape(x, { shape: [1, ...x.shape] })), { axis: 0 })

const holdsForBatches = ({ apply, inputs }: Case, mapped: ReadonlyArray<boolean>): void => {
  const size = 3
  const many = inputs.map((x, i) => (mapped[i] ? examples(x, size) : undefined))
  const outputs = apply(inputs)
  const batched = batch(outputs, inputs, many, size).map((y, i) => y ?? repeat(outputs[i], size))
  const loop = Array.from({ length: size }, (_, k) =>
    apply(inputs.map((x, i) => {
      const examples = many[i]
      return examples === undefined ? x : row(examples, k)
    }))
  )
  allClose(batched, outputs.map((_, i) => join(loop.map((results) => results[i]))))
}

const options = { numRuns: 12 }

describe.each(Object.entries(smooth))("%s", (_, arbitrary) => {
  it("jvp agrees with central differences, and vjp is its adjoint, to second order", () => {
    fc.assert(
      fc.property(arbitrary, (point) => {
        const gradient = holdsForwardAndBackward(point, 1e-6)
        holdsForwardAndBackward(gradient, 1e-6)
      }),
      options
    )
  })
})

describe.each(Object.entries({ ...smooth, ...discrete }))("%s", (_, arbitrary) => {
  const masks = fc.array(fc.boolean(), { minLength: 3, maxLength: 3 })

  it("vmap is the loop over examples, for any choice of mapped inputs", () => {
    fc.assert(fc.property(arbitrary, masks, (point, mapped) => holdsForBatches(point, mapped)), options)
  })

  it("vmap of vmap is the loop of loops", () => {
    fc.assert(
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
        holdsForBatches(batched, outer)
      }),
      options
    )
  })
})
