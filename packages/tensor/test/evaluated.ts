/**
 * Values and derivatives for tests, computed by the reference.
 */
import type { Tensor } from "../src/Primitive.ts"
import { applications } from "../src/Program.ts"
import * as Reference from "../src/Reference.ts"
import * as T from "../src/Tensor.ts"

/** Row-major values of `x`. */
export const values = (x: Tensor): ReadonlyArray<number> => Array.from(Reference.evaluate([x])[0].data)

/** Values of `x` as nested arrays. */
export const nested = (x: Tensor): unknown => {
  const build = (shape: ReadonlyArray<number>, data: ReadonlyArray<number>): unknown => {
    if (shape.length === 0) return data[0]
    const width = data.length / shape[0]
    return Array.from({ length: shape[0] }, (_, i) => build(shape.slice(1), data.slice(i * width, (i + 1) * width)))
  }
  return build(x.shape, values(x))
}

/** The gradient of the sum of `f` at `x`, as an expression. */
export const gradientOf = (f: (x: Tensor) => Tensor, x: Tensor): Tensor => {
  const result = T.sum(f(x))
  const cotangents = new Map<Tensor, Tensor>([[result, T.onesLike(result)]])
  for (const application of applications([result]).toReversed()) {
    const received = application.outputs.map((output) => cotangents.get(output))
    if (received.every((cotangent) => cotangent === undefined)) continue
    const pulled = application.primitive.vjp({ ...application, cotangents: received })
    application.inputs.forEach((input, i) => {
      const [earlier, more] = [cotangents.get(input), pulled[i]]
      if (more !== undefined) cotangents.set(input, earlier === undefined ? more : T.add(earlier, more))
    })
  }
  return cotangents.get(x) ?? T.zerosLike(x)
}

/** Derivatives of a function of each element, at `points`, in double precision. */
export const derivativesAt = (f: (x: Tensor) => Tensor, points: ReadonlyArray<number>): ReadonlyArray<number> =>
  values(gradientOf(f, T.of(points, "f64")))

/** Values of a function of each element, at `points`, in double precision. */
export const valuesAt = (f: (x: Tensor) => Tensor, points: ReadonlyArray<number>): ReadonlyArray<number> =>
  values(f(T.of(points, "f64")))
