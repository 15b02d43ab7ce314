/**
 * Arbitrary applications of the primitives on sliding windows, with strides, dilations and elements behind the last
 * window.
 */
import type { DType } from "@cotangent/tensor/DType"
import * as Convolution from "@cotangent/tensor/primitive/convolution"
import type { Dims } from "@cotangent/tensor/Shape"
import * as fc from "fast-check"
import * as Arrays from "@cotangent/gradcheck/arrays"
import type { Signature } from "./Case.ts"
import { signature } from "./Case.ts"

interface Axis {
  readonly kernel: number
  readonly stride: number
  readonly dilation: number
  readonly extent: number
}

/** A spatial axis; the kernel does not always fit. */
const axis: fc.Arbitrary<Axis> = fc
  .record({
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    further: fc.integer({ min: -1, max: 4 })
  })
  .map(({ further, ...rest }) => ({ ...rest, extent: Math.max(0, (rest.kernel - 1) * rest.dilation + 1 + further) }))

interface Geometry {
  readonly spatial: Dims
  readonly kernel: Dims
  readonly steps: Convolution.Steps
}

const geometry = (axes: ReadonlyArray<Axis>): Geometry => ({
  spatial: axes.map(({ extent }) => extent),
  kernel: axes.map(({ kernel }) => kernel),
  steps: { stride: axes.map(({ stride }) => stride), dilation: axes.map(({ dilation }) => dilation) }
})

const geometries = (maxLength: number): fc.Arbitrary<Geometry> => fc.array(axis, { maxLength }).map(geometry)

const { reals } = Arrays
type Elements = fc.Arbitrary<readonly [DType, fc.Arbitrary<number>]>
const integers: Elements = fc
  .constantFrom("i32" as const, "u32" as const, "u8" as const)
  .map((dtype) => [dtype, Arrays.counts[dtype]] as const)
const numbers: Elements = fc.oneof(
  { weight: 4, arbitrary: fc.constant(["f64", reals] as const) },
  { weight: 1, arbitrary: integers }
)

const few: fc.Arbitrary<Dims> = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 2 })

/** Arbitrary applications of `windows`. */
export const windows: fc.Arbitrary<Signature> = fc
  .tuple(few, geometries(2), numbers)
  .map(([leading, { kernel, spatial, steps }, [dtype, entry]]) =>
    signature(Convolution.windows, { kernel, ...steps }, [Arrays.array([...leading, ...spatial], dtype, entry)])
  )

/** Arbitrary applications of `overlapAdd`. */
export const overlaps: fc.Arbitrary<Signature> = fc
  .tuple(few, geometries(2), numbers)
  .map(([leading, { kernel, spatial, steps }, [dtype, entry]]) => {
    const shape = [...leading, ...Convolution.windowCounts(spatial, kernel, steps), ...kernel]
    return signature(Convolution.overlapAdd, { spatial, ...steps }, [Arrays.array(shape, dtype, entry)])
  })

const upToTwo = fc.integer({ min: 0, max: 2 })

/** Arbitrary applications of `convolution`. */
export const convolutions: fc.Arbitrary<Signature> = fc
  .tuple(fc.tuple(upToTwo, fc.integer({ min: 1, max: 2 }), upToTwo, upToTwo), geometries(2), numbers)
  .map(([[batch, groups, inputs, outputs], { kernel, spatial, steps }, [dtype, entry]]) =>
    signature(Convolution.convolution, steps, [
      Arrays.array([batch, groups, inputs, ...spatial], dtype, entry),
      Arrays.array([groups, outputs, inputs, ...kernel], dtype, entry)
    ])
  )
