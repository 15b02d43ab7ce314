import { compile } from "@cotangent/compiler/Compile"
import type { Buffer, LoopProgram } from "@cotangent/compiler/LoopProgram"
import { footprint } from "@cotangent/compiler/LoopProgram"
import { bytes } from "@cotangent/tensor/DType"
import { trace } from "@cotangent/tensor/Program"
import { add, sum } from "@cotangent/tensor/primitive/linear"
import { exp, tanh } from "@cotangent/tensor/primitive/elementwise"
import { programs } from "@cotangent/testing/programs"
import { directed, withGradients } from "@cotangent/testing/directions"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

/** The first and last step that touches each temporary. */
const assertProperty: typeof fc.assert = fc.assert
const lives = ({ steps }: LoopProgram): ReadonlyMap<Buffer, readonly [number, number]> => {
  const result = new Map<Buffer, readonly [number, number]>()
  steps.forEach((step, at) => {
    const { reads, writes } = footprint(step)
    for (const buffer of [...reads, ...writes]) {
      if (buffer.role === "temporary") result.set(buffer, [result.get(buffer)?.[0] ?? at, at])
    }
  })
  return result
}

const end = (buffer: Buffer, at: number): number => at + buffer.shape[0] * bytes(buffer.dtype)

describe("the memory plan", () => {
  it("gives temporaries that live at the same time places that do not overlap", () => {
    assertProperty(
      fc.property(programs().chain(directed).map(withGradients), ({ program }) => {
        const compiled = compile(program)
        const placed = [...lives(compiled)].map(([buffer, life]) => ({
          buffer,
          life,
          at: compiled.places.get(buffer)!
        }))
        return placed.every(
          (x, i) =>
            end(x.buffer, x.at) <= compiled.arenaBytes &&
            placed
              .slice(i + 1)
              .every(
                (y) =>
                  x.life[1] < y.life[0] ||
                  y.life[1] < x.life[0] ||
                  end(x.buffer, x.at) <= y.at ||
                  end(y.buffer, y.at) <= x.at
              )
        )
      }),
      { numRuns: 30 }
    )
  })

  it("writes every buffer before it is read", () => {
    assertProperty(
      fc.property(programs().chain(directed).map(withGradients), ({ program }) => {
        const { inputs, steps } = compile(program)
        const written = new Set<Buffer>(inputs)
        return steps.every((step) => {
          const { reads, writes } = footprint(step)
          const isReady = [...reads].every(
            (buffer) => written.has(buffer) || writes.has(buffer) || buffer.shape[0] === 0
          )
          writes.forEach((buffer) => written.add(buffer))
          return isReady
        })
      }),
      { numRuns: 30 }
    )
  })

  it("takes over a donated input only where no later step reads it", () => {
    const f32 = { shape: [8], dtype: "f32" } as const
    const early = trace([f32], (x) => [exp(x)])
    expect(compile(early, { donated: new Set([0]) }).aliases).toEqual([0])
    const both = trace([f32], (x) => [exp(x), tanh(x)])
    expect(compile(both, { donated: new Set([0]) }).aliases.filter((alias) => alias !== undefined).length).toBeLessThan(
      2
    )
    const none = trace([f32, f32], (x, y) => [add(x, y)])
    expect(compile(none).aliases).toEqual([undefined])
  })

  it("lets an update wait for those who read what it takes over", () => {
    const [matrix, row] = [
      { shape: [4, 8], dtype: "f32" },
      { shape: [4], dtype: "f32" }
    ] as const
    const program = trace([matrix, row], (x, y) => [exp(x), add(y, sum(tanh(x), { axes: [1] }))])
    expect(compile(program, { donated: new Set([0, 1]) }).aliases).toEqual([0, 1])
  })
})
