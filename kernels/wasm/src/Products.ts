/**
 * Steps that are matrix products: the calls of what `gemm.ts` makes, for each entry of a batch and each part.
 */
import type { Contraction, Operand } from "@cotangent/compiler/LoopProgram"
import type { Variable } from "@cotangent/tensor/Scalar"
import type { Context } from "./Context.ts"
import { emitterFor, withBuffers } from "./Context.ts"
import { addGemm } from "./Contractions.ts"
import type { Emitter } from "./Emitter.ts"
import type { Code } from "./Forms.ts"
import { withForm } from "./Forms.ts"
import type { FunctionReference } from "./FunctionBuilder.ts"
import { functionFor, shares } from "./Parts.ts"
import type { Grouped } from "./Rows.ts"
import { byRows, isFixed } from "./Rows.ts"
import type { Runner } from "./Sharing.ts"
import { isWorthSplitting, partOf } from "./Sharing.ts"

/**
 * Adds a product. Of a large one each thread has some of the rows, as it has of the steps around it; or, by need, any of
 * the columns, if nothing is packed twice then.
 */
export const addProduct = (step: Contraction, context: Context): Runner => {
  const { threads } = context
  const add = (each: Grouped): Runner => withForm(each, context, (inside, form) => addContraction(each, inside, form))
  const grouped = threads !== undefined && isWorthSplitting(step, context) ? byRows(step, threads.count) : undefined
  if (threads === undefined || grouped === undefined) return add(step)
  return {
    isShared: true,
    as: grouped,
    split: { axis: grouped.group, ranges: shares(threads.count, threads.count, 1) },
    add: (isByNeed) => {
      const whole = isByNeed && step.a.depthStride === 1 ? add(step) : undefined
      return whole?.isDivisible === true ? whole.add(true) : add(grouped).add(false)
    }
  }
}

const addContraction = (step: Grouped, context: Context, form: number): Code => {
  const key = `form ${form}`
  const product = addGemm(step, key, {
    module: context.module,
    machine: context.machine,
    isWide: context.isWide,
    emitter: (code, loops) => emitterFor(code, loops, context),
    withBuffers: (emitter, buffers, body) => withBuffers(emitter, buffers, context, body)
  })
  const { a, b, batch } = step
  const threads = isWorthSplitting(step, context) ? context.threads : undefined
  context.scratchBytes = Math.max(context.scratchBytes, product.scratchBytes)
  const prepare = product.prepare && addPreparation(step, product.prepare, context)
  const { code, portion } = functionFor(step.name, threads, context.module)
  const emitter = emitterFor(code, batch, context)
  const part = portion && partOf(step, product, code, portion)
  const run = (axes: ReadonlyArray<Variable>): void => {
    const [axis, ...rest] = axes
    if (axis !== undefined) {
      const range = (axis === batch[0] ? part?.batch : undefined) ?? { from: 0, to: axis.extent }
      return emitter.loop(axis, { ...range, step: 1 }, () => run(rest))
    }
    pushAddress(a, emitter)
    pushAddress(b, emitter)
    code.get(context.scratch)
    for (const [range, extent] of [
      [part?.units, product.units],
      [part?.panels, product.panels]
    ] as const) {
      if (range === undefined) code.whole(0).whole(extent)
      else code.get(range.from).get(range.to)
    }
    for (const variable of batch) code.get(emitter.index(variable))
    code.call(product.function)
  }
  withBuffers(emitter, [a.buffer, b.buffer], context, () => run(batch))
  const { isDivisible: divides = false, split } = part ?? {}
  return { function: code, prepare, isShared: threads !== undefined, isDivisible: divides, split }
}

/** Pushes where the elements of an operand begin. */
const pushAddress = ({ buffer, offset: position }: Operand, { code, index, workspace }: Emitter): void => {
  const { base, offset } = workspace.address(buffer, position)
  // The address is computed before it is pushed.
  const local = index(base)
  code.get(local)
  if (offset > 0) code.whole(offset).op("index.add")
}

/** What is done once for all calls of a product. */
const addPreparation = (step: Grouped, prepare: FunctionReference, context: Context): FunctionReference => {
  const { a, b, batch } = step
  const code = context.module.function({ name: `${step.name}_prepare`, parameters: [] })
  const emitter = emitterFor(code, batch, context)
  withBuffers(emitter, [a.buffer, b.buffer], context, () => {
    for (const operand of [a, b]) {
      if (isFixed(operand, step)) pushAddress(operand, emitter)
      else code.whole(0)
    }
    code.get(context.scratch).call(prepare)
  })
  return code
}
