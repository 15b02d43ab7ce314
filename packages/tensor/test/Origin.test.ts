import * as fc from "fast-check"
import { afterEach, describe, expect, it } from "vitest"
import type { Frame } from "../src/internal/frames.ts"
import { firstOutside, parse } from "../src/internal/frames.ts"
import * as Origin from "../src/Origin.ts"
import { add } from "../src/primitive/linear.ts"
import { substitute } from "../src/Program.ts"
import * as Tensor from "../src/Tensor.ts"

const x = Tensor.of([1, 2])
/** The line that this is called in. */
const line = (): number => Number(/:(\d+):\d+\)?$/.exec(new Error().stack!.split("\n")[2])![1])
const lineOf = (tensor: Tensor.Tensor): number | undefined => Origin.place(tensor.application)?.line

const number = fc.integer({ min: 1, max: 99_999 })
const place = fc.record({
  file: fc.stringMatching(/^(?:\/[\w .()@-]*[\w]){1,4}\.ts$/),
  line: number,
  column: number
})
const name = fc.constantFrom("", "f", "Object.f", "new Model", "Foo.bar [as baz]", "async run")

describe("call stacks", () => {
  /** Frames that are written, with a line before them, and not read as they were. */
  const counterexample = (write: (frame: NonNullable<Frame>, name: string) => string, head: string): unknown => {
    const read = (frames: ReadonlyArray<readonly [NonNullable<Frame>, string]>): boolean => {
      const found = parse(head + frames.map(([frame, name]) => write(frame, name)).join("\n"))
      return JSON.stringify(found) === JSON.stringify(frames.map(([frame]) => frame))
    }
    return fc.check(fc.property(fc.array(fc.tuple(place, name), { minLength: 1 }), read)).counterexample
  }

  it("of V8 are read", () => {
    const write = ({ column, file, line }: NonNullable<Frame>, name: string): string => {
      const at = `file://${encodeURI(file)}:${line}:${column}`
      return name === "" ? `    at ${at}` : `    at ${name} (${at})`
    }
    expect(counterexample(write, "Error\n")).toBeNull()
  })

  it("of other engines are read", () => {
    const write = ({ column, file, line }: NonNullable<Frame>, name: string): string =>
      `${name.replaceAll(" ", "/")}@file://${encodeURI(file)}:${line}:${column}`
    expect(counterexample(write, "")).toBeNull()
  })

  it.each([
    ["    at f (C:\\code\\a.ts:1:2)", { file: "C:/code/a.ts", line: 1, column: 2 }],
    ["    at f (file:///C:/my%20code/a.ts:1:2)", { file: "C:/my code/a.ts", line: 1, column: 2 }],
    ["    at f (file:///a%zz.ts:1:2)", { file: "/a%zz.ts", line: 1, column: 2 }],
    ["    at eval (eval at run (file:///page.js:7:8), <anonymous>:1:2)", { file: "<anonymous>", line: 1, column: 2 }],
    ["    at Array.map (<anonymous>)", undefined],
    ["https://host/@cotangent/tensor.js:1:2", { file: "https://host/@cotangent/tensor.js", line: 1, column: 2 }],
    ["map@[native code]", undefined]
  ])("%s is %o", (text, frame) => expect(parse(text)).toEqual([frame]))

  it.each([[undefined], [null], [{}], [[]], [""], ["Error: no stack here"]])("%o holds no calls", (stack) =>
    expect(parse(stack)).toEqual([])
  )
})

describe("the user's code", () => {
  const at = (file: string): Frame => ({ file, line: 1, column: 1 })
  const repository = "/repo/packages/tensor/src/Origin.ts"
  const installed = "/app/node_modules/@cotangent/tensor/dist/Origin.js"

  it.each([
    ["an application beside the packages", repository, ["/repo/packages/nn/src/Loss.ts", "/repo/apps/cli/src/a.ts"], 1],
    ["a test of a package", repository, ["/repo/packages/nn/src/Loss.ts", "/repo/packages/nn/test/a.ts"], 1],
    ["code that uses installed packages", installed, ["/app/node_modules/@cotangent/nn/dist/Loss.js", "/app/a.js"], 1],
    ["code behind a pipe", installed, ["/app/node_modules/effect/dist/Function.js", "node:internal/x", "/app/a.js"], 2],
    ["an installed program", installed, ["/app/node_modules/effect/dist/Function.js", "/app/node_modules/own/a.js"], 1],
    ["a page that loads a bundle", "https://host/bundle.js", ["https://host/bundle.js", "https://host/page.js"], 1]
  ])("%s is told from the library", (_, own, files, expected) =>
    expect(firstOutside([undefined, at(own), ...files.map(at)], own)).toEqual(at(files[expected]))
  )

  it("is not told from a library in the same file", () =>
    expect(firstOutside([at("/bundle.js"), at("/bundle.js")], "/bundle.js")).toBeUndefined())
})

describe("record", () => {
  const limit = Error.stackTraceLimit
  afterEach(() => {
    Error.stackTraceLimit = limit
    Reflect.deleteProperty(Error, "prepareStackTrace")
  })

  it("lets each application know its line, however many functions of the library are in between", () => {
    const [y, here] = Origin.record(() => [Tensor.logSumExp(Tensor.tanh(x)), line()] as const)
    expect(Origin.place(y.application)).toMatchObject({ file: expect.stringContaining("Origin.test.ts"), line: here })
  })

  it("reaches through functions that pipe", () => {
    const [y, here] = Origin.record(() => [x.pipe(Tensor.mul(2), Tensor.exp), line()] as const)
    expect(lineOf(y)).toBe(here)
  })

  it("ends with the call: in its value, in an error, in an error within another", () => {
    expect(() =>
      Origin.record(() => {
        expect(() => Origin.record(() => add(x, Tensor.ones([3])))).toThrow("add")
        expect(add(x, x).application.origin).toBeDefined()
        throw new Error("the end")
      })
    ).toThrow("the end")
    expect(add(x, x).application.origin).toBeUndefined()
    expect(Error.stackTraceLimit).toBe(limit)
  })

  it("costs nothing where nobody asked: no stack is taken", () => {
    let taken = 0
    Reflect.set(Error, "prepareStackTrace", () => void taken++)
    expect(Tensor.exp(x).application.origin).toBeUndefined()
    Origin.derive("vjp", x.application, () => add(x, x))
    expect(taken).toBe(0)
  })

  it("goes with an application to other inputs", () => {
    const [y, here] = Origin.record(() => [Tensor.exp(x), line()] as const)
    expect(lineOf(substitute({ parameters: [x], results: [y] }, [Tensor.of([3, 4])])[0])).toBe(here)
  })

  it("gives no place, but computes, in an engine without stacks", () => {
    for (const stack of [undefined, [], "Error"]) {
      Reflect.set(Error, "prepareStackTrace", () => stack)
      const y = Origin.record(() => Tensor.exp(x))
      expect(Origin.place(y.application)).toBeUndefined()
    }
  })

  it("sees the whole stack, whatever limit is set, and sets it again", () => {
    Error.stackTraceLimit = 1
    const nested = (depth: number): Tensor.Tensor => (depth === 0 ? Tensor.logSumExp(x) : nested(depth - 1))
    expect(lineOf(Origin.record(() => nested(30)))).toBeDefined()
    expect(Error.stackTraceLimit).toBe(1)
  })
})

describe("derive", () => {
  it("says from which application, and finds its place", () => {
    const [y, here] = Origin.record(() => [Tensor.exp(x), line()] as const)
    const [z, there] = Origin.record(() => Origin.derive("vjp", y.application, () => [add(y, y), line()] as const))
    expect(z.application.origin?.derived).toEqual({ rule: "vjp", from: y.application })
    // This rule is the user's.
    expect(lineOf(z)).toBe(there)
    // This one has no line of its own.
    const ofLibrary = { ...z.application, origin: { ...z.application.origin!, stack: z.application.origin!.entry } }
    expect(Origin.place(ofLibrary)?.line).toBe(here)
  })
})
