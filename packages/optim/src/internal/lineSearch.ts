/**
 * A step length along a direction that satisfies the strong Wolfe conditions, as a loop with one evaluation per run.
 *
 * Along the direction `φ(t)` is the loss and `φ'(t)` its slope. A step is taken if it lowers the loss enough, `φ(t) ≤ φ(0) +
 * c₁ t φ'(0)`, and is level enough, `|φ'(t)| ≤ c₂ |φ'(0)|`. Where losses differ by their rounding alone, only slopes tell
 * which way is down: there any loss within it is low enough, as in Hager & Zhang 2005, equation 4.1. **Source** Nocedal & Wright 2006, algorithms 3.5 and 3.6, as one
 * machine: `low` is the best step so far that lowers the loss enough, `high` the other end of an interval that holds steps
 * that are wanted, once one is known.
 */
import { whileLoop } from "@cotangent/autodiff/Control"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import type { Counter } from "../GradientTransformation.ts"
import type { Scalar } from "../Schedule.ts"
import type { Vector } from "./vector.ts"

type Truth = Tensor.Tensor<readonly [], "bool">

/** A step along the direction, the loss there, and its slope along the direction. */
interface Place {
  readonly step: Scalar
  readonly loss: Scalar
  readonly slope: Scalar
}

/** A place, and the gradient there. */
interface Visited extends Place {
  readonly gradient: Vector
}

/** What decides which steps are good enough. */
export interface Wolfe {
  /** How much of the decrease that the slope promises a step has to keep. */
  readonly decrease: number
  /** How much of the slope may be left. */
  readonly curvature: number
  /** How often the loss may be looked at. */
  readonly evaluations: number
}

/** What the search has found. */
export interface Found {
  readonly step: Scalar
  readonly loss: Scalar
  readonly gradient: Vector
  readonly evaluations: Counter
}

interface Search {
  readonly low: Visited
  readonly high: Place
  readonly isBracketed: Truth
  readonly trial: Scalar
  readonly isDone: Truth
  readonly evaluations: Counter
}

const select = <T extends Place>(condition: Truth, ifTrue: T, ifFalse: NoInfer<T>): T =>
  Tree.zipWith(ifTrue, ifFalse, (a, b) => {
    const chosen: Tensor.Tensor = Tensor.where(condition, a as Tensor.Tensor, b as Tensor.Tensor)
    // The condition is a scalar.
    return chosen as typeof a
  })

/** A place without its gradient. */
const place = ({ loss, slope, step }: Place): Place => ({ step, loss, slope })

/**
 * The minimum of the cubic through two places with their slopes; their middle where it is near an end, or no number.
 *
 * **Source** Nocedal & Wright 2006, equation 3.59.
 */
const between = (a: Place, b: Place): Scalar => {
  const width = Tensor.sub(b.step, a.step)
  const secant = Tensor.div(Tensor.sub(b.loss, a.loss), width)
  const d1 = Tensor.sub(Tensor.add(a.slope, b.slope), Tensor.mul(secant, 3))
  const root = Tensor.sqrt(Tensor.sub(Tensor.square(d1), Tensor.mul(a.slope, b.slope)))
  const d2 = Tensor.where(Tensor.less(width, 0), Tensor.neg(root), root)
  const numerator = Tensor.sub(Tensor.add(b.slope, d2), d1)
  const share = Tensor.sub(1, Tensor.div(numerator, Tensor.add(Tensor.sub(b.slope, a.slope), Tensor.mul(d2, 2))))
  // A comparison with NaN is false.
  const isInside = Tensor.logicalAnd(Tensor.greaterEqual(share, 0.1), Tensor.lessEqual(share, 0.9))
  return Tensor.add(a.step, Tensor.mul(width, Tensor.where(isInside, share, 0.5)))
}

/**
 * Looks for a step, beginning with `first`. Where the evaluations do not suffice it is the best one that was seen, which may
 * be 0.
 */
export const search = (
  evaluate: (step: Scalar) => { readonly loss: Scalar; readonly gradient: Vector },
  {
    direction,
    first,
    start
  }: { readonly direction: Vector; readonly first: Scalar; readonly start: Omit<Found, "step" | "evaluations"> },
  { curvature, decrease, evaluations: limit }: Wolfe
): Found => {
  const slopeOf = (gradient: Vector): Scalar => Tensor.sum(Tensor.mul(gradient, direction))
  const { gradient, loss } = start
  const origin: Visited = { step: Tensor.zerosLike(first), loss, slope: slopeOf(gradient), gradient }
  const initial: Search = {
    low: origin,
    high: place(origin),
    isBracketed: Tensor.full([], 0, "bool"),
    trial: first,
    isDone: Tensor.full([], 0, "bool"),
    evaluations: Tensor.full([], 0, "i32")
  }
  const noise = Tensor.mul(Tensor.abs(loss), 8 * (loss.dtype === "f64" ? Number.EPSILON : 2 ** -23))
  const advance = ({ evaluations, high, isBracketed, low, trial }: Search): Search => {
    const { gradient, loss } = evaluate(trial)
    const here: Visited = { step: trial, loss, slope: slopeOf(gradient), gradient }
    const bound = Tensor.add(origin.loss, Tensor.mul(Tensor.mul(trial, origin.slope), decrease))
    // Not as `greater`: a loss that is no number is too high.
    const isLower = Tensor.logicalAnd(Tensor.lessEqual(loss, bound), Tensor.less(loss, low.loss))
    const isSame = Tensor.lessEqual(Tensor.abs(Tensor.sub(loss, origin.loss)), noise)
    const isLow = Tensor.logicalOr(isLower, isSame)
    const isLevel = Tensor.lessEqual(Tensor.abs(here.slope), Tensor.mul(Tensor.neg(origin.slope), curvature))
    // Where the loss rises from `here` on towards `high`, what is wanted lies between `low` and `here`.
    const towards = Tensor.where(isBracketed, Tensor.sub(high.step, low.step), 1)
    const isBeyond = Tensor.greaterEqual(Tensor.mul(here.slope, towards), 0)
    const nextLow = select(isLow, here, low)
    const nextHigh = select(isLow, select(isBeyond, place(low), high), place(here))
    const bracketed = Tensor.logicalOr(isBracketed, Tensor.logicalOr(Tensor.logicalNot(isLow), isBeyond))
    return {
      low: nextLow,
      high: nextHigh,
      isBracketed: bracketed,
      trial: Tensor.where(bracketed, between(nextLow, nextHigh), Tensor.mul(trial, 2)),
      isDone: Tensor.logicalAnd(isLow, isLevel),
      evaluations: Tensor.add(evaluations, 1)
    }
  }
  const { evaluations, isDone, low } = whileLoop(
    ({ evaluations, isDone }: Search) => Tensor.logicalAnd(Tensor.logicalNot(isDone), Tensor.less(evaluations, limit)),
    advance,
    initial
  )
  // Within its rounding a loss is as good as another only if the slope has said so.
  const isFound = Tensor.logicalOr(isDone, Tensor.less(low.loss, origin.loss))
  const best = select(isFound, low, origin)
  return { step: best.step, loss: best.loss, gradient: best.gradient, evaluations }
}
