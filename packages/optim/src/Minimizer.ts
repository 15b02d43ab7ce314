/**
 * Minimizers of a function that is known as a whole, such as the loss of all examples: quasi-Newton methods, which learn the
 * curvature from how the gradient changes.
 *
 * A minimizer is a state machine of pure steps. `minimize` runs it within the program; a step compiled by itself serves
 * progress, checkpoints, and pictures of the way.
 */
import { whileLoop } from "@cotangent/autodiff/Control"
import { valueAndGrad } from "@cotangent/autodiff/Gradient"
import { scan } from "@cotangent/autodiff/Scan"
import type { Float } from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Counter } from "./GradientTransformation.ts"
import { noSteps } from "./GradientTransformation.ts"
import type { Wolfe } from "./internal/lineSearch.ts"
import { search } from "./internal/lineSearch.ts"
import type { Vector } from "./internal/vector.ts"
import { layoutOf } from "./internal/vector.ts"
import type { Scalar } from "./Schedule.ts"

export type { Vector } from "./internal/vector.ts"

/** What is minimized: a scalar of the parameters. */
export type Objective<P> = (params: P) => Scalar

/** Where a minimization stands. */
export interface Minimization<P, Memory> {
  readonly params: P
  readonly loss: Scalar
  /** The gradient, all leaves in one row. */
  readonly gradient: Vector
  /** What the method knows of the curvature. */
  readonly memory: Memory
  /** Steps done. */
  readonly steps: Counter
  /** How often loss and gradient were computed. */
  readonly evaluations: Counter
  /** The greatest element of the gradient is small enough. */
  readonly isConverged: Tensor.Tensor<readonly [], "bool">
  /** No step along the last direction lowered the loss: rounding allows no more. */
  readonly isStuck: Tensor.Tensor<readonly [], "bool">
}

/** A method of minimization. */
export interface Minimizer<Memory> {
  /** Where it begins. **Throws** `ArgumentError` without parameters, `ShapeError` unless the objective is a scalar. */
  readonly init: <P>(objective: Objective<P>, params: P) => Minimization<P, Memory>
  /** The next step; one that has converged or is stuck stays as it is only if nobody asks for the next. */
  readonly step: <P>(objective: Objective<P>, before: Minimization<P, Memory>) => Minimization<P, Memory>
}

/** What all methods can be told. */
export interface MinimizerOptions {
  /** The greatest element of the gradient at which it has converged; 10⁻⁵ unless stated. */
  readonly tolerance?: number
  /** Evaluations of one search along a line; 25 unless stated. */
  readonly evaluations?: number
  /** How much of the decrease that the slope promises a step has to keep; 10⁻⁴ unless stated. */
  readonly decrease?: number
  /** How much of the slope along the direction a step may leave; 0.9 unless stated. */
  readonly curvature?: number
}

/** A change of the parameters, and that of the gradient with it. */
interface Change {
  readonly moved: Vector
  readonly turned: Vector
  /** Their product, above 0: the loss bends upwards between both ends. */
  readonly product: Scalar
}

/** What a method makes of curvature. */
interface Curvature<Memory> {
  readonly name: string
  readonly init: (gradient: Vector) => Memory
  /** The direction to go, `−H · gradient` with an approximation `H` of the inverse Hessian. */
  readonly direction: (memory: Memory, gradient: Vector) => Vector
  readonly learn: (memory: Memory, change: Change) => Memory
}

const dot = (a: Vector, b: Vector): Scalar => Tensor.sum(Tensor.mul(a, b))
const along = (x: Vector, direction: Vector, step: Scalar): Vector => Tensor.add(x, Tensor.mul(direction, step))

const minimizer = <Memory>(
  { direction, init, learn, name }: Curvature<Memory>,
  { curvature = 0.9, decrease = 1e-4, evaluations = 25, tolerance = 1e-5 }: MinimizerOptions
): Minimizer<Memory> => {
  if (!(decrease > 0 && decrease < curvature && curvature < 1)) {
    throw new ArgumentError({
      operation: `Minimizer.${name}`,
      expected: "0 < decrease < curvature < 1",
      received: `${decrease} and ${curvature}`
    })
  }
  const wolfe: Wolfe = { curvature, decrease, evaluations }
  const isSmall = (gradient: Vector) => Tensor.lessEqual(Tensor.max(Tensor.abs(gradient)), tolerance)
  /** Loss and gradient as functions of a vector. */
  const evaluator = <P>(objective: Objective<P>, params: P) => {
    const layout = layoutOf(params)
    const valueAndGradient = valueAndGrad((x: Vector) => {
      const loss = objective(layout.toTree(x))
      // What the loss is computed in may be less than what the steps are.
      return Tensor.cast(loss, x.dtype)
    })
    return {
      layout,
      at: (x: Vector) => {
        const [loss, gradient] = valueAndGradient(x)
        return { loss, gradient }
      }
    }
  }
  return {
    init: (objective, params) => {
      const { at, layout } = evaluator(objective, params)
      const { gradient, loss } = at(layout.toVector(params))
      return {
        params,
        loss,
        gradient,
        memory: init(gradient),
        steps: noSteps(),
        evaluations: Tensor.full([], 1, "i32"),
        isConverged: isSmall(gradient),
        isStuck: Tensor.full([], 0, "bool")
      }
    },
    step: (objective, before) => {
      const { at, layout } = evaluator(objective, before.params)
      const [x, steepest] = [layout.toVector(before.params), Tensor.neg(before.gradient)]
      const proposed = direction(before.memory, before.gradient)
      // Rounding can turn it upwards.
      const isDown = Tensor.less(dot(proposed, before.gradient), 0)
      const way: Vector = Tensor.where(isDown, proposed, steepest)
      // Nothing is known of the curvature before the first step: it has at most the length 1.
      const length = Tensor.sqrt(dot(way, way))
      const first = Tensor.where(Tensor.greater(before.steps, 0), 1, Tensor.minimum(Tensor.reciprocal(length), 1))
      const found = search((step) => at(along(x, way, step)), { direction: way, first, start: before }, wolfe)
      const moved = Tensor.mul(way, found.step)
      const turned = Tensor.sub(found.gradient, before.gradient)
      return {
        params: layout.toTree(along(x, way, found.step)),
        loss: found.loss,
        gradient: found.gradient,
        memory: learn(before.memory, { moved, turned, product: dot(moved, turned) }),
        steps: Tensor.add(before.steps, 1),
        evaluations: Tensor.add(before.evaluations, found.evaluations),
        isConverged: isSmall(found.gradient),
        isStuck: Tensor.lessEqual(found.step, 0)
      }
    }
  }
}

/** Whether a change says something of the curvature that numbers can hold. */
const isTelling = ({ product, turned }: Change) =>
  Tensor.greater(product, Tensor.mul(dot(turned, turned), Number.EPSILON))

/** `1 / x`, or 0 where `isKnown` is false. */
const inverseOf = (x: Scalar, isKnown: Tensor.Tensor<readonly [], "bool">): Scalar =>
  Tensor.where(isKnown, Tensor.reciprocal(Tensor.where(isKnown, x, 1)), 0)

/** What BFGS knows. */
export interface Inverse {
  /** The approximation of the inverse Hessian. */
  readonly inverse: Tensor.Tensor<readonly [number, number], Float>
  /** Whether it is still the identity. */
  readonly isFresh: Tensor.Tensor<readonly [], "bool">
}

/**
 * The method of Broyden, Fletcher, Goldfarb and Shanno, with a search for steps that satisfy the strong Wolfe conditions. It
 * keeps a whole matrix, of as many rows and columns as there are parameters: for up to some hundreds of them.
 *
 * **Throws** `ArgumentError` unless `0 < decrease < curvature < 1`. **Source** Nocedal & Wright 2006, algorithm 6.1, with the
 * first scale of equation 6.20.
 */
export const bfgs = (options: MinimizerOptions = {}): Minimizer<Inverse> =>
  minimizer<Inverse>(
    {
      name: "bfgs",
      init: ({ dtype, shape: [n] }) => ({ inverse: Tensor.eye(n, { dtype }), isFresh: Tensor.full([], 1, "bool") }),
      direction: ({ inverse }, gradient) => Tensor.neg(Tensor.matmul(inverse, gradient)),
      learn: ({ inverse, isFresh }, change) => {
        const { moved, product, turned } = change
        const isKnown = isTelling(change)
        const rho = inverseOf(product, isKnown)
        const scale = Tensor.where(isFresh, Tensor.mul(product, inverseOf(dot(turned, turned), isKnown)), 1)
        const scaled = Tensor.mul(inverse, scale)
        // (1 − ρ s yᵀ) H (1 − ρ y sᵀ) + ρ s sᵀ, with H y computed once.
        const bent: Vector = Tensor.matmul(scaled, turned)
        const factor = Tensor.mul(rho, Tensor.add(Tensor.mul(rho, dot(turned, bent)), 1))
        const crossed = Tensor.mul(Tensor.outer(moved, bent), rho)
        const next = Tensor.add(
          Tensor.sub(Tensor.sub(scaled, crossed), Tensor.transpose(crossed)),
          Tensor.mul(Tensor.outer(moved, moved), factor)
        )
        return {
          inverse: Tensor.where(isKnown, next, inverse),
          isFresh: Tensor.logicalAnd(isFresh, Tensor.logicalNot(isKnown))
        }
      }
    },
    options
  )

/** Floats whose first axis is one of steps. */
type Rows = Tensor.Tensor<Tensor.Shape, Float>

/** What L-BFGS knows: the last changes, the newest last. */
export interface Changes {
  readonly moved: Tensor.Tensor<readonly [number, number], Float>
  readonly turned: Tensor.Tensor<readonly [number, number], Float>
  /** The inverse of the product of both; 0 where there is no change yet. */
  readonly inverse: Tensor.Tensor<readonly [number], Float>
  /** How long a unit of gradient is in parameters: of the last change, their product over the square of the gradient's. */
  readonly scale: Scalar
}

/**
 * BFGS with limited memory: only the last `memory` changes are kept, 10 unless stated, so that it serves any number of
 * parameters.
 *
 * **Throws** `ArgumentError` unless `0 < decrease < curvature < 1` and `memory` is a whole number from 1.
 *
 * **Source** Nocedal & Wright 2006, algorithms 7.4 and 7.5.
 *
 * **Example** (The bottom of a bowl)
 *
 * ```ts run
 * const bowl = ({ x }: { readonly x: Tensor.Tensor<readonly [2], "f64"> }) =>
 *   Tensor.sum(Tensor.mul(Tensor.square(Tensor.sub(x, 3)), Tensor.of([1, 100], "f64")))
 * const { isConverged, params } = Minimizer.minimize(Minimizer.lbfgs(), bowl, { x: Tensor.zeros([2], "f64") })
 * await evaluate(isConverged) // => true
 * await evaluate(Tensor.round(Tensor.mul(params.x, 1000))) // => [3000, 3000]
 * ```
 */
export const lbfgs = ({
  memory = 10,
  ...options
}: MinimizerOptions & { readonly memory?: number } = {}): Minimizer<Changes> => {
  if (!Number.isInteger(memory) || memory < 1) {
    throw new ArgumentError({ operation: "Minimizer.lbfgs", expected: "a memory from 1", received: String(memory) })
  }
  return minimizer<Changes>(
    {
      name: "lbfgs",
      init: ({ dtype, shape: [n] }) => ({
        moved: Tensor.zeros([memory, n], dtype),
        turned: Tensor.zeros([memory, n], dtype),
        inverse: Tensor.zeros([memory], dtype),
        scale: Tensor.full([], 1, dtype)
      }),
      direction: ({ inverse, moved, scale, turned }, gradient) => {
        const [left, weights] = scan(
          (q: Vector, change: { readonly s: Vector; readonly y: Vector; readonly rho: Scalar }) => {
            const weight = Tensor.mul(dot(change.s, q), change.rho)
            return [along(q, change.y, Tensor.neg(weight)), weight] as const
          },
          gradient,
          { s: moved, y: turned, rho: inverse },
          { reverse: true }
        )
        const [bent] = scan(
          (
            r: Vector,
            change: { readonly s: Vector; readonly y: Vector; readonly rho: Scalar; readonly weight: Scalar }
          ) => {
            const other = Tensor.mul(dot(change.y, r), change.rho)
            return [along(r, change.s, Tensor.sub(change.weight, other)), undefined] as const
          },
          Tensor.mul(left, scale),
          { s: moved, y: turned, rho: inverse, weight: weights }
        )
        return Tensor.neg(bent)
      },
      learn: (before, change) => {
        const { moved, product, turned } = change
        const isKnown = isTelling(change)
        /** `rows` without the first, and `row` after the last. */
        const pushed = <T extends Rows>(rows: T, row: Rows): T => {
          const next: Rows = Tensor.concatenate([Tensor.slice(rows, { start: [1] }), Tensor.expandDims(row, 0)])
          // There are as many rows as before.
          return Tensor.where(isKnown, next, rows as Rows) as T
        }
        return {
          moved: pushed(before.moved, moved),
          turned: pushed(before.turned, turned),
          inverse: pushed(before.inverse, inverseOf(product, isKnown)),
          scale: Tensor.where(isKnown, Tensor.mul(product, inverseOf(dot(turned, turned), isKnown)), before.scale)
        }
      }
    },
    options
  )
}

/**
 * Steps until the gradient vanishes, no step lowers the loss, or `steps` (100 unless stated) are done; all within the program.
 *
 * It has no reverse mode, as `whileLoop` has none. **Throws** as `init` of the minimizer.
 */
export const minimize = <P, Memory>(
  { init, step }: Minimizer<Memory>,
  objective: Objective<P>,
  params: P,
  { steps = 100 }: { readonly steps?: number } = {}
): Minimization<P, Memory> =>
  whileLoop(
    ({ isConverged, isStuck, steps: done }: Minimization<P, Memory>) =>
      Tensor.logicalAnd(Tensor.less(done, steps), Tensor.logicalNot(Tensor.logicalOr(isConverged, isStuck))),
    (state) => step(objective, state),
    init(objective, params)
  )
