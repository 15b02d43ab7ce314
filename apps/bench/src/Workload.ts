/**
 * What is timed.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import type * as Tensor from "@cotangent/tensor/Tensor"

/** Arrays in records and tuples. */
export type Arrays = HostArray | ReadonlyArray<Arrays> | { readonly [name: string]: Arrays }

/** What every workload states. */
interface Described {
  readonly name: string
  /** What it is, in a few words. */
  readonly text: string
  /** Operations of one run, for arithmetic; what else takes no time to speak of. */
  readonly operations?: number
  /** Bytes that one run reads and writes at least. */
  readonly bytes?: number
  /** The check values, computed in f64 without the library; absent where they are among those of PyTorch. */
  readonly reference?: () => ReadonlyArray<number>
}

/** A function of tensors. */
export interface Calculation extends Described {
  readonly kind: "calculation"
  readonly inputs: () => ReadonlyArray<Arrays>
  readonly run: (...inputs: ReadonlyArray<never>) => unknown
  /** Scalars by which a result is known. */
  readonly check: (result: never) => ReadonlyArray<Tensor.Tensor>
}

/** Steps of training, each of which reads its loss back; the first five losses are checked. */
export interface Training extends Described {
  readonly kind: "training"
  /** Batches, the same at every step. */
  readonly data: () => ReadonlyArray<HostArray>
  /** Parameters and whatever else a step hands on. */
  readonly start: () => unknown
  readonly step: (
    state: never,
    ...data: ReadonlyArray<Tensor.Tensor>
  ) => {
    readonly loss: Tensor.Tensor
    readonly next: unknown
  }
}

/** A row of the bench. */
export type Workload = Calculation | Training

/** A calculation whose types are those of its function. */
export const calculation = <const I extends ReadonlyArray<Tensor.Tensor>, R>(
  described: Described & {
    readonly inputs: () => { readonly [K in keyof I]: HostArray }
    readonly run: (...inputs: I) => R
    readonly check: (result: R) => ReadonlyArray<Tensor.Tensor>
  }
): Calculation =>
  // Types of functions are erased; they are called with what they were declared for.
  ({ kind: "calculation", ...described }) as unknown as Calculation
