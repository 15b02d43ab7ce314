/**
 * What the rounding of a computation can amount to: each operation rounds, relative to the largest number on the way, and
 * what it loses is carried on to the results.
 */
import * as DTypes from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import type { Application } from "@cotangent/tensor/Primitive"
import type { Program } from "@cotangent/tensor/Program"
import * as Reference from "@cotangent/tensor/Reference"
import { size } from "@cotangent/tensor/Shape"
import { largest } from "../Comparison.ts"

/** Sums, and what else makes one element of many, round once for each of these. */
const termsOf = ({ inputs, outputs }: Application): number =>
  1 + Math.max(0, ...inputs.map(({ shape }) => size(shape))) / Math.max(1, ...outputs.map(({ shape }) => size(shape)))

/** What the reference computes, in how many roundings, and how large the numbers are on the way. */
export interface Course {
  readonly values: ReadonlyArray<HostArray>
  readonly roundings: number
  readonly scale: number
}

/** Runs `program`, and watches. What is in a loop counts as often as it runs; numbers count as 1 at least. */
export const courseOf = (program: Program, inputs: ReadonlyArray<HostArray>): Course => {
  const floats = (arrays: ReadonlyArray<HostArray>): ReadonlyArray<number> =>
    arrays.filter(({ dtype }) => DTypes.isFloat(dtype)).map(({ data }) => largest(data))
  let roundings = 0
  let scale = Math.max(1, ...floats(inputs))
  const values = Reference.run(program, inputs, (application, computed) => {
    roundings += termsOf(application)
    scale = Math.max(scale, ...floats(computed))
  })
  return { values, roundings, scale }
}

/** How far two ways to compute the same may end apart, where each rounds by `unit`. */
export const roundingOf = ({ roundings, scale }: Course, unit: number): number => 2 * unit * (8 + roundings) * scale
