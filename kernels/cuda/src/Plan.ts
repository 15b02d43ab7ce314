/**
 * What the device executes: kernels as CUDA C, and the operations of one run in order. The renderer writes plans, the
 * driver runs them; neither knows more of the other than stands here.
 */

/** The number formats of matrix products. */
export type ProductType = "f64" | "f32" | "bf16" | "f16"

/** Memory of a run: one of its inputs or outputs, or the scratch that the plan asks for. */
export type Memory =
  | { readonly tag: "input"; readonly index: number }
  | { readonly tag: "output"; readonly index: number }
  | { readonly tag: "scratch" }

/** The counter of a repetition; its identity is the object. */
export interface Counter {
  readonly name: string
}

/** `stride · (counter + plus)`, or of the remainder of that sum by `modulo`. */
export interface Term {
  readonly counter: Counter
  readonly plus: number
  readonly modulo?: number
  readonly stride: number
}

/** A number of bytes that may depend on the counters of enclosing repetitions: `constant + Σ terms`. */
export interface Offset {
  readonly constant: number
  readonly terms: ReadonlyArray<Term>
}

/** A byte of device memory. */
export interface Place {
  readonly memory: Memory
  readonly offset: Offset
}

/** An argument of a kernel: an address, the value of a counter as `int`, or a number. */
export type Argument =
  | { readonly tag: "pointer"; readonly place: Place }
  | { readonly tag: "counter"; readonly counter: Counter }
  | { readonly tag: "i32" | "i64" | "f32" | "f64"; readonly value: number }

/** Runs a kernel: `kernel` is the name of an `extern "C" __global__` function of `sources[source]`. */
export interface Launch {
  readonly tag: "launch"
  readonly source: number
  readonly kernel: string
  readonly grid: readonly [x: number, y: number, z: number]
  readonly block: readonly [x: number, y: number, z: number]
  /** Bytes of dynamic shared memory; a kernel may need more than 48 KiB. */
  readonly sharedBytes: number
  readonly arguments: ReadonlyArray<Argument>
}

/**
 * A matrix in memory, row by row: element `(i, j)` of number `b` of a batch stands at `b · batchStride + i · lead + j`
 * elements behind `place`, or at `b · batchStride + j · lead + i` where it is stored transposed.
 */
export interface Matrix {
  readonly place: Place
  readonly isTransposed: boolean
  readonly lead: number
  /** 0 reads one matrix for the whole batch. */
  readonly batchStride: number
}

/** What becomes of each sum of a product, in this order: plus `bias[column]`, then the activation. */
export interface Epilogue {
  readonly bias?: Place
  readonly activation?: "relu"
}

/**
 * `result = epilogue(a · b)` for each of `batch` pairs of matrices: `a` is `[rows, depth]`, `b` is `[depth, columns]`.
 * Operands have `dtype`, the result and the bias have `resultType`; sums are kept in f32, or in f64 for f64. Products of
 * f64 give f64 and have no epilogue; those of f32 give f32; those of f16 or bf16 give the same or f32.
 */
export interface Product {
  readonly tag: "product"
  readonly dtype: ProductType
  readonly resultType: ProductType
  readonly rows: number
  readonly columns: number
  readonly depth: number
  readonly batch: number
  readonly a: Matrix
  readonly b: Matrix
  /** Never transposed. */
  readonly result: Matrix
  readonly epilogue: Epilogue
  /** Whether f32 operands may be rounded to tf32. */
  readonly isTf32: boolean
}

/** Copies bytes between memories that do not overlap. */
export interface Copy {
  readonly tag: "copy"
  readonly from: Place
  readonly to: Place
  readonly bytes: number
}

/** Sets bytes to zero. */
export interface Clear {
  readonly tag: "clear"
  readonly place: Place
  readonly bytes: number
}

/** Runs `body` for `counter` = 0 … `count - 1`: the host knows the counter, so it may unroll all rounds into a graph. */
export interface Repeat {
  readonly tag: "repeat"
  readonly counter: Counter
  readonly count: number
  readonly body: ReadonlyArray<Operation>
}

/** Runs one of two bodies by a byte of device memory that is 0 or 1 by then; the host may wait for it. */
export interface Branch {
  readonly tag: "branch"
  readonly predicate: Place
  readonly ifTrue: ReadonlyArray<Operation>
  readonly ifFalse: ReadonlyArray<Operation>
}

/** Runs `condition`, and as long as it leaves 1 at `predicate`, `body` and `condition` again; the host may wait. */
export interface While {
  readonly tag: "while"
  readonly condition: ReadonlyArray<Operation>
  readonly predicate: Place
  readonly body: ReadonlyArray<Operation>
}

/** One operation; each sees what all earlier ones left. */
export type Operation = Launch | Product | Copy | Clear | Repeat | Branch | While

/** A program as the driver runs it. */
export interface DevicePlan {
  /** Translation units of CUDA C that may be compiled at the same time: no includes, `extern "C"` kernels. */
  readonly sources: ReadonlyArray<string>
  /** Memory beside inputs and outputs, of any content; it starts at a multiple of 256 bytes. */
  readonly scratchBytes: number
  readonly operations: ReadonlyArray<Operation>
}
