import * as ReferenceDevice from "@cotangent/runtime/ReferenceDevice"
import { DeviceUnavailable } from "@cotangent/runtime"
import { Device } from "@cotangent/runtime/Device"
import { make } from "@cotangent/tensor/HostArray"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as E from "fp-ts/lib/Either.js"
import { pipe } from "fp-ts/lib/function.js"
import * as RTE from "fp-ts/lib/ReaderTaskEither.js"
import * as TE from "fp-ts/lib/TaskEither.js"
import * as fc from "fast-check"
import { afterAll, assert, describe, it } from "vitest"
import { evaluate, fromTaskEither, hostArray, toReaderTaskEither, toTaskEither, tree, tryShape } from "../src/index.ts"
import { expression, valueOf } from "./generators.ts"

describe("tryShape", () => {
  it("gives the expression where shapes fit", () => {
    const sum = tryShape(() => Tensor.add(Tensor.of([1, 2]), 1))
    assert.isTrue(E.isRight(sum) && Tensor.isTensor(sum.right))
  })

  it("gives errors of shape, dtype and axis", () => {
    const tag = (build: () => unknown) =>
      pipe(
        tryShape(build),
        E.swap,
        E.map(({ _tag }) => _tag),
        E.toUnion
      )
    // What does not type-check needs a type that says less.
    const of = (...shape: ReadonlyArray<number>): Tensor.Tensor => Tensor.zeros(shape)
    assert.strictEqual(
      tag(() => Tensor.matmul(of(2, 3), of(4, 5))),
      "ShapeError"
    )
    assert.strictEqual(
      tag(() => Tensor.add(of(2), Tensor.zeros([2], "f64") as Tensor.Tensor)),
      "DTypeError"
    )
    assert.strictEqual(
      tag(() => Tensor.sum(of(2), 3)),
      "AxisError"
    )
  })

  it("throws what is no matter of types", () => {
    assert.throws(
      () =>
        tryShape(() => {
          throw new RangeError("other")
        }),
      RangeError
    )
  })
})

/** The result of a task that has one: an `Either`, or what its promise was rejected with. */
const settled = <X, A>(task: TE.TaskEither<X, A>): Promise<unknown> =>
  task().catch((defect: unknown) => ({ _tag: "Defect", defect }))

describe("toTaskEither", () => {
  const outcome = fc.oneof(
    fc.integer().map((a) => E.right(a)),
    fc.string().map((e) => E.left(e))
  )
  const effectOf = (self: E.Either<string, number>): Effect.Effect<number, string> =>
    E.isLeft(self) ? Effect.fail(self.left) : Effect.succeed(self.right)

  it("keeps success and failure", () =>
    fc.assert(
      fc.asyncProperty(outcome, async (self) => {
        assert.deepStrictEqual(await toTaskEither(effectOf(self))(), self)
      })
    ))

  it("keeps sequences", () =>
    fc.assert(
      fc.asyncProperty(outcome, outcome, async (x, y) => {
        const f = (a: number) => Effect.map(effectOf(y), (b) => a + b)
        const inEffect = toTaskEither(Effect.flatMap(effectOf(x), f))
        const inTask = pipe(
          toTaskEither(effectOf(x)),
          TE.chain((a) => toTaskEither(f(a)))
        )
        assert.deepStrictEqual(await inEffect(), await inTask())
      })
    ))

  it("is undone by fromTaskEither", () =>
    fc.assert(
      fc.asyncProperty(outcome, async (self) => {
        const task = TE.fromEither(self)
        assert.deepStrictEqual(await toTaskEither(fromTaskEither(task))(), await task())
      })
    ))

  it("rejects for an interruption", async () =>
    assert.propertyVal(await settled(toTaskEither(Effect.interrupt)), "_tag", "Defect"))

  it("rejects for a defect, either way", async () => {
    const defect = new RangeError("defect")
    assert.deepStrictEqual(await settled(toTaskEither(Effect.die(defect))), { _tag: "Defect", defect })
    assert.deepStrictEqual(await settled(toTaskEither(fromTaskEither(() => Promise.reject(defect)))), {
      _tag: "Defect",
      defect
    })
  })
})

const runtime = ManagedRuntime.make(ReferenceDevice.layer)
afterAll(() => runtime.dispose())

describe("evaluate", () => {
  it("computes what the reference computes", () =>
    fc.assert(
      fc.asyncProperty(expression, async (x) => {
        const result = await evaluate(x)(runtime)()
        assert.isTrue(E.isRight(result) && hostArray.Eq.equals(result.right, valueOf(x)))
      }),
      { numRuns: 20 }
    ))

  it("reads trees, all leaves at once", async () => {
    const params = { weight: Tensor.of([1, 2]), bias: [Tensor.of(3)] }
    const read = pipe(params, tree.fromTensors, tree.traverse(RTE.ApplicativePar)(evaluate), RTE.map(tree.toNested))
    assert.deepStrictEqual(
      await read(runtime)(),
      E.right({ weight: make([2], "f32", [1, 2]), bias: [make([], "f32", [3])] })
    )
  })

  it("leaves no buffer behind", async () => {
    assert.deepStrictEqual(
      await toReaderTaskEither(Device.use(({ liveBuffers }) => liveBuffers))(runtime)(),
      E.right(0)
    )
  })

  it("fails as the device fails", async () => {
    const small = ManagedRuntime.make(ReferenceDevice.layerWith({ memoryBytes: 16 }))
    const result = await evaluate(Tensor.exp(Tensor.zeros([100])))(small)()
    assert.strictEqual(E.isLeft(result) && result.left._tag, "OutOfMemory")
    await small.dispose()
  })

  it("fails where there is no device", async () => {
    const failure = new DeviceUnavailable({ device: "none", reason: "a test" })
    const none = ManagedRuntime.make(Layer.effect(Device, Effect.fail(failure)))
    assert.deepStrictEqual(await evaluate(Tensor.of(1))(none)(), E.left(failure))
    await none.dispose()
  })
})
