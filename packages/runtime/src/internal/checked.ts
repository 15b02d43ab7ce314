/**
 * Functions that look at what they compute: built anew at each call, so that failures name lines of code.
 */
import * as Origin from "@cotangent/tensor/Origin"
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Buffer } from "../Buffer.ts"
import { bufferOf, isRealized } from "../Buffer.ts"
import type { DeviceError, NonFinite } from "../errors.ts"
import { UseAfterRelease } from "../errors.ts"
import type { Options, Traceable } from "./compiled.ts"
import { positions, withoutBrackets } from "./compiled.ts"
import * as Finite from "./finite.ts"
import { build, paths, structureOf } from "./structure.ts"

/** A `Traceable` on a device, whose results are finite. */
export type Checked = (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, NonFinite | DeviceError, Scope.Scope>

/** Runs `f` and looks at its results, for as long as `home` is open. */
export const make = (ground: Finite.Ground, f: Traceable, { donate, name }: Options, home: Scope.Scope): Checked => {
  const { engine } = ground

  const run = Effect.fnUntraced(function* (args: ReadonlyArray<unknown>, scope: Scope.Scope, meanwhile: Scope.Scope) {
    const leaves: Array<Tensor> = []
    const structure = structureOf(args, leaves)
    const names = paths(structure).map((path) => `argument ${withoutBrackets(path)}`)
    for (const [i, leaf] of leaves.entries()) {
      const buffer = bufferOf(leaf)
      const problem = buffer === undefined ? undefined : engine.objection(buffer, name, names[i])
      if (problem !== undefined) return yield* problem
    }
    const missing = (yield* engine.realize(
      leaves.filter((leaf) => !isRealized(leaf)),
      meanwhile
    )).values()
    const inputs = leaves.map((leaf) => (isRealized(leaf) ? leaf : next(missing)))
    const named = new Map(inputs.map((input, i) => [input, names[i]]))
    const results: Array<Tensor> = []
    // An array's structure builds an array.
    const values = build(structure, inputs.values()) as ReadonlyArray<unknown>
    const result = structureOf(
      Origin.record(() => f(...values)),
      results
    )
    const outputs = yield* engine.realize(results, scope)
    yield* Finite.check(ground, results, (leaf) => named.get(leaf))
    const donated = positions(structure, donate)
    release(leaves.flatMap((leaf, i) => (donated.has(i) ? (bufferOf(leaf) ?? []) : [])))
    return build(result, outputs.values())
  })

  /** Arguments are used up as they are by a compiled function, but only once nothing is wrong. */
  const release = (buffers: ReadonlyArray<Buffer>): void => {
    for (const buffer of new Set(buffers)) {
      engine.memory.donate(buffer)
      engine.memory.free(buffer)
    }
  }

  return (...args) =>
    Effect.flatMap(Effect.scope, (scope): Effect.Effect<unknown, NonFinite | DeviceError> => {
      if (home.state._tag === "Closed") {
        return Effect.fail(new UseAfterRelease({ operation: name, tensor: "the compiled function itself" }))
      }
      return Effect.flatMap(Scope.fork(scope), (results) =>
        Effect.onExit(
          Effect.scopedWith((meanwhile) => run(args, results, meanwhile)),
          (exit) => (Exit.isSuccess(exit) ? Effect.void : Scope.close(results, exit))
        )
      )
    })
}

const next = (tensors: Iterator<Tensor>): Tensor => tensors.next().value as Tensor
