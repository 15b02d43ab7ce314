/**
 * What a loop keeps of each run for its derivative, besides the carries: the results of contractions, which cost far more
 * than to read them again. Everything else of a run is computed again from these and the carries.
 *
 * A contraction inside a `checkpoint`, or inside a loop of the body, belongs to that: it is computed again. Loops inside a
 * `checkpoint` keep their carries alone.
 */
import type { Application, Tensor } from "@cotangent/tensor/Primitive"
import { dotGeneral } from "@cotangent/tensor/primitive/bilinear"
import { convolution } from "@cotangent/tensor/primitive/convolution"
import { parameter, substitute } from "@cotangent/tensor/Program"
import { between } from "./between.ts"

const contractions = new Set([dotGeneral, convolution].map(({ primitive }) => primitive))

/** Whether an application sums up products. */
export const isContraction = ({ primitive }: Application): boolean => contractions.has(primitive)

/** The contractions that `results` depend on and that depend on `carries`, less those that are results. */
export const residuals = (results: ReadonlyArray<Tensor>, carries: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> => {
  const given = new Set(results)
  return [...between(results, new Set(carries))]
    .filter(isContraction)
    .flatMap(({ outputs }) => outputs)
    .filter((value) => !given.has(value))
}

/** Values of a run that are read instead of computed again. */
export interface Recalled {
  /** For each item that was kept, the parameter that stands for it; undefined for others. */
  readonly parameters: ReadonlyArray<Tensor | undefined>
  /** `values` that read the parameters. */
  readonly recall: (values: ReadonlyArray<Tensor>) => ReadonlyArray<Tensor>
}

/** Parameters for those of `items` that are contractions. */
export const recalled = (items: ReadonlyArray<Tensor>): Recalled => {
  const kept = items.filter(({ application }) => isContraction(application))
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
