/**
 * Law: the canonical form of a program has its values, exactly.
 */
import { canonicalize } from "@cotangent/compiler/Canonical"
import { identifier } from "@cotangent/compiler/Key"
import type { HostArray } from "@cotangent/tensor/HostArray"
import type { Program } from "@cotangent/tensor/Program"
import * as Reference from "@cotangent/tensor/Reference"
import { exact } from "@cotangent/gradcheck/Comparison"
import type { Violation } from "./Violation.ts"
import { agree, first } from "./Violation.ts"

/** Simplifying changes no value. */
export const simplifiedIsEqual = (program: Program, inputs: ReadonlyArray<HostArray>): Violation => {
  const received = Reference.run(canonicalize(program, identifier()), inputs)
  return first(...Reference.run(program, inputs).map((value, i) => agree(`result ${i}`, value, received[i], exact)))
}
