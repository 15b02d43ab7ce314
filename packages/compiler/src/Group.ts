/**
 * Groups kernels that can share their outer loops: a softmax is three kernels over the same rows, a layer and its
 * activation two over the same elements. Within a group, values pass from kernel to kernel without memory where the
 * reader runs at the writer's own index.
 */
import type { Tensor } from "@cotangent/tensor/Primitive"
import type { Load, Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { inliner, loads, reduces, rule, sizeOf } from "./Inline.ts"

/** The computation of one materialized tensor: its value at the index `axes`. */
export interface Kernel {
  readonly tensor: Tensor
  readonly axes: ReadonlyArray<Variable>
  readonly value: Scalar
  /** What it reads; loads refer to tensors here. */
  readonly reads: ReadonlyArray<Load>
  readonly reduces: boolean
  /** How many scalars its value is made of. */
  readonly size: number
}

/** Kernels that share their first `depth` axes, in the order they must run. */
export interface Group {
  readonly kernels: ReadonlyArray<Kernel>
  readonly depth: number
  /** The first kernel is a matrix product, the others its epilogue. */
  readonly contraction: boolean
}

/** The kernel of `tensor`, reading what is in memory. */
export const kernelOf = (tensor: Tensor, inMemory: (tensor: Tensor) => boolean): Kernel => {
  const axes = tensor.shape.map(S.variable)
  const at = inliner((other, index) => (inMemory(other) ? S.load(other, index) : undefined))
  const value = rule(tensor, axes, at)
  return { tensor, axes, value, reads: loads([value]), reduces: reduces(value), size: sizeOf(value) }
}

/** How many leading axes `load` reads at the kernel's own index. */
const commonPrefix = (load: Load, axes: ReadonlyArray<Variable>): number => {
  let depth = 0
  while (depth < axes.length && depth < load.index.length && load.index[depth] === axes[depth]) depth++
  return depth
}

/** A group is not made larger than this: code of any length gains nothing more, and is compiled slower. */
const largest = 1000

/** Elements below which a shared outer loop is not worth having. */
const leastSharedRuns = 2

/** `group` with `kernel` at its end, or undefined where they cannot share loops. */
export const join = (group: Group, kernel: Kernel): Group | undefined => {
  if (group.kernels.reduce((total, { size }) => total + size, kernel.size) > largest) return undefined
  const members = new Set(group.kernels.map(({ tensor }) => tensor))
  // Loads of kernels refer to tensors.
  const internal = kernel.reads.filter(({ source }) => members.has(source as Tensor))
  if (group.contraction) {
    const { axes } = group.kernels[0]
    const sameDomain = sameExtents(kernel.axes, axes, axes.length) && kernel.axes.length === axes.length
    const atOwnIndex = internal.every((load) => commonPrefix(load, kernel.axes) === load.index.length)
    const whole = internal.every((load) => load.index.length === kernel.axes.length)
    return sameDomain && atOwnIndex && whole && !kernel.reduces
      ? { ...group, kernels: [...group.kernels, kernel] }
      : undefined
  }
  let depth = Math.min(group.depth, kernel.axes.length)
  for (const { axes } of group.kernels) while (!sameExtents(kernel.axes, axes, depth)) depth--
  for (const load of internal) depth = Math.min(depth, commonPrefix(load, kernel.axes))
  const runs = kernel.axes.slice(0, depth).reduce((product, axis) => product * axis.extent, 1)
  if (runs < leastSharedRuns || !isWorthwhile(group, kernel, depth)) return undefined
  return { ...group, depth, kernels: [...group.kernels, kernel] }
}

const sameExtents = (x: ReadonlyArray<Variable>, y: ReadonlyArray<Variable>, depth: number): boolean =>
  depth <= x.length && depth <= y.length && x.slice(0, depth).every(({ extent }, axis) => extent === y[axis].extent)

/**
 * Sharing fewer axes than all turns one long loop into short inner ones. Worth it where the inner loops are long
 * enough for vectors, or where the kernels already are reductions of rows.
 */
const isWorthwhile = (group: Group, kernel: Kernel, depth: number): boolean =>
  [...group.kernels, kernel].every(({ axes, reduces }) => {
    const inner = axes.slice(depth).reduce((product, axis) => product * axis.extent, 1)
    return inner === 1 || inner >= 8 || reduces
  })
