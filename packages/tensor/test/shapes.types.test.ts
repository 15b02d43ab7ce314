/**
 * What the compiler knows about shapes. Assertions hold when this file type-checks; vitest only sees that it loads.
 */
import { pipe } from "effect/Function"
import { describe, expect, it } from "vitest"
import type { DType } from "../src/DType.ts"
import { AxisError, DTypeError, ShapeError } from "../src/errors.ts"
import type { Dim, Shape } from "../src/ShapeType.ts"
import * as Tensor from "../src/Tensor.ts"

type T<S extends Shape, D extends DType = "f32"> = Tensor.Tensor<S, D>
type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false

/** Compiles where the type of a value is exactly `T`. */
const typed =
  <T>() =>
  <A>(value: () => A & ([Equal<A, T>] extends [true] ? unknown : { readonly expected: T })): void =>
    void value

/** Compiles what is never run. */
const compiles = (value: () => unknown): void => void value

const { add, matmul, relu, zeros } = Tensor
declare const n: number
declare const named: T<readonly ["batch", 784]>
declare const unranked: Tensor.Tensor
const x = zeros([64, 784])
const w = zeros([784, 10])
const b = zeros([10])

describe("shapes in types", () => {
  it("are kept by matrix products and biases", () => {
    typed<T<readonly [64, 10]>>()(() => matmul(x, w))
    typed<T<readonly [64, 10]>>()(() => add(matmul(x, w), b))
    typed<T<readonly [64, 10]>>()(() => pipe(x, matmul(w), add(b), relu))
    typed<T<readonly [64, 10]>>()(() => x.pipe(matmul(w), add(b), relu))
    typed<T<readonly [8, 16, 10]>>()(() => matmul(zeros([8, 16, 784]), w))
    typed<T<readonly [5, 2, 4]>>()(() => matmul(zeros([5, 2, 3]), zeros([5, 3, 4])))
    typed<T<readonly [2, 4, 2, 2]>>()(() => matmul(zeros([2, 1, 2, 3]), zeros([4, 3, 2])))
    typed<T<readonly [64]>>()(() => matmul(x, zeros([784])))
    typed<T<readonly [10]>>()(() => matmul(zeros([784]), w))
    typed<T<readonly []>>()(() => matmul(b, b))
    typed<T<readonly [3, 10]>>()(() => Tensor.outer(zeros([3]), b))
    typed<T<readonly []>>()(() => Tensor.dot(b, b))
    expect(add(matmul(x, w), b).shape).toEqual([64, 10])
  })

  it("are broadcast", () => {
    typed<T<readonly [2, 4, 3]>>()(() => add(zeros([2, 1, 3]), zeros([4, 1])))
    typed<T<readonly [64, 10]>>()(() => add(zeros([64, 10]), b))
    typed<T<readonly [64, 10]>>()(() => add(b, zeros([64, 10])))
    typed<T<readonly [64, 10]>>()(() => add(zeros([64, 1]), zeros([64, 10])))
    typed<T<readonly [3, 4]>>()(() => Tensor.mul(zeros([3, 4]), Tensor.scalar(2)))
    typed<T<readonly [3, 4]>>()(() => Tensor.sub(1, zeros([3, 4])))
    typed<T<readonly [3, 4]>>()(() => zeros([3, 4]).pipe(Tensor.div(2)))
    typed<T<readonly [3, 4], "bool">>()(() => Tensor.less(zeros([3, 1]), zeros([4])))
    typed<T<readonly [3, 4]>>()(() => Tensor.where(Tensor.zeros([3, 1], "bool"), zeros([3, 4]), zeros([4])))
    typed<T<readonly [3, 4]>>()(() => Tensor.where(Tensor.less(zeros([3, 4]), 0), 0, zeros([3, 4])))
    typed<T<readonly [5, 3, 4]>>()(() => Tensor.broadcastTo(zeros([3, 1]), [5, 3, 4]))
    expect(add(zeros([2, 1, 3]), zeros([4, 1])).shape).toEqual([2, 4, 3])
  })

  it("lose the axes that are reduced, or keep them as 1", () => {
    const c = zeros([2, 3, 4])
    typed<T<readonly [3, 4]>>()(() => Tensor.sum(c, 0))
    typed<T<readonly [2, 3]>>()(() => Tensor.sum(c, -1))
    typed<T<readonly [2, 4]>>()(() => Tensor.mean(c, 1))
    typed<T<readonly [2, 4]>>()(() => Tensor.mean(c, -2))
    typed<T<readonly [3]>>()(() => Tensor.max(c, [0, -1]))
    typed<T<readonly []>>()(() => Tensor.sum(c))
    typed<T<readonly []>>()(() => c.pipe(Tensor.sum()))
    typed<T<readonly [2, 1, 4]>>()(() => Tensor.sum(c, 1, { keepDims: true }))
    typed<T<readonly [2, 3, 1]>>()(() => Tensor.sum(c, -1, { keepDims: true }))
    typed<T<readonly [1, 1, 1]>>()(() => Tensor.sum(c, undefined, { keepDims: true }))
    typed<T<readonly [2, 1, 4]>>()(() => c.pipe(Tensor.variance(1, { keepDims: true, correction: 1 })))
    typed<T<readonly [2, 3], "i32">>()(() => Tensor.argMax(c, -1))
    typed<T<readonly ["batch"]>>()(() => Tensor.sum(named, -1))
    typed<T<readonly [784]>>()(() => Tensor.mean(named, 0))
    typed<T<Shape>>()(() => Tensor.sum(c, n))
    expect(Tensor.sum(c, 1, { keepDims: true }).shape).toEqual([2, 1, 4])
  })

  it("follow reshapes and permutations", () => {
    const c = zeros([2, 3, 4])
    typed<T<readonly [6, 4]>>()(() => Tensor.reshape(c, [6, 4]))
    typed<T<readonly [6, number]>>()(() => Tensor.reshape(c, [6, -1]))
    typed<T<readonly [number, 784]>>()(() => Tensor.reshape(unranked as T<Shape>, [n, 784]))
    typed<T<readonly [6, 4]>>()(() => c.pipe(Tensor.reshape([6, 4])))
    typed<T<readonly [784, 64]>>()(() => Tensor.transpose(x))
    typed<T<readonly [784, 64]>>()(() => x.pipe(Tensor.transpose()))
    typed<T<readonly [64, 784]>>()(() => x.pipe(Tensor.softmax(0), Tensor.cumulativeSum()))
    typed<T<readonly [4, 3, 2]>>()(() => Tensor.transpose(c))
    typed<T<readonly [4, 2, 3]>>()(() => Tensor.transpose(c, [2, 0, 1]))
    typed<T<readonly [4, 2, 3]>>()(() => c.pipe(Tensor.transpose([-1, 0, 1])))
    typed<T<readonly [784, "batch"]>>()(() => Tensor.transpose(named))
    typed<T<readonly [2, 4, 3]>>()(() => Tensor.swapAxes(c, -1, -2))
    typed<T<readonly [2, 1, 3, 4]>>()(() => Tensor.expandDims(c, 1))
    typed<T<readonly [2, 3, 1, 4]>>()(() => Tensor.expandDims(c, -2))
    typed<T<readonly [2, 3]>>()(() => Tensor.squeeze(zeros([2, 1, 3]), 1))
    typed<T<readonly [2, 3]>>()(() => Tensor.squeeze(zeros([2, 1, 3, 1])))
    typed<T<readonly [number]>>()(() => Tensor.flatten(c))
    expect(Tensor.transpose(c, [-1, 0, 1]).shape).toEqual([4, 2, 3])
  })

  it("follow indices", () => {
    const i = Tensor.zeros([7, 5], "i32")
    typed<T<readonly [7, 5, 784]>>()(() => Tensor.take(x, i))
    typed<T<readonly [64, 7, 5]>>()(() => Tensor.take(x, i, 1))
    typed<T<readonly [7, 5]>>()(() => Tensor.gather(x, i, 0))
    typed<T<readonly [7, 5, 10]>>()(() => Tensor.embedding(w, i))
    typed<T<readonly [7, 5, 10]>>()(() => Tensor.oneHot(i, 10))
    typed<T<readonly [7, 5, 10], "f64">>()(() => Tensor.oneHot(i, 10, "f64"))
    typed<T<readonly [64, 3], "i32">>()(() => Tensor.topK(x, 3).indices)
    typed<T<readonly [number, 784]>>()(() => Tensor.concatenate([x, zeros([3, 784])]))
    typed<T<readonly [64, 2, 784]>>()(() => Tensor.stack([x, x], 1))
    expect(Tensor.take(x, i, 1).shape).toEqual([64, 7, 5])
  })

  it("come from nested arrays", () => {
    typed<T<readonly [2, 3]>>()(() =>
      Tensor.of([
        [1, 2, 3],
        [4, 5, 6]
      ])
    )
    typed<T<readonly [2], "bool">>()(() => Tensor.of([true, false]))
    typed<T<readonly [2], "i32">>()(() => Tensor.of([1, 2], "i32"))
    typed<T<readonly [number]>>()(() => Tensor.of([1, 2] as ReadonlyArray<number>))
    typed<T<readonly []>>()(() => Tensor.of(1))
    typed<T<readonly [3, 3]>>()(() => Tensor.eye(3))
    expect(
      Tensor.of([
        [1, 2, 3],
        [4, 5, 6]
      ]).shape
    ).toEqual([2, 3])
  })

  it("may be named, unknown, or of unknown rank", () => {
    typed<T<readonly ["batch", 10]>>()(() => matmul(named, w))
    typed<T<readonly ["batch", 10]>>()(() => add(matmul(named, w), b))
    typed<T<readonly ["batch", 10]>>()(() => pipe(named, matmul(w), add(b), relu))
    typed<T<readonly [number, 10]>>()(() => matmul(zeros([n, 784]), w))
    typed<T<readonly ["batch", 784]>>()(() => Tensor.refine(zeros([n, 784]), ["batch", 784]))
    typed<Tensor.Tensor>()(() => add(unranked, unranked))
    typed<Tensor.Tensor>()(() => Tensor.softmax(matmul(unranked, unranked)))
    typed<Tensor.Tensor<readonly []>>()(() => Tensor.sum(unranked))
    typed<Tensor.Tensor>()(() => Tensor.sum(unranked, 0))
    typed<Tensor.Tensor>()(() => Tensor.transpose(unranked))
    typed<Tensor.Tensor>()(() => Tensor.where(unranked, unranked, 0))
    typed<T<readonly [64, 10]>>()(() => Tensor.refine(unranked as T<Shape>, [64, 10]))
    typed<T<Shape>>()(() => matmul(x, unranked))
    typed<Tensor.Tensor>()(() => pipe(unranked, matmul(w), add(b), relu))
    typed<T<Shape>>()(() => pipe(x, matmul(unranked), add(unranked)))
    typed<T<Shape>>()(() => Tensor.where(unranked, x, unranked))
    typed<T<Shape>>()(() => Tensor.clamp(x, unranked, unranked))
    typed<T<readonly [64, 784]>>()(() => Tensor.scatterAdd(x, unranked, unranked, 0))
    compiles(() => Tensor.einsum("ij,jk->ik", x, unranked))
    compiles(() => Tensor.einsum("ij,jk->ik", unranked, w))
    compiles(() => Tensor.take(unranked, unranked, n))
    compiles(() => Tensor.concatenate([unranked, unranked], n))
    expect(Tensor.refine(x, ["batch", 784])).toBe(x)
  })

  it("pass through generic functions of the user", () => {
    const dense = <B extends Dim, I extends Dim, O extends Dim, D extends DType>(
      input: T<readonly [B, I], D>,
      weight: T<readonly [NoInfer<I>, O], NoInfer<D>>,
      bias: T<readonly [NoInfer<O>], NoInfer<D>>
    ): T<readonly [B, O], D> => relu(add(matmul(input, weight), bias))
    const residual = <S extends Shape, D extends DType>(input: T<S, D>, f: (x: T<S, D>) => T<S, D>): T<S, D> =>
      add(input, f(input))
    const scaled = <S extends Shape, D extends DType>(input: T<S, D>, by: T<readonly [], D>): T<S, D> =>
      Tensor.mul(Tensor.mul(input, by), 0.5)
    const perExample = <B extends Dim, N extends Dim, D extends DType>(
      input: T<readonly [B, N], D>
    ): T<readonly [B], D> => Tensor.mean(Tensor.square(input), -1)
    const piped = <B extends Dim, I extends Dim, O extends Dim, D extends DType>(
      input: T<readonly [B, I], D>,
      weight: T<readonly [NoInfer<I>, O], NoInfer<D>>,
      bias: T<readonly [NoInfer<O>], NoInfer<D>>
    ): T<readonly [B, O], D> => pipe(input, matmul(weight), add(bias), relu)
    typed<T<readonly [64, 10]>>()(() => dense(x, w, b))
    typed<T<readonly ["batch", 10]>>()(() => piped(named, w, b))
    typed<T<readonly ["batch", 10]>>()(() => dense(named, w, b))
    typed<T<readonly [64, 10]>>()(() => residual(matmul(x, w), Tensor.tanh))
    typed<T<readonly ["batch"]>>()(() => perExample(scaled(named, Tensor.scalar(2))))
    // @ts-expect-error 784 is not 10
    compiles(() => dense(x, zeros([10, 784]), b))
    expect(dense(x, w, b).shape).toEqual([64, 10])
  })

  it("compose in models of known widths", () => {
    interface Layer<I extends Dim, O extends Dim> {
      readonly apply: <B extends Dim>(input: T<readonly [B, I]>) => T<readonly [B, O]>
    }
    const layer = <const I extends number, const O extends number>(inputs: I, outputs: O): Layer<I, O> => {
      const weight = zeros([inputs, outputs])
      return { apply: (input) => matmul(input, weight) }
    }
    const andThen = <I extends Dim, H extends Dim, O extends Dim>(
      self: Layer<I, H>,
      that: Layer<NoInfer<H>, O>
    ): Layer<I, O> => ({ apply: (input) => that.apply(self.apply(input)) })
    const model = andThen(layer(784, 128), layer(128, 10))
    typed<T<readonly ["batch", 10]>>()(() => model.apply(named))
    // @ts-expect-error 128 is not 64
    compiles(() => andThen(layer(784, 128), layer(64, 10)))
    expect(model.apply(x).shape).toEqual([64, 10])
  })
})

describe("shapes that do not fit", () => {
  it("do not compile, nor run", () => {
    // @ts-expect-error inner dimensions differ
    expect(() => matmul(zeros([2, 3]), zeros([4, 5]))).toThrow(ShapeError)
    // @ts-expect-error inner dimensions differ
    expect(() => pipe(x, matmul(zeros([512, 10])))).toThrow(ShapeError)
    // @ts-expect-error inner dimensions differ
    expect(() => matmul(zeros([2, 2, 3]), zeros([2, 4, 5]))).toThrow(ShapeError)
    // @ts-expect-error batches differ
    expect(() => matmul(zeros([2, 2, 3]), zeros([3, 3, 5]))).toThrow(ShapeError)
    // @ts-expect-error no broadcast
    expect(() => add(zeros([3, 4]), zeros([5]))).toThrow(ShapeError)
    // @ts-expect-error no broadcast
    expect(() => pipe(x, matmul(w), add(zeros([7])))).toThrow(ShapeError)
    // @ts-expect-error a name is no size
    compiles(() => add(named, zeros([64, 784])))
    // @ts-expect-error names differ
    compiles(() => add(named, zeros([64, 784]) as unknown as T<readonly ["time", 784]>))
    // @ts-expect-error no such axis
    expect(() => Tensor.sum(x, 2)).toThrow(AxisError)
    // @ts-expect-error no such axis
    expect(() => pipe(x, Tensor.mean([0, -3]))).toThrow(AxisError)
    // @ts-expect-error no such axis
    expect(() => Tensor.transpose(x, [0, 2])).toThrow(AxisError)
    // @ts-expect-error no broadcast
    expect(() => Tensor.broadcastTo(x, [3, 783])).toThrow(ShapeError)
    // @ts-expect-error no broadcast
    expect(() => Tensor.where(Tensor.zeros([3], "bool"), x, x)).toThrow(ShapeError)
    // @ts-expect-error updates need the shape of the indices
    expect(() => Tensor.scatterAdd(x, Tensor.zeros([3, 784], "i32"), zeros([4, 784]), 0)).toThrow(ShapeError)
  })

  it("do not compile, nor run, for other dtypes either", () => {
    // @ts-expect-error f32 and i32
    expect(() => add(b, Tensor.zeros([10], "i32"))).toThrow(DTypeError)
    // @ts-expect-error f32 and f64
    expect(() => matmul(x, Tensor.zeros([784, 10], "f64"))).toThrow(DTypeError)
    // @ts-expect-error f32 and i32
    expect(() => pipe(b, add(Tensor.zeros([10], "i32")))).toThrow(DTypeError)
    // @ts-expect-error f32 and f64
    expect(() => Tensor.where(Tensor.less(b, 0), b, Tensor.zeros([10], "f64"))).toThrow(DTypeError)
  })
})
