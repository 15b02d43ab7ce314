/**
 * What a loop keeps of each run for its derivative, besides the carries: the results of contractions, and those of costly
 * functions as far as there is room. To read them costs less than to compute them again, from values that would have to be
 * read as well. Everything else of a run is computed again from these and the carries.
 *
 * What stands inside a `checkpoint`, or inside a loop of the body, belongs to that: it is computed again. Loops inside a
 * `checkpoint` keep their carries alone.
 */
import type { Application, Tensor } from "@cotangent/tensor/Primitive"
import { dotGeneral } from "@cotangent/tensor/primitive/bilinear"
import { convolution } from "@cotangent/tensor/primitive/convolution"
import {
  atan2,
  cos,
  erf,
  erfc,
  erfInv,
  exp,
  expm1,
  lgamma,
  log,
  log1p,
  logistic,
  pow,
  sin,
  tanh
} from "@cotangent/tensor/primitive/elementwise"
import { parameter, substitute } from "@cotangent/tensor/Program"
import { size } from "@cotangent/tensor/Shape"
import { between } from "./between.ts"

const contractions = new Set([dotGeneral, convolution].map(({ primitive }) => primitive))

/** Whether an application sums up products. */
export const isContraction = ({ primitive }: Application): boolean => contractions.has(primitive)

const costly = new Set(
  [atan2, cos, erf, erfc, erfInv, exp, expm1, lgamma, log, log1p, logistic, pow, sin, tanh].map(
    ({ primitive }) => primitive
  )
)

const isCostly = ({ primitive }: Application): boolean => costly.has(primitive)

/** What to keep of `results` and what they depend on, besides `items`, if it depends on `carries`; `room` is for functions. */
export const residuals = (
  results: ReadonlyArray<Tensor>,
  items: ReadonlyArray<Tensor>,
  carries: ReadonlyArray<Tensor>,
  room: number
): ReadonlyArray<Tensor> => {
  const given = new Set(items)
  let left = room
  return [...between(results, new Set(carries))].flatMap((application) => {
    const [value] = application.outputs
    if (given.has(value)) return []
    if (isContraction(application)) return [value]
    if (!isCostly(application) || size(value.shape) > left) return []
    left -= size(value.shape)
    return [value]
  })
}

/** Values of a run that are read instead of computed again. */
export interface Recalled {
  /** For each item that was kept, the parameter that stands for it; undefined for others. */
  readonly parameters: ReadonlyArray<Tensor | undefined>
  /** `values` that read the parameters. */
  readonly recall: (values: ReadonlyArray<Tensor>) => ReadonlyArray<Tensor>
}

/** Parameters for those of `items` that are worth reading. */
export const recalled = (items: ReadonlyArray<Tensor>): Recalled => {
  const kept = items.filter(({ application }) => isContraction(application) || isCostly(application))
  const holes = new Map(kept.map((item) => [item, parameter(item)]))
  return {
    parameters: items.map((item) => holes.get(item)),
    recall: (results) =>
      substitute(
        { parameters: kept, results },
        kept.map((item) => holes.get(item)!)
      )
  }
}
