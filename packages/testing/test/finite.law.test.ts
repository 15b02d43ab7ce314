import { checkpoint } from "@cotangent/autodiff/Checkpoint"
import { cond, whileLoop } from "@cotangent/autodiff/Control"
import { customJvp, customVjp } from "@cotangent/autodiff/Custom"
import { grad } from "@cotangent/autodiff/Gradient"
import { jvp } from "@cotangent/autodiff/Jvp"
import { scan } from "@cotangent/autodiff/Scan"
import { vjp } from "@cotangent/autodiff/Vjp"
import { vmap } from "@cotangent/autodiff/Vmap"
import { Device } from "@cotangent/runtime/Device"
import * as Origin from "@cotangent/tensor/Origin"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type * as Scope from "effect/Scope"
import * as fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { devices } from "../src/devices.ts"

type Vector = Tensor.Tensor<readonly [2], "f32">
type Map = (x: Vector) => Vector

/** The line that this is called in. */
const line = (): number => Number(/:(\d+):\d+\)?$/.exec(new Error().stack!.split("\n")[2])![1])

/** Ways to run a function inside of another, with what a message calls them. */
const wrappers: Readonly<Record<string, { readonly wrap: (f: Map) => Map; readonly within: ReadonlyArray<string> }>> = {
  plain: { wrap: (f) => (x) => Tensor.add(f(Tensor.mul(x, 1.5)), 1), within: [] },
  vmap: { wrap: (f) => (x) => Tensor.reshape(vmap(f)(Tensor.reshape(x, [1, 2])), [2]), within: [] },
  checkpoint: { wrap: (f) => checkpoint(f), within: ["checkpoint"] },
  true: {
    wrap: (f) => (x) => cond(Tensor.less(Tensor.sum(Tensor.abs(x)), 1e6), f, (y: Vector) => Tensor.neg(y), x),
    within: ["the true branch of cond"]
  },
  false: {
    wrap: (f) => (x) => cond(Tensor.greater(Tensor.sum(Tensor.abs(x)), 1e6), (y: Vector) => Tensor.neg(y), f, x),
    within: ["the false branch of cond"]
  },
  scan: {
    wrap: (f) => (x) => scan((carry) => [f(carry), undefined], x, undefined, { length: 3 })[0],
    within: ["run 1 of 3 of scan"]
  },
  customVjp: {
    wrap: (f) =>
      customVjp(
        f,
        (x) => [f(x), x],
        (x, cotangent) => [vjp(f)(x)[1](cotangent)[0]]
      ),
    within: ["customVjp"]
  },
  customJvp: { wrap: (f) => customJvp(f, ([x], [dx]) => jvp(f)([x], [dx])[1]), within: ["customJvp"] }
}
const forwardOnly: typeof wrappers = {
  whileLoop: {
    wrap: (f) => (x) =>
      whileLoop(
        ({ i }) => Tensor.less(i, 2),
        ({ i, y }) => ({ i: Tensor.add(i, 1), y: f(y) }),
        { i: Tensor.of(0), y: x }
      ).y,
    within: ["run 1 of whileLoop"]
  }
}
const nested = (rows: typeof wrappers) =>
  fc.array(fc.constantFrom(...Object.values(rows)), { maxLength: 3 }).map((all) => ({
    within: all.flatMap((row) => row.within),
    wrap: (f: Map) => all.reduceRight((g, row) => row.wrap(g), f)
  }))

describe.each(["reference", "wasm"] as const)("a value that is not finite, on %s", (name) => {
  const runtime = ManagedRuntime.make(devices[name].layer)
  afterAll(() => runtime.dispose())
  const run = <A, E>(body: (device: Device["Service"]) => Effect.Effect<A, E, Scope.Scope>) =>
    runtime.runPromise(
      Effect.gen(function* () {
        const device = yield* Device
        const before = yield* device.liveBuffers
        const value = yield* Effect.scoped(body(device))
        expect(yield* device.liveBuffers).toBe(before)
        return value
      })
    )
  const failure = (f: Map, x: Vector) =>
    run((device) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip((yield* device.compileChecked(f))(x))
        if (error._tag !== "NonFinite") return yield* error
        return error
      })
    )

  it("is traced to the operation that made it and to its line, through all that runs programs", () =>
    fc.assert(
      fc.asyncProperty(nested({ ...wrappers, ...forwardOnly }), async ({ within, wrap }) => {
        let here = 0
        const f = wrap((x) => {
          here = line() + 1
          return Tensor.exp(Tensor.log(Tensor.sub(x, 100)))
        })
        const error = await failure(f, Tensor.of([1, 2]))
        expect(error.operation).toMatch(/^log f32\[/)
        expect(error.value).toMatch(/^NaN at /)
        expect(error.place).toMatch(new RegExp(`finite\\.law\\.test\\.ts:${here}:\\d+$`))
        expect(error.within ?? []).toEqual(within)
      }),
      { numRuns: 30, seed: 1 }
    ))

  it("of a derivative is traced to the operation that has none there, and to its line", () =>
    fc.assert(
      fc.asyncProperty(nested(wrappers), async ({ wrap }) => {
        let here = 0
        const root: Map = (x) => {
          here = line() + 1
          return Tensor.sqrt(Tensor.mul(x, 0))
        }
        const error = await failure((x) => grad((y: Vector) => Tensor.sum(wrap(root)(y)))(x), Tensor.of([1, 2]))
        expect(error.operation).toMatch(/^div f32\[/)
        expect(error.source).toMatch(/(?:reverse|forward)-mode derivative of .*sqrt f32\[2\]$/)
        expect(error.place).toMatch(new RegExp(`finite\\.law\\.test\\.ts:${here}:\\d+$`))
      }),
      { numRuns: 30, seed: 1 }
    ))

  it("of a rule of the user's has the line of the rule", async () => {
    let here = 0
    const twice = customVjp(
      (x: Vector) => Tensor.mul(x, 2),
      (x) => [Tensor.mul(x, 2), x],
      (x, cotangent) => {
        here = line() + 1
        return [Tensor.mul(cotangent, Tensor.log(Tensor.sub(x, x)))]
      }
    )
    const error = await failure((x) => grad((y: Vector) => Tensor.sum(twice(y)))(x), Tensor.of([1, 2]))
    expect(error).toMatchObject({ operation: "log f32[2]", source: "the reverse-mode derivative of customVjp f32[2]" })
    expect(error.place).toMatch(new RegExp(`:${here}:\\d+$`))
  })

  it("is found in the run of a loop that made it, from either end", async () => {
    const totals = (reverse: boolean) =>
      failure(
        (x) =>
          scan(
            (carry: Vector, step: Tensor.Tensor<readonly []>) => [Tensor.log(Tensor.sub(carry, step)), carry],
            x,
            Tensor.of([0, 0, 1000, 0]),
            { reverse }
          )[0],
        Tensor.of([1e6, 1e9])
      )
    expect((await totals(false)).within).toEqual(["run 3 of 4 of scan"])
    expect((await totals(true)).within).toEqual(["run 2 of 4 of scan"])
    const halved = await failure(
      (x) =>
        whileLoop(
          ({ i }) => Tensor.less(i, 9),
          ({ i, y }) => ({ i: Tensor.add(i, 1), y: Tensor.log(y) }),
          { i: Tensor.of(0), y: x }
        ).y,
      Tensor.of([20, 1e9])
    )
    expect(halved).toMatchObject({ operation: "log f32[2]", within: ["run 5 of whileLoop"] })
  })

  it("says what came in, in words", async () => {
    const x: Vector = Tensor.of([1, 90])
    const error = await run((device) => Effect.flip(device.checkFinite(Origin.record(() => Tensor.exp(x)))))
    expect(error.message.replace(/at: .*\/packages/, "at: /packages").replace(/\.ts:\d+:\d+/, ".ts:1:2")).toBe(
      "exp f32[2]: expected finite values, received Infinity at [1], 1 of 2 values\n" +
        "  at: /packages/testing/test/finite.law.test.ts:1:2\n" +
        "  input 0: f32[2] from 1 to 90, 90 at [1]\n" +
        "  hint: exp is finite for an argument below 88.7 in f32 and bf16, 11.1 in f16, 709 in f64"
    )
    const unrecorded = await run((device) => Effect.flip(device.checkFinite({ y: [Tensor.mul(x, 3e38)] })))
    expect(unrecorded).toMatchObject({ operation: "mul f32[2]", value: "Infinity at [1], 1 of 2 values" })
    expect(unrecorded).not.toHaveProperty("place")
  })

  it("is an argument, or data, where it came from there", async () => {
    const error = await failure((x) => Tensor.add(x, 1), Tensor.of([1, Number.NaN]))
    expect(error.operation).toBe("argument 0 f32[2]")
    const data = await failure((x) => Tensor.add(x, Tensor.of([Number.NaN, 0])), Tensor.of([1, 2]))
    expect(data.operation).toBe("the constant f32[2]")
  })

  it("is no fault where the program writes it as a mask, until it becomes NaN or the result", async () => {
    const masked = (isHidden: ReadonlyArray<boolean>) => (x: Vector) =>
      Tensor.softmax(Tensor.where(Tensor.of(isHidden.map(Number)).pipe(Tensor.cast("bool")), -Infinity, x)) as Vector
    const x: Vector = Tensor.of([1, 2])
    const given = await run((device) =>
      Effect.gen(function* () {
        const f = yield* device.compileChecked(masked([false, true]))
        return [...(yield* device.read(yield* f(x))).data]
      })
    )
    expect(given).toEqual([1, 0])
    expect((await failure((y) => Tensor.add(y, -Infinity), x)).operation).toBe("the full f32[2]")
    const met = await failure((y) => Tensor.sub(Tensor.add(y, -Infinity), Tensor.add(y, -Infinity)), x)
    expect(met).toMatchObject({ operation: "sub f32[2]", value: "NaN at [0], 2 of 2 values" })
    expect(met.hint).toMatch(/∞ - ∞/)
  })

  it("is no fault where where has chosen another", async () => {
    const x = Tensor.of([0, 1])
    const chosen = Tensor.where(Tensor.greater(x, 0), Tensor.log(x), 0)
    expect(await run((device) => device.checkFinite(chosen))).toBeUndefined()
  })
})
