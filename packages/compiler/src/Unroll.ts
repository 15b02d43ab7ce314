/**
 * Short loops are written out: reductions of few terms, whose terms can then be shared and their loads addressed by
 * constants, and innermost axes shorter than a vector, so that the next axis becomes the innermost.
 *
 * **Numerics** Terms are added in the order of the loops, beginning with zero, and products as such: as loops do.
 */
import * as Affine from "@cotangent/tensor/Affine"
import { bytes } from "@cotangent/tensor/DType"
import type { Index, Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { rebuild, rewriter } from "./Axes.ts"
import { substitution } from "./Cut.ts"
import type { Nest, Stage } from "./LoopProgram.ts"

/** A reduction of more terms stays a loop: windows of pooling are hardly larger. */
const mostTerms = 9
/** What is written out has no more scalars than this. */
const mostScalars = 300

/** `nest` with its short loops written out. */
export const unroll = (nest: Nest): Nest => {
  const rewrite = rewriter((scalar, again) => {
    if (scalar.tag !== "reduce") return undefined
    const inside = rebuild(scalar, again) as Reduce
    return isShort(inside) ? written(inside) : inside
  })
  const stages = nest.stages.map((stage) => ({
    ...stage,
    stores: stage.stores.map((store) => ({ ...store, value: rewrite(store.value) }))
  }))
  return { ...nest, stages: stages.map(unrollAxis) }
}

/** How many scalars within some depend on variables, and would be written out for each of their values. */
const varying = (roots: ReadonlyArray<Scalar>, variables: ReadonlyArray<Variable>): number => {
  const known = new Map<Scalar, boolean>(variables.map((variable) => [variable, true]))
  const depends = (scalar: Scalar): boolean => {
    const found = known.get(scalar)
    if (found !== undefined) return found
    // Every child is visited, to be counted.
    const result = S.children(scalar).filter(depends).length > 0
    known.set(scalar, result)
    return result
  }
  roots.forEach(depends)
  return [...known.values()].filter(Boolean).length
}

/** Rows that fill vectors of their own are summed in these. */
const isShort = ({ body, combine, dtype, variables }: Reduce): boolean => {
  const inner = variables[variables.length - 1]
  const terms = variables.reduce((product, { extent }) => product * extent, 1)
  // Sums of halves are rounded once, at their end.
  if (combine === "add" && (dtype === "f16" || dtype === "bf16")) return false
  return terms <= mostTerms && inner.extent * bytes(dtype) < 32 && terms * varying([body], variables) <= mostScalars
}

const written = ({ body, combine, dtype, variables }: Reduce): Scalar => {
  const isFloat = dtype === "f32" || dtype === "f64"
  let result: Scalar = S.constant(S.identity(combine, dtype), dtype)
  for (const index of indices(variables.map(({ extent }) => extent))) {
    const term = substitution(new Map(variables.map((variable, i) => [variable, index[i]])))(body)
    const isProduct = combine === "add" && isFloat && term.tag === "call" && term.op === "mul"
    result = isProduct ? S.multiplyAdd(term.args[0], term.args[1], result) : S[combine](result, term)
  }
  return result
}

const indices = ([extent, ...inner]: ReadonlyArray<number>): ReadonlyArray<Index> =>
  extent === undefined
    ? [[]]
    : Array.from({ length: extent }, (_, i) => i).flatMap((i) => indices(inner).map((rest) => [S.constant(i), ...rest]))

/** An innermost axis shorter than a vector, inside of one that is not. */
const unrollAxis = (stage: Stage): Stage => {
  const { axes, stores } = stage
  const [outer, inner] = axes.slice(-2)
  if (axes.length < 2 || inner.extent > 3 || outer.extent < 4) return stage
  const values = stores.flatMap(({ offset, value }) => [offset, value])
  if (inner.extent * varying(values, [inner]) > mostScalars) return stage
  const copies = indices([inner.extent]).map(([i]) => substitution(new Map([[inner, i]])))
  return {
    axes: axes.slice(0, -1),
    stores: stores.flatMap(({ buffer, offset, value }) =>
      copies.map((rewrite) => ({ buffer, offset: Affine.toScalar(Affine.of(rewrite(offset))), value: rewrite(value) }))
    )
  }
}
