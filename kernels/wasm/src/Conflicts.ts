/**
 * Which steps must wait for one another: those where one touches memory that the other writes. Two buffers may share
 * memory, in the arena or because an output takes over an input.
 */
import type { Buffer, LoopProgram, Step } from "@cotangent/compiler/LoopProgram"
import { footprint } from "@cotangent/compiler/LoopProgram"
import { bytesOf } from "@cotangent/compiler/Plan"

/** A range of memory, in bytes from the start of an allocation. */
interface Region {
  /** An input or output that is an allocation of its own; undefined for the arena. */
  readonly allocation: Buffer | undefined
  readonly from: number
  readonly to: number
}

/** What a step touches. */
export interface Touch {
  readonly reads: ReadonlyArray<Region>
  readonly writes: ReadonlyArray<Region>
}

/** What the steps of `program` touch. */
export const touches = ({ aliases, inputs, outputs, places }: LoopProgram): ((step: Step) => Touch) => {
  const donors = new Map<Buffer, Buffer>()
  aliases.forEach((donor, i) => donor === undefined || donors.set(outputs[i], inputs[donor]))
  const regionOf = (buffer: Buffer): Region => {
    const bytes = bytesOf(buffer)
    const place = places.get(buffer)
    return place === undefined
      ? { allocation: donors.get(buffer) ?? buffer, from: 0, to: bytes }
      : { allocation: undefined, from: place, to: place + bytes }
  }
  return (step) => {
    const { reads, writes } = footprint(step)
    const regions = (buffers: ReadonlySet<Buffer>): ReadonlyArray<Region> =>
      // What each thread has for itself is in nobody's way.
      [...buffers].filter(({ role }) => role !== "private").map(regionOf)
    return { reads: regions(reads), writes: regions(writes) }
  }
}

/** Whether the order of two steps matters. */
export const conflicts = (x: Touch, y: Touch): boolean =>
  meet(x.writes, y.reads) || meet(x.writes, y.writes) || meet(x.reads, y.writes)

const meet = (xs: ReadonlyArray<Region>, ys: ReadonlyArray<Region>): boolean =>
  xs.some((x) => ys.some((y) => x.allocation === y.allocation && x.from < y.to && y.from < x.to))
