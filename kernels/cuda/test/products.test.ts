import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as fc from "fast-check"
import type { Memory, Product, ProductType } from "../src/Plan.ts"
import { at, input, output, planOf, runOnce, upload } from "./plans.ts"
import { emulator, nothing, remains } from "./support.ts"

const standIn = emulator()
const { open } = standIn

/** Numbers in a format, to bytes and back. */
const formats: Readonly<
  Record<
    ProductType,
    {
      readonly bytes: number
      readonly epsilon: number
      readonly encode: (values: ReadonlyArray<number>) => ArrayBufferView<ArrayBuffer>
      readonly decode: (bytes: Uint8Array) => ReadonlyArray<number>
    }
  >
> = {
  f64: {
    bytes: 8,
    epsilon: 2 ** -52,
    encode: (values) => Float64Array.from(values),
    decode: (bytes) => [...new Float64Array(bytes.slice().buffer)]
  },
  f32: {
    bytes: 4,
    epsilon: 2 ** -23,
    encode: (values) => Float32Array.from(values),
    decode: (bytes) => [...new Float32Array(bytes.slice().buffer)]
  },
  f16: {
    bytes: 2,
    epsilon: 2 ** -10,
    encode: (values) => Float16Array.from(values),
    decode: (bytes) => [...new Float16Array(bytes.slice().buffer)]
  },
  bf16: {
    bytes: 2,
    epsilon: 2 ** -7,
    encode: (values) =>
      Uint16Array.from(values, (value) => {
        const bits = new Uint32Array(new Float32Array([value]).buffer)[0]
        return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16
      }),
    decode: (bytes) => [
      ...new Float32Array(Uint32Array.from(new Uint16Array(bytes.slice().buffer), (bits) => bits << 16).buffer)
    ]
  }
}

interface Extents {
  readonly rows: number
  readonly columns: number
  readonly depth: number
  readonly batch: number
}

/** How matrices of `extents` are stored: transposed or not, with room between rows, one for all or one for each. */
const storage = fc.record({
  isTransposed: fc.boolean(),
  room: fc.nat(3),
  isShared: fc.boolean(),
  skip: fc.nat(2)
})

type Storage = typeof storage extends fc.Arbitrary<infer A> ? A : never

const matrix = (
  memory: Memory,
  [rows, columns]: readonly [number, number],
  { isShared, isTransposed, room, skip }: Storage,
  width: number
) => {
  const [outer, inner] = isTransposed ? [columns, rows] : [rows, columns]
  const lead = inner + room
  const each = outer * lead
  return {
    place: at(memory, skip * width),
    isTransposed,
    lead,
    batchStride: isShared ? 0 : each,
    skip,
    length: (batch: number) => skip + (isShared ? 1 : batch) * each,
    index: (b: number, i: number, j: number) =>
      skip + (isShared ? 0 : b * each) + (isTransposed ? j * lead + i : i * lead + j)
  }
}

const types: ReadonlyArray<readonly [ProductType, ProductType]> = [
  ["f64", "f64"],
  ["f32", "f32"],
  ["f16", "f16"],
  ["bf16", "bf16"],
  ["f16", "f32"],
  ["bf16", "f32"]
]

const extents: fc.Arbitrary<Extents> = fc.record({
  rows: fc.integer({ min: 1, max: 9 }),
  columns: fc.integer({ min: 1, max: 9 }),
  depth: fc.integer({ min: 1, max: 20 }),
  batch: fc.integer({ min: 1, max: 3 })
})

const cases = fc.record({
  types: fc.constantFrom(...types),
  extents,
  a: storage,
  b: storage,
  result: storage.map((stored) => ({ ...stored, isTransposed: false, isShared: false })),
  hasBias: fc.boolean(),
  isRelu: fc.boolean(),
  isTf32: fc.boolean(),
  seed: fc.integer({ min: 1, max: 2 ** 31 })
})

/** Numbers between -1 and 1 that every format holds exactly. */
const numbers = (seed: number) => {
  let state = seed
  return (length: number): ReadonlyArray<number> =>
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return ((state >>> 24) - 128) / 128
    })
}

/** Holds `body` for 100 cases, each in a scope of its own. */
const property = <A>(arbitrary: fc.Arbitrary<A>, body: (given: A) => Effect.Effect<void, unknown, Scope.Scope>) =>
  Effect.promise(() => fc.assert(fc.asyncProperty(arbitrary, (given) => Effect.runPromise(Effect.scoped(body(given))))))

describe.skipIf(standIn.obstacle !== undefined)("a product of matrices", () => {
  it.effect("is the sum that it states, in any format, however its operands are stored", () =>
    Effect.scoped(
      Effect.flatMap(open(), (driver) =>
        property(cases, (given) =>
          Effect.gen(function* () {
            const [dtype, resultType] = given.types
            const { batch, columns, depth, rows } = given.extents
            const [wide, narrow] = [formats[resultType], formats[dtype]]
            const a = matrix(input(0), [rows, depth], given.a, narrow.bytes)
            const b = matrix(input(1), [depth, columns], given.b, narrow.bytes)
            const result = matrix(output(0), [rows, columns], given.result, wide.bytes)
            const next = numbers(given.seed)
            const [left, right, bias] = [next(a.length(batch)), next(b.length(batch)), next(columns)]
            const product: Product = {
              tag: "product",
              dtype,
              resultType,
              ...given.extents,
              a,
              b,
              result,
              epilogue: {
                ...(given.hasBias ? { bias: at(input(2)) } : {}),
                ...(dtype !== "f64" && given.isRelu ? { activation: "relu" } : {})
              },
              isTf32: given.isTf32
            }
            const inputs = [
              yield* upload(driver, narrow.encode(left)),
              yield* upload(driver, narrow.encode(right)),
              yield* upload(driver, wide.encode(bias))
            ]
            const before = next(result.length(batch))
            const out = yield* upload(driver, wide.encode(before))
            yield* runOnce(driver, planOf("", [product]), inputs, [out])
            const got = wide.decode(yield* driver.read(out, out.bytes))
            const expected = [...before]
            for (let n = 0; n < batch; n++) {
              for (let i = 0; i < rows; i++) {
                for (let j = 0; j < columns; j++) {
                  let sum = product.epilogue.bias === undefined ? 0 : bias[j]
                  for (let k = 0; k < depth; k++) sum += left[a.index(n, i, k)] * right[b.index(n, k, j)]
                  expected[result.index(n, i, j)] = product.epilogue.activation === "relu" ? Math.max(0, sum) : sum
                }
              }
            }
            got.forEach((value, i) => {
              assert.approximately(value, expected[i], wide.epsilon * (1 + Math.abs(expected[i])))
            })
          })
        )
      )
    )
  )

  it.effect("that cuBLASLt does not have is a program that cannot be compiled", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const stored = { isTransposed: false, room: 0, isShared: false, skip: 0 }
        const product: Product = {
          tag: "product",
          dtype: "f64",
          resultType: "f64",
          rows: 2,
          columns: 2,
          depth: 2,
          batch: 1,
          a: matrix(input(0), [2, 2], stored, 8),
          b: matrix(input(1), [2, 2], stored, 8),
          result: matrix(output(0), [2, 2], stored, 8),
          epilogue: { activation: "relu" },
          isTf32: false
        }
        const failure = yield* Effect.flip(driver.prepare(planOf("", [product]), { inputs: 2, outputs: 1 }))
        assert.strictEqual(failure._tag, "CompileFailed")
        assert.include(failure.message, "cublasLtMatmulAlgoGetHeuristic gave 15, CUBLAS_STATUS_NOT_SUPPORTED")
      })
    )
  )

  it.effect("leaves nothing behind", () => Effect.sync(() => assert.deepStrictEqual(remains(standIn), nothing)))
})
