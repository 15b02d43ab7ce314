/**
 * Operations before they are put together: what each touches, so that those that do not depend on one another are known.
 */
import type { Operation } from "../Plan.ts"
import type { Made } from "./Kernel.ts"

/** A range of a memory that an operation reads or writes. */
export interface Touch {
  readonly memory: string
  readonly from: number
  readonly to: number
  readonly isWritten: boolean
}

/** An operation, or a kernel that may yet become part of one. */
export interface Draft {
  readonly content:
    | { readonly tag: "kernel"; readonly made: Made }
    | { readonly tag: "operation"; readonly operation: Operation }
  /** Undefined where it may touch anything. */
  readonly touches: ReadonlyArray<Touch> | undefined
}

/** An operation that touches some memory. */
export const operationDraft = (operation: Operation, touches?: ReadonlyArray<Touch>): Draft => ({
  content: { tag: "operation", operation },
  touches
})

const collide = (x: Touch, y: Touch): boolean =>
  (x.isWritten || y.isWritten) && x.memory === y.memory && x.from < y.to && y.from < x.to

/** Whether two operations must keep their order. */
export const depend = (x: Draft, y: Draft): boolean =>
  x.touches === undefined ||
  y.touches === undefined ||
  x.touches.some((one) => y.touches!.some((other) => collide(one, other)))
