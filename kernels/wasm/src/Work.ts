/**
 * How much a nest of loops has to do.
 */
import type { Buffer, Nest } from "@cotangent/compiler/LoopProgram"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import { children } from "@cotangent/tensor/Scalar"

/** A function of scalars that looks at each once. */
const remembered = <A>(make: (scalar: Scalar, of: (scalar: Scalar) => A) => A): ((scalar: Scalar) => A) => {
  const known = new Map<Scalar, A>()
  const of = (scalar: Scalar): A => {
    const found = known.get(scalar)
    if (found !== undefined) return found
    const made = make(scalar, of)
    known.set(scalar, made)
    return made
  }
  return of
}

type Variables = ReadonlySet<Scalar>

/** The loops that scalars of `nest` change with. What the nest keeps for itself is another in each round of its axes. */
const freeIn = ({ axes }: Nest): ((scalar: Scalar) => Variables) => {
  const none: Variables = new Set()
  const join = (x: Variables, y: Variables): Variables =>
    [...y].every((each) => x.has(each)) ? x : x.size === 0 ? y : new Set([...x, ...y])
  return remembered((scalar, of) => {
    if (scalar.tag === "variable") return new Set([scalar])
    const inside = children(scalar).map(of).reduce(join, none)
    if (scalar.tag === "reduce") return without(inside, scalar.variables)
    return scalar.tag === "load" && (scalar.source as Buffer).role === "private" ? join(inside, new Set(axes)) : inside
  })
}

const without = (all: Variables, some: ReadonlyArray<Scalar>): Variables =>
  new Set([...all].filter((each) => !some.includes(each)))

/** How often loops turn. */
export const rounds = (variables: Iterable<Scalar>): number => {
  let product = 1
  for (const variable of variables) if (variable.tag === "variable") product *= variable.extent
  return product
}

/** About how many instructions a nest executes one after the other, each as often as the loops turn that it changes with. */
export const workOf = (nest: Nest): number => {
  const freeOf = freeIn(nest)
  const work = remembered<number>((scalar, of) => {
    const before = scalar.tag === "load" ? 0 : Math.max(0, ...children(scalar).map(of))
    return before + rounds(freeOf(scalar)) * (scalar.tag === "reduce" ? rounds(scalar.variables) : 1)
  })
  const ofStage = ({ axes, stores }: Nest["stages"][number]): number =>
    stores.reduce((sum, { value }) => sum + Math.max(work(value), rounds([...nest.axes, ...axes])), 0)
  return nest.stages.reduce((sum, stage) => sum + ofStage(stage), 0)
}

/** Whether a nest has a reduction that is the same in all rounds of `axis`. */
export const hasReductionBeside = (nest: Nest, axis: Variable): boolean => {
  const freeOf = freeIn(nest)
  const isBeside = remembered<boolean>(
    (scalar, of) => (scalar.tag === "reduce" && !freeOf(scalar).has(axis)) || children(scalar).some(of)
  )
  return nest.stages.some(({ stores }) => stores.some(({ value }) => isBeside(value)))
}
