/**
 * What a loop need not do run by run. Contractions of slices alone are done for all runs before the loop, contractions
 * that no carry depends on after it, and sums over all runs are taken from what the runs stack instead of growing in a
 * carry: each is one large contraction then, instead of many small ones.
 *
 * That costs memory for what is stacked. It is spent up to four times of the slices that a run takes and the items it
 * gives; a lean loop spends none. A sum leaves the loop only where its stacks take less of each run than the sum itself,
 * which the run would read and write.
 */
import type { Application, Tensor } from "@cotangent/tensor/Primitive"
import { add } from "@cotangent/tensor/primitive/linear"
import { zeros } from "@cotangent/tensor/primitive/leaf"
import { parameter, substitute } from "@cotangent/tensor/Program"
import { size } from "@cotangent/tensor/Shape"
import { batch } from "../Vmap.ts"
import { between } from "./between.ts"
import type { Carry, Outcome, Parts } from "./parts.ts"
import { isContraction } from "./residual.ts"
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

/** Takes out of a loop what need not be done run by run. */
export const fission = (given: Parts): Fission => {
  const parts = before(given)
  const { carries, items, length } = parts
  const { allowance, isEarly, slices, varies } = dependence(parts)
  const stacked = new Set([...slices, ...items])
  let left = allowance
  const addedBy = ({ stacks }: After<unknown>): number => elements(stacks.filter((x) => !stacked.has(x)))
  const take = <A>(after: After<A>): After<A> => {
    left -= addedBy(after)
    after.stacks.forEach((x) => stacked.add(x))
    return after
  }
  const late = lateItems(parts)
  const all: After<ReadonlyArray<Tensor>> = { stacks: items, from: (stackOf) => items.map(stackOf) }
  const itemsAfter = take(late !== undefined && late.room + addedBy(late) <= left ? late : all)
  const ways = new Map<Tensor, After<Tensor> | Carry>()
  // The largest first: what they stack may serve others.
  for (const value of parts.totals.toSorted((x, y) => size(y.shape) - size(x.shape))) {
    const [apart, whole] = [totalOf(value, varies, length), sumOf(value)]
    const after = varies(value) && addedBy(whole) <= addedBy(apart) ? whole : apart
    const sum = parameter(value)
    ways.set(
      value,
      addedBy(after) <= left && addedBy(after) < size(value.shape)
        ? take(after)
        : { parameter: sum, input: zeros(value), next: add(sum, value) }
    )
  }
  // Carries as they are received are stacked without being asked for.
  const held = parametersOf(carries)
  const sums = [...ways.values()].filter((way) => "next" in way)
  const after = [itemsAfter, ...[...ways.values()].filter((way) => "from" in way)]
  const stacks = [...new Set(after.flatMap((each) => each.stacks))].filter((x) => !isEarly(x) && !held.includes(x))
  return {
    rest: { ...parts, carries: [...carries, ...sums], items: stacks },
    finish: (given) => {
      const stackOf = (x: Tensor): Tensor =>
        isEarly(x)
          ? atOnce([x], parts)[0]
          : held.includes(x)
            ? given.received[held.indexOf(x)]
            : given.items[stacks.indexOf(x)]
      const totals = parts.totals.map((value) => {
        const way = ways.get(value)!
        return "next" in way ? given.last[carries.length + sums.indexOf(way)] : way.from(stackOf)
      })
      const found = opened([...itemsAfter.from(stackOf), ...totals], parts, [...given.items, ...given.last])
      return {
        last: given.last.slice(0, carries.length),
        items: found.slice(0, items.length),
        received: given.received.slice(0, carries.length),
        totals: found.slice(items.length)
      }
    }
  }
}

/** How many elements more than it takes and gives anyway a run may stack. */
export const allowanceOf = ({ isLean }: Pick<Parts, "isLean">, values: ReadonlyArray<Tensor>): number =>
  isLean ? 0 : 4 * elements(new Set(values))

const elements = (values: Iterable<Tensor>): number => [...values].reduce((sum, { shape }) => sum + size(shape), 0)

/** The parameters of a body that stand for something. */
export const parametersOf = (slots: ReadonlyArray<{ readonly parameter: Tensor }>): ReadonlyArray<Tensor> =>
  slots.map((slot) => slot.parameter)

const isElement = ({ primitive }: Application): boolean => primitive.lowering.kind === "element"

/** What the values of a body depend on. */
const dependence = (parts: Parts) => {
  const { carries, helpers, items, sequences, totals } = parts
  const [held, slices] = [parametersOf([...carries, ...helpers]), parametersOf(sequences)]
  const next = [...carries, ...helpers].map((carry) => carry.next)
  const results = [...next, ...items, ...totals]
  const moving = new Set([...held, ...slices])
  const varying = between(results, moving)
  const late = between(results, new Set(held))
  const allowance = allowanceOf(parts, [...slices, ...items])
  const isSimple = (application: Application): boolean =>
    isElement(application) && elements(application.outputs) <= allowance
  // Element rules over slices: what they are for all runs at once is one step.
  const early = new Set<Application>()
  for (const application of varying) {
    const isReady = application.inputs.every((x) => !varying.has(x.application) || early.has(x.application))
    if (isReady && !late.has(application) && isSimple(application)) early.add(application)
  }
  return {
    slices,
    next,
    moving,
    early,
    varies: (x: Tensor): boolean => moving.has(x) || varying.has(x.application),
    isEarly: (x: Tensor): boolean => slices.includes(x) || early.has(x.application),
    allowance,
    /** Whether an application may run for all runs at once: an element rule that gives no more than that. */
    isSimple
  }
}

/** `values`, which are slices or depend on slices alone, for all runs. */
const atOnce = (values: ReadonlyArray<Tensor>, { length, sequences }: Parts): ReadonlyArray<Tensor> =>
  batch(
    values,
    parametersOf(sequences),
    sequences.map(({ input }) => input),
    length
    // What depends on slices differs from run to run.
  ) as ReadonlyArray<Tensor>

/** `results` in terms of what the constants of a loop stand for; `ends` and what they depend on are left as they are. */
const opened = (
  results: ReadonlyArray<Tensor>,
  { constants, sequences }: Parts,
  ends: ReadonlyArray<Tensor>
): ReadonlyArray<Tensor> => {
  const inputs = constants.map(({ input }) => input)
  const known = [...inputs, ...sequences.map(({ input }) => input), ...ends].flatMap(
    ({ application }) => application.outputs
  )
  return substitute({ parameters: [...parametersOf(constants), ...known], results }, [...inputs, ...known])
}

/** The loop that receives its contractions of slices as sequences, as many of them as there is room for. */
const before = (parts: Parts): Parts => {
  const { allowance, early } = dependence(parts)
  let left = allowance
  const roots = [...early].filter(isContraction).flatMap(({ outputs: [value] }) => {
    const fits = size(value.shape) <= left
    if (fits) left -= size(value.shape)
    return fits ? [value] : []
  })
  if (roots.length === 0) return parts
  const slots = opened(atOnce(roots, parts), parts, []).map((input, i) => ({ parameter: parameter(roots[i]), input }))
  const replaced = (results: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> =>
    substitute({ parameters: roots, results }, parametersOf(slots))
  const advanced = (carries: ReadonlyArray<Carry>): ReadonlyArray<Carry> => {
    const next = replaced(carries.map((carry) => carry.next))
    return carries.map((carry, i) => ({ ...carry, next: next[i] }))
  }
  return {
    ...parts,
    carries: advanced(parts.carries),
    helpers: advanced(parts.helpers),
    sequences: [...parts.sequences, ...slots],
    items: replaced(parts.items),
    totals: replaced(parts.totals)
  }
}

/**
 * The items, where those that rest on contractions no carry depends on are computed after the loop, and the elements of
 * each run that these contractions take besides. Undefined where there are none, or more than small element rules follow.
 */
const lateItems = (parts: Parts): (After<ReadonlyArray<Tensor>> & { readonly room: number }) | undefined => {
  const { items, length } = parts
  const { early, isSimple, moving, next, varies } = dependence(parts)
  const needed = between(next, moving)
  const roots = [...between(items, moving)].filter(
    (application) => isContraction(application) && !needed.has(application) && !early.has(application)
  )
  const products = roots.flatMap(({ outputs }) => outputs)
  const after = new Set([...roots, ...between(items, new Set(products))])
  if (roots.length === 0 || ![...after].every(isSimple)) return undefined
  const isLate = ({ application }: Tensor): boolean => after.has(application)
  const read = [...after].flatMap(({ inputs }) => inputs)
  const cut = [...new Set(read.filter((x) => varies(x) && !isLate(x)))]
  return {
    stacks: [...items.filter((item) => !isLate(item)), ...cut],
    room: elements(products.filter((product) => !items.includes(product))),
    from: (stackOf) => {
      // What is late depends on a contraction, so it differs from run to run.
      const late = batch(items, cut, cut.map(stackOf), length)
      return items.map((item, i) => (isLate(item) ? late[i]! : stackOf(item)))
    }
  }
}
