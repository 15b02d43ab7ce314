/**
 * Choice and repetition inside of programs.
 */
import type { DType } from "@cotangent/tensor/DType"
import { ArgumentError, DTypeError, ShapeError } from "@cotangent/tensor/errors"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { isTensor } from "@cotangent/tensor/Primitive"
import { parameter } from "@cotangent/tensor/Program"
import * as Tree from "@cotangent/tensor/Tree"
import { choose } from "./internal/branch.ts"
import { close } from "./internal/closure.ts"
import { leavesLike } from "./internal/held.ts"
import { repeatWhile } from "./internal/while.ts"
import type { Slice, Stacked } from "./Scan.ts"
import { scan } from "./Scan.ts"

/** A scalar of truth. */
export type Truth = Tensor<readonly [], "bool">

/** **Throws** unless `value` is a scalar of bool. */
const checkTruth = (operation: string, what: string, value: unknown): Tensor => {
  if (!isTensor(value)) {
    throw new ArgumentError({ operation, expected: `${what} to be a tensor`, received: typeof value })
  }
  if (value.shape.length > 0) {
    throw new ShapeError({
      operation,
      expected: `${what} to be a scalar`,
      received: [value.shape],
      hint: "for a choice by element use Tensor.where"
    })
  }
  // The type says bool, which nobody checks in JavaScript.
  const dtype: DType = value.dtype
  if (dtype !== "bool") {
    throw new DTypeError({
      operation,
      expected: `${what} to be bool`,
      received: [dtype],
      hint: "compare it, as in Tensor.greater(x, 0)"
    })
  }
  return value
}

/**
 * The value of `ifTrue` or of `ifFalse` at `operands`, trees of tensors, as `predicate` says when the program runs. Only
 * the one that is chosen is computed, and only its derivative; under `vmap` both are, where the predicate depends on the
 * example. Both give trees of the same types. What a branch reads without depending on its operands is computed before,
 * whichever is chosen: pass as an operand what shall be left undone.
 *
 * **Throws** `ShapeError`, `DTypeError`, `ArgumentError` naming the leaf where both values differ in type, and where
 * `predicate` is no scalar of bool.
 *
 * **Example** (A root that looks before it leaps)
 *
 * ```ts run
 * const root = (x: Tensor.Tensor<readonly []>) =>
 *   cond(Tensor.greater(x, 0), (y) => Tensor.sqrt(y), (y) => Tensor.mul(y, 0), x)
 * await evaluate(root(Tensor.of(9))) // => 3
 * await evaluate(grad(root)(Tensor.of(0))) // => 0
 * await evaluate(vmap(root)(Tensor.of([-1, 4]))) // => [0, 2]
 * ```
 */
export const cond = <A extends ReadonlyArray<unknown>, O>(
  predicate: Truth,
  ifTrue: (...operands: A) => O,
  ifFalse: (...operands: A) => NoInfer<O>,
  ...operands: A
): O => {
  const truth = checkTruth("cond", "the predicate", predicate)
  const { leaves, structure } = Tree.flatten(operands)
  const holes = leaves.map(parameter)
  const given = Tree.restore(structure, holes)
  const value = Tree.flatten(ifTrue(...given))
  const others = leavesLike(
    { operation: "cond", what: "values of both branches" },
    value.structure,
    ifFalse(...given),
    true
  )
  const { body, constants } = close(holes, [...value.leaves, ...others])
  const results = choose(truth, [...constants, ...leaves], {
    parameters: body.parameters,
    ifTrue: body.results.slice(0, others.length),
    ifFalse: body.results.slice(others.length)
  })
  return Tree.restore(value.structure, results)
}

/**
 * Runs `body` on a state, a tree of tensors, as long as `condition` is true of it: at first of `init`, then of what the
 * run before has given. The result is the first state of which it is false. Under `vmap` the loop ends when it has ended
 * for all examples.
 *
 * It has no reverse mode, as nobody knows how many states to keep: `scan` has.
 *
 * **Throws** `ShapeError`, `DTypeError`, `ArgumentError` naming the leaf where the state changes its type, and where the
 * condition gives no scalar of bool; `ArgumentError` in reverse mode.
 *
 * **Example** (The root of a number, by Newton's method)
 *
 * ```ts run
 * const root = (a: Tensor.Tensor<readonly []>) =>
 *   whileLoop(
 *     (x) => Tensor.greater(Tensor.abs(Tensor.sub(Tensor.mul(x, x), a)), 1e-3),
 *     (x) => Tensor.mul(Tensor.add(x, Tensor.div(a, x)), 0.5),
 *     a
 *   )
 * Math.round(100 * (await evaluate(root(Tensor.of(9))))) // => 300
 * ```
 */
export const whileLoop = <S>(condition: (state: S) => Truth, body: (state: S) => NoInfer<S>, init: S): S => {
  const { leaves, structure } = Tree.flatten(init)
  const holes = leaves.map(parameter)
  const state = Tree.restore(structure, holes)
  const test = checkTruth("whileLoop", "the condition", condition(state))
  const next = leavesLike({ operation: "whileLoop", what: "states" }, structure, body(state), true)
  const { body: closed, constants } = close(holes, [test, ...next])
  const [closedTest, ...results] = closed.results
  const last = repeatWhile({
    parameters: closed.parameters,
    inputs: [...constants, ...leaves],
    constants: constants.length,
    condition: closedTest,
    next: results
  })
  return Tree.restore(structure, last)
}

/**
 * Runs `f` on each slice of `xs` along the first axis, one after the other, and stacks what it gives. It computes what
 * `vmap` computes, in the memory of a single run.
 *
 * **Throws** as `scan`.
 *
 * **Example** (Row by row)
 *
 * ```ts run
 * const total = (row: Tensor.Tensor<readonly [2]>) => Tensor.sum(row)
 * await evaluate(map(total, Tensor.of([[1, 2], [3, 4]]))) // => [3, 7]
 * ```
 */
export const map = <X, Y>(f: (x: Slice<X>) => Y, xs: X): Stacked<Y> =>
  scan((carry: undefined, x: Slice<X>) => [carry, f(x)] as const, undefined, xs)[1]
