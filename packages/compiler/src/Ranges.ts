/**
 * Splitting of loop ranges: where values choose by comparing an axis with constants, as pads and concatenations do,
 * the loop becomes several, in each of which the choice is made beforehand.
 */
import * as Affine from "@cotangent/tensor/Affine"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { rewriter } from "./Axes.ts"
import { substitution } from "./Cut.ts"
import type { Stage } from "./LoopProgram.ts"

/** More pieces than this are more code than they save. */
const mostPieces = 9

/**
 * The stages that do together what `stage` does, without choices by constant bounds; undefined where it has none.
 * They are in no particular order, and none reads what another of them writes unless `stage` read what it wrote.
 */
export const split = (stage: Stage): ReadonlyArray<Stage> | undefined => {
  const found = boundsOf(stage)
  const axes = stage.axes.filter((axis) => found.has(axis))
  const pieces = axes.reduce((product, axis) => product * (found.get(axis)!.size + 1), 1)
  if (axes.length === 0 || pieces > mostPieces) return undefined
  return axes
    .reduce<ReadonlyArray<Stage>>(
      (stages, axis) => stages.flatMap((part) => piecesOf(part, axis, found.get(axis)!)),
      [stage]
    )
    .map(withOwnAxes)
}

/** Axes that several stages had in common could be merged in one and not in another. */
const withOwnAxes = ({ axes, stores }: Stage): Stage => {
  const own = new Map(axes.map((axis) => [axis, S.variable(axis.extent)]))
  const renamed = substitution(own)
  return {
    axes: axes.map((axis) => own.get(axis)!),
    stores: stores.map(({ buffer, offset, value }) => ({ buffer, offset: renamed(offset), value: renamed(value) }))
  }
}

/** Where the ranges of axes must be split: before each of these values. */
const boundsOf = ({ axes, stores }: Stage): ReadonlyMap<Variable, ReadonlySet<number>> => {
  const own = new Set<Scalar>(axes)
  const found = new Map<Variable, Set<number>>()
  const seen = new Set<Scalar>()
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return
    seen.add(scalar)
    if (scalar.tag === "call" && (scalar.op === "less" || scalar.op === "lessEqual")) {
      const bound = boundOf(scalar)
      if (bound !== undefined && own.has(bound.axis) && bound.from > 0 && bound.from < bound.axis.extent) {
        found.set(bound.axis, (found.get(bound.axis) ?? new Set<number>()).add(bound.from))
      }
    }
    S.children(scalar).forEach(visit)
  }
  stores.forEach(({ value }) => visit(value))
  return found
}

/** The value of an axis from which on a comparison with a constant has another result than before. */
const boundOf = ({ args: [x, y], op }: S.Call): { readonly axis: Variable; readonly from: number } | undefined => {
  if (x.dtype !== "i32") return undefined
  // `x < y` and `x ≤ y` are `step · axis + constant < 0` and `… < 1`.
  const { constant, terms } = Affine.of(S.sub(x, y))
  const [[axis, step] = [], ...others] = terms
  if (axis?.tag !== "variable" || step === undefined || others.length > 0) return undefined
  const limit = (op === "less" ? 0 : 1) - constant
  return { axis, from: step > 0 ? Math.ceil(limit / step) : Math.floor(-limit / -step) + 1 }
}

const piecesOf = (stage: Stage, axis: Variable, bounds: ReadonlySet<number>): ReadonlyArray<Stage> => {
  const starts = [0, ...[...bounds].toSorted((x, y) => x - y)]
  return starts.map((from, i): Stage => {
    const part = S.variable((starts[i + 1] ?? axis.extent) - from)
    const moved = substitution(new Map([[axis, from === 0 ? part : S.add(part, S.constant(from))]]))
    const decided = decide()
    return {
      axes: stage.axes.map((other) => (other === axis ? part : other)),
      stores: stage.stores.map(({ buffer, offset, value }) => ({
        buffer,
        offset: Affine.toScalar(Affine.of(moved(offset))),
        value: decided(moved(value))
      }))
    }
  })
}

const truth = (value: boolean): Scalar => S.constant(value ? 1 : 0, "bool")
const isConstant = (scalar: Scalar, value: number): boolean => scalar.tag === "constant" && scalar.value === value

/** Makes the choices that the bounds of loop variables allow. */
const decide = (): ((scalar: Scalar) => Scalar) =>
  rewriter((scalar, rewrite) => {
    if (scalar.tag === "load") {
      return { ...scalar, index: scalar.index.map((index) => Affine.toScalar(Affine.of(rewrite(index)))) }
    }
    if (scalar.tag !== "call") return undefined
    const args = scalar.args.map(rewrite)
    return (
      chosen({ ...scalar, args }) ?? (args.every((arg, i) => arg === scalar.args[i]) ? scalar : { ...scalar, args })
    )
  })

/** What a call is known to give. */
const chosen = ({ args, op }: S.Call): Scalar | undefined => {
  const [x, y, z] = args
  switch (op) {
    case "and":
      return isTruth(x, 0) || isTruth(y, 1) ? x : isTruth(y, 0) || isTruth(x, 1) ? y : undefined
    case "or":
      return isTruth(x, 1) || isTruth(y, 0) ? x : isTruth(y, 1) || isTruth(x, 0) ? y : undefined
    case "not":
      return isTruth(x, 0) || isTruth(x, 1) ? truth(isTruth(x, 0)) : undefined
    case "select":
      return isTruth(x, 1) ? y : isTruth(x, 0) ? z : undefined
    case "less":
    case "lessEqual":
    case "min":
    case "max":
      return x.dtype === "i32" ? compared(op, x, y) : undefined
    default:
      return undefined
  }
}

const isTruth = (scalar: Scalar, value: 0 | 1): boolean => scalar.dtype === "bool" && isConstant(scalar, value)

const compared = (op: "less" | "lessEqual" | "min" | "max", x: Scalar, y: Scalar): Scalar | undefined => {
  const [low, high] = Affine.bounds(Affine.of(S.sub(x, y)))
  switch (op) {
    case "less":
      return high < 0 ? truth(true) : low >= 0 ? truth(false) : undefined
    case "lessEqual":
      return high <= 0 ? truth(true) : low > 0 ? truth(false) : undefined
    case "min":
      return high <= 0 ? x : low >= 0 ? y : undefined
    case "max":
      return low >= 0 ? x : high <= 0 ? y : undefined
  }
}
