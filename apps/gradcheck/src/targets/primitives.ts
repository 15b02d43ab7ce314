/**
 * Every primitive, by the generators that its own tests use; a primitive without one does not compile.
 */
import { checkSubjects } from "@cotangent/gradcheck/gradcheck"
import type { Subject } from "@cotangent/gradcheck/subject"
import type { Case } from "@cotangent/testing/Case"
import { cases, names } from "@cotangent/testing/generators"
import type { Target } from "../Target.ts"

/** A case as it is checked: one output, inputs that have no names. */
const subjectOf = (given: Case): Subject => ({
  ...given,
  apply: (inputs) => [given.apply(inputs)],
  paths: given.inputs.map((_, i) => String(i)),
  dtype: "f64"
})

/** Every primitive. */
export const primitives: ReadonlyArray<Target> = names.map((name) => ({
  name: `primitive/${name}`,
  check: (options) => checkSubjects(cases[name].map(subjectOf), options)
}))
