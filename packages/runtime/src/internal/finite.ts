/**
 * Finds where NaN and infinities come from.
 *
 * A value that is not finite is traced back through the inputs that are not finite either, to the first operation that
 * made one of finite inputs. An infinity that the program writes itself (a mask) is no fault until it becomes NaN or
 * reaches a result.
 */
import { isFloat } from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { place } from "@cotangent/tensor/Origin"
import type { Application, Tensor } from "@cotangent/tensor/Primitive"
import { applications } from "@cotangent/tensor/Program"
import * as Effect from "effect/Effect"
import type { DeviceError } from "../errors.ts"
import { NonFinite } from "../errors.ts"
import { hasBody, runsOf } from "./bodies.ts"
import type { Engine } from "./engine.ts"
import type { Fault, NameOf } from "./fault.ts"
import { faultAt, hasNaN, isFinite, isLiteral, placeText } from "./fault.ts"

/** What values are computed with. */
export interface Ground {
  readonly engine: Engine
  readonly read: (tensor: Tensor) => Effect.Effect<HostArray, DeviceError>
}

/** Fails where one of `results` is not finite, with the operation that this goes back to. */
export const check = (
  ground: Ground,
  results: ReadonlyArray<Tensor>,
  nameOf: NameOf = () => undefined
): Effect.Effect<void, NonFinite | DeviceError> => {
  const floats = results.filter(canFail)
  return Effect.flatMap(compute(ground)(floats), (values) =>
    values.every(isFinite)
      ? Effect.void
      : Effect.flatMap(find(ground, floats, { nameOf, given: false }), (fault) =>
          // Without a fault on the way, a result is not what it was when it was computed the first time.
          Effect.fail(new NonFinite(fault ?? { operation: "a result" }))
        )
  )
}

const canFail = ({ dtype }: Tensor): boolean => isFloat(dtype)

const compute =
  ({ engine, read }: Ground) =>
  (tensors: ReadonlyArray<Tensor>): Effect.Effect<ReadonlyArray<HostArray>, DeviceError> =>
    Effect.scopedWith((scope) =>
      Effect.flatMap(engine.realize(tensors, scope), (realized) => Effect.forEach(realized, read))
    )

interface Options {
  readonly nameOf: NameOf
  /** Whether leaves are what a surrounding program gives: what is wrong with them is no fault here. */
  readonly given: boolean
}

/** The fault that the first of `results` goes back to; undefined where leaves that are given explain them all. */
const find = (
  ground: Ground,
  results: ReadonlyArray<Tensor>,
  { given, nameOf }: Options
): Effect.Effect<Fault | undefined, DeviceError> =>
  Effect.gen(function* () {
    const order = applications(results)
    const floats = order.flatMap(({ outputs }) => outputs.filter(canFail))
    const arrays = yield* compute(ground)(floats)
    const values = new Map(floats.map((tensor, i) => [tensor, arrays[i]]))
    const isGiven = (tensor: Tensor): boolean => given && tensor.application.primitive.lowering.kind === "leaf"
    const fault = faultOf(order, values, results, isGiven)
    if (fault === undefined) return undefined
    const { application } = fault
    const inside = hasBody(application) ? yield* findWithin(ground, application) : undefined
    const inputs = application.inputs.map((input) => values.get(input))
    return inside ?? faultAt(fault, values.get(fault)!, inputs, nameOf) // the blamed tensor has a value that is not finite
  })

/** The tensor that made the first value that is not finite, of those that `results` go back to. */
const faultOf = (
  order: ReadonlyArray<Application>,
  values: ReadonlyMap<Tensor, HostArray>,
  results: ReadonlyArray<Tensor>,
  isGiven: (tensor: Tensor) => boolean
): Tensor | undefined => {
  const isExcused = (tensor: Tensor): boolean => isGiven(tensor) || isLiteral(tensor.application)
  const rank = new Map(order.map((application, i) => [application, i]))
  const first = (tensors: ReadonlyArray<Tensor>): Tensor | undefined =>
    tensors.toSorted((a, b) => rank.get(a.application)! - rank.get(b.application)!)[0]
  /** What each tensor that is not finite goes back to. */
  const sources = new Map<Tensor, Tensor>()
  const sourceOf = ({ inputs }: Application, tensor: Tensor, value: HostArray): Tensor => {
    const earlier = inputs.flatMap((input) => sources.get(input) ?? [])
    const fault = first(earlier.filter((source) => !isExcused(source)))
    if (fault !== undefined) return fault
    const isExplained = !hasNaN(value) || earlier.some((source) => hasNaN(values.get(source)!))
    return isExplained && !hasBody(tensor.application) ? (first(earlier) ?? tensor) : tensor
  }
  for (const application of order) {
    for (const output of application.outputs) {
      const value = values.get(output)
      if (value !== undefined && !isFinite(value)) sources.set(output, sourceOf(application, output, value))
    }
  }
  const found = results.flatMap((result) => sources.get(result) ?? [])
  return first(found.filter((source) => !isExcused(source))) ?? first(found.filter((source) => !isGiven(source)))
}

/** The fault within the programs that `application` runs, which the application's own place helps to find. */
const findWithin = (ground: Ground, application: Application): Effect.Effect<Fault | undefined, DeviceError> =>
  Effect.gen(function* () {
    for (const { name, results } of yield* runsOf(application, compute(ground))) {
      const floats = results.filter(canFail)
      const fault = yield* find(ground, floats, { nameOf: () => undefined, given: true })
      if (fault === undefined) continue
      const outer = place(application)
      return {
        ...fault,
        within: [name, ...(fault.within ?? [])],
        ...(fault.place === undefined && outer !== undefined ? { place: placeText(outer) } : {})
      }
    }
    return undefined
  })
