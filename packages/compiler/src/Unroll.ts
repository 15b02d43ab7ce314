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

/** Stages with their short reductions written out. */
export const unrollReductions = (stages: ReadonlyArray<Stage>): ReadonlyArray<Stage> => {
  const free = freeVariables()
  const rewrite = rewriter((scalar, again) => {
    if (scalar.tag !== "reduce") return undefined
    const inside = rebuild(scalar, again) as Reduce
    return isShort(inside, free) ? written(inside, free) : inside
  })
  return stages.map(({ axes, stores }) => ({
    axes,
    stores: stores.map((store) => ({ ...store, value: rewrite(store.value) }))
  }))
}

/** `nest` with its short innermost axes written out. */
export const unrollAxes = (nest: Nest): Nest => {
  const free = freeVariables()
  return { ...nest, stages: nest.stages.map((stage) => unrollAxis(stage, free)) }
}

type Free = (scalar: Scalar) => ReadonlySet<Scalar>

/** The variables in a scalar, its reductions' own ones among them. */
const freeVariables = (): Free => {
  const known = new Map<Scalar, ReadonlySet<Scalar>>()
  const free: Free = (scalar) => {
    const found = known.get(scalar)
    if (found !== undefined) return found
    const result = new Set<Scalar>(scalar.tag === "variable" ? [scalar] : [])
    for (const child of S.children(scalar)) for (const variable of free(child)) result.add(variable)
    known.set(scalar, result)
    return result
  }
  return free
}

const dependsOn =
  (variables: ReadonlyArray<Variable>, free: Free) =>
  (scalar: Scalar): boolean =>
    variables.some((variable) => free(scalar).has(variable))

/** How many scalars within some depend on variables, and would be written out for each of their values. */
const varying = (roots: ReadonlyArray<Scalar>, depends: (scalar: Scalar) => boolean): number => {
  const seen = new Set<Scalar>()
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar) || !depends(scalar)) return
    seen.add(scalar)
    S.children(scalar).forEach(visit)
  }
  roots.forEach(visit)
  return seen.size
}

/** Rows that fill vectors of their own are summed in these. */
const isShort = ({ body, combine, dtype, variables }: Reduce, free: Free): boolean => {
  const inner = variables[variables.length - 1]
  const terms = variables.reduce((product, { extent }) => product * extent, 1)
  // Sums of halves are rounded once, at their end.
  if (combine === "add" && (dtype === "f16" || dtype === "bf16")) return false
  if (terms > mostTerms || inner.extent * bytes(dtype) >= 32) return false
  return terms * varying([body], dependsOn(variables, free)) <= mostScalars
}

const written = ({ body, combine, dtype, variables }: Reduce, free: Free): Scalar => {
  const isFloat = dtype === "f32" || dtype === "f64"
  const depends = dependsOn(variables, free)
  // Sums begin with zero, which is not the same as their first term where that is -0.
  let result: Scalar | undefined = combine === "add" ? S.constant(0, dtype) : undefined
  for (const index of indices(variables.map(({ extent }) => extent))) {
    const term = substitution(new Map(variables.map((variable, i) => [variable, index[i]])), depends)(body)
    const isProduct = combine === "add" && isFloat && term.tag === "call" && term.op === "mul"
    if (result === undefined) result = term
    else result = isProduct ? S.multiplyAdd(term.args[0], term.args[1], result) : S[combine](result, term)
  }
  return result ?? S.constant(S.identity(combine, dtype), dtype)
}

const indices = ([extent, ...inner]: ReadonlyArray<number>): ReadonlyArray<Index> =>
  extent === undefined
    ? [[]]
    : Array.from({ length: extent }, (_, i) => i).flatMap((i) => indices(inner).map((rest) => [S.constant(i), ...rest]))

/** An innermost axis shorter than a vector, inside of one that is not. */
const unrollAxis = (stage: Stage, free: Free): Stage => {
  const { axes, stores } = stage
  const [outer, inner] = axes.slice(-2)
  if (axes.length < 2 || inner.extent > 3 || outer.extent < 4) return stage
  const values = stores.flatMap(({ offset, value }) => [offset, value])
  const depends = dependsOn([inner], free)
  if (inner.extent * varying(values, depends) > mostScalars) return stage
  const copies = indices([inner.extent]).map(([i]) => substitution(new Map([[inner, i]]), depends))
  return {
    axes: axes.slice(0, -1),
    stores: stores.flatMap(({ buffer, offset, value }) =>
      copies.map((rewrite) => ({ buffer, offset: Affine.toScalar(Affine.of(rewrite(offset))), value: rewrite(value) }))
    )
  }
}
