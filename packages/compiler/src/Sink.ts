/**
 * Updates wait for readers: a step that writes what may take over the memory of an input runs after the last one that
 * reads this input, where it can.
 */
import type { Buffer, Step } from "./LoopProgram.ts"
import { footprint } from "./LoopProgram.ts"

/** `steps` in an order in which as many outputs as can be may take over the donated inputs that they are made from. */
export const sunk = (steps: ReadonlyArray<Step>, donated: ReadonlySet<Buffer>): ReadonlyArray<Step> => {
  const result: Array<Step> = []
  // From the last step on: what has sunk is in the way of no earlier one that it needs.
  for (const step of steps.toReversed()) {
    const { reads, writes } = footprint(step)
    const isTaken = (buffer: Buffer): boolean =>
      donated.has(buffer) &&
      [...writes].some(({ dtype, shape }) => shape[0] === buffer.shape[0] && dtype === buffer.dtype)
    const isUpdate = [...writes].every(({ role }) => role === "output")
    const taken = isUpdate ? [...reads].filter(isTaken) : []
    const last = result.findLastIndex((other) => taken.some((buffer) => footprint(other).reads.has(buffer)))
    const isFree = result.slice(0, last + 1).every((other) => {
      const touched = footprint(other)
      const meets = (buffers: ReadonlySet<Buffer>, others: ReadonlySet<Buffer>): boolean =>
        [...buffers].some((buffer) => others.has(buffer))
      return !meets(writes, touched.reads) && !meets(writes, touched.writes) && !meets(reads, touched.writes)
    })
    result.splice(isFree ? last + 1 : 0, 0, step)
  }
  return result
}
