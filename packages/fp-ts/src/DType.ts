/** Instances for element types. */
import type { DType } from "@cotangent/tensor/DType"
import type * as E from "fp-ts/lib/Eq.js"
import type * as S from "fp-ts/lib/Show.js"

/** Element types are equal where they have one name. */
export const Eq: E.Eq<DType> = { equals: (x, y) => x === y }

/** The name of an element type. */
export const Show: S.Show<DType> = { show: (dtype) => dtype }
