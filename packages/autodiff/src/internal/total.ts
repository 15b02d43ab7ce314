/**
 * Sums over all runs of a loop, computed after it from what the runs stack instead of growing in a carry. The sum of
 * products `xᵀ y` of each run is one product over runs and rows, which neither reads nor writes the sum in each run.
 */
import type { Application, Tensor } from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"
import type { Contraction } from "@cotangent/tensor/primitive/bilinear"
import { dotGeneral, mul } from "@cotangent/tensor/primitive/bilinear"
import { full } from "@cotangent/tensor/primitive/leaf"
import { add, broadcast, neg, reshape, reverse, sum, transpose } from "@cotangent/tensor/primitive/linear"
import { pad } from "@cotangent/tensor/primitive/window"
import type { Dims } from "@cotangent/tensor/Shape"

/** What a loop stacks, and what is computed from the stacks after it. */
export interface After<A> {
  /** Values of the body that differ from run to run. */
  readonly stacks: ReadonlyArray<Tensor>
  readonly from: (stackOf: (value: Tensor) => Tensor) => A
}

/** Linear maps of one tensor that make nothing smaller: the sum of their results is their result for the sum. */
const outer = new Set([broadcast, neg, pad, reshape, reverse, transpose].map(({ primitive }) => primitive))

/** The sum over `length` runs of `value`; `varies` tells what differs from run to run. */
export const totalOf = (value: Tensor, varies: (x: Tensor) => boolean, length: number): After<Tensor> => {
  const parts = addends(value).map((part): After<Tensor> => {
    const maps: Array<Application> = []
    let inner = part
    while (outer.has(inner.application.primitive) && varies(inner)) {
      maps.push(inner.application)
      ;[inner] = inner.application.inputs
    }
    const { from, stacks } = termOf(inner, varies, length)
    return {
      stacks,
      from: (stackOf) => maps.reduceRight((x, { params, primitive }) => apply(primitive, [x], params)[0], from(stackOf))
    }
  })
  return {
    stacks: [...new Set(parts.flatMap(({ stacks }) => stacks))],
    from: (stackOf) => parts.map(({ from }) => from(stackOf)).reduce((x, y) => add(x, y))
  }
}

/** What `value` is the sum of, from left to right. */
const addends = (value: Tensor): ReadonlyArray<Tensor> => {
  const found: Array<Tensor> = []
  const left = [value]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { inputs, primitive } = next.application
    if (primitive === add.primitive) left.push(...inputs.toReversed())
    else found.push(next)
  }
  return found
}

/** The sum over all runs of a value that differs from run to run, of its own stack. */
export const sumOf = (value: Tensor): After<Tensor> => ({
  stacks: [value],
  from: (stackOf) => overRuns(stackOf(value))
})

const overRuns = (x: Tensor): Tensor => sum(x, { axes: [0] })

const termOf = (value: Tensor, varies: (x: Tensor) => boolean, length: number): After<Tensor> => {
  const { inputs, params, primitive } = value.application
  if (!varies(value)) {
    const times = full({ shape: value.shape, dtype: value.dtype, value: length })
    return { stacks: [], from: () => mul(value, times) }
  }
  if (primitive !== dotGeneral.primitive) return sumOf(value)
  const stacks = inputs.filter((x, i) => varies(x) && inputs.indexOf(x) === i)
  const [a, b] = inputs
  const contraction = params as Contraction
  if (!varies(a)) return { stacks, from: (stackOf) => dotGeneral(a, overRuns(stackOf(b)), contraction) }
  if (!varies(b)) return { stacks, from: (stackOf) => dotGeneral(overRuns(stackOf(a)), b, contraction) }
  const up = (axes: Dims): Dims => axes.map((axis) => axis + 1)
  const { batch, contract } = contraction
  const alongRuns: Contraction = {
    contract: [
      [0, ...up(contract[0])],
      [0, ...up(contract[1])]
    ],
    batch: [up(batch[0]), up(batch[1])]
  }
  return { stacks, from: (stackOf) => dotGeneral(stackOf(a), stackOf(b), alongRuns) }
}
