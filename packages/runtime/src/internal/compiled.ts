/**
 * Compiled functions: traced once for each structure of their arguments, then run without building anything.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import { hostArray } from "@cotangent/tensor/primitive/leaf"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { describe } from "@cotangent/tensor/Primitive"
import { parameter } from "@cotangent/tensor/Program"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Buffer } from "../Buffer.ts"
import { bufferOf, isRealized } from "../Buffer.ts"
import type { DeviceError } from "../errors.ts"
import { UseAfterRelease } from "../errors.ts"
import type { Engine, Run } from "./engine.ts"
import { runOf } from "./engine.ts"
import { close, leavesOf } from "./leaves.ts"
import type { Structure } from "./structure.ts"
import { build, countLeaves, difference, matches, paths, structureOf } from "./structure.ts"

/** A function on values that hold tensors. */
export type Traceable = (...args: ReadonlyArray<unknown>) => unknown

/** A `Traceable` on a device. */
export type Compiled = (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, DeviceError, Scope.Scope>

/** How a function is compiled. */
export interface Options {
  readonly name: string
  readonly donate: ReadonlyArray<number>
}

/** A function for one structure of its arguments. */
interface Signature {
  readonly args: Structure
  readonly run: Run
  /** Inputs after the arguments: what the function reads from outside. */
  readonly captured: ReadonlyArray<Buffer>
  readonly result: Structure
}

/** Signatures after which a function is said to keep recompiling. */
const expected = 8

/** Signatures that a function remembers; what comes later is traced at every call. */
const remembered = 64

/** Compiles `f` for as long as `home` is open. */
export const make = (engine: Engine, f: Traceable, options: Options, home: Scope.Scope): Compiled => {
  const signatures: Array<Signature> = []
  const uploads = new WeakMap<HostArray, Tensor>()
  let traced = 0

  /** The signature that `args` have, and their tensors; what was used last is tried first. */
  const find = (args: ReadonlyArray<unknown>, leaves: Array<Tensor>): Signature | undefined => {
    for (let i = 0; i < signatures.length; i++) {
      leaves.length = 0
      const signature = signatures[i]
      if (!matches(signature.args, args, leaves)) continue
      if (i > 0) signatures.unshift(...signatures.splice(i, 1))
      return signature
    }
    return undefined
  }

  /** The buffers of what `f` reads from outside; host data is uploaded once. */
  const capture = Effect.fnUntraced(function* (leaves: ReadonlyArray<Tensor>, scope: Scope.Scope) {
    const buffers: Array<Buffer> = []
    for (const leaf of leaves) {
      const array = hostArray(leaf)
      const known = array === undefined ? leaf : uploads.get(array)
      const [tensor] = known === undefined ? yield* engine.realize([leaf], scope) : [known]
      if (array !== undefined && scope === home) uploads.set(array, tensor)
      buffers.push(bufferOf(tensor)!) // `leavesOf` lets through host data and realized tensors only
    }
    return buffers
  })

  /** Calls `f` on parameters and compiles what it returns, for as long as `scope` is open. */
  const trace = Effect.fnUntraced(function* (args: ReadonlyArray<unknown>, scope: Scope.Scope) {
    const tensors: Array<Tensor> = []
    const structure = structureOf(args, tensors)
    const holes = tensors.map(parameter)
    // An array's structure builds an array.
    const results: Array<Tensor> = []
    const result = structureOf(f(...(build(structure, holes.values()) as ReadonlyArray<unknown>)), results)
    const leaves = leavesOf(results, new Set(holes))
    const program = close(holes, leaves, results)
    const donated = positions(structure, options.donate)
    const executable = yield* engine.programs.acquire(
      { name: options.name, program, donated, closed: () => program },
      scope
    )
    const captured = yield* capture(leaves, scope)
    const names = [
      ...paths(structure).map((path) => `argument ${withoutBrackets(path)}`),
      ...leaves.map((leaf) => `the ${describe(leaf)} that it reads from outside`)
    ]
    const run = runOf({
      operation: options.name,
      executable,
      outputs: results.map(({ dtype, shape }) => ({ dtype, shape })),
      donated,
      nameOf: (i) => names[i],
      inputs: program.parameters.length
    })
    const signature: Signature = { args: structure, run, captured, result }
    return signature
  })

  const warn = (before: Signature, after: Signature): Effect.Effect<void> =>
    Effect.logWarning(
      `${options.name} was compiled for ${traced} signatures: ` +
        `argument ${withoutBrackets(difference(before.args, after.args) ?? "")}\n` +
        "  hint: give it arguments of the same shapes, and numbers that vary as tensors"
    )

  const learn = Effect.fnUntraced(function* (args: ReadonlyArray<unknown>, meanwhile: Scope.Scope) {
    const remember = signatures.length < remembered
    const signature = yield* trace(args, remember ? home : meanwhile)
    traced++
    if (traced === expected + 1) yield* warn(signatures[0], signature)
    if (remember) signatures.unshift(signature)
    return signature
  })

  const call = (
    { captured, result, run }: Signature,
    leaves: ReadonlyArray<Tensor>,
    scope: Scope.Scope
  ): Effect.Effect<unknown, DeviceError> => {
    const inputs = leaves.map((leaf) => bufferOf(leaf)!) // called with realized tensors only
    inputs.push(...captured)
    return Effect.map(engine.execute(run, inputs, scope), (outputs) => build(result, outputs.values()))
  }

  /** A call with a new signature, or with tensors that are not realized. */
  const prepareAndCall = (args: ReadonlyArray<unknown>, scope: Scope.Scope): Effect.Effect<unknown, DeviceError> =>
    Effect.scopedWith(
      Effect.fnUntraced(function* (meanwhile) {
        const leaves: Array<Tensor> = []
        const signature = find(args, leaves) ?? (yield* learn(args, meanwhile))
        leaves.length = 0
        matches(signature.args, args, leaves) // in the order of the signature, whatever the order of keys
        const missing = yield* engine.realize(
          leaves.filter((leaf) => !isRealized(leaf)),
          meanwhile
        )
        const next = missing.values()
        const inputs = leaves.map((leaf) => (isRealized(leaf) ? leaf : next.next().value!))
        return yield* call(signature, inputs, scope)
      })
    )

  return (...args) =>
    Effect.flatMap(Effect.scope, (scope): Effect.Effect<unknown, DeviceError> => {
      if (home.state._tag === "Closed") {
        return Effect.fail(new UseAfterRelease({ operation: options.name, tensor: "the compiled function itself" }))
      }
      const leaves: Array<Tensor> = []
      const signature = find(args, leaves)
      return signature !== undefined && leaves.every(isRealized)
        ? call(signature, leaves, scope)
        : prepareAndCall(args, scope)
    })
}

/** A path whose first step is an argument: `[0].weight` as `0.weight`. */
export const withoutBrackets = (path: string): string => path.replace(/^\[(\d+)\]/, "$1")

/** The positions that the leaves of the arguments `chosen` have among all leaves. */
export const positions = (args: Structure, chosen: ReadonlyArray<number>): ReadonlySet<number> => {
  const found = new Set<number>()
  let next = 0
  const items = args.tag === "array" ? args.items : []
  items.forEach((item, i) => {
    const end = next + countLeaves(item)
    for (; next < end; next++) if (chosen.includes(i)) found.add(next)
  })
  return found
}
