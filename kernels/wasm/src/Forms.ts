/**
 * Steps that differ only in the memory they work on share their code: the blocks of a deep network become the same few
 * functions, which read the addresses of their buffers from slots that the caller fills.
 */
import type { Buffer, Contraction, Nest } from "@cotangent/compiler/LoopProgram"
import type { Variable } from "@cotangent/tensor/Scalar"
import type { Split } from "./Conflicts.ts"
import type { Context } from "./Context.ts"
import { pushBase } from "./Context.ts"
import type { FunctionBuilder, FunctionReference, Global } from "./FunctionBuilder.ts"
import { parallelAxis } from "./Nests.ts"
import { pushPart } from "./Parts.ts"
import type { Runner } from "./Sharing.ts"
import { alone, shared } from "./Sharing.ts"

/** What of a step makes its code. */
interface Form {
  /** Equal for steps whose code is equal but for the addresses of buffers. */
  readonly key: string
  /** The buffers of the step, in the order in which its slots hold them. */
  readonly buffers: ReadonlyArray<Buffer>
}

/** The form of a step inside repetitions whose counters are `counters`. */
const formOf = (step: Nest | Contraction, counters: ReadonlyMap<Variable, Global<"index">>): Form => {
  const buffers = new Map<Buffer, number>()
  const numbers = new Map<object, number>()
  let key = ""
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) key += ` ${String(value)}`
    else if (Array.isArray(value)) {
      key += "["
      value.forEach(visit)
      key += "]"
    } else visitObject(value)
  }
  const visitObject = (value: object): void => {
    const known = numbers.get(value)
    if (known !== undefined) {
      key += `#${known}`
      return
    }
    if (isBuffer(value)) {
      if (!buffers.has(value)) buffers.set(value, buffers.size)
      key += ` ${value.dtype}@${buffers.get(value)}`
      return
    }
    numbers.set(value, numbers.size)
    // Variables are told apart by identity; what else is there is plain data.
    const counter = counters.get(value as Variable)
    if (counter !== undefined) {
      key += ` counter ${counter.globalIndex}`
      return
    }
    key += "{"
    for (const name in value) {
      if (name === "name") continue
      key += ` ${name}`
      visit((value as Readonly<Record<string, unknown>>)[name])
    }
    key += "}"
  }
  visit(step)
  return { key, buffers: [...buffers.keys()] }
}

const isBuffer = (value: object): value is Buffer => "role" in value && "shape" in value && "id" in value

/** The code of a form. */
export interface Code {
  /** Does the step: of one that threads share a part, which it takes as parameters. */
  readonly function: FunctionReference
  /** Without parameters: must be called before. */
  readonly prepare?: FunctionReference | undefined
  readonly isShared: boolean
  /** Whether small parts cost no more than large ones. */
  readonly isDivisible?: boolean
  /** What threads share, where that is one axis: of a nest the outermost. */
  readonly split?: { readonly by: "outer" | "batch" | "row" | "column"; readonly ranges: Split["ranges"] } | undefined
}

const axisOf = (step: Nest | Contraction, by: NonNullable<Code["split"]>["by"]): Variable | undefined => {
  if (step.tag === "nest") return parallelAxis(step)
  return by === "batch" ? step.batch[0] : by === "row" ? step.row : step.column
}

/** A code's split in terms of a step of its form. */
const splitOf = (step: Nest | Contraction, { split }: Code): Split | undefined => {
  const axis = split === undefined ? undefined : axisOf(step, split.by)
  return axis === undefined || split === undefined ? undefined : { axis, ranges: split.ranges }
}

/** Code for `step`, from `make` unless a step of the same form has it already, and what calls it. */
export const withForm = (
  step: Nest | Contraction,
  context: Context,
  make: (inside: Context, form: number) => Code
): Runner => {
  const { module, slots } = context
  const { buffers, key } = formOf(step, context.counters)
  while (slots.length < buffers.length) slots.push(module.global(0))
  // Code for a single thread does not wait for others, nor leave parts to them.
  const kind = context.threads === undefined ? "alone" : "shared"
  const made = module.shared(`step ${kind} ${key}`, () => {
    const pointers = new Map(buffers.map((buffer, i) => [buffer, slots[i]] as const))
    const inside: Context = { ...context, pointers }
    const code = make(inside, context.forms.count++)
    context.scratchBytes = Math.max(context.scratchBytes, inside.scratchBytes)
    return code
  })
  const begin = (code: FunctionBuilder): void => {
    buffers.forEach((buffer, i) => {
      pushBase(code, buffer, context)
      code.set(slots[i])
    })
    if (made.prepare !== undefined) code.call(made.prepare)
  }
  if (context.threads === undefined || !made.isShared) {
    return alone((code) => {
      begin(code)
      code.call(made.function)
    })
  }
  return shared(context.threads, {
    begin,
    run: (code, part) => void pushPart(code, part).call(made.function),
    isDivisible: made.isDivisible ?? false,
    split: splitOf(step, made)
  })
}
