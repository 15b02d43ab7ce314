import { compile } from "@cotangent/compiler/Compile"
import { print } from "@cotangent/compiler/Print"
import type { AnyPrimitive, Branch, Call, Loop, Lowering, Tensor, While } from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"
import { mul } from "@cotangent/tensor/primitive/bilinear"
import { less } from "@cotangent/tensor/primitive/discrete"
import { exp, sin } from "@cotangent/tensor/primitive/elementwise"
import { add, neg, sum } from "@cotangent/tensor/primitive/linear"
import type { Program } from "@cotangent/tensor/Program"
import { trace } from "@cotangent/tensor/Program"
import { describe, expect, it } from "vitest"

const f32 = (...shape: ReadonlyArray<number>) => ({ shape, dtype: "f32" }) as const
const bool = { shape: [], dtype: "bool" } as const

/** An operation that is nothing but its lowering. */
const control = (name: string, body: Program, lowering: Lowering): AnyPrimitive => ({
  name,
  type: () => body.results,
  lowering,
  jvp: () => [],
  vjp: () => [],
  batch: () => []
})

const call = (given: Call, inputs: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> =>
  apply(control("call", given.body, { kind: "call", call: () => given }), inputs)

const branch = (given: Branch, inputs: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> =>
  apply(control("cond", given.ifTrue, { kind: "branch", branch: () => given }), inputs)

const loop = (given: While, inputs: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> =>
  apply(control("while", given.body, { kind: "while", loop: () => given }), inputs)

const repeated = (given: Loop, inputs: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> => {
  const { body, carries, length } = given
  const stacks = [...body.results.slice(carries), ...body.results.slice(0, carries)]
  return apply(
    {
      ...control("scan", body, { kind: "loop", loop: () => given }),
      type: () => [
        ...body.results.slice(0, carries),
        ...stacks.map(({ dtype, shape }) => ({ dtype, shape: [length, ...shape] }))
      ]
    },
    inputs
  )
}

describe("loop programs of control", () => {
  it("a branch writes the outputs that are read from either side", () => {
    const given: Branch = {
      ifTrue: trace([f32(4), f32(4)], (x, y) => [exp(add(x, y)), exp(x)]),
      ifFalse: trace([f32(4), f32(4)], (x) => [x, x])
    }
    const program = trace([bool, f32(4), f32(4)], (p, x, y) => [branch(given, [p, x, y])[0]])
    // Memory that is given away is not taken over by a branch, which may read it after it writes.
    expect(print(compile(program, { donated: new Set([1, 2]) }))).toMatchInlineSnapshot(`
      "program(in0: bool[1], in1: f32[4], in2: f32[4]) -> (out0: f32[4])
        if in0[0]
          nest exp for
            for i0<4
              out0[i0] = exp((in1[i0] + in2[i0]))
        else
          copy 4 from in1[0] to out0[0]
      arena 0 bytes"
    `)
  })

  it("a loop tests its condition before each run", () => {
    const given: While = {
      condition: trace([f32(), f32(3)], (bound, x) => [less(sum(x, { axes: [0] }), bound)]),
      body: trace([f32(), f32(3)], (bound, x) => [add(x, exp(x))]),
      constants: 1
    }
    expect(print(compile(trace([f32(), f32(3)], (bound, x) => loop(given, [bound, x]))))).toMatchInlineSnapshot(`
      "program(in0: f32[1], in1: f32[3]) -> (out0: f32[3])
        copy 3 from in1[0] to t0[0]
        loop
          nest sum for
              t1[0] = (((0 + t0[0]) + t0[1]) + t0[2])
          nest less for
              t2[0] = (t1[0] < in0[0])
        while t2[0]
          nest add for
            for i0<3
              t3[i0] = (t0[i0] + exp(t0[i0]))
          copy 3 from t3[0] to t0[0]
        copy 3 from t0[0] to out0[0]
      arena 192 bytes: t0 @0+12, t3 @64+12, t1 @64+4, t2 @128+1"
    `)
  })

  it("a loop of known length keeps carries in rows, all of them where anybody reads them, and computes what is read", () => {
    const given: Loop = {
      body: trace([f32(3), f32(3), f32(3)], (x, y, z) => {
        const next = add(x, exp(z))
        return [next, mul(y, x), next, sin(y), sin(z)]
      }),
      length: 5,
      constants: 0,
      carries: 2,
      reverse: true
    }
    // The last of the second carry, and the items: the first carry as given, and the sine of the second.
    const program = trace([f32(3), f32(3), f32(5, 3)], (x, y, z) => {
      const [, last, stack, sines] = repeated(given, [x, y, z])
      return [exp(last), sum(stack, { axes: [0] }), sines]
    })
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[3], in1: f32[3], in2: f32[15]) -> (out0: f32[3], out1: f32[3], out2: f32[15])
        copy 3 from in0[0] to t0[15]
        copy 3 from in1[0] to t1[0]
        repeat i0<5
          nest add for
            for i1<3
              t0[(((i0 * -3) + i1) + 12)] = (t0[(((i0 * -3) + i1) + 15)] + exp(in2[(((i0 * -3) + i1) + 12)]))
          nest mul for
            for i2<3
              t1[((((i0 + 1) % 2) * 3) + i2)] = (t1[(((i0 % 2) * 3) + i2)] * t0[(((i0 * -3) + i2) + 15)])
          nest sin for
            for i3<3
              out2[(((i0 * -3) + i3) + 12)] = sin(t1[(((i0 % 2) * 3) + i3)])
        nest exp for
          for i4<3
            out0[i4] = exp(t1[(i4 + 3)])
        nest sum for
          for i5<3
            out1[i5] = (((((0 + t0[i5]) + t0[(i5 + 3)]) + t0[(i5 + 6)]) + t0[(i5 + 9)]) + t0[(i5 + 12)])
      arena 192 bytes: t0 @0+72, t1 @128+24"
    `)
  })

  it("a call costs nothing, and shares with its surroundings", () => {
    const body = trace([f32(4)], (x) => [exp(x), sin(x)])
    const program = trace([f32(4)], (x) => [mul(call({ body, isolated: false }, [x])[0], exp(x))])
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[4]) -> (out0: f32[4])
        nest mul for
          for i0<4
            v0 = exp(in0[i0])
            out0[i0] = (v0 * v0)
      arena 0 bytes"
    `)
  })

  it("an isolated call begins when all of its inputs are there, and shares nothing", () => {
    const body = trace([f32(4), f32(4)], (x, y) => [mul(exp(x), y)])
    const program = trace([f32(4)], (x) => {
      const y = sin(neg(exp(x)))
      return [call({ body, isolated: true }, [x, y])[0]]
    })
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[4]) -> (out0: f32[4])
        nest sin for
          for i0<4
            t0[i0] = sin(neg(exp(in0[i0])))
        nest mul for
          for i1<4
            out0[i1] = (exp(in0[i1]) * t0[i1])
      arena 64 bytes: t0 @0+16"
    `)
  })

  it("of an isolated call only what is read is computed", () => {
    const body = trace([f32(4)], (x) => [exp(x), sin(x), x])
    const program = trace([f32(4)], (x) => {
      const [y, , z] = call({ body, isolated: true }, [x])
      return [y, z]
    })
    expect(print(compile(program))).toMatchInlineSnapshot(`
      "program(in0: f32[4]) -> (out0: f32[4], out1: f32[4])
        nest exp for
          for i0<4
            out0[i0] = exp(in0[i0])
        copy 4 from in0[0] to out1[0]
      arena 0 bytes"
    `)
  })
})
