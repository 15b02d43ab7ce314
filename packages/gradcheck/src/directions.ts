/**
 * Arbitrary directions to differentiate in, and batches of inputs.
 */
import * as DTypes from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import { describe } from "@cotangent/tensor/Primitive"
import type { TensorType } from "@cotangent/tensor/Shape"
import * as fc from "fast-check"
import * as Arrays from "./arrays.ts"
import { show } from "./Comparison.ts"
import type { Batch } from "./laws/batching.ts"
import { showBatch } from "./laws/batching.ts"
import type { Directed, Point } from "./Point.ts"

const direction = ({ dtype, shape }: TensorType): fc.Arbitrary<HostArray> => Arrays.array(shape, dtype, Arrays.reals)

const directionOf = (type: TensorType): fc.Arbitrary<HostArray | undefined> =>
  DTypes.isFloat(type.dtype) ? direction(type) : fc.constant(undefined)

/** `point` with tangents, of which some may be missing, cotangents and weights. */
export const directed = <P extends Point>(point: P): fc.Arbitrary<P & Directed> => {
  const free = point.differentiable.map((i) => point.inputs[i])
  return fc
    .record({
      tangents: fc.tuple(...free.map((input) => fc.option(direction(input), { nil: undefined, freq: 4 }))),
      cotangents: fc.tuple(...point.apply(point.inputs.map(constant)).map(directionOf)),
      weights: fc.tuple(...free.map(direction))
    })
    .map((directions) => ({
      ...point,
      ...directions,
      [fc.toStringMethod]: () => showDirected(point, directions)
    }))
}

type Directions = Pick<Directed, "tangents" | "cotangents" | "weights">

/** What a direction is for, and its arrays; nothing where all are zero, which shrinking makes of those without effect. */
const showDirection = (what: string, arrays: ReadonlyArray<HostArray | undefined>): ReadonlyArray<string> =>
  arrays.some((array) => array?.data.some((x) => x !== 0))
    ? [`${what} ${arrays.map((array) => (array === undefined ? "0" : show(array))).join("; ")}`]
    : []

const showDirected = (point: Point, { cotangents, tangents, weights }: Directions): string =>
  [
    showPoint(point),
    ...showDirection("along", tangents),
    ...showDirection("against", cotangents),
    ...showDirection("weighed with", weights)
  ].join("\n")

/** A point as text: what it says of itself, or its inputs. */
const showPoint = (point: Point): string =>
  fc.hasToStringMethod(point) ? fc.stringify(point) : point.inputs.map(show).join("\n")

const sameTypes = (self: Point, that: Point): boolean =>
  self.inputs.length === that.inputs.length && self.inputs.every((x, i) => describe(x) === describe(that.inputs[i]))

/** Batches of batches of up to `most` by `most` of `points`. Where points differ in type, the first stands for others. */
export const batched = (points: fc.Arbitrary<Point>, most = 3): fc.Arbitrary<Batch> =>
  fc.tuple(fc.nat(most), fc.nat(most)).chain(([outer, inner]) => {
    const length = outer * inner + 1
    return fc.array(points, { minLength: length, maxLength: length }).chain((drawn) => {
      const [first] = drawn
      const examples = drawn.map((point) => (sameTypes(first, point) ? point : first).inputs)
      return fc
        .tuple(...first.inputs.map(() => fc.record({ outer: fc.boolean(), inner: fc.boolean() })))
        .map((mapped) => {
          const batch = { apply: first.apply, examples, mapped, outer, inner }
          return { ...batch, [fc.toStringMethod]: () => showBatch(batch) }
        })
    })
  })
