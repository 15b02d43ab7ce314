/**
 * What steps are rendered with: where buffers lie, the counters of repetitions around, the kernels written so far.
 */
import type { Buffer } from "@cotangent/compiler/LoopProgram"
import * as Affine from "@cotangent/tensor/Affine"
import type { DType } from "@cotangent/tensor/DType"
import { bytes } from "@cotangent/tensor/DType"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import type { Touch } from "./Draft.ts"
import type { Counter, Memory, Offset, Place, Term } from "../Plan.ts"

/** The surroundings of a step. */
export interface Site {
  /** Where a buffer begins. */
  readonly memoryOf: (buffer: Buffer) => Place
  /** The range of memory that a buffer takes. */
  readonly touch: (buffer: Buffer, isWritten: boolean) => Touch
  /** Byte offset of a private buffer in the memory of a row. */
  readonly privatePlace: (buffer: Buffer) => number
  /** Whether a buffer may share memory with another that is written. */
  readonly isShared: (buffer: Buffer) => boolean
  readonly counters: ReadonlyMap<Variable, Counter>
  readonly kernels: Kernels
  /** Whether products of `f32` may round their operands to tf32. */
  readonly isTf32: boolean
  /** Memory that lasts until the end of the step at hand. */
  readonly temporary: (length: number, dtype: DType) => Buffer
}

/** Kernels by their text: equal ones are written once. */
export interface Kernels {
  /**
   * Adds the text of a kernel whose name stands as `NAME`. `isCooperative`: its threads wait for one another; `needs`
   * names sources of the library.
   */
  readonly add: (
    name: string,
    text: string,
    isCooperative: boolean,
    needs?: ReadonlyArray<string>
  ) => { readonly source: number; readonly kernel: string }
}

/** The number of bytes that a position in elements of `width` bytes comes to, if it depends on nothing but counters. */
export const offsetOf = (
  position: Scalar,
  width: number,
  counters: ReadonlyMap<Variable, Counter>
): Offset | undefined => {
  const { constant, terms } = Affine.of(position)
  const found: Array<Term> = []
  for (const [atom, factor] of terms) {
    const term = termOf(atom, counters)
    if (term === undefined) return undefined
    found.push({ ...term, stride: factor * width })
  }
  return { constant: constant * width, terms: found }
}

const termOf = (atom: Scalar, counters: ReadonlyMap<Variable, Counter>): Omit<Term, "stride"> | undefined => {
  if (atom.tag === "variable") {
    const counter = counters.get(atom)
    return counter === undefined ? undefined : { counter, plus: 0 }
  }
  if (atom.tag !== "call" || atom.op !== "remainder" || atom.args[1].tag !== "constant") return undefined
  const { constant, terms } = Affine.of(atom.args[0])
  const [[inner, factor] = [], ...others] = terms
  if (inner?.tag !== "variable" || factor !== 1 || others.length > 0) return undefined
  const counter = counters.get(inner)
  return counter === undefined ? undefined : { counter, plus: constant, modulo: atom.args[1].value }
}

/** A place, so many bytes further on. */
export const moved = ({ memory, offset }: Place, by: Offset): Place => ({
  memory,
  offset: { constant: offset.constant + by.constant, terms: [...offset.terms, ...by.terms] }
})

/** A byte of a memory. */
export const placeIn = (memory: Memory, constant = 0): Place => ({ memory, offset: { constant, terms: [] } })

/** Element `position` of a buffer, if that depends on nothing but counters. */
export const placeOf = (buffer: Buffer, position: Scalar, { counters, memoryOf }: Site): Place | undefined => {
  const offset = offsetOf(position, bytes(buffer.dtype), counters)
  return offset === undefined ? undefined : moved(memoryOf(buffer), offset)
}
