import { compile } from "@cotangent/compiler/Compile"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { tanh } from "@cotangent/tensor/primitive/elementwise"
import { add, broadcast, sum } from "@cotangent/tensor/primitive/linear"
import { trace } from "@cotangent/tensor/Program"
import { assert, describe, it } from "vitest"

const f32 = { shape: [4, 4], dtype: "f32" } as const

/** `f` applied `times` times. */
const chain = (times: number, f: (x: Tensor, y: Tensor) => Tensor) =>
  trace([f32, f32], (x, y) => {
    let result = x
    for (let i = 0; i < times; i++) result = f(result, y)
    return [result]
  })

describe("compile", () => {
  it("takes chains of 20,000 operations without deep recursion, in kernels of bounded size", () => {
    const { steps } = compile(chain(20_000, add))
    assert.isAbove(steps.length, 10)
    assert.isAbove(compile(chain(3_000, tanh)).steps.length, 10)
    const rows = (x: Tensor): Tensor => broadcast(sum(x, { axes: [1] }), { shape: f32.shape, axes: [1] })
    assert.isAbove(compile(chain(2_000, (x, y) => add(rows(x), y))).steps.length, 10)
  })
})
