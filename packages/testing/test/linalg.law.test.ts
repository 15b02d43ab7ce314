/**
 * Linear algebra: what is composed of factorizations has the derivatives of differences, and factors give back what
 * they are factors of, on every device.
 */
import * as Arrays from "@cotangent/gradcheck/arrays"
import { errorModel } from "@cotangent/gradcheck/laws/device"
import { Device } from "@cotangent/runtime/Device"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import type { Tensor } from "@cotangent/tensor/Primitive"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as T from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, describe, expect, it } from "vitest"
import type { Signature } from "../src/Case.ts"
import { batched, directed } from "../src/directions.ts"
import { devices } from "../src/devices.ts"
import { dominant, separated, squares, talls } from "../src/factorizations.ts"
import type { Violation } from "../src/laws/Violation.ts"
import { agree, first } from "../src/laws/Violation.ts"
import { batchIsLoop, jvpIsDifference, secondOrder, vjpIsAdjoint } from "../src/derivatives.ts"
import { counterexample, eventualCounterexample } from "./laws.ts"

/** A matrix as every operation takes it. */
type Matrix = T.Tensor<Shape, never>

const of = (
  shapes: fc.Arbitrary<ReadonlyArray<number>>,
  matrices: (shape: ReadonlyArray<number>) => fc.Arbitrary<HostArray>,
  f: (x: Matrix) => Tensor
): fc.Arbitrary<Signature> =>
  shapes.map((shape) => ({
    name: "composed",
    inputs: [matrices(shape)],
    // Which shape and dtype it has, the test alone knows.
    apply: ([x]) => f(x as Matrix),
    differentiable: [0]
  }))

const shuffled = (shape: ReadonlyArray<number>): fc.Arbitrary<HostArray> => dominant(shape, true)
const positive = (shape: ReadonlyArray<number>): fc.Arbitrary<HostArray> => dominant(shape, false)
const spread = (shape: ReadonlyArray<number>): fc.Arbitrary<HostArray> => separated(shape, false)
const transposed = (x: Matrix): Matrix => T.swapAxes(x, -1, -2) as Matrix

const solve: fc.Arbitrary<Signature> = fc.tuple(squares, Arrays.extent).map(([shape, columns]) => ({
  name: "solve",
  inputs: [shuffled(shape), Arrays.array([...shape.slice(0, -1), columns], "f64", Arrays.reals)],
  apply: ([a, b]) => T.solve(a as Matrix, b as Matrix),
  differentiable: [0, 1]
}))

const composed: Readonly<Record<string, fc.Arbitrary<Signature>>> = {
  solve,
  inverse: of(squares, shuffled, T.inverse),
  determinant: of(squares, shuffled, T.determinant),
  logDeterminant: of(squares, positive, T.logDeterminant),
  "matrixPower 3": of(squares, positive, (x) => T.matrixPower(x, 3)),
  "qr of wide matrices": of(talls, shuffled, (x) => T.qr(transposed(x)).r),
  "svd of wide matrices": of(talls, spread, (x) => T.svd(transposed(x)).u),
  pinv: of(talls, positive, (x) => T.pinv(x)),
  "pinv of wide matrices": of(talls, positive, (x) => T.pinv(transposed(x))),
  "least squares": of(talls, positive, (x) => T.leastSquares(x, T.onesLike(x))),
  "singular values": of(talls, spread, (x) => T.svd(x).s),
  eigenvalues: of(squares, spread, (x) => T.eigenSymmetric(x).values),
  trace: of(talls, spread, T.trace)
}

describe.each(Object.entries(composed))("%s", (_, signatures) => {
  it("has a jvp that agrees with central differences", () => {
    expect(counterexample(jvpIsDifference, signatures.chain(directed))).toBeUndefined()
  })

  it("has a vjp that is the adjoint of its jvp", () => {
    expect(counterexample(vjpIsAdjoint, signatures.chain(directed))).toBeUndefined()
  })

  it("has a second derivative that agrees with central differences", () => {
    expect(counterexample(secondOrder, signatures.chain(directed))).toBeUndefined()
  })

  it("has the same value for a batch as for each example", () => {
    expect(counterexample(batchIsLoop, signatures.chain(batched))).toBeUndefined()
  })
})

/** Two expressions of one value. */
type Equation = readonly [name: string, actual: Tensor, expected: Tensor]

const equations = (a: Matrix, square: Matrix): ReadonlyArray<Equation> => {
  const symmetric = T.add(square, transposed(square)) as Matrix
  const gram = T.matmul(square, transposed(square)) as Matrix
  const definite = T.add(gram, T.eye(square.shape[0], { dtype: square.dtype }) as Matrix) as Matrix
  const columns = T.eye(a.shape[1], { dtype: a.dtype }) as Matrix
  const product = (...[x, ...rest]: ReadonlyArray<Tensor>): Tensor =>
    rest.reduce((left, right) => T.matmul(left as Matrix, right as Matrix), x)
  const scaled = (x: Tensor, weights: Tensor): Tensor => T.mul(x as Matrix, weights as Matrix)
  const l = T.cholesky(definite)
  const { lower, permutation, upper } = T.lu(square)
  const { q, r } = T.qr(a)
  const { values, vectors } = T.eigenSymmetric(symmetric)
  const { s, u, v } = T.svd(a)
  return [
    ["L Lᵀ", product(l, transposed(l)), definite],
    ["L U", product(lower, upper), T.take(square, permutation as never)],
    ["Q R", product(q, r), a],
    ["QᵀQ", product(transposed(q as Matrix), q), columns],
    ["V diag(λ) Vᵀ", product(scaled(vectors, values), transposed(vectors as Matrix)), symmetric],
    [
      "VᵀV of eigenvectors",
      product(transposed(vectors as Matrix), vectors),
      T.eye(square.shape[0], { dtype: a.dtype })
    ],
    ["U diag(s) Vᵀ", product(scaled(u, s), transposed(v as Matrix)), a],
    ["UᵀU", product(transposed(u as Matrix), u), columns],
    ["VᵀV", product(transposed(v as Matrix), v), columns],
    ["A A⁺", product(definite, T.pinv(definite), square), square],
    ["A solve(A, B)", product(definite, T.solve(definite, square)), square]
  ]
}

const rows = Object.entries(devices).flatMap(([name, { dtypes, layer }]) =>
  dtypes.map((dtype) => ({ name, layer, dtype }))
)

describe.each(rows)("on the device $name in $dtype", ({ dtype, layer }) => {
  const runtime = ManagedRuntime.make(layer)
  afterAll(() => runtime.dispose())

  const factorsGiveBack = ([a, square]: readonly [HostArray, HostArray]): Promise<Violation> =>
    runtime.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const device = yield* Device
          const known = equations(constant(a) as Matrix, constant(square) as Matrix)
          const tensors = yield* device.realize(known.flatMap(([, actual, expected]) => [actual, expected]))
          const values = yield* Effect.forEach(tensors, device.read)
          return first(
            ...known.map(([name], i) =>
              agree(name, values[2 * i + 1], values[2 * i], errorModel(dtype, values[2 * i + 1], 4096))
            )
          )
        })
      )
    )

  const entries = (shape: ReadonlyArray<number>): fc.Arbitrary<HostArray> =>
    fc
      .constantFrom(Arrays.reals, Arrays.halves)
      .chain((entry) => Arrays.array(shape, "f64", entry))
      .map(({ data }) => make(shape, dtype, data))
  const matrices = fc
    .tuple(fc.integer({ min: 1, max: 20 }), fc.nat(9), fc.integer({ min: 1, max: 12 }))
    .chain(([columns, more, n]) => fc.tuple(entries([columns + more, columns]), entries([n, n])))

  it("factors give back what they are factors of", async () => {
    expect(await eventualCounterexample(factorsGiveBack, matrices)).toBeUndefined()
  }, 60_000)
})
