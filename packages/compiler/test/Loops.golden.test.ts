import { compile } from "@cotangent/compiler/Compile"
import { print } from "@cotangent/compiler/Print"
import { dotGeneral } from "@cotangent/tensor/primitive/bilinear"
import { exp } from "@cotangent/tensor/primitive/elementwise"
import { add, reshape, transpose } from "@cotangent/tensor/primitive/linear"
import { pad } from "@cotangent/tensor/primitive/window"
import { trace } from "@cotangent/tensor/Program"
import { describe, expect, it } from "vitest"

const f32 = (...shape: ReadonlyArray<number>) => ({ shape, dtype: "f32" }) as const

describe("loops", () => {
  it("a sum of pads is one loop for each part, without a choice in it", () => {
    const program = trace([f32(8, 2), f32(8, 3)], (x, y) => [
      add(
        pad(exp(x), { before: [0, 0], after: [0, 3], interior: [0, 0] }),
        pad(y, { before: [0, 2], after: [0, 0], interior: [0, 0] })
      )
    ])
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[16], in1: f32[24]) -> (out0: f32[40])
        nest add for
          for i0<8
            out0[(i0 * 5)] = (exp(in0[(i0 * 2)]) + 0)
            out0[((i0 * 5) + 1)] = (exp(in0[((i0 * 2) + 1)]) + 0)
        nest add for
          for i1<8
            out0[((i1 * 5) + 2)] = (0 + in1[(i1 * 3)])
            out0[((i1 * 5) + 3)] = (0 + in1[((i1 * 3) + 1)])
            out0[((i1 * 5) + 4)] = (0 + in1[((i1 * 3) + 2)])
      arena 0 bytes"
    `)
  })

  it("heads that a product leaves apart are put together by its stores", () => {
    const program = trace([f32(2, 4, 3, 5), f32(2, 4, 5, 6)], (x, y) => [
      reshape(
        transpose(
          dotGeneral(x, y, {
            contract: [[3], [2]],
            batch: [
              [0, 1],
              [0, 1]
            ]
          }),
          { permutation: [0, 2, 1, 3] }
        ),
        { shape: [2, 3, 24] }
      )
    ])
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[120], in1: f32[240]) -> (out0: f32[144])
        contraction reshape for i0<2, i1<4, i2<3, i3<6 sum i4<5 of in0{+((i0 * 60) + (i1 * 15)), 5, 1} * in1{+((i0 * 120) + (i1 * 30)), 1, 6}
            out0[(((i3 + (i1 * 6)) + (i2 * 24)) + (i0 * 72))] = acc
      arena 0 bytes"
    `)
  })

  it("a transpose under a reshape is read evenly, in nested loops", () => {
    const program = trace([f32(4, 6)], (x) => [exp(reshape(transpose(x, { permutation: [1, 0] }), { shape: [24] }))])
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[24]) -> (out0: f32[24])
        nest exp for
          for i0<6, i1<4
            out0[(i1 + (i0 * 4))] = exp(in0[(i0 + (i1 * 6))])
      arena 0 bytes"
    `)
  })
})
