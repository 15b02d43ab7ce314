import { compile } from "@cotangent/compiler/Compile"
import { print } from "@cotangent/compiler/Print"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { dotGeneral, mul } from "@cotangent/tensor/primitive/bilinear"
import { convolution } from "@cotangent/tensor/primitive/convolution"
import { less } from "@cotangent/tensor/primitive/discrete"
import { div, exp } from "@cotangent/tensor/primitive/elementwise"
import { full, zeros } from "@cotangent/tensor/primitive/leaf"
import { add, broadcast, reshape, sub, sum, transpose } from "@cotangent/tensor/primitive/linear"
import { reduceMax, where } from "@cotangent/tensor/primitive/selection"
import { trace } from "@cotangent/tensor/Program"
import { describe, expect, it } from "vitest"

const f32 = (...shape: ReadonlyArray<number>) => ({ shape, dtype: "f32" }) as const
const rows = (x: Tensor, row: Tensor): Tensor => broadcast(row, { shape: x.shape, axes: [1] })
const softmax = (x: Tensor): Tensor => {
  const e = exp(sub(x, rows(x, reduceMax(x, { axes: [1] }))))
  return div(e, rows(x, sum(e, { axes: [1] })))
}
const matmul = (a: Tensor, b: Tensor): Tensor => dotGeneral(a, b, { contract: [[1], [0]], batch: [[], []] })
const relu = (x: Tensor): Tensor => where(less(zeros(x), x), x, zeros(x))

describe("loop programs", () => {
  it("a chain of elementwise operations is one loop over merged axes", () => {
    const program = trace([f32(4, 5), f32(4, 5)], (x, y) => [exp(mul(add(x, y), y))])
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[20], in1: f32[20]) -> (out0: f32[20])
        nest exp for
          for i0<20
            out0[i0] = exp(((in0[i0] + in1[i0]) * in1[i0]))
      arena 0 bytes"
    `)
  })

  it("a softmax is one nest over rows whose extremum and sum stay in registers", () => {
    expect(print(compile(trace([f32(6, 33)], (x) => [softmax(x)])))).toMatchInlineSnapshot(`
      "program(in0: f32[198]) -> (out0: f32[198])
        nest reduceMax_exp_sum_div for i0<6
          for i1<33
            p0[i1] = exp((in0[(i1 + (i0 * 33))] - max[i2<33] in0[(i2 + (i0 * 33))]))
          for i3<33
            out0[(i3 + (i0 * 33))] = (p0[i3] / add[i4<33] p0[i4])
      arena 0 bytes: p0 @0+132"
    `)
  })

  it("bias and activation are the epilogue of a matrix product, and only what is read is stored", () => {
    const layer = (x: Tensor, w: Tensor, b: Tensor): Tensor =>
      relu(add(matmul(x, w), broadcast(b, { shape: [8, 3], axes: [0] })))
    const program = trace([f32(8, 16), f32(16, 3), f32(3)], (x, w, b) => [layer(x, w, b)])
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[128], in1: f32[48], in2: f32[3]) -> (out0: f32[24])
        contraction dotGeneral_where for i0<8, i1<3 sum i2<16 of in0{+0, 16, 1} * in1{+0, 1, 3}
            v1 = (acc + in2[i1])
            out0[(i1 + (i0 * 3))] = select((0 < v1), v1, 0)
      arena 0 bytes"
    `)
  })

  it("transposes and reshapes become strides of the operands", () => {
    const program = trace([f32(16, 8), f32(3, 4, 4)], (a, b) => [
      matmul(transpose(a, { permutation: [1, 0] }), transpose(reshape(b, { shape: [3, 16] }), { permutation: [1, 0] }))
    ])
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[128], in1: f32[48]) -> (out0: f32[24])
        contraction dotGeneral for i0<8, i1<3 sum i2<16 of in0{+0, 1, 8} * in1{+0, 16, 1}
            out0[(i1 + (i0 * 3))] = acc
      arena 0 bytes"
    `)
  })

  it("a convolution is a product with the windows of its input, written as its reader wants it", () => {
    const program = trace([f32(2, 1, 3, 6, 6), f32(1, 4, 3, 3, 3)], (x, weight) => [
      relu(reshape(convolution(x, weight, { stride: [1, 1], dilation: [1, 1] }), { shape: [2, 4, 4, 4] }))
    ])
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[216], in1: f32[108]) -> (out0: f32[128])
        contraction reshape_where for i0<2, i1<4, i2<16 sum i3<27 of in1{+0, 27, 1} * in0{+(i0 * 108), 4:6 4:1, 3:36 3:6 3:1}
            out0[((i2 + (i1 * 16)) + (i0 * 64))] = select((0 < acc), acc, 0)
      arena 0 bytes"
    `)
  })

  it("the gradient by a kernel is one product too", () => {
    const program = trace([f32(3, 1, 2, 6, 6), f32(1, 4, 2, 4, 4)], (x, cotangent) => {
      const gradient = convolution(x, cotangent, { stride: [1, 1], dilation: [1, 1] })
      return [transpose(gradient, { permutation: [1, 2, 0, 3, 4] })]
    })
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[216], in1: f32[128]) -> (out0: f32[108])
        contraction transpose for i0<4, i1<27 sum i2<32 of in1{+0, 32, 1} * in0{+0, 3:72 3:6 3:1, 2:36 4:6 4:1}
            out0[(i1 + (i0 * 27))] = acc
      arena 0 bytes"
    `)
  })

  it("an update takes over the memory of a donated parameter", () => {
    const program = trace([f32(16, 3), f32(8, 16), f32(8, 3)], (w, x, error) => {
      const gradient = dotGeneral(x, error, { contract: [[0], [0]], batch: [[], []] })
      return [sub(w, mul(gradient, full({ ...f32(16, 3), value: 0.5 })))]
    })
    expect(print(compile(program, { donated: new Set([0]) }))).toMatchInlineSnapshot(`
      "program(in0: f32[48], in1: f32[128], in2: f32[24]) -> (out0: f32[48])
        contraction dotGeneral_sub for i0<16, i1<3 sum i2<8 of in1{+0, 1, 16} * in2{+0, 1, 3}
            out0[(i1 + (i0 * 3))] = (in0[(i1 + (i0 * 3))] - (acc * 0.5))
      arena 0 bytes
      out0 takes over in0"
    `)
  })

  it("equal subexpressions are computed once", () => {
    const program = trace([f32(4)], (x) => [add(exp(x), exp(x))])
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[4]) -> (out0: f32[4])
        nest add for
          for i0<4
            v0 = exp(in0[i0])
            out0[i0] = (v0 + v0)
      arena 0 bytes"
    `)
  })

  it("results that are inputs, or the same, are copied", () => {
    const program = trace([f32(4)], (x) => [x, exp(x), exp(x)])
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[4]) -> (out0: f32[4], out1: f32[4], out2: f32[4])
        nest exp for
          for i0<4
            out1[i0] = exp(in0[i0])
        copy 4 from in0[0] to out0[0]
        copy 4 from out1[0] to out2[0]
      arena 0 bytes"
    `)
  })
})
