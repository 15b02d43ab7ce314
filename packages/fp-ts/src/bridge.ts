/**
 * Bridges from building and running tensors to the data types of fp-ts.
 */
import type { DType } from "@cotangent/tensor/DType"
import { AxisError, DTypeError, ShapeError } from "@cotangent/tensor/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import type { Shape } from "@cotangent/tensor/ShapeType"
import type { Tensor } from "@cotangent/tensor/Tensor"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError, DeviceUnavailable } from "@cotangent/runtime/errors"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { ManagedRuntime } from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import type { Either } from "fp-ts/lib/Either.js"
import { left, right } from "fp-ts/lib/Either.js"
import type { ReaderTaskEither } from "fp-ts/lib/ReaderTaskEither.js"
import type { TaskEither } from "fp-ts/lib/TaskEither.js"

/** What is wrong with an expression whose types do not fit. */
export type BuildError = ShapeError | DTypeError | AxisError

/**
 * Builds an expression whose shapes are not known to fit, such as one that a user describes. Whatever else `build`
 * throws it throws still.
 *
 * **Example** (Shapes from outside)
 *
 * ```ts run
 * const product = (rows) => tryShape(() => Tensor.matmul(Tensor.ones([2, 3]), Tensor.ones([rows, 2])))
 * product(3)._tag // => "Right"
 * product(4).left.message // => "matmul: expected [..., m, k] and [..., k, n], received [2, 3] and [4, 2]"
 * ```
 */
export const tryShape = <A>(build: () => A): Either<BuildError, A> => {
  try {
    return right(build())
  } catch (error) {
    if (error instanceof ShapeError || error instanceof DTypeError || error instanceof AxisError) return left(error)
    throw error
  }
}

/**
 * An effect that asks for nothing as a task.
 *   toTaskEither(succeed(a)) = right(a),  toTaskEither(fail(e)) = left(e)
 *   toTaskEither(flatMap(x, f)) = chain(toTaskEither(x), toTaskEither ∘ f)
 * A defect, or an interruption, rejects the promise.
 */
export const toTaskEither =
  <A, E>(effect: Effect.Effect<A, E>): TaskEither<E, A> =>
  () =>
    Effect.runPromiseExit(effect).then(eitherOf)

/**
 * An effect as a reader of the runtime that provides what it asks for; what building that can fail with joins its
 * failures.
 */
export const toReaderTaskEither =
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  <E2>(runtime: ManagedRuntime<R, E2>): TaskEither<E | E2, A> =>
  () =>
    runtime.runPromiseExit(effect).then(eitherOf)

/** A task as an effect: the inverse of `toTaskEither`. A promise that is rejected is a defect. */
export const fromTaskEither = <A, E>(task: TaskEither<E, A>): Effect.Effect<A, E> =>
  Effect.flatMap(Effect.promise(task), (result) =>
    result._tag === "Left" ? Effect.fail(result.left) : Effect.succeed(result.right)
  )

const eitherOf = <A, E>(exit: Exit.Exit<A, E>): Either<E, A> => {
  if (Exit.isSuccess(exit)) return right(exit.value)
  const error = Cause.findErrorOption(exit.cause)
  if (Option.isSome(error)) return left(error.value)
  throw Cause.squash(exit.cause)
}

/** Somewhere tensors are computed: made once with `ManagedRuntime.make` of a device's layer, disposed of at the end. */
export type DeviceRuntime = ManagedRuntime<Device, DeviceUnavailable>

/**
 * Reads the value of `tensor`, computing it where the runtime computes.
 *
 * **Example** (Reading a tree of parameters)
 *
 * ```ts run
 * import { evaluate as read, tree } from "@cotangent/fp-ts"
 * import * as ManagedRuntime from "effect/ManagedRuntime"
 * import * as RTE from "fp-ts/lib/ReaderTaskEither.js"
 *
 * const runtime = ManagedRuntime.make(ReferenceDevice.layer)
 * const params = tree.fromTensors({ weight: Tensor.of([1, 2]), bias: Tensor.of(3) })
 * const result = await tree.traverse(RTE.ApplicativePar)(read)(params)(runtime)()
 * tree.toNested(result.right) // => { weight: [1, 2], bias: 3 }
 * await runtime.dispose()
 * ```
 */
export const evaluate = <D extends DType>(
  tensor: Tensor<Shape, D>
): ReaderTaskEither<DeviceRuntime, DeviceError | DeviceUnavailable, HostArray<D>> =>
  toReaderTaskEither(Device.use((device) => device.read(tensor)))
