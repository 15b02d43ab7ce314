import { compile } from "@cotangent/compiler/Compile"
import { print } from "@cotangent/compiler/Print"
import { convolution, overlapAdd, windows } from "@cotangent/tensor/primitive/convolution"
import { reduceMax } from "@cotangent/tensor/primitive/selection"
import { trace } from "@cotangent/tensor/Program"
import { describe, expect, it } from "vitest"

const f32 = (...shape: ReadonlyArray<number>) => ({ shape, dtype: "f32" }) as const

describe("windows", () => {
  it("pooling is a loop over windows whose elements are named one by one", () => {
    const steps = { stride: [2, 2], dilation: [1, 1] }
    const program = trace([f32(3, 8, 8)], (x) => [
      reduceMax(windows(x, { kernel: [2, 2], ...steps }), { axes: [3, 4] })
    ])
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[192]) -> (out0: f32[48])
        nest reduceMax for
          for i0<12, i1<4
            out0[(i1 + (i0 * 4))] = max(max(max(in0[((i1 * 2) + (i0 * 16))], in0[(((i1 * 2) + (i0 * 16)) + 1)]), in0[(((i1 * 2) + (i0 * 16)) + 8)]), in0[(((i1 * 2) + (i0 * 16)) + 9)])
      arena 0 bytes"
    `)
  })

  it("windows side by side are put together without a sum, those of a row in turns", () => {
    const steps = { stride: [2], dilation: [1] }
    const program = trace([f32(3, 6, 2)], (x) => [overlapAdd(x, { spatial: [12], ...steps })])
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[36]) -> (out0: f32[36])
        nest overlapAdd for
          for i0<36
            out0[i0] = in0[i0]
      arena 0 bytes"
    `)
  })

  it("overlapping windows are added where they overlap", () => {
    const steps = { stride: [2], dilation: [1] }
    const program = trace([f32(3, 5, 4)], (x) => [overlapAdd(x, { spatial: [12], ...steps })])
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[60]) -> (out0: f32[36])
        nest overlapAdd for
          for i0<3, i1<2
            out0[(i1 + (i0 * 12))] = ((0 + in0[(i1 + (i0 * 20))]) + 0)
        nest overlapAdd for
          for i2<3, i3<4
            out0[(((i3 * 2) + (i2 * 12)) + 2)] = ((0 + in0[(((i3 * 4) + (i2 * 20)) + 4)]) + in0[(((i3 * 4) + (i2 * 20)) + 2)])
            out0[(((i3 * 2) + (i2 * 12)) + 3)] = ((0 + in0[(((i3 * 4) + (i2 * 20)) + 5)]) + in0[(((i3 * 4) + (i2 * 20)) + 3)])
        nest overlapAdd for
          for i4<3, i5<2
            out0[((i5 + (i4 * 12)) + 10)] = ((0 + 0) + in0[((i5 + (i4 * 20)) + 18)])
      arena 0 bytes"
    `)
  })

  it("a convolution with a kernel for each channel is a sum of few products in a loop over pixels", () => {
    const program = trace([f32(2, 5, 1, 16), f32(5, 1, 1, 3)], (x, w) => [
      convolution(x, w, { stride: [1], dilation: [1] })
    ])
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[160], in1: f32[15]) -> (out0: f32[140])
        nest convolution for
          for i0<2, i1<5, i2<14
            out0[((i2 + (i1 * 14)) + (i0 * 70))] = multiplyAdd(in1[((i1 * 3) + 2)], in0[(((i2 + (i1 * 16)) + (i0 * 80)) + 2)], multiplyAdd(in1[((i1 * 3) + 1)], in0[(((i2 + (i1 * 16)) + (i0 * 80)) + 1)], multiplyAdd(in1[(i1 * 3)], in0[((i2 + (i1 * 16)) + (i0 * 80))], 0)))
      arena 0 bytes"
    `)
  })
})
