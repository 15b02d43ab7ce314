import { compile } from "@cotangent/compiler/Compile"
import { Device } from "@cotangent/runtime/Device"
import * as HostArray from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import { trace } from "@cotangent/tensor/Program"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { words } from "../src/Barrier.ts"
import * as Module from "../src/Module.ts"
import { share, shares } from "../src/Parts.ts"
import { render } from "../src/Render.ts"

const assertProperty: typeof fc.assert = fc.assert

type Ranges = ReadonlyArray<readonly [number, number]>

/** What code says that the pieces of `[0, extent)` are. */
const computed = (extent: number, granule: number, of: number): Ranges => {
  const module = Module.make({ minimum: 1 })
  for (const end of ["from", "to"] as const) {
    const code = module.function({
      name: end,
      parameters: ["index", "index", "index"],
      results: ["index"],
      isExported: true
    })
    const [from, to, pieces] = code.parameters
    code.get(share(code, { from, to, of: pieces }, extent, granule)[end])
  }
  const memory = new WebAssembly.Memory({ initial: 1 })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.build()), { env: { memory } })
  // The module exports what was just written.
  const bound = exports as Readonly<Record<"from" | "to", (from: number, to: number, of: number) => number>>
  return Array.from({ length: of }, (_, i) => [bound.from(i, i + 1, of) >>> 0, bound.to(i, i + 1, of) >>> 0])
}

describe("parts", () => {
  it("hold every round once, in order, and are what is known of them beforehand", () => {
    assertProperty(
      fc.property(
        fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 2 ** 31 - 1 })),
        fc.constantFrom(1, 6, 16, 64),
        fc.integer({ min: 1, max: 300 }),
        (extent, granule, of) => {
          const ranges = computed(extent, granule, of)
          expect(ranges).toEqual(shares(of, extent, granule))
          expect(ranges[0][0]).toBe(0)
          expect(ranges[of - 1][1]).toBe(extent)
          ranges.slice(1).forEach(([from], i) => expect(from).toBe(ranges[i][1]))
        }
      ),
      { numRuns: 200 }
    )
  })
})

/** The sums of `x` and each of eight numbers. */
const eightfold = (x: Tensor.Tensor): Tensor.Tensor =>
  Tensor.add(x, Tensor.reshape(Tensor.arange(8, { dtype: "f32" }), [8, 1, 1]))

/** Steps that are large, and of which each needs all of the one before. */
const programs: ReadonlyArray<readonly [string, (x: Tensor.Tensor) => Tensor.Tensor]> = [
  ["products", (x) => Tensor.matmul(Tensor.matmul(x, Tensor.swapAxes(x, 0, 1)), x)],
  ["products in batches", (x) => Tensor.matmul(Tensor.reshape(x, [32, -1, 96]), Tensor.reshape(x, [32, 96, -1]))],
  ["rows", (x) => Tensor.softmax(Tensor.swapAxes(Tensor.softmax(eightfold(x), -1), 1, 2), -1)],
  ["elements", (x) => Tensor.tanh(Tensor.exp(Tensor.sin(eightfold(x))))]
]

const bytesOf = ({ buffer, byteLength, byteOffset }: HostArray.Elements): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)

describe("parts that are taken by need", () => {
  const settings: ReadonlyArray<Wasm.Options> = [{ threads: 1 }, { threads: 2 }, { threads: 3, isWide: true }]
  const devices = settings.map((options) => ManagedRuntime.make(Wasm.layerWith(options)))
  afterAll(() => Promise.all(devices.map((device) => device.dispose())))

  const input = (rows: number): HostArray.HostArray<"f32"> =>
    HostArray.view(
      [rows, 768],
      "f32",
      Float32Array.from({ length: rows * 768 }, (_, i) => Math.sin(i))
    )

  it.each(programs)("of %s leave the bits as they are, whoever takes them", (_, f) =>
    assertProperty(
      fc.asyncProperty(fc.integer({ min: 6, max: 12 }), async (blocks) => {
        const y = f(constant(input(32 * blocks)))
        const [first, ...others] = await Promise.all(
          devices.map((device) =>
            device.runPromise(
              Effect.scoped(Effect.flatMap(Device, (service) => Effect.map(service.read(y), ({ data }) => data)))
            )
          )
        )
        return others.every((other) => bytesOf(other).equals(bytesOf(first)))
      }),
      { numRuns: 8 }
    )
  )

  it.each(programs)("there are of %s", (_, f) => {
    const program = trace([{ shape: [384, 768], dtype: "f32" }], (x) => [f(x)])
    const { module } = render(compile(program), {
      memory: { minimum: 1, isShared: true },
      isRelaxed: true,
      isWide: false,
      threads: 2,
      isProfiled: false
    })
    // i32.atomic.rmw.add, aligned to 4 bytes, at the word where parts are counted.
    const taking = [0xfe, 0x1e, 2, 4 * words.taken]
    expect(Buffer.from(module).includes(Buffer.from(taking))).toBe(true)
  })
})
