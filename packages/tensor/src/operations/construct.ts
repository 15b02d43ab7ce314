/**
 * Tensors from values, and tensors that are all alike.
 */
import type { DType } from "../DType.ts"
import type * as DTypes from "../DType.ts"
import { ArgumentError, ShapeError } from "../errors.ts"
import type { HostArray } from "../HostArray.ts"
import * as HostArrays from "../HostArray.ts"
import { positions } from "../internal/axes.ts"
import { typed } from "../internal/forms.ts"
import { fill } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { constant, full as fullOf, iota } from "../primitive/leaf.ts"
import { mul } from "../primitive/bilinear.ts"
import { equal } from "../primitive/discrete.ts"
import { add, cast, sub } from "../primitive/linear.ts"
import { parameter } from "../Program.ts"
import type { Dims } from "../Shape.ts"
import { check, format, size } from "../Shape.ts"
import type { Loose, Nested, NestedShape, Shape } from "../ShapeType.ts"

/** The dtype of nested arrays: `bool` for truth values, `f32` for numbers. */
export type LeafDType<A> =
  A extends ReadonlyArray<infer E> ? (Nested extends E ? DType : LeafDType<E>) : A extends boolean ? "bool" : "f32"

/**
 * The tensor of nested arrays. Numbers become `f32` and truth values `bool` unless `dtype` says otherwise.
 *
 * **Throws** `ShapeError` unless sibling arrays have one length.
 *
 * **Example** (A matrix)
 *
 * ```ts run
 * await evaluate(Tensor.of([[1, 2], [3, 4]])) // => [[1, 2], [3, 4]]
 * ```
 */
export const of: {
  <const A extends Nested>(values: A): Tensor<NestedShape<A>, LeafDType<A>>
  <const A extends Nested, D extends DType>(values: A, dtype: D): Tensor<NestedShape<A>, D>
} = typed((values: Nested, dtype?: DType): Tensor => {
  const shape: Array<number> = []
  for (let inner = values; isArray(inner) && shape.push(inner.length) > 0 && inner.length > 0;) inner = inner[0]
  const flat: Array<number> = []
  let truth = false
  const visit = (value: Nested, axis: number): void => {
    if (isArray(value) !== axis < shape.length || (isArray(value) && value.length !== shape[axis])) {
      throw new ShapeError({
        operation: "of",
        expected: `nested arrays of one shape, here ${format(shape.slice(axis))}`,
        received: [isArray(value) ? [value.length] : []]
      })
    }
    if (isArray(value)) return value.forEach((item) => visit(item, axis + 1))
    truth ||= typeof value === "boolean"
    flat.push(Number(value))
  }
  visit(values, 0)
  return constant(HostArrays.make(shape, dtype ?? (truth ? "bool" : "f32"), flat))
})

const isArray = (value: Nested): value is ReadonlyArray<Nested> => Array.isArray(value)

/**
 * The tensor of `shape` with row-major `values`; `f32` unless stated.
 *
 * **Throws** `ShapeError` unless there is a value for each element.
 *
 * **Example** (Values and shape)
 *
 * ```ts run
 * await evaluate(Tensor.make([2, 2], [1, 2, 3, 4])) // => [[1, 2], [3, 4]]
 * ```
 */
export const make: {
  <const S extends Dims, D extends DType = "f32">(shape: S, values: ArrayLike<number>, dtype?: D): Tensor<S, D>
} = typed((shape: Dims, values: ArrayLike<number>, dtype: DType = "f32"): Tensor => {
  check("make", shape)
  if (values.length !== size(shape)) {
    throw new ShapeError({
      operation: "make",
      expected: `${size(shape)} values for the shape ${format(shape)}`,
      received: [[values.length]]
    })
  }
  return constant(HostArrays.make(shape, dtype, values))
})

/** The tensor that holds `array`, which must not change afterwards. */
export const fromHostArray: {
  <D extends DType>(array: HostArray<D>): Tensor<Shape, D>
} = typed(constant)

/**
 * One number as a tensor without axes. It is data: another value gives another result of the same compiled program.
 * A number that belongs to the program, as in `mul(x, 2)`, needs no tensor.
 */
export const scalar: {
  <D extends DType = "f32">(value: number, dtype?: D): Tensor<readonly [], D>
} = typed((value: number, dtype: DType = "f32"): Tensor => constant(HostArrays.make([], dtype, [value])))

/**
 * A parameter of a program: a tensor whose value is given when the program runs.
 *
 * **Example** (A program of one parameter)
 *
 * ```ts run
 * const x = Tensor.input([2])
 * const program = { parameters: [x], results: [Tensor.mul(x, 2)] }
 * Array.from(Reference.run(program, [HostArray.make([2], "f32", [1, 2])])[0].data) // => [2, 4]
 * ```
 */
export const input: {
  <const S extends Dims, D extends DType = "f32">(shape: S, dtype?: D): Tensor<S, D>
} = typed((shape: Dims, dtype: DType = "f32"): Tensor => {
  check("input", shape)
  return parameter({ shape, dtype })
})

const filled = (operation: string, shape: Dims, value: number, dtype: DType = "f32"): Tensor => {
  check(operation, shape)
  return fill(operation, { shape, dtype }, value)
}

/**
 * Every element is `value`; `f32` unless stated.
 *
 * **Throws** `ArgumentError` where `dtype` cannot hold `value`.
 */
export const full: {
  <const S extends Dims, D extends DType = "f32">(shape: S, value: number, dtype?: D): Tensor<S, D>
} = typed((shape: Dims, value: number, dtype?: DType) => filled("full", shape, value, dtype))

/** Zeros, `f32` unless stated. */
export const zeros: {
  <const S extends Dims, D extends DType = "f32">(shape: S, dtype?: D): Tensor<S, D>
} = typed((shape: Dims, dtype?: DType) => filled("zeros", shape, 0, dtype))

/** Ones, `f32` unless stated. */
export const ones: {
  <const S extends Dims, D extends DType = "f32">(shape: S, dtype?: D): Tensor<S, D>
} = typed((shape: Dims, dtype?: DType) => filled("ones", shape, 1, dtype))

/** `value` in the shape and dtype of `self`. */
export const fullLike: {
  <S extends Shape, D extends DType>(self: Tensor<S, D>, value: number): Tensor<S, D>
} = typed((self: Tensor, value: number) => fill("fullLike", self, value))

/** Zeros in the shape and dtype of `self`. */
export const zerosLike: {
  <S extends Shape, D extends DType>(self: Tensor<S, D>): Tensor<S, D>
} = typed((self: Tensor) => fullLike(self, 0))

/** Ones in the shape and dtype of `self`. */
export const onesLike: {
  <S extends Shape, D extends DType>(self: Tensor<S, D>): Tensor<S, D>
} = typed((self: Tensor) => fullLike(self, 1))

/** How far apart the numbers of a range are, and what holds them. */
export interface RangeOptions<D extends DType = DType> {
  readonly step?: number
  readonly dtype?: D
}

/**
 * `start, start + step, …` below `stop`; from 0 where one bound is given, in steps of 1 unless stated, `f32` unless
 * stated.
 *
 * **Throws** `ArgumentError` for a step of 0, or numbers that `dtype` cannot hold.
 *
 * **Example** (Counting)
 *
 * ```ts run
 * await evaluate(Tensor.arange(4)) // => [0, 1, 2, 3]
 * await evaluate(Tensor.arange(1, 10, { step: 3, dtype: "i32" })) // => [1, 4, 7]
 * ```
 */
export const arange: {
  <D extends DType = "f32">(stop: number, options?: RangeOptions<D>): Tensor<readonly [number], D>
  <D extends DType = "f32">(start: number, stop: number, options?: RangeOptions<D>): Tensor<readonly [number], D>
} = typed((first: number, second?: number | RangeOptions, third?: RangeOptions): Tensor => {
  const [start, stop] = typeof second === "number" ? [first, second] : [0, first]
  const { dtype = "f32", step = 1 } = third ?? (typeof second === "object" ? second : {})
  if (step === 0 || !Number.isFinite(stop - start) || !Number.isFinite(step)) {
    throw new ArgumentError({
      operation: "arange",
      expected: "finite bounds and a step that is not 0",
      received: `from ${start} to ${stop} in steps of ${step}`
    })
  }
  const type = { shape: [Math.max(0, Math.ceil((stop - start) / step))], dtype }
  const count = iota(type)
  const scaled = step === 1 ? count : mul(count, fill("arange", type, step))
  return start === 0 ? scaled : add(scaled, fill("arange", type, start))
})

/**
 * `count` numbers from `start` to `stop`, evenly apart, both ends included.
 *
 * **Throws** `ArgumentError` unless `count` is at least 1.
 *
 * **Example** (Five points)
 *
 * ```ts run
 * await evaluate(Tensor.linspace(0, 1, 5)) // => [0, 0.25, 0.5, 0.75, 1]
 * ```
 */
export const linspace: {
  <const N extends number, D extends DTypes.Float = "f32">(
    start: number,
    stop: number,
    count: N,
    dtype?: D
  ): Tensor<readonly [N], D>
} = typed((start: number, stop: number, count: number, dtype: DType = "f32"): Tensor => {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new ArgumentError({ operation: "linspace", expected: "a count from 1", received: String(count) })
  }
  const type = { shape: [count], dtype }
  const constantOf = (value: number): Tensor => fullOf({ ...type, value })
  if (count === 1) return constantOf(start)
  // Weights that add up to 1 meet both ends exactly.
  const weight = mul(iota(type), constantOf(1 / (count - 1)))
  const isLast = cast(equal(iota(type), constantOf(count - 1)), { dtype })
  const exact = add(mul(weight, sub(constantOf(1), isLast)), isLast)
  return add(mul(sub(constantOf(1), exact), constantOf(start)), mul(exact, constantOf(stop)))
})

/**
 * Ones on the diagonal, zeros elsewhere; square unless `columns` is given, `f32` unless stated.
 *
 * **Example** (The identity)
 *
 * ```ts run
 * await evaluate(Tensor.eye(2)) // => [[1, 0], [0, 1]]
 * ```
 */
export const eye: {
  <const M extends number, D extends DType = "f32", const N extends number = M>(
    rows: M,
    options?: { readonly columns?: N; readonly dtype?: D }
  ): Tensor<readonly [M, N], D>
} = typed((rows: number, options: { readonly columns?: number; readonly dtype?: DType } = {}): Tensor => {
  const shape = [rows, options.columns ?? rows]
  check("eye", shape)
  return cast(equal(positions(shape, 0), positions(shape, 1)), { dtype: options.dtype ?? "f32" })
})

/**
 * `self` itself under more exact types: names and sizes that the compiler could not know. Names such as `"batch"`
 * exist in types only; sizes are compared.
 *
 * **Throws** `ShapeError` where the rank or a size differs.
 *
 * **Example** (Naming the batch)
 *
 * ```ts run
 * const x: Tensor.Tensor<readonly ["batch", 2], "f32"> = Tensor.refine(Tensor.of([[1, 2]]), ["batch", 2])
 * await evaluate(x) // => [[1, 2]]
 * ```
 */
export const refine: {
  <const S extends Shape, D extends DType>(self: Tensor<Shape, D> | Tensor<Loose<S>, D>, shape: S): Tensor<S, D>
} = typed((self: Tensor, shape: Shape): Tensor => {
  const fits =
    shape.length === self.shape.length && shape.every((dim, i) => typeof dim === "string" || dim === self.shape[i])
  if (fits) return self
  throw new ShapeError({ operation: "refine", expected: `the shape [${shape.join(", ")}]`, received: [self.shape] })
})
