/**
 * What a wrong program is told, word for word.
 */
import { describe, expect, it } from "vitest"
import type { Dims } from "../src/Shape.ts"
import type { Shape } from "../src/ShapeType.ts"
import * as T from "../src/Tensor.ts"

/** Zeros whose shape the compiler does not know, so that it lets every mistake pass. */
const zeros = (shape: Dims, dtype: T.DType = "f32"): T.Tensor<Shape, T.DType> => T.zeros(shape, dtype)

const messageOf = (f: () => unknown): string => {
  try {
    f()
  } catch (error) {
    return (error as Error).message
  }
  return "nothing was thrown"
}

describe("wrong shapes", () => {
  it.each([
    [
      () => T.add(zeros([3, 4]), zeros([5])),
      "add: expected shapes whose extents, aligned at the last axis, are equal or 1, received [3, 4] and [5]\n  hint: cannot broadcast [3, 4] with [5]"
    ],
    [
      () => T.mul(zeros([3, 4]), zeros([3])),
      "mul: expected shapes whose extents, aligned at the last axis, are equal or 1, received [3, 4] and [3]\n  hint: to align [3] with the first axis of [3, 4], reshape it to [3, 1]"
    ],
    [
      () => T.matmul(zeros([2, 3]), zeros([4, 5])),
      "matmul: expected [..., m, k] and [..., k, n], received [2, 3] and [4, 5]"
    ],
    [
      () => T.matmul(zeros([2, 3]), zeros([4, 3])),
      "matmul: expected [..., m, k] and [..., k, n], received [2, 3] and [4, 3]\n  hint: transpose the second operand"
    ],
    [
      () => T.matmul(zeros([3, 2]), zeros([3, 4])),
      "matmul: expected [..., m, k] and [..., k, n], received [3, 2] and [3, 4]\n  hint: transpose the first operand"
    ],
    [
      () => T.matmul(zeros([]), zeros([3])),
      "matmul: expected [..., m, k] and [..., k, n], received [] and [3]\n  hint: to scale by a scalar, use mul"
    ],
    [
      () => T.dot(zeros([2, 2]), zeros([2])),
      "dot: expected two vectors [m] and [n], received [2, 2] and [2]\n  hint: for matrices use matmul, for other axes tensorDot or einsum"
    ],
    [
      () => T.reshape(zeros([2, 3]), [4, -1]),
      "reshape: expected a shape of 6 elements, at most one extent −1, received [2, 3] and [4, -1]"
    ],
    [
      () => T.broadcastTo(zeros([3]), [4]),
      "broadcastTo: expected a shape that broadcasts to [4], received [3]\n  hint: extents, aligned at the last axis, must be equal or 1"
    ],
    [() => T.squeeze(zeros([2, 1]), 0), "squeeze: expected extents 1 along axes [0], received [2, 1]"],
    [
      () => T.concatenate([zeros([2, 3]), zeros([2, 4])]),
      "concatenate: expected shapes that differ along axis 0 only, received [2, 3] and [2, 4]"
    ],
    [() => T.stack([zeros([2]), zeros([3])]), "stack: expected tensors of one shape, received [2] and [3]"],
    [() => T.split(zeros([5]), 2), "split: expected an axis that divides by 2, received [5]"],
    [() => T.split(zeros([5]), -1), "split: expected an axis that divides by -1, received [5]"],
    [() => T.split(zeros([5]), [2, 2]), "split: expected extents that add up to 5, received [5] and [2, 2]"],
    [() => T.max(zeros([0, 3]), 0), "max: expected at least one element along axes [0], received [0, 3]"],
    [() => T.argMin(zeros([0])), "argMin: expected at least one element along axes [0], received [0]"],
    [
      () => T.pad(zeros([2]), { before: [2], after: [0], mode: "reflect" }),
      "pad: expected an extent above 2 along axis 0 to mirror, received [2]"
    ],
    [() => T.triangularLower(zeros([2])), "triangularLower: expected a matrix [..., m, n], received [2]"],
    [() => T.diagonal(zeros([2])), "diagonal: expected a matrix [..., m, n], received [2]"],
    [
      () => T.gather(zeros([2, 3]), zeros([3, 1], "i32"), 1),
      "gather: expected indices no larger than the tensor but along axis 1, received [2, 3] and [3, 1]"
    ],
    [() => T.take(zeros([0]), zeros([1], "i32")), "take: expected at least one element to choose from, received [0]"],
    [
      () => T.scatterAdd(zeros([2]), zeros([3], "i32"), zeros([4]), 0),
      "scatterAdd: expected indices and updates of one shape, received [3] and [4]"
    ],
    [
      () => T.einsum("ij,jk->ik", zeros([2, 3]), zeros([4, 5])),
      'einsum: expected one extent for the axes "j", found 3 and 4, received [2, 3] and [4, 5]'
    ],
    [
      () => T.einsum("ijk->i", zeros([2, 3])),
      'einsum: expected a tensor of 3 axes for the term "ijk", received [2, 3]'
    ],
    [() => T.einsum("ii->i", zeros([2, 3])), 'einsum: expected equal extents along both axes "i", received [2, 3]'],
    [
      () => T.tensorDot(zeros([2, 3]), zeros([4, 3]), 1),
      "tensorDot: expected equal extents along axes [1] and [0], received [2, 3] and [4, 3]"
    ],
    [() => T.of([[1], [1, 2]]), "of: expected nested arrays of one shape, here [1], received [2]"],
    [() => T.make([2], [1]), "make: expected 2 values for the shape [2], received [1]"],
    [() => T.zeros([-1]), "zeros: expected extents that are whole numbers from 0, received [-1]"],
    [() => T.refine(zeros([2, 3]), ["batch", 4]), "refine: expected the shape [batch, 4], received [2, 3]"]
  ])("are told: %#", (f, message) => {
    expect(messageOf(f)).toBe(message)
  })
})

describe("wrong dtypes", () => {
  it.each([
    [
      () => T.add(zeros([2]), zeros([2], "i32")),
      'add: expected operands of one dtype, received f32 and i32\n  hint: convert one operand with cast(x, "f32")'
    ],
    [
      () => T.einsum("i,i", zeros([2]), zeros([2], "f64")),
      'einsum: expected operands of one dtype, received f32 and f64\n  hint: convert one operand with cast(x, "f32")'
    ],
    [() => T.exp(zeros([2], "i32")), 'exp: expected floats, received i32\n  hint: use cast(x, "f32")'],
    [() => T.mean(zeros([2], "i32")), 'mean: expected floats, received i32\n  hint: use cast(x, "f32")'],
    [() => T.softmax(zeros([2], "u8")), 'softmax: expected floats, received u8\n  hint: use cast(x, "f32")'],
    [() => T.any(zeros([2])), "any: expected bool, received f32\n  hint: compare first, as in notEqual(x, 0)"],
    [
      () => T.where(zeros([2]), zeros([2]), 0),
      "where: expected bool, received f32\n  hint: compare first, as in notEqual(x, 0)"
    ],
    [
      () => T.logicalAnd(zeros([2], "i32"), 1),
      "logicalAnd: expected bool, received i32\n  hint: compare first, as in notEqual(x, 0)"
    ],
    [() => T.bitwiseOr(zeros([2]), 1), "bitwiseOr: expected integers, received f32"],
    [() => T.cumulativeSum(zeros([2], "bool")), "cumulativeSum: expected numbers, received bool"],
    [
      () => T.take(zeros([2]), zeros([2])),
      'take: expected integer indices, received f32\n  hint: convert them with cast(indices, "i32")'
    ],
    [() => T.bitcast(zeros([2]), "f64"), "bitcast: expected two of f32, i32, u32, received f32 and f64"]
  ])("are told: %#", (f, message) => {
    expect(messageOf(f)).toBe(message)
  })
})

describe("wrong axes and arguments", () => {
  it.each([
    [() => T.sum(zeros([2, 3]), 2), "sum: expected an axis from -2 to 1, received 2"],
    [() => T.sum(zeros([2, 3]), [0, -2]), "sum: expected each axis once, received axis 0 twice"],
    [() => T.sum(zeros([]), 0), "sum: expected an axis from 0 to -1, received 0\n  hint: a scalar has no axes"],
    [() => T.softmax(zeros([2]), 1), "softmax: expected an axis from -1 to 0, received 1"],
    [() => T.expandDims(zeros([2]), 3), "expandDims: expected an axis from -2 to 1, received 3"],
    [() => T.transpose(zeros([2, 3]), [0, -2]), "transpose: expected each axis once, received axis 0 twice"],
    [
      () => T.transpose(zeros([2, 3, 4]), [1, 0]),
      "transpose: expected each of 3 axes once, received [1, 0]\n  hint: to exchange two axes of many, use swapAxes"
    ],
    [
      () => T.add(zeros([2], "i32"), 0.5),
      'add: expected a number that i32 can hold, received 0.5\n  hint: convert the tensor first, as in cast(x, "f32")'
    ],
    [
      () => T.arange(0, 3, { step: 0 }),
      "arange: expected finite bounds and a step that is not 0, received from 0 to 3 in steps of 0"
    ],
    [() => T.linspace(0, 1, 0), "linspace: expected a count from 1, received 0"],
    [() => T.concatenate([]), "concatenate: expected at least one tensor, received none"],
    [() => T.norm(zeros([2]), 0, { ord: 0 }), "norm: expected an order above 0, or -Infinity, received 0"],
    [() => T.topK(zeros([2]), 3), "topK: expected k from 0 to 2, received 3"],
    [
      () => T.roll(zeros([2]), [1, 2], 0),
      "roll: expected a whole shift for each axis, received shifts [1, 2] and axes [0]"
    ],
    [() => T.tile(zeros([2]), [-1]), "tile: expected whole repeats from 0, received [-1]"],
    [
      () => T.slice(zeros([2]), { start: [0, 1] }),
      'slice: expected whole bounds and steps that are not 0, for at most 1 axes, received {"start":[0,1],"stop":[],"step":[]}'
    ],
    [
      () => T.pad(zeros([2]), { before: [-1], after: [0] }),
      'pad: expected 1 whole amounts from 0 before and after, received {"before":[-1],"after":[0]}\n  hint: to take elements away, use slice'
    ],
    [
      () => T.where(zeros([2], "bool"), 1 as never, 0),
      "where: expected a tensor on one side, which gives the dtype, received 1 and 0\n  hint: use full or scalar"
    ],
    [() => T.einsum("i,j", zeros([2])), 'einsum: expected a term for each of 1 tensors, received "i,j"'],
    [
      () => T.einsum("i->j", zeros([2])),
      'einsum: expected letters of the operands after ->, each once, received "i->j"'
    ],
    [() => T.einsum("i->->i", zeros([2])), 'einsum: expected at most one ->, received "i->->i"'],
    [() => T.einsum("1", zeros([2])), 'einsum: expected letters and at most one ... in each term, received "1"'],
    [() => T.tensorDot(zeros([2]), zeros([2]), 2), "tensorDot: expected an axis from -1 to 0, received 1"]
  ])("are told: %#", (f, message) => {
    expect(messageOf(f)).toBe(message)
  })
})
