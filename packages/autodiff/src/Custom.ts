/**
 * Functions that bring a derivative of their own.
 */
import * as DTypes from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { AnyPrimitive, Cotangent, Tensor } from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"
import { parameter, substitute } from "@cotangent/tensor/Program"
import * as Tree from "@cotangent/tensor/Tree"
import { close } from "./internal/closure.ts"
import type { Custom, LinearRule } from "./internal/custom.ts"
import { custom } from "./internal/custom.ts"
import { fill, leavesLike } from "./internal/held.ts"
import { isDefined, place } from "./internal/marks.ts"

/** Cotangents of arguments `A`; `undefined` for one that receives none. */
export type Cotangents<A extends ReadonlyArray<unknown>> = { readonly [K in keyof A]: A[K] | undefined }

const withVjp = custom("customVjp")
const withJvp = custom("customJvp")

/**
 * `f` with a derivative of its own in reverse mode. `forward` gives the value and what `backward` needs to know of the
 * computation, anything at all; `backward` gives the cotangents of all arguments for the cotangent of the value. Trees
 * throughout.
 *
 * Forward mode takes the transpose of `backward`, which has to be linear in the cotangent. Neither mode differentiates
 * by what `f` closes over.
 *
 * **Throws** `ArgumentError`, `ShapeError`, `DTypeError` where `forward` has another value than `f` or a cotangent is
 * not like its argument, `ArgumentError` for a derivative by what `f` closes over.
 *
 * **Example** (A logarithm whose gradient stays below 1)
 *
 * ```ts run
 * const log = customVjp(
 *   (x: Tensor.Tensor<readonly []>) => Tensor.log(x),
 *   (x) => [Tensor.log(x), x],
 *   (x, cotangent) => [Tensor.div(cotangent, Tensor.maximum(x, 1))]
 * )
 * await evaluate(grad(log)(Tensor.of(0.01))) // => 1
 * await evaluate(grad(log)(Tensor.of(4))) // => 0.25
 * ```
 */
export const customVjp =
  <A extends ReadonlyArray<unknown>, O, R>(
    f: (...args: A) => O,
    forward: (...args: A) => readonly [value: NoInfer<O>, residuals: R],
    backward: (residuals: NoInfer<R>, cotangent: NoInfer<O>) => Cotangents<NoInfer<A>>
  ) =>
  (...args: A): O =>
    invoke(withVjp, f, args, ({ args: each, structure, value }) => (inputs, cotangents) => {
      // The rule sees inputs of the types of the arguments.
      const [again, residuals] = forward(...Tree.restore(structure, inputs))
      leavesLike({ operation: "customVjp", what: "values of the function and of forward" }, value, again, true)
      const pulled: ReadonlyArray<unknown> = backward(residuals, fill(value, cotangents))
      if (!Array.isArray(pulled) || pulled.length !== each.length) {
        throw new ArgumentError({
          operation: "customVjp",
          expected: `cotangents of ${each.length} arguments`,
          received: Array.isArray(pulled) ? `${pulled.length} of them` : typeof pulled
        })
      }
      return each.flatMap((argument, i): ReadonlyArray<Cotangent> => {
        if (pulled[i] === undefined) return argument.types.map(() => undefined)
        return leavesLike({ operation: "customVjp", what: `cotangents of argument ${i}` }, argument, pulled[i])
      })
    })

/**
 * `f` with a derivative of its own in forward mode: `rule` gives the tangent of the value, a tree like it, for arguments
 * and tangents of them. It has to be linear in the tangents; reverse mode is its transpose. Neither mode differentiates by
 * what `f` closes over.
 *
 * **Throws** `ArgumentError`, `ShapeError`, `DTypeError` where the tangent is not like the value, `ArgumentError` for a
 * derivative by what `f` closes over.
 *
 * **Example** (The derivative of a norm where it has none)
 *
 * ```ts run
 * const norm = customJvp(
 *   (x: Tensor.Tensor<readonly [2]>) => Tensor.sqrt(Tensor.sum(Tensor.mul(x, x))),
 *   ([x], [dx]) => Tensor.div(Tensor.sum(Tensor.mul(x, dx)), Tensor.maximum(norm(x), 1e-12))
 * )
 * await evaluate(grad(norm)(Tensor.of([3, 4]))) // => [0.6, 0.8]
 * await evaluate(grad(norm)(Tensor.of([0, 0]))) // => [0, 0]
 * ```
 */
export const customJvp =
  <A extends ReadonlyArray<unknown>, O>(f: (...args: A) => O, rule: (primals: A, tangents: A) => NoInfer<O>) =>
  (...args: A): O =>
    invoke(withJvp, f, args, ({ structure, value }) => (inputs, tangents) => {
      const tangent = rule(Tree.restore(structure, inputs), fill(structure, tangents))
      const leaves = leavesLike({ operation: "customJvp", what: "tangents" }, value, tangent)
      return leaves.map((leaf) => (DTypes.isFloat(leaf.dtype) ? leaf : undefined))
    })

/** What a rule knows of the function it belongs to. */
interface Context<A, O> {
  readonly structure: Tree.Structure<A>
  readonly args: ReadonlyArray<Tree.Structure>
  readonly value: Tree.Structure<O>
}

/** Calls `f` with a rule on leaves in place of its derivative. */
const invoke = <A extends ReadonlyArray<unknown>, O>(
  primitive: AnyPrimitive,
  f: (...args: A) => O,
  args: A,
  ruleOf: (context: Context<A, O>) => LinearRule
): O => {
  const { leaves, structure } = Tree.flatten(args)
  const parameters = leaves.map(parameter)
  const { leaves: results, structure: value } = Tree.flatten(f(...Tree.restore(structure, parameters)))
  const { body, constants } = close(parameters, results)
  const rule = ruleOf({ structure, args: args.map((arg) => Tree.structure(arg)), value })
  const isPush = primitive === withJvp
  const count = constants.length
  const params: Custom = {
    body,
    constants: count,
    rule: (inputs, directions) => {
      const found = rule(inputs.slice(count), isPush ? directions.slice(count) : directions)
      const moved = follow(constants, inputs, found)
      return isPush ? moved : [...constants.map(() => undefined), ...moved]
    }
  }
  return Tree.restore(value, apply(primitive, [...constants, ...leaves], params))
}

/** What a rule shares with its function through a closure is replaced where the function's has been. */
const follow = (
  constants: ReadonlyArray<Tensor>,
  inputs: ReadonlyArray<Tensor>,
  found: ReadonlyArray<Cotangent>
): ReadonlyArray<Cotangent> =>
  place(found.map(isDefined), substitute({ parameters: constants, results: found.filter(isDefined) }, inputs))
