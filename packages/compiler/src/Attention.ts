/**
 * Attention: products that go on, by way of anything done to each of their sums and to rows of them, into other products.
 * Where they are large, their sums are not kept: whoever needs some computes them again, a block at a time. What a
 * softmax needs of a row, its maximum and its sum, is kept. So are scores of attention, weights and the derivatives of both
 * never in memory, whatever the mask.
 */
import { chainFrom, isScore } from "./AttentionChain.ts"
import { itemsOf } from "./AttentionItems.ts"
import type { Allocate } from "./Control.ts"
import type { Attention, Step } from "./LoopProgram.ts"
import type { Target } from "./Target.ts"

/** `steps` without the sums that are rather computed again. */
export const recomputed = (
  steps: ReadonlyArray<Step>,
  { allocate, target }: { readonly allocate: Allocate; readonly target: Target }
): ReadonlyArray<Step> => {
  const absorbed = new Set<number>()
  const made = new Map<number, ReadonlyArray<Attention>>()
  steps.forEach((step, at) => {
    if (absorbed.has(at) || !isScore(step, target)) return
    const chain = chainFrom(steps, at, target)
    if (chain === undefined) return
    chain.absorbed.forEach((position) => absorbed.add(position))
    for (const { at: place, step: attention } of itemsOf(chain, steps, allocate)) {
      made.set(place, [...(made.get(place) ?? []), attention])
    }
  })
  return steps.flatMap((step, at) => [...(made.get(at) ?? []), ...(absorbed.has(at) ? [] : [step])])
}
