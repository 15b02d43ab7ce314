import { describe, expect, it } from "vitest"
import type { MachineType } from "../src/Encoder.ts"
import type { FunctionBuilder } from "../src/FunctionBuilder.ts"
import * as Module from "../src/Module.ts"
import type { Group, Opcode } from "../src/Opcode.ts"
import { groups, instructions } from "../src/Opcode.ts"

const push: Readonly<Record<MachineType, (code: FunctionBuilder) => void>> = {
  i32: (code) => code.i32(0),
  i64: (code) => code.i64(0n),
  f32: (code) => code.f32(0),
  f64: (code) => code.f64(0),
  v128: (code) => code.splat("i32x4", 0)
}

/** A module whose one function applies the instruction to zeros and returns what it gives. */
const moduleOf = (name: string, { immediate, operands, results }: Omit<Group, "codes">): Uint8Array<ArrayBuffer> => {
  const module = Module.make({ minimum: 1, maximum: 1, isShared: true })
  const code: FunctionBuilder = module.function({ name, parameters: [], results })
  for (const operand of operands) push[operand](code)
  // The four overloads of `op` in one: immediates are numbers, 1 being a lane that every shape has.
  const op = code.op as (name: string, ...immediates: ReadonlyArray<number>) => void
  op(name, ...{ none: [], memory: [300], lane: [1], memoryLane: [1, 300] }[immediate])
  return module.build()
}

describe("the opcode table", () => {
  it.each([...instructions])("%s is what the engine expects", (name, instruction) => {
    expect(() => new WebAssembly.Module(moduleOf(name, instruction))).not.toThrow()
  })

  it("names no instruction and no code twice", () => {
    const codes = groups.flatMap(({ prefix, codes }) => Object.values(codes).map((code) => `${prefix} ${code}`))
    expect(new Set(codes).size).toBe(codes.length)
    expect(instructions.size).toBe(codes.length)
  })

  it("knows kinds of immediates by name", () => {
    const names: ReadonlyArray<Opcode> = ["i32.add", "v128.load32_lane", "f32x4.extract_lane", "f64.store"]
    expect(names.map((name) => instructions.get(name)?.immediate)).toEqual(["none", "memoryLane", "lane", "memory"])
  })
})
