/**
 * Renders steps that run repeatedly or by choice. Where threads share any of the steps inside, all threads go the same
 * way: they read what was written before a barrier.
 */
import type { Branch, Place, Repeat, Step, Tiles, While } from "@cotangent/compiler/LoopProgram"
import type { Context } from "./Context.ts"
import { emitterFor, withBuffers } from "./Context.ts"
import type { Bound, FunctionBuilder } from "./FunctionBuilder.ts"
import * as Memory from "./memoryInstructions.ts"
import { share, shares } from "./Parts.ts"
import type { Call, Emit, Runner } from "./Sharing.ts"
import { alone, inOrder, leastPieces, sequence, shared } from "./Sharing.ts"

/** Adds what one step needs to the module. */
export type AddStep = (step: Step, context: Context) => Call

export const addRepeat = ({ counter, steps }: Repeat, context: Context, addStep: AddStep): Runner => {
  const global = context.module.global(0)
  const inner: Context = { ...context, counters: new Map([...context.counters, [counter, global]]) }
  const [run, isShared] = addBlocks([steps], inner, addStep, { isRepeated: true })
  context.scratchBytes = Math.max(context.scratchBytes, inner.scratchBytes)
  const emit = (entry: FunctionBuilder): void => {
    if (counter.extent === 0) return
    const local = entry.local("index")
    entry.forLoop({ local, from: 0, to: counter.extent, step: 1 }, () => {
      entry.get(local).set(global)
      run[0](entry)
    })
  }
  return { add: () => emit, isShared }
}

/** Tiles are shared: each thread runs whole ones, alone. */
export const addTiles = ({ counter, steps }: Tiles, context: Context, addStep: AddStep): Runner => {
  const { threads } = context
  const global = context.module.global(0)
  const inside: Context = {
    ...context,
    threads: undefined,
    counters: new Map([...context.counters, [counter, global]])
  }
  const calls = steps.map((step) => addStep(step, inside))
  context.scratchBytes = Math.max(context.scratchBytes, inside.scratchBytes)
  const tile = inOrder(calls, inside)
  const run = (entry: FunctionBuilder, range: { readonly from: Bound; readonly to: Bound }): void => {
    const local = entry.local("index")
    entry.forLoop({ local, ...range, step: 1 }, () => {
      entry.get(local).set(global)
      tile(entry)
    })
  }
  if (threads === undefined) return alone((entry) => run(entry, { from: 0, to: counter.extent }))
  return shared(threads, {
    run: (entry, part) => run(entry, share(entry, part, counter.extent, 1)),
    split: { axis: counter, ranges: shares(threads.count, counter.extent, 1) },
    isDivisible: counter.extent >= leastPieces * threads.count
  })
}

export const addBranch = ({ ifFalse, ifTrue, predicate }: Branch, context: Context, addStep: AddStep): Runner => {
  const [[runTrue, runFalse], isShared] = addBlocks([ifTrue, ifFalse], context, addStep)
  const emit = (entry: FunctionBuilder): void => {
    pushTruth(entry, predicate, context)
    entry.if(
      () => runTrue(entry),
      () => runFalse(entry)
    )
  }
  return { add: () => emit, isShared }
}

export const addWhile = ({ condition, predicate, steps }: While, context: Context, addStep: AddStep): Runner => {
  const [[test, run], isShared] = addBlocks([condition, steps], context, addStep)
  const { threads } = context
  const emit = (entry: FunctionBuilder): void => {
    // Nobody reads the answer before it is there, and nobody replaces it before all have read it.
    const wait = (): unknown => isShared && threads !== undefined && entry.call(threads.barrier)
    entry.loop((again) => {
      test(entry)
      wait()
      pushTruth(entry, predicate, context)
      entry.if(() => {
        run(entry)
        wait()
        entry.br(again)
      })
    })
  }
  return { add: () => emit, isShared }
}

/** Adds lists of steps, which may be repeated; gives what runs each of them, and whether threads share any. */
const addBlocks = (
  blocks: ReadonlyArray<ReadonlyArray<Step>>,
  context: Context,
  addStep: AddStep,
  { isRepeated = false } = {}
): readonly [runs: ReadonlyArray<Emit>, isShared: boolean] => {
  const calls = blocks.map((steps) => steps.map((step) => addStep(step, context)))
  const isShared = calls.flat().some((call) => call.isShared)
  const runs = calls.map((block) =>
    isShared ? sequence(block, context, { isBefore: true, isRepeated }) : inOrder(block, context)
  )
  return [runs, isShared]
}

/** Pushes a bool of memory as 0 or 1. */
const pushTruth = (code: FunctionBuilder, { buffer, offset }: Place, context: Context): void => {
  const emitter = emitterFor(code, [], context)
  withBuffers(emitter, [buffer], context, () => {
    const place = emitter.workspace.address(buffer, offset)
    // The address is computed before it is pushed.
    const base = emitter.index(place.base)
    code.get(base)
    Memory.load(code, "bool", place.offset, context.machine.halves)
  })
}
