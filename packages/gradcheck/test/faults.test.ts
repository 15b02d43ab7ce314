import { customVjp } from "@cotangent/autodiff/Custom"
import { vjp } from "@cotangent/autodiff/Vjp"
import type { Backend } from "@cotangent/runtime/Backend"
import { Device } from "@cotangent/runtime/Device"
import * as ReferenceDevice from "@cotangent/runtime/ReferenceDevice"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import { dotGeneral, mul } from "@cotangent/tensor/primitive/bilinear"
import { cos, sin } from "@cotangent/tensor/primitive/elementwise"
import { broadcast, cast, neg, sub } from "@cotangent/tensor/primitive/linear"
import { reduceMax, where } from "@cotangent/tensor/primitive/selection"
import { equal } from "@cotangent/tensor/primitive/discrete"
import type { AnyPrimitive, Tensor as AnyTensor } from "@cotangent/tensor/Primitive"
import { size } from "@cotangent/tensor/Shape"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { GradientMismatch } from "../src/errors.ts"
import { tensor } from "../src/generators.ts"
import type { Options } from "../src/gradcheck.ts"
import { gradcheck } from "../src/gradcheck.ts"
import type { Inputs } from "../src/subject.ts"
import { withRules } from "./faults.ts"

type F<A extends ReadonlyArray<AnyTensor>> = (...args: A) => unknown

/** How `f` fails. */
const faultOf = <A extends ReadonlyArray<AnyTensor>>(
  f: F<A>,
  inputs: Inputs<NoInfer<A>>,
  options?: Options
): Promise<GradientMismatch> =>
  Effect.runPromise(
    Effect.flip(Effect.catchTag(gradcheck(f, inputs, options), "OutOfMemory", Effect.die))
  ) as Promise<// No device, so that no failure but this is left.
  GradientMismatch>

const holdsFor = <A extends ReadonlyArray<AnyTensor>>(f: F<A>, inputs: Inputs<NoInfer<A>>, options?: Options) =>
  Effect.runPromise(gradcheck(f, inputs, options))

const extent = fc.integer({ min: 1, max: 4 })
const shapes = fc.array(extent, { minLength: 1, maxLength: 2 })

/** How many numbers the inputs of a counterexample have. */
const sizeOf = ({ counterexample }: GradientMismatch): number =>
  [...counterexample.split(/^(?:along|against|weighed)/m)[0].matchAll(/f64\[([\d, ]*)\]/g)].reduce(
    (total, [, dims]) => total + size(dims === "" ? [] : dims.split(", ").map(Number)),
    0
  )

const matrices = fc.tuple(extent, extent, extent).chain(([m, k, n]) => fc.tuple(tensor([m, k]), tensor([k, n])))
const product = { contract: [[1], [0]], batch: [[], []] }

describe("gradcheck finds", () => {
  it("a sign error in the vjp of matmul, and shows it with two numbers", async () => {
    const vjp: AnyPrimitive["vjp"] = (rule) => {
      const [a, b] = dotGeneral.primitive.vjp(rule)
      return [a, b && neg(b)]
    }
    const fault = await faultOf((a: AnyTensor, b: AnyTensor) => withRules(dotGeneral, { vjp }, product)(a, b), matrices)
    expect(fault).toMatchObject({ law: "vjp", input: "1" })
    expect(sizeOf(fault)).toBe(2)
    await holdsFor((a: AnyTensor, b: AnyTensor) => withRules(dotGeneral, {}, product)(a, b), matrices)
  })

  it("a broadcast whose gradient is not reduced", async () => {
    const vjp: AnyPrimitive["vjp"] = ({ cotangents: [c] }) => [
      c && Tensor.reshape(Tensor.slice(c, { start: [0], stop: [1] }), c.shape.slice(1))
    ]
    const inputs = fc.tuple(tensor(shapes))
    const spread = (rules: Partial<AnyPrimitive>) => (x: AnyTensor) =>
      withRules(broadcast, rules, { shape: [2, ...x.shape], axes: [0] })(x)
    const fault = await faultOf(spread({ vjp }), inputs)
    expect(fault.law).toBe("vjp")
    expect(sizeOf(fault)).toBe(1)
    await holdsFor(spread({}), inputs)
  })

  it("a maximum that gives each of tied elements the whole gradient", async () => {
    const isMost = (x: AnyTensor, y: AnyTensor): AnyTensor =>
      cast(equal(x, broadcast(y, { shape: x.shape, axes: [0] })), { dtype: x.dtype })
    const vjp: AnyPrimitive["vjp"] = ({ cotangents: [c], inputs: [x], outputs: [y] }) => [
      c && mul(isMost(x, y), broadcast(c, { shape: x.shape, axes: [0] }))
    ]
    const inputs = fc.tuple(tensor([2]).map(({ data }) => make([2], "f64", [data[0], data[0]])))
    const most = (rules: Partial<AnyPrimitive>) => (x: AnyTensor) => withRules(reduceMax, rules, { axes: [0] })(x)
    const fault = await faultOf(most({ vjp }), inputs, { laws: ["vjp"] })
    expect(fault).toMatchObject({ input: "0", received: "1" })
    await holdsFor(most({}), inputs, { laws: ["jvp", "vjp", "adjoint"] })
  })

  it("a sort that puts gradients back in a wrong order", async () => {
    const sorted = (isWrong: boolean) =>
      customVjp(
        (x: AnyTensor) => Tensor.sort(x),
        (x) => [Tensor.sort(x), Tensor.argSort(x)],
        // What stood at `order[i]` is now at `i`: its gradient goes back by the inverse of the order.
        (order, c) => [Tensor.take(c, isWrong ? order : Tensor.argSort(order))]
      )
    const inputs = fc.tuple(tensor(fc.tuple(extent), { isDistinct: true }))
    const fault = await faultOf(sorted(true), inputs)
    // Two elements have an order that is its own inverse.
    expect(sizeOf(fault)).toBe(3)
    await holdsFor(sorted(false), inputs)
  })

  it("a selection through which NaN leaks from the branch that is not selected", async () => {
    const jvp: AnyPrimitive["jvp"] = ({ inputs: [which], tangents: [, dx, dy] }) => {
      const [x, y] = [dx!, dy ?? Tensor.zerosLike(dx!)]
      const share = cast(which, { dtype: x.dtype })
      return [Tensor.add(mul(share, x), mul(sub(Tensor.onesLike(share), share), y))]
    }
    const inputs = fc.tuple(tensor(shapes, { away: [0] }))
    const root = (rules: Partial<AnyPrimitive>) => (x: AnyTensor) =>
      withRules(where, rules)(Tensor.less(x, 0), x, Tensor.sqrt(x))
    const fault = await faultOf(root({ jvp }), inputs, { laws: ["jvp"] })
    expect(fault.received).toBe("NaN")
    expect(sizeOf(fault)).toBeLessThanOrEqual(2)
    await holdsFor(root({}), inputs, { laws: ["jvp"] })
  })

  it("a convolution whose gradient is wrong only for stride 2 with odd padding", async () => {
    interface Case {
      readonly stride: number
      readonly padding: number
    }
    const conv =
      ({ padding, stride }: Case) =>
      (x: AnyTensor, w: AnyTensor): AnyTensor =>
        Tensor.conv1d(x, w, { stride, padding })
    const faulty = (given: Case) =>
      customVjp(
        conv(given),
        (x, w) => [conv(given)(x, w), [x, w] as const],
        ([x, w], c) => {
          const [dx, dw] = vjp(conv(given))(x, w)[1](c)
          return given.stride === 2 && given.padding % 2 === 1 ? [Tensor.roll(dx, 1, 2), dw] : [dx, dw]
        }
      )
    const inputs = fc.tuple(tensor([1, 1, 4]), tensor([1, 1, 2]))
    const cases = [1, 2].flatMap((stride) => [0, 1, 2].map((padding) => ({ stride, padding })))
    for (const given of cases.filter(({ padding, stride }) => stride !== 2 || padding !== 1)) {
      await holdsFor(faulty(given), inputs, { laws: ["vjp"], runs: 5 })
    }
    const fault = await faultOf(faulty({ stride: 2, padding: 1 }), inputs, { laws: ["vjp"] })
    expect(fault.input).toBe("0")
  })

  it("a rule of its own that ignores an input", async () => {
    const times = (isWrong: boolean) =>
      customVjp(
        (x: AnyTensor, y: AnyTensor) => Tensor.mul(x, y),
        (x, y) => [Tensor.mul(x, y), [x, y] as const],
        ([x, y], c) => [Tensor.mul(c, y), isWrong ? undefined : Tensor.mul(c, x)]
      )
    const inputs = shapes.chain((shape) => fc.tuple(tensor(shape), tensor(shape)))
    const fault = await faultOf(times(true), inputs, { laws: ["vjp"] })
    expect(fault).toMatchObject({ input: "1", received: "0" })
    expect(sizeOf(fault)).toBe(2)
    await holdsFor(times(false), inputs)
  })

  it("a derivative that is right itself but has a wrong derivative", async () => {
    const still = withRules(sin, { jvp: () => [undefined] })
    const vjp: AnyPrimitive["vjp"] = ({ cotangents: [c], inputs: [x] }) => [
      c && mul(c, Tensor.add(cos(x), sub(still(x), still(x))))
    ]
    const wrong: AnyPrimitive["vjp"] = ({ cotangents: [c], inputs: [x] }) => [
      c && mul(c, sub(Tensor.add(cos(x), still(x)), sin(x)))
    ]
    const inputs = fc.tuple(tensor(shapes))
    const fault = await faultOf((x: AnyTensor) => withRules(sin, { vjp: wrong })(x), inputs)
    expect(fault.law).toBe("second")
    expect(sizeOf(fault)).toBe(1)
    await holdsFor((x: AnyTensor) => withRules(sin, { vjp })(x), inputs)
  })

  it("a batch of other values", async () => {
    const wrong = withRules(sin, { batch: ({ inputs: [x] }) => [neg(x)] })
    const fault = await faultOf((x: AnyTensor) => wrong(x), fc.tuple(tensor(shapes, { min: 1 })))
    expect(fault.law).toBe("vmap")
  })

  it("a kernel that is not deterministic", async () => {
    let calls = 0
    const evaluate = ([x]: ReadonlyArray<HostArray>) => [{ ...x, data: x.data.map((value) => value + 1e-15 * calls++) }]
    const noisy = withRules(sin, { lowering: { kind: "routine", evaluate } })
    const fault = await faultOf((x: AnyTensor) => noisy(x), fc.tuple(tensor(shapes, { min: 0, max: 1 })), {
      laws: ["determinism"]
    })
    expect(sizeOf(fault)).toBe(1)
  })

  it("a device that drops what a loop over lanes leaves over", async () => {
    const lanes = 4
    const honest = ReferenceDevice.backend()
    const dropping: Backend = {
      ...honest,
      compile: (program, options) =>
        Effect.map(honest.compile(program, options), (executable) => ({
          ...executable,
          run: (inputs, outputs) =>
            Effect.andThen(
              executable.run(inputs, outputs),
              Effect.forEach(program.results, ({ shape }, i) =>
                Effect.flatMap(honest.read(outputs[i], outputs[i].bytes), (bytes) => {
                  const whole = Math.floor(size(shape) / lanes) * lanes
                  return honest.write(outputs[i], bytes.fill(0, (bytes.length / Math.max(1, size(shape))) * whole))
                })
              )
            )
        }))
    }
    const checked = (backend: Backend) =>
      Effect.provide(
        gradcheck((x: AnyTensor) => Tensor.exp(x), fc.tuple(tensor(fc.tuple(fc.integer({ min: 0, max: 9 }))))),
        Device.layer(Effect.succeed(backend))
      )
    const fault = await Effect.runPromise(Effect.flip(checked(dropping)))
    expect(fault).toMatchObject({ _tag: "GradientMismatch", law: "device", output: "output 0" })
    expect(sizeOf(fault as GradientMismatch)).toBe(1)
    await Effect.runPromise(checked(honest))
  })
})
