import type { Tensor } from "@cotangent/tensor/Primitive"

/** A parameter of a body, and what it stands for: a constant, the first value of a carry, or a sequence. */
export interface Slot {
  readonly parameter: Tensor
  readonly input: Tensor
}

/** A carry of a loop; `next` is its value for the following run. */
export interface Carry extends Slot {
  readonly next: Tensor
}

/** A loop by its parts. */
export interface Parts {
  readonly length: number
  readonly reverse: boolean
  /** Keeps nothing of its runs but carries: so do the loops in a checkpoint, and their derivatives. */
  readonly isLean: boolean
  readonly constants: ReadonlyArray<Slot>
  readonly carries: ReadonlyArray<Carry>
  /** Carries that nobody asks for, there for the others to read. */
  readonly helpers: ReadonlyArray<Carry>
  readonly sequences: ReadonlyArray<Slot>
  readonly items: ReadonlyArray<Tensor>
  /** Values that are wanted as sums over all runs. */
  readonly totals: ReadonlyArray<Tensor>
}

/** What a loop gives: the last carries, sums, and along a first axis of runs the items and the carries as received. */
export interface Outcome {
  readonly last: ReadonlyArray<Tensor>
  readonly items: ReadonlyArray<Tensor>
  readonly received: ReadonlyArray<Tensor>
  readonly totals: ReadonlyArray<Tensor>
}
