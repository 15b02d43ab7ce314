/**
 * Somewhere tensors are computed.
 *
 * Building an expression computes nothing; a device does. What it realizes lives as long as the surrounding `Scope`.
 * Failures of the world are typed (`DeviceError`); a wrong program is a defect.
 */
import type { DType } from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { decode } from "@cotangent/tensor/HostArray"
import { constant, hostArray } from "@cotangent/tensor/primitive/leaf"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { ShapeError } from "@cotangent/tensor/errors"
import { size } from "@cotangent/tensor/Shape"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Backend, DeviceDescription } from "./Backend.ts"
import { bufferOf } from "./Buffer.ts"
import type { CompileFailed, DeviceError, DeviceLost, NonFinite, OutOfMemory } from "./errors.ts"
import { DeviceUnavailable } from "./errors.ts"
import * as Checked from "./internal/checked.ts"
import * as Compiled from "./internal/compiled.ts"
import type { Engine } from "./internal/engine.ts"
import * as Engines from "./internal/engine.ts"
import * as Finite from "./internal/finite.ts"
import { byteLength } from "./internal/memory.ts"
import { build, structureOf } from "./internal/structure.ts"

/** How a function is compiled. */
export interface CompileOptions {
  /** What warnings and failures call it; the function's own name unless stated. */
  readonly name?: string
  /** Positions of arguments whose memory the call may reuse: they cannot be used after it. */
  readonly donate?: ReadonlyArray<number>
}

/** A function that runs on a device. Its results live as long as the surrounding scope. */
export type CompiledFunction<Args extends ReadonlyArray<unknown>, A> = (
  ...args: Args
) => Effect.Effect<A, DeviceError, Scope.Scope>

/** A function that runs on a device and fails where a result is not finite. */
export type CheckedFunction<Args extends ReadonlyArray<unknown>, A> = (
  ...args: Args
) => Effect.Effect<A, NonFinite | DeviceError, Scope.Scope>

/** A program that a device has compiled. */
export interface CompiledProgram {
  /** What the function is called whose program it was first; `realize` for expressions that are computed as they stand. */
  readonly name: string
  /** What it runs, for people. */
  readonly explain: () => string
}

/** What a device does. Trees are arrays and plain records of tensors, nested at will. */
export interface DeviceService {
  readonly description: DeviceDescription
  /**
   * Computes the tensors of a tree into device memory: the same tree, its tensors realized. They live as long as the
   * surrounding scope. Nothing is compiled twice: programs are cached by their structure.
   */
  readonly realize: <A>(tree: A) => Effect.Effect<A, DeviceError, Scope.Scope>
  /** Uploads an array. */
  readonly put: <D extends DType>(array: HostArray<D>) => Effect.Effect<Tensor<Shape, D>, DeviceError, Scope.Scope>
  /** The value of `tensor`, which is computed if it must be. */
  readonly read: <D extends DType>(tensor: Tensor<Shape, D>) => Effect.Effect<HostArray<D>, DeviceError>
  /** The value of a tensor of one element. **Throws** `ShapeError` for any other. */
  readonly readNumber: (tensor: Tensor) => Effect.Effect<number, DeviceError>
  /**
   * `f` on this device, for as long as the surrounding scope is open. It is called once for each structure of its
   * arguments (their trees, shapes, dtypes and everything in them that is no tensor), then runs without it. Arguments
   * that are not realized are realized for the call.
   */
  readonly compile: <Args extends ReadonlyArray<unknown>, A>(
    f: (...args: Args) => A,
    options?: CompileOptions
  ) => Effect.Effect<CompiledFunction<Args, A>, never, Scope.Scope>
  /**
   * `f` in the place of `compile`, for finding a fault: a call **fails** with `NonFinite` where one of its results is not
   * finite, naming the operation that this goes back to and the line of code that built it. `f` is called at every call,
   * which is slow; donated arguments are used up only when all results are finite.
   */
  readonly compileChecked: <Args extends ReadonlyArray<unknown>, A>(
    f: (...args: Args) => A,
    options?: CompileOptions
  ) => Effect.Effect<CheckedFunction<Args, A>, never, Scope.Scope>
  /**
   * Looks at the tensors of a tree. **Fails** with `NonFinite` where one is not finite, naming the operation that this
   * goes back to: the first that made NaN or an infinity of finite inputs, be it within a loop or a branch. It has a line
   * of code if it was built within `Origin.record`. An infinity that the program writes, as in a mask, is a fault only if
   * it becomes NaN or reaches the tree; a value that does not reach the tree, since `where` chose another, is none.
   */
  readonly checkFinite: (tree: unknown) => Effect.Effect<void, NonFinite | DeviceError>
  /** What realizing `tree` would run, for people. */
  readonly explain: (tree: unknown) => Effect.Effect<string, CompileFailed | OutOfMemory>
  /** The programs that are kept, those that were asked for last at the end. */
  readonly programs: Effect.Effect<ReadonlyArray<CompiledProgram>>
  /** Waits until the device has done everything that was started: for taking times. */
  readonly synchronize: Effect.Effect<void, DeviceLost>
  /** How many buffers of this device are alive. */
  readonly liveBuffers: Effect.Effect<number>
  /**
   * The most bytes that have been in use at one time: buffers, and what a run needs beside them. Code and what the host
   * holds are not counted.
   */
  readonly peakBytes: Effect.Effect<number>
}

const make = Effect.fnUntraced(function* (backend: Backend): Effect.fn.Return<DeviceService, never, Scope.Scope> {
  const engine = yield* Engines.make(backend)
  const ground: Finite.Ground = { engine, read: (tensor) => read(engine, tensor) }
  return Device.of({
    description: backend.description,
    realize: (tree) => Effect.flatMap(Effect.scope, (scope) => realize(engine, tree, scope)),
    // The tensor has the dtype of the array.
    put: <D extends DType>(array: HostArray<D>) =>
      Effect.flatMap(Effect.scope, (scope) => realize(engine, constant(array) as Tensor<Shape, D>, scope)),
    read: (tensor) => read(engine, tensor),
    readNumber: (tensor) =>
      Effect.suspend(() => {
        if (size(tensor.shape) !== 1) {
          throw new ShapeError({
            operation: "readNumber",
            expected: "a tensor of one element",
            received: [tensor.shape]
          })
        }
        return Effect.map(read(engine, tensor), ({ data }) => data[0])
      }),
    compile: (f, options) =>
      onDevice(f, options, (traceable, given, home) => Compiled.make(engine, traceable, given, home)),
    compileChecked: (f, options) =>
      onDevice(f, options, (traceable, given, home) => Checked.make(ground, traceable, given, home)),
    checkFinite: (tree) => Effect.suspend(() => Finite.check(ground, tensorsOf(tree))),
    explain: (tree) =>
      Effect.scopedWith((scope) =>
        Effect.map(engine.prepare(tensorsOf(tree), scope), ({ executable }) => executable.explain())
      ),
    programs: Effect.sync(() =>
      engine.programs.kept().map(({ executable, name }) => ({ name, explain: executable.explain }))
    ),
    synchronize: backend.synchronize,
    liveBuffers: Effect.sync(engine.memory.countLive),
    peakBytes: Effect.sync(engine.memory.peakBytes)
  })
})

/** What `make` makes of `f`, for as long as the surrounding scope is open. */
const onDevice = <Args extends ReadonlyArray<unknown>, A, E>(
  f: (...args: Args) => A,
  options: CompileOptions | undefined,
  make: (
    f: Compiled.Traceable,
    options: Compiled.Options,
    home: Scope.Scope
  ) => (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, E, Scope.Scope>
): Effect.Effect<(...args: Args) => Effect.Effect<A, E, Scope.Scope>, never, Scope.Scope> =>
  Effect.map(Effect.scope, (home) => {
    const name = options?.name ?? (f.name === "" ? "a compiled function" : f.name)
    // `f` is called with trees of the structure that it is called with here, so its own types hold.
    return make(f as unknown as Compiled.Traceable, { donate: [], ...options, name }, home) as unknown as (
      ...args: Args
    ) => Effect.Effect<A, E, Scope.Scope>
  })

const tensorsOf = (tree: unknown): ReadonlyArray<Tensor> => {
  const tensors: Array<Tensor> = []
  structureOf(tree, tensors)
  return tensors
}

const realize = <A>(engine: Engine, tree: A, scope: Scope.Scope): Effect.Effect<A, DeviceError> =>
  Effect.suspend(() => {
    const tensors: Array<Tensor> = []
    const structure = structureOf(tree, tensors)
    // The same structure with tensors of the same types.
    return Effect.map(engine.realize(tensors, scope), (realized) => build(structure, realized.values()) as A)
  })

const read = <D extends DType>(engine: Engine, tensor: Tensor<Shape, D>): Effect.Effect<HostArray<D>, DeviceError> =>
  Effect.suspend(() => {
    // A constant has the dtype of its array.
    const array = hostArray(tensor) as HostArray<D> | undefined
    if (array !== undefined) return Effect.succeed(array)
    const buffer = bufferOf(tensor)
    if (buffer === undefined) {
      return Effect.scopedWith((scope) =>
        Effect.flatMap(realize(engine, tensor, scope), (realized) => read(engine, realized))
      )
    }
    const problem = engine.objection(buffer, "read", `a ${buffer.dtype} tensor`)
    if (problem !== undefined) return Effect.fail(problem)
    return Effect.map(engine.backend.read(buffer.allocation, byteLength(tensor)), (bytes) =>
      decode(tensor.shape, tensor.dtype, bytes)
    )
  })

/** Somewhere tensors are computed: the service that programs ask for and device packages provide. */
export class Device extends Context.Service<Device, DeviceService>()("@cotangent/runtime/Device") {
  /** The device that `backend` is the ground of. Executables are released with the surrounding scope. */
  static readonly make = (backend: Backend): Effect.Effect<DeviceService, never, Scope.Scope> => make(backend)

  /** The layer of the device whose backend `backend` acquires. */
  static readonly layer = <E, R>(
    backend: Effect.Effect<Backend, E, R>
  ): Layer.Layer<Device, E, Exclude<R, Scope.Scope>> => Layer.effect(Device, Effect.flatMap(backend, make))

  /** The first of `layers` that is available. **Fails** with `DeviceUnavailable`, which holds the reasons of all. */
  static readonly firstAvailable = <R>(
    ...layers: ReadonlyArray<Layer.Layer<Device, DeviceUnavailable, R>>
  ): Layer.Layer<Device, DeviceUnavailable, R> => {
    const attempt = (
      i: number,
      failures: ReadonlyArray<DeviceUnavailable>
    ): Layer.Layer<Device, DeviceUnavailable, R> =>
      i === layers.length
        ? Layer.effect(Device, Effect.fail(noneOf(failures)))
        : Layer.catchTag(layers[i], "DeviceUnavailable", (failure) => attempt(i + 1, [...failures, failure]))
    return attempt(0, [])
  }
}

const noneOf = (failures: ReadonlyArray<DeviceUnavailable>): DeviceUnavailable =>
  new DeviceUnavailable({
    device: "any",
    reason:
      failures.length === 0
        ? "none was offered"
        : failures.map(({ device, reason }) => `${device}: ${reason}`).join("; ")
  })
