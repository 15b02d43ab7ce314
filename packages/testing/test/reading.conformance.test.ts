import * as NodeServices from "@effect/platform-node/NodeServices"
import { make } from "@cotangent/tensor/HostArray"
import * as Reference from "@cotangent/tensor/Reference"
import { constant } from "@cotangent/tensor/primitive/leaf"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { applyNamed, checksOfProgram } from "../src/conformance/checks.ts"
import type { OperationCase } from "../src/conformance/format.ts"
import { arrayOf } from "../src/conformance/format.ts"
import { load, ownFolder } from "../src/conformance/suites.ts"

const suites = await Effect.runPromise(load(ownFolder).pipe(Effect.provide(NodeServices.layer)))
const cases = suites.flatMap((suite): ReadonlyArray<OperationCase> =>
  "normalTolerance" in suite || "rtol" in suite ? [] : suite.cases
)
/** One case for each set of attributes that an operation is stated with. */
const distinct = [
  ...new Map(cases.map((each) => [`${each.op} ${Object.keys(each.attrs).join()}`, each] as const)).values()
]
const anyCase = fc.constantFrom(...distinct)

const inputsOf = ({ inputs }: OperationCase) =>
  Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, constant(arrayOf(array))]))

const build = (given: OperationCase, attrs: Readonly<Record<string, unknown>>, more = {}) =>
  applyNamed(given.op, { ...inputsOf(given), ...more }, { ...given.attrs, ...attrs })

/** A text that no operation knows. */
const strange = fc.string({ unit: fc.constantFrom("q", "x", "z"), minLength: 3, maxLength: 6 })

describe("nothing that a case states is passed over", () => {
  it("an attribute that its operation does not know is an error that names it", () =>
    fc.assert(
      fc.property(anyCase, strange, fc.constantFrom(0, true, "text", [1]), (given, name, value) => {
        expect(() => build(given, { [name]: value })).toThrow(name)
      }),
      { numRuns: 300 }
    ))

  it("an input that its operation does not know is an error", () =>
    fc.assert(
      fc.property(
        // These take all that there are.
        anyCase.filter(({ op }) => !["concatenate", "stack", "einsum"].includes(op)),
        strange,
        (given, name) => {
          expect(() => build(given, {}, { [name]: constant(make([], "f64", [0])) })).toThrow(name)
        }
      ),
      { numRuns: 300 }
    ))

  it("another text than an attribute may be is an error", () => {
    const texts = distinct.flatMap((given) =>
      Object.entries(given.attrs).flatMap(([name, value]) => (typeof value === "string" ? [{ given, name }] : []))
    )
    expect(texts).not.toEqual([])
    fc.assert(
      fc.property(fc.constantFrom(...texts), strange, ({ given, name }, text) => {
        expect(() => build(given, { [name]: text })).toThrow(text)
      }),
      { numRuns: 300 }
    )
  })

  it("another state or network than the weights of a recurrence tell is an error", () => {
    const networks = distinct.filter(({ op }) => ["rnn", "lstm", "gru"].includes(op))
    fc.assert(
      fc.property(fc.constantFrom(...networks), fc.constantFrom("layers", "hidden"), (given, name) => {
        expect(() => build(given, { [name]: 0 })).toThrow("weights as the attributes tell")
        expect(() => build(given, { bidirectional: given.attrs.bidirectional !== true })).toThrow("weights as")
      })
    )
    const state = constant(make([1, 1, 1], "f64", [0]))
    const withoutCell = networks.filter(({ op }) => op !== "lstm")
    fc.assert(
      fc.property(fc.constantFrom(...withoutCell), (given) => {
        expect(() => build(given, {}, { c0: state })).toThrow("c0")
      })
    )
  })

  it("null states nothing", () =>
    fc.assert(
      fc.property(anyCase, strange, (given, name) => {
        expect(Object.keys(build(given, { [name]: null }))).toEqual(Object.keys(build(given, {})))
      })
    ))
})

describe("programs", () => {
  it("put any number of operands together, in their order", () =>
    fc.assert(
      fc.property(fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }), (order) => {
        const inputs = [0, 1, 2].map((value) => ({
          id: `x${value}`,
          shape: [1],
          data: [value],
          tangent: [0],
          batch: [value, value, value]
        }))
        const zeros = [[0], [0], [0]]
        const given = {
          inputs,
          statements: [
            { id: "all", op: "concatenate", inputs: order.map((i) => `x${i}`), attrs: { axis: 0 } },
            { id: "last", op: "slice", inputs: ["all"], attrs: { start: [order.length - 1], stop: [order.length] } },
            { id: "result", op: "sum", inputs: ["last"], attrs: { axes: [0], keepDims: false } }
          ] as const,
          value: 0,
          gradient: zeros,
          jvp: 0,
          hessianVectorProduct: zeros,
          vmapGradient: [
            [0, 0, 0],
            [0, 0, 0],
            [0, 0, 0]
          ]
        }
        const checks = checksOfProgram(given, "f64", { rtol: 0, atol: 0 })
        const [value] = Reference.evaluate([checks[0].tensor])
        expect([...value.data]).toEqual([order.at(-1)])
      })
    ))
})
