/** Which windows hold an element, along one axis: what `overlapAdd` sums over. */
import * as Affine from "../Affine.ts"
import type { Scalar } from "../Scalar.ts"
import * as S from "../Scalar.ts"
import { clampIndex } from "./clampIndex.ts"

/** Windows along one axis: `window · stride + offset · dilation` is where their elements stand. */
export interface Axis {
  /** How many windows there are, and how many elements each has. */
  readonly count: number
  readonly kernel: number
  readonly stride: number
  readonly dilation: number
}

/** An element of a window, which is the one asked for if all conditions hold; in range in any case. */
export interface Cover {
  readonly window: Scalar
  readonly offset: Scalar
  readonly conditions: ReadonlyArray<Scalar>
}

/** At most one window for each of some rounds, by ascending offset. */
export interface Covering {
  readonly rounds: number
  readonly at: (round: Scalar) => Cover
}

/**
 * The windows that hold the element at `place`. Offsets that solve `window · stride + offset · dilation = place` for
 * some window are `stride` apart, so there are fewer rounds than elements of a window: one where none overlap.
 */
export const covering = (place: Scalar, { count, kernel, ...steps }: Axis): Covering => {
  const common = greatestCommonDivisor(steps.stride, steps.dilation)
  const [stride, dilation] = [steps.stride / common, steps.dilation / common]
  const rounds = Math.ceil(kernel / stride)
  const reduced = Affine.quotient(place, common)
  const onGrid = common === 1 ? [] : [S.equal(Affine.remainder(place, common), S.constant(0))]
  const first = Affine.remainder(S.mul(reduced, S.constant(inverse(dilation, stride))), stride)
  const at = (round: Scalar): Cover => {
    const offset = within(affine(S.add(first, S.mul(round, S.constant(stride)))), kernel)
    if (dilation === 1) {
      const window = within(affine(S.sub(Affine.quotient(reduced, stride), round)), count)
      return {
        window: window.place,
        offset: offset.place,
        conditions: [...onGrid, ...offset.conditions, ...window.conditions]
      }
    }
    const start = within(affine(S.sub(reduced, S.mul(offset.place, S.constant(dilation)))), (count - 1) * stride + 1)
    return {
      window: Affine.quotient(start.place, stride),
      offset: offset.place,
      conditions: [...onGrid, ...offset.conditions, ...start.conditions]
    }
  }
  return { rounds, at }
}

const affine = (scalar: Scalar): Scalar => Affine.toScalar(Affine.of(scalar))

/** `index` moved into `[0, extent)`, and what tells whether it was there. */
const within = (
  index: Scalar,
  extent: number
): { readonly place: Scalar; readonly conditions: ReadonlyArray<Scalar> } => {
  const [low, high] = Affine.bounds(Affine.of(index))
  return {
    place: clampIndex(index, extent),
    conditions: [
      ...(low < 0 ? [S.lessEqual(S.constant(0), index)] : []),
      ...(high >= extent ? [S.less(index, S.constant(extent))] : [])
    ]
  }
}

const greatestCommonDivisor = (x: number, y: number): number => (y === 0 ? x : greatestCommonDivisor(y, x % y))

/** The number that `x` times is 1 modulo `modulus`, which has no divisor in common with it. */
const inverse = (x: number, modulus: number): number => {
  let result = 1
  while ((result * x) % modulus !== 1 % modulus) result++
  return result
}
