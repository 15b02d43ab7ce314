/**
 * What a chain of attention leaves to do, as few steps as can be: those that share scores run together where nothing that
 * stands between them is in the way.
 */
import * as Affine from "@cotangent/tensor/Affine"
import type { Reduce, Scalar } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import type { Chain, Result } from "./AttentionChain.ts"
import type { Allocate } from "./Control.ts"
import { loads } from "./Inline.ts"
import type { Attention, Buffer, Place, Step } from "./LoopProgram.ts"
import { footprint } from "./LoopProgram.ts"

/** A result with sums of rows that later ones need. */
interface Item extends Result {
  readonly sums: ReadonlyArray<Reduce>
}

/** A step, and the position of the one before which it stands. */
export interface Placed {
  readonly at: number
  readonly step: Attention
}

/** The steps that do what is left of `chain`. */
export const itemsOf = (chain: Chain, steps: ReadonlyArray<Step>, allocate: Allocate): ReadonlyArray<Placed> => {
  const items = merged(complete(chain), chain, steps)
  const needs = new Map(items.map((item) => [item, sumsOf(item, chain)] as const))
  const readers = (sum: Reduce): number => items.filter((item) => needs.get(item)!.includes(sum)).length
  const places = new Map<Reduce, Place>()
  const done = new Set<Reduce>()
  const { batch, row } = chain.domain
  const placeOf = (sum: Reduce): Place => {
    const known = places.get(sum)
    if (known !== undefined) return known
    const dtype = sum.dtype === "f64" ? "f64" : "f32"
    const offset = Affine.flatten([batch, row], [batch.extent, row.extent])
    const made = { buffer: allocate("temporary", batch.extent * row.extent, dtype), offset }
    places.set(sum, made)
    return made
  }
  return items.map((item) => {
    const sums = needs.get(item)!.map((sum) => ({
      sum,
      place: readers(sum) > 1 ? placeOf(sum) : undefined,
      isKnown: done.has(sum)
    }))
    sums.forEach(({ sum }) => done.add(sum))
    return { at: item.at, step: stepOf(item, sums, chain) }
  })
}

const stepOf = (item: Item, sums: Attention["sums"], { domain, scores }: Chain): Attention => {
  const { isAcross, stores, weighed } = item
  const known = new Set<Scalar>(sums.filter(({ isKnown }) => isKnown).map(({ sum }) => sum))
  const roots = [...sums.flatMap(({ isKnown, sum }) => (isKnown ? [] : [sum])), ...valuesOf(item)]
  const used = reached(roots, known)
  return {
    tag: "attention",
    name: isAcross ? "attention_across" : "attention",
    batch: domain.batch,
    own: isAcross ? domain.column : domain.row,
    other: isAcross ? domain.row : domain.column,
    scores: scores.flatMap(({ accumulator, columns, depth, rows }) =>
      used.has(accumulator)
        ? [{ accumulator, depth, own: isAcross ? columns : rows, other: isAcross ? rows : columns }]
        : []
    ),
    sums,
    stores,
    weighed
  }
}

/** What an item computes, without the sums of its products. */
const valuesOf = ({ stores, weighed }: Item): ReadonlyArray<Scalar> => [
  ...stores.map(({ value }) => value),
  ...weighed.flatMap(({ stores: own, weight }) => [weight, ...own.map(({ value }) => value)])
]

/** Every scalar within `roots` that is not within one of `stops`. */
const reached = (roots: ReadonlyArray<Scalar>, stops: ReadonlySet<Scalar>): ReadonlySet<Scalar> => {
  const seen = new Set<Scalar>()
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return
    if (!stops.has(scalar)) S.children(scalar).forEach(visit)
    // Parts stand before what is made of them.
    seen.add(scalar)
  }
  roots.forEach(visit)
  return seen
}

/** The sums of rows that an item needs, each behind those that its terms contain. */
const sumsOf = (item: Item, { domain: { column }, scores }: Chain): ReadonlyArray<Reduce> => {
  const stops = new Set<Scalar>([
    ...scores.map(({ accumulator }) => accumulator),
    ...item.weighed.map(({ accumulator }) => accumulator)
  ])
  const all = reached([...item.sums, ...valuesOf(item)], stops)
  return [...all].filter(
    (scalar): scalar is Reduce => scalar.tag === "reduce" && !stops.has(scalar) && scalar.variables[0] === column
  )
}

/** Results by columns are told the sums of rows, so somebody has to take them before. */
const complete = (chain: Chain): ReadonlyArray<Item> => {
  const done = new Set<Reduce>()
  return chain.results.flatMap((result): ReadonlyArray<Item> => {
    const item: Item = { ...result, sums: [] }
    const missing = sumsOf(item, chain).filter((sum) => !done.has(sum))
    missing.forEach((sum) => done.add(sum))
    if (!item.isAcross || missing.length === 0) return [item]
    return [{ at: item.at, isAcross: false, stores: [], weighed: [], sums: missing }, item]
  })
}

/** The buffers that scalars load from. */
const sourcesOf = (values: ReadonlyArray<Scalar>): ReadonlyArray<Buffer> =>
  // Loads of loop programs refer to buffers.
  loads(values).map(({ source }) => source as Buffer)

interface Touched {
  readonly reads: ReadonlySet<Buffer>
  readonly writes: ReadonlySet<Buffer>
}

const touchedBy = (item: Item, { scores }: Chain): Touched => {
  const used = reached([...item.sums, ...valuesOf(item)], new Set())
  const operands = scores.flatMap(({ accumulator, columns, rows }) =>
    used.has(accumulator) ? [rows.buffer, columns.buffer] : []
  )
  return {
    reads: new Set([...sourcesOf([...item.sums, ...valuesOf(item)]), ...operands]),
    writes: new Set([item, ...item.weighed].flatMap(({ stores }) => stores.map(({ buffer }) => buffer)))
  }
}

const meet = (x: Touched, y: Touched): boolean =>
  [...x.writes].some((buffer) => y.reads.has(buffer) || y.writes.has(buffer)) ||
  [...x.reads].some((buffer) => y.writes.has(buffer))

/** Puts each item together with an earlier one of its kind, where one of them can move to the other. */
const merged = (all: ReadonlyArray<Item>, chain: Chain, steps: ReadonlyArray<Step>): ReadonlyArray<Item> => {
  const touched = new Map<Item, Touched>()
  const touches = (item: Item): Touched => {
    const known = touched.get(item) ?? touchedBy(item, chain)
    touched.set(item, known)
    return known
  }
  /** Whether `item` may run as well at any moment from `from` to `to`. */
  const moves = (item: Item, [from, to]: readonly [number, number], others: ReadonlyArray<Item>): boolean =>
    others.every((other) => !meet(touches(item), touches(other))) &&
    steps.slice(from, to).every((step, i) => chain.absorbed.has(from + i) || !meet(touches(item), footprint(step)))
  const items: Array<Item> = []
  for (const item of all) {
    const at = items.findLastIndex(({ isAcross }) => isAcross === item.isAcross)
    if (at < 0) {
      items.push(item)
      continue
    }
    const before = items[at]
    const between = items.slice(at + 1)
    const both = (place: number): Item => ({
      at: place,
      isAcross: item.isAcross,
      stores: [...before.stores, ...item.stores],
      weighed: [...before.weighed, ...item.weighed],
      sums: [...before.sums, ...item.sums]
    })
    const range = [before.at, item.at] as const
    // Sums that items between need are taken by what stands before them.
    const isAwaited = between.some((other) => other.isAcross && !before.isAcross && sharesSums(before, other, chain))
    const isWaiting = between.some((other) => item.isAcross && !other.isAcross && sharesSums(other, item, chain))
    const columns = [...before.weighed, ...item.weighed].reduce((sum, { column }) => sum + column.extent, 0)
    const isRoom = columns <= chain.mostColumns && !meet(touches(before), touches(item))
    if (isRoom && !isAwaited && moves(before, range, between)) {
      items.splice(at, 1)
      items.push(both(item.at))
    } else if (isRoom && !isWaiting && moves(item, range, between)) items[at] = both(before.at)
    else items.push(item)
  }
  return items
}

const sharesSums = (x: Item, y: Item, chain: Chain): boolean => {
  const sums = new Set(sumsOf(x, chain))
  return sumsOf(y, chain).some((sum) => sums.has(sum))
}
