import { describe, expect, it } from "vitest"
import * as Encoder from "../src/Encoder.ts"
import type { FunctionBuilder } from "../src/FunctionBuilder.ts"
import type { ModuleBuilder } from "../src/Module.ts"
import * as Module from "../src/Module.ts"

const memory = new WebAssembly.Memory({ initial: 1 })

const run = (module: ModuleBuilder, name: string, ...args: ReadonlyArray<unknown>): unknown => {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.build()), { env: { memory } })
  const found = instance.exports[name]
  return typeof found === "function" ? found(...args) : undefined
}

const evaluate = (emit: (code: FunctionBuilder<readonly ["index"]>) => void, argument = 0): unknown => {
  const module = Module.make({ minimum: 1 })
  emit(module.function({ name: "main", parameters: ["index"], results: ["i32"], isExported: true }))
  return run(module, "main", argument)
}

describe("Encoder", () => {
  it("writes LEB128 as the specification's examples", () => {
    expect([...Encoder.make().unsigned(624485).view()]).toEqual([0xe5, 0x8e, 0x26])
    expect([...Encoder.make().signed(-123456).view()]).toEqual([0xc0, 0xbb, 0x78])
    expect([
      ...Encoder.make()
        .signed64(-(2n ** 63n))
        .view()
    ]).toHaveLength(10)
    expect([
      ...Encoder.make()
        .unsigned(2 ** 35)
        .view()
    ]).toEqual([0x80, 0x80, 0x80, 0x80, 0x80, 1])
  })

  it("takes unsigned 32-bit numbers as signed ones of the same bits", () => {
    expect(
      Encoder.make()
        .signed(2 ** 32 - 1)
        .view()
    ).toEqual(Encoder.make().signed(-1).view())
  })
})

describe("FunctionBuilder", () => {
  it.each([0, 1, -1, 63, 64, -64, -65, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)])("returns the literal %i", (value) => {
    expect(evaluate((code) => code.i32(value))).toBe(value)
  })

  it("counts rounds of loops with constant and with variable bounds", () => {
    const rounds = (from: number, to: number, step: number, isVariable: boolean) =>
      evaluate((code) => {
        const [argument] = code.parameters
        const [count, local] = [code.local("index"), code.local("index")]
        code.forLoop({ local, from, to: isVariable ? argument : to, step }, () => code.advance(count, 1))
        code.get(count)
      }, to)
    for (const [from, to, step] of [
      [0, 10, 1],
      [0, 10, 3],
      [5, 5, 1],
      [7, 5, 1],
      [2, 3, 9]
    ] as const) {
      const expected = Math.max(0, Math.ceil((to - from) / step))
      expect([rounds(from, to, step, false), rounds(from, to, step, true)]).toEqual([expected, expected])
    }
  })

  it("branches out of nested blocks", () => {
    const choose = (code: FunctionBuilder<readonly ["index"]>) => {
      const [argument] = code.parameters
      const result = code.local("i32")
      code.block((outer) => {
        code.block((inner) => {
          code.get(argument).brIf(inner)
          code.i32(1).set(result).br(outer)
        })
        code.i32(2).set(result)
      })
      code.get(result)
    }
    expect([evaluate(choose, 0), evaluate(choose, 1)]).toEqual([1, 2])
  })

  it("gives a value from either arm of an if", () => {
    const choose = (code: FunctionBuilder<readonly ["index"]>) =>
      code.get(code.parameters[0]).if(
        () => code.i32(10),
        () => code.i32(20),
        "i32"
      )
    expect([evaluate(choose, 1), evaluate(choose, 0)]).toEqual([10, 20])
  })

  it("makes one local of equal constants and tells zeros apart", () => {
    evaluate((code) => {
      expect(code.constant("f32x4", 0.5)).toBe(code.constant("f32x4", 0.5))
      expect(code.constant("f32x4", 0)).not.toBe(code.constant("f32x4", -0))
      code.get(code.constant("i32", 7))
    })
    expect(evaluate((code) => code.get(code.constant("i32", 7)))).toBe(7)
  })

  it("reuses locals that were released", () => {
    evaluate((code) => {
      const first = code.borrow("f32")
      code.release(first)
      expect(code.borrow("v128")).not.toBe(first)
      expect(code.borrow("f32")).toBe(first)
      code.i32(0)
    })
  })

  it("widens the lanes of a shuffle to bytes", () => {
    const lane = evaluate((code) =>
      code.splat("i32x4", 3).splat("i32x4", 5).shuffle([0, 4, 1, 5]).op("i32x4.extract_lane", 1)
    )
    expect(lane).toBe(5)
  })
})

describe("Module", () => {
  it("lets functions call each other and imports, and share globals", () => {
    const module = Module.make({ minimum: 1 })
    const log = module.importFunction({ name: "log", parameters: ["i32"] })
    const counter = module.global(40, "counter")
    const add = module.function({ name: "add", parameters: ["i32"] })
    add.get(counter).get(add.parameters[0]).op("i32.add").set(counter)
    const main = module.function({ name: "main", parameters: [], isExported: true })
    main.i32(2).call(add).get(counter).call(log)
    const logged: Array<number> = []
    const imports = { env: { memory, log: (value: number) => logged.push(value) } }
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.build()), imports)
    if (typeof exports.main === "function") exports.main()
    expect([logged, exports.counter]).toEqual([[42], expect.any(WebAssembly.Global)])
  })

  it("refuses imports after functions, whose numbers they would change", () => {
    const module = Module.make({ minimum: 1 })
    module.function({ name: "main", parameters: [] })
    expect(() => module.importFunction({ name: "log", parameters: [] })).toThrow("imports before functions")
  })

  it("makes what is shared once", () => {
    const module = Module.make({ minimum: 1 })
    expect(module.shared("a", () => ({}))).toBe(module.shared("a", () => ({})))
  })

  it("names functions if asked, for stack traces", () => {
    const module = Module.make({ minimum: 1 })
    module.function({ name: "kernel", parameters: [] })
    const text = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes)
    expect(text(module.build({ hasNames: true }))).toContain("kernel")
    expect(text(module.build())).not.toContain("kernel")
  })

  it("imports shared memories", () => {
    const module = Module.make({ minimum: 1, maximum: 2, isShared: true })
    const shared = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true })
    expect(
      () => new WebAssembly.Instance(new WebAssembly.Module(module.build()), { env: { memory: shared } })
    ).not.toThrow()
  })
})
