/** Instances for shapes as values. */
import type { Dims } from "@cotangent/tensor/Shape"
import { equals, format } from "@cotangent/tensor/Shape"
import type * as E from "fp-ts/lib/Eq.js"
import type * as S from "fp-ts/lib/Show.js"

/** Shapes are equal where they have the same extents. */
export const Eq: E.Eq<Dims> = { equals }

/** `[2, 3]`. */
export const Show: S.Show<Dims> = { show: format }
