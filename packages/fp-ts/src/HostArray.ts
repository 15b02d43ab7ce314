/** Instances for what tensors are read back as. */
import type { HostArray } from "@cotangent/tensor/HostArray"
import { describe } from "@cotangent/tensor/Primitive"
import type * as E from "fp-ts/lib/Eq.js"
import type * as S from "fp-ts/lib/Show.js"
import { same } from "./internal/same.ts"

/**
 * Arrays are equal where nothing tells them apart: shapes, dtypes and elements agree.
 *
 * **Numerics** Elements compare as in `Object.is`: NaN equals itself, or equality would not be reflexive; 0 and −0
 * differ, or equal arrays would have unequal reciprocals. "Nearly equal" is not transitive and hence no `Eq`.
 */
export const Eq: E.Eq<HostArray> = {
  equals: (x, y) => x.dtype === y.dtype && same(x.shape, y.shape) && same(x.data, y.data)
}

/** Type and row-major elements: `f32[2](1, 2)`. */
export const Show: S.Show<HostArray> = { show: (array) => `${describe(array)}(${Array.from(array.data).join(", ")})` }
