/**
 * What a loop need not do run by run. A sum over all runs is taken from what the runs stack, instead of growing in a carry.
 *
 * That costs memory for what is stacked. A sum leaves the loop where its stacks take no more of each run than the sum
 * itself, which each run would read and write, and stay within four times of what the loop reads of sequences and gives as
 * items anyway.
 */
import type { Tensor } from "@cotangent/tensor/Primitive"
import { add } from "@cotangent/tensor/primitive/linear"
import { zeros } from "@cotangent/tensor/primitive/leaf"
import { parameter, substitute } from "@cotangent/tensor/Program"
import { size } from "@cotangent/tensor/Shape"
import { batch } from "../Vmap.ts"
import { between } from "./between.ts"
import type { Carry, Outcome, Parts } from "./parts.ts"
import type { After } from "./total.ts"
import { sumOf, totalOf } from "./total.ts"

/** A loop without sums. */
export type Repeated = Omit<Parts, "totals">

/** What it gives. */
export type Given = Omit<Outcome, "totals">

/** A loop, and how what was asked for comes of what it gives. */
export interface Fission {
  readonly rest: Repeated
  readonly finish: (given: Given) => Outcome
}

const elements = (values: Iterable<Tensor>): number => [...values].reduce((sum, { shape }) => sum + size(shape), 0)

const parametersOf = (slots: ReadonlyArray<{ readonly parameter: Tensor }>): ReadonlyArray<Tensor> =>
  slots.map((slot) => slot.parameter)

/** Takes out of a loop what need not be done run by run. */
export const fission = (parts: Parts): Fission => {
  const { carries, helpers, items, length, sequences } = parts
  const held = parametersOf([...carries, ...helpers])
  const slices = parametersOf(sequences)
  const moving = new Set([...held, ...slices])
  const varying = between([...items, ...parts.totals], moving)
  const varies = (x: Tensor): boolean => moving.has(x) || varying.has(x.application)
  // What the runs read and give: of that nothing need be stacked once more.
  const stacked = new Set([...slices, ...items])
  let left = 4 * elements(stacked)
  const addedBy = ({ stacks }: After<Tensor>): number => elements(stacks.filter((x) => !stacked.has(x)))
  const ways = new Map<Tensor, After<Tensor> | Carry>()
  // The largest first: what they stack may serve others.
  for (const value of parts.totals.toSorted((x, y) => size(y.shape) - size(x.shape))) {
    const [apart, whole] = [totalOf(value, varies, length), sumOf(value)]
    const after = varies(value) && addedBy(whole) <= addedBy(apart) ? whole : apart
    if (addedBy(after) <= Math.min(left, size(value.shape))) {
      left -= addedBy(after)
      after.stacks.forEach((x) => stacked.add(x))
      ways.set(value, after)
    } else {
      const sum = parameter(value)
      ways.set(value, { parameter: sum, input: zeros(value), next: add(sum, value) })
    }
  }
  const sums = [...ways.values()].filter((way) => "next" in way)
  const late = between([...stacked], new Set(held))
  const isLate = (x: Tensor): boolean => held.includes(x) || late.has(x.application)
  const added = [...stacked].filter((x) => !items.includes(x) && isLate(x))
  const rest = { ...parts, carries: [...carries, ...sums], items: [...items, ...added] }
  return {
    rest,
    finish: (given) => {
      const stacks = new Map([
        ...rest.items.map((x, i) => [x, given.items[i]] as const),
        ...sequences.map((slot) => [slot.parameter, slot.input] as const)
      ])
      const stackOf = (x: Tensor): Tensor => stacks.get(x) ?? atOnce(x, parts)
      const found = parts.totals.map((value) => {
        const way = ways.get(value)!
        return "next" in way ? given.last[carries.length + sums.indexOf(way)] : way.from(stackOf)
      })
      return {
        last: given.last.slice(0, carries.length),
        items: given.items.slice(0, items.length),
        received: given.received.slice(0, carries.length),
        totals: opened(found, parts, given)
      }
    }
  }
}

/** A value that depends on slices alone, for all runs. */
const atOnce = (value: Tensor, { length, sequences }: Parts): Tensor =>
  // It differs from run to run, so it depends on slices.
  batch(
    [value],
    parametersOf(sequences),
    sequences.map(({ input }) => input),
    length
  )[0]!

/** `results` in terms of what the constants of a loop stand for. */
const opened = (
  results: ReadonlyArray<Tensor>,
  { constants, sequences }: Parts,
  given: Given
): ReadonlyArray<Tensor> => {
  const inputs = constants.map(({ input }) => input)
  const known = [...inputs, ...sequences.map(({ input }) => input), ...given.items, ...given.last].flatMap(
    ({ application }) => application.outputs
  )
  return substitute({ parameters: [...parametersOf(constants), ...known], results }, [...inputs, ...known])
}
