/**
 * Decides which tensors get memory of their own. All others are recomputed where they are read, by substituting their
 * element rule into the reader's.
 *
 * A tensor is materialized when it is a result, when it sums up others (its readers would repeat the sum), when an
 * algorithm reads or writes it as a whole, or when several readers would repeat work that costs more than a load.
 */
import type { AnyPrimitive, Application, ElementRule, Tensor } from "@cotangent/tensor/Primitive"
import type { Program } from "@cotangent/tensor/Program"
import { applications } from "@cotangent/tensor/Program"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import { accessor, children, variable } from "@cotangent/tensor/Scalar"
import { reshape, reverse, transpose } from "@cotangent/tensor/primitive/linear"
import { slice } from "@cotangent/tensor/primitive/window"
import { bytes } from "@cotangent/tensor/DType"
import { size } from "@cotangent/tensor/Shape"
import type { Target } from "./Target.ts"

/** What one application costs its readers. */
interface Profile {
  /** Instructions per element, transcendental ones counted tenfold; index arithmetic is free. */
  readonly cost: number
  /** Sums up elements of its inputs. */
  readonly reduces: boolean
  /** A sum of products of two inputs. */
  readonly contracts: boolean
  /** Inputs that are read at fewer indices than the output has: each of their elements is read repeatedly. */
  readonly repeats: ReadonlySet<number>
}

const costly = new Set(["exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "atan2", "pow"])

/** Whether an instruction costs many others. */
export const isCostly = (op: string): boolean => costly.has(op)

/** What an instruction costs, in additions. */
export const costOf = (op: string): number =>
  isCostly(op) ? 10 : op === "div" || op === "sqrt" || op === "quotient" ? 3 : 1

/** What reads each element of its input at most once, and does nothing to it. */
const rearranging = new Set<AnyPrimitive>([reshape, reverse, transpose, slice].map(({ primitive }) => primitive))

/** Recomputing what is read again and again, or from several others, costs more than one more load from here on. */
const affordable = 6
/** A kernel larger than this is cut. */
const largest = 200

const profile = (application: Application, element: ElementRule): Profile => {
  const [output] = application.outputs
  const index = output.shape.map(variable)
  let cost = 0
  let reduces = false
  let contracts = false
  const repeats = new Set<number>()
  const seen = new Set<Scalar>()
  const variables = (scalar: Scalar, found: Set<Variable>): Set<Variable> => {
    if (scalar.tag === "variable") found.add(scalar)
    children(scalar).forEach((child) => variables(child, found))
    return found
  }
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return
    seen.add(scalar)
    if (scalar.tag === "load") {
      const found = variables(scalar, new Set())
      if (index.some((axis) => axis.extent > 1 && !found.has(axis))) {
        application.inputs.forEach((input, i) => input === scalar.source && repeats.add(i))
      }
      // An index that was itself loaded must be computed; affine positions cost nothing.
      scalar.index.forEach((i) => i.tag === "load" && visit(i))
      return
    }
    if (scalar.tag === "call") cost += costOf(scalar.op)
    if (scalar.tag === "reduce") {
      reduces = true
      const { body } = scalar
      contracts ||= body.tag === "call" && body.op === "mul" && body.args.every((arg) => arg.tag === "load")
    }
    children(scalar).forEach(visit)
  }
  visit(element(application.inputs.map(accessor), index, application.params))
  return { cost, reduces, contracts, repeats }
}

/** Whether an application transposes matrices, which products of some devices do by themselves. */
const isMatrixTranspose = ({ params, primitive }: Application): boolean => {
  if (primitive !== transpose.primitive) return false
  // The primitive states this parameter.
  const { permutation } = params as { readonly permutation: ReadonlyArray<number> }
  return permutation.slice(0, -2).every((axis, i) => axis === i)
}

/** The tensors of a canonical program that get memory, without its parameters. */
export const materialized = (program: Program, target: Target): ReadonlySet<Tensor> => {
  const order = applications(program.results)
  const profiles = new Map<Application, Profile>()
  for (const application of order) {
    const { lowering } = application.primitive
    if (lowering.kind === "element") profiles.set(application, profile(application, lowering.element))
  }
  const readers = new Map<Tensor, Array<Application>>()
  for (const application of order) {
    for (const input of new Set(application.inputs)) {
      const known = readers.get(input)
      if (known === undefined) readers.set(input, [application])
      else known.push(application)
    }
  }
  const chosen = new Set<Tensor>(program.results)
  /** The cost of recomputing a tensor where it is read. */
  const costs = new Map<Tensor, number>()
  /** What has to be loaded to recompute a tensor, but for what is small beside it. */
  const sources = new Map<Tensor, ReadonlySet<Tensor>>()
  const sourcesOf = ({ inputs, outputs: [output] }: Application): ReadonlySet<Tensor> => {
    const isLoaded = (input: Tensor): boolean => chosen.has(input) || !sources.has(input)
    const isLarge = (input: Tensor): boolean => 8 * size(input.shape) >= size(output.shape)
    return new Set(inputs.flatMap((input) => (isLoaded(input) ? [input] : [...sources.get(input)!]).filter(isLarge)))
  }
  /** Contractions without memory: their only reader computes them in the order it wants. */
  const rearranged = new Set<Tensor>()
  for (const application of order) {
    const shape = profiles.get(application)
    const inherited = application.inputs.reduce(
      (sum, input) => sum + (chosen.has(input) ? 0 : (costs.get(input) ?? 0)),
      0
    )
    for (const output of application.outputs) {
      if (application.primitive.lowering.kind === "leaf") costs.set(output, 0)
      else if (shape?.contracts === true || application.inputs.some((input) => rearranged.has(input))) {
        const [reader, ...others] = readers.get(output) ?? []
        const isRearranged = others.length === 0 && reader !== undefined && rearranging.has(reader.primitive)
        if (isRearranged && !chosen.has(output)) rearranged.add(output)
        else chosen.add(output)
      } else if (shape === undefined || shape.reduces) chosen.add(output)
      else {
        const cost = shape.cost + inherited
        costs.set(output, cost)
        const loads = sourcesOf(application)
        sources.set(output, loads)
        const reading: Reading = { readers: readers.get(output) ?? [], profiles, loads: loads.size, target }
        if (!isWorthMemory(output, cost, reading)) continue
        const [input] = application.inputs
        const isReordered = target.multipliesTransposed && isMatrixTranspose(application)
        if (isReordered && reading.readers.every((reader) => profiles.get(reader)?.contracts === true)) {
          chosen.add(input)
          costs.set(output, 0)
        } else chosen.add(output)
      }
    }
  }
  return chosen
}

const rowBytesOf = ({ dtype, shape }: Tensor): number => (shape.at(-1) ?? 1) * bytes(dtype)

/** Who reads a tensor, and on what. */
interface Reading {
  readonly readers: ReadonlyArray<Application>
  readonly profiles: ReadonlyMap<Application, Profile>
  /** How many others of its size are loaded to recompute it. */
  readonly loads: number
  readonly target: Target
}

const isWorthMemory = (tensor: Tensor, cost: number, { loads, profiles, readers, target }: Reading): boolean => {
  if (readers.some((reader) => !profiles.has(reader))) return true
  const contracted = readers.some((reader) => profiles.get(reader)!.contracts)
  if (contracted && cost > 0) return true
  if (size(tensor.shape) <= 1) return readers.length > 1 && cost > affordable
  if (cost > largest) return true
  const repeated = readers.some((reader) => [...profiles.get(reader)!.repeats].some((i) => reader.inputs[i] === tensor))
  if (repeated && cost > affordable) return true
  if (readers.length < 2) return false
  // A mask is small: one byte instead of what it was computed from.
  // A nest keeps what a sum over rows and others read, where it has room for a row.
  const isRow = readers.some((reader) => profiles.get(reader)!.reduces) && rowBytesOf(tensor) <= target.rowBytes
  return (
    cost > (loads > 1 || isRow ? affordable : target.affordable) ||
    (tensor.dtype === "bool" && cost > 0 && (loads > 0 || target.keepsMasks))
  )
}
