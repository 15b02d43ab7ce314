/**
 * Loop programs as text, for people and golden tests.
 */
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import { children } from "@cotangent/tensor/Scalar"
import type { Attention, Branch, Buffer, LoopProgram, Operand, Step, Store, Stretch, While } from "./LoopProgram.ts"
import { bytesOf } from "./Plan.ts"

const infix: Partial<Record<string, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  quotient: "//",
  remainder: "%",
  less: "<",
  lessEqual: "<=",
  equal: "=="
}

/** Names in the order of their first use, so that equal programs print equally. */
interface Names {
  readonly buffer: (buffer: Buffer) => string
  readonly axis: (variable: Variable) => string
}

const names = (program: LoopProgram): Names => {
  const buffers = new Map<Buffer, string>()
  program.inputs.forEach((buffer, i) => buffers.set(buffer, `in${i}`))
  program.outputs.forEach((buffer, i) => buffers.set(buffer, `out${i}`))
  const axes = new Map<Variable, string>()
  const counts = { t: 0, p: 0 }
  return {
    buffer: (buffer) => {
      const kind = buffer.role === "private" ? "p" : "t"
      if (!buffers.has(buffer)) buffers.set(buffer, `${kind}${counts[kind]++}`)
      return buffers.get(buffer)!
    },
    axis: (variable) => {
      if (!axes.has(variable)) axes.set(variable, `i${axes.size}`)
      return axes.get(variable)!
    }
  }
}

/** The program, one line for each loop and store. */
export const print = (program: LoopProgram): string => {
  const name = names(program)
  const lines: Array<string> = []
  const declare = (buffer: Buffer): string => `${name.buffer(buffer)}: ${buffer.dtype}[${buffer.shape[0]}]`
  lines.push(`program(${program.inputs.map(declare).join(", ")}) -> (${program.outputs.map(declare).join(", ")})`)
  program.steps.forEach((step) => printStep(step, name, lines, "  "))
  const places = [...program.places].map(([buffer, at]) => `${name.buffer(buffer)} @${at}+${bytesOf(buffer)}`)
  lines.push(`arena ${program.arenaBytes} bytes${places.length === 0 ? "" : `: ${places.join(", ")}`}`)
  program.aliases.forEach((input, i) => input !== undefined && lines.push(`out${i} takes over in${input}`))
  return lines.join("\n")
}

const printStep = (step: Step, name: Names, lines: Array<string>, indent: string): void => {
  const header = (axes: ReadonlyArray<Variable>): string =>
    axes.map((axis) => `${name.axis(axis)}<${axis.extent}`).join(", ")
  switch (step.tag) {
    case "nest": {
      lines.push(`${indent}nest ${step.name} for ${header(step.axes)}`.trimEnd())
      for (const stage of step.stages) {
        if (stage.axes.length > 0) lines.push(`${indent}  for ${header(stage.axes)}`)
        printStores(stage.stores, name, { lines, indent: `${indent}    ` })
      }
      break
    }
    case "contraction": {
      const { a, b, batch, column, depth, row } = step
      lines.push(
        `${indent}contraction ${step.name} for ${header([...batch, row, column])} sum ${header([depth])} of ${operandText(a, name)} * ${operandText(b, name)}`
      )
      printStores(step.stores, name, { lines, indent: `${indent}    `, given: new Map([[step.accumulator, "acc"]]) })
      break
    }
    case "attention":
      printAttention(step, name, { lines, indent })
      break
    case "routine":
      lines.push(
        `${indent}${step.name}(${step.inputs.map(({ buffer }) => name.buffer(buffer)).join(", ")}) -> ${step.outputs
          .map(({ buffer }) => name.buffer(buffer))
          .join(", ")}`
      )
      break
    case "copy":
      lines.push(
        `${indent}copy ${step.length} from ${name.buffer(step.from)}[${expression(step.fromOffset, name, new Map())}] to ` +
          `${name.buffer(step.to)}[${expression(step.toOffset, name, new Map())}]`
      )
      break
    case "repeat":
    case "tiles":
      lines.push(`${indent}${step.tag} ${header([step.counter])}`)
      step.steps.forEach((inner) => printStep(inner, name, lines, `${indent}  `))
      break
    case "branch":
    case "while":
      printControl(step, name, lines, indent)
  }
}

const operandText = ({ buffer, depthStride, offset, stride, walk }: Operand, name: Names): string => {
  const stretches = (rounds: ReadonlyArray<Stretch>): string =>
    rounds.map(({ extent, stride }) => `${extent}:${stride}`).join(" ")
  const steps = walk === undefined ? [stride, depthStride] : [walk.free, walk.depth].map(stretches)
  return `${name.buffer(buffer)}{+${expression(offset, name, new Map())}, ${steps.join(", ")}}`
}

const printAttention = (
  { batch, name: title, other, own, scores, stores, sums, weighed }: Attention,
  name: Names,
  { indent, lines }: { readonly lines: Array<string>; readonly indent: string }
): void => {
  const known = new Map<Scalar, string>()
  const axis = (variable: Variable): string => `${name.axis(variable)}<${variable.extent}>`
  lines.push(`${indent}${title} for ${axis(batch)}, ${axis(own)} by ${axis(other)}`)
  scores.forEach((score, i) => {
    known.set(score.accumulator, `s${i}`)
    lines.push(
      `${indent}  s${i} = sum ${axis(score.depth)} of ${operandText(score.own, name)} * ${operandText(score.other, name)}`
    )
  })
  sums.forEach(({ isKnown, place, sum }, i) => {
    const text = isKnown ? "" : expression(sum, name, known)
    known.set(sum, `r${i}`)
    const at = place === undefined ? "" : `${name.buffer(place.buffer)}[${expression(place.offset, name, new Map())}]`
    lines.push(`${indent}  r${i} = ${isKnown ? at : `${text}${at === "" ? "" : ` -> ${at}`}`}`)
  })
  printStores(stores, name, { lines, indent: `${indent}    `, given: known })
  weighed.forEach(({ accumulator, column, operand, stores: results, weight }) => {
    const text = expression(weight, name, known)
    lines.push(`${indent}  sum ${axis(other)} of ${text} * ${operandText(operand, name)} for ${axis(column)}`)
    printStores(results, name, { lines, indent: `${indent}    `, given: new Map([...known, [accumulator, "acc"]]) })
  })
}

const printControl = (step: Branch | While, name: Names, lines: Array<string>, indent: string): void => {
  const inside = (steps: ReadonlyArray<Step>): void =>
    steps.forEach((inner) => printStep(inner, name, lines, `${indent}  `))
  const { buffer, offset } = step.predicate
  const predicate = (): string => `${name.buffer(buffer)}[${expression(offset, name, new Map())}]`
  if (step.tag === "branch") {
    lines.push(`${indent}if ${predicate()}`)
    inside(step.ifTrue)
    lines.push(`${indent}else`)
    inside(step.ifFalse)
  } else {
    lines.push(`${indent}loop`)
    inside(step.condition)
    lines.push(`${indent}while ${predicate()}`)
    inside(step.steps)
  }
}

const printStores = (
  stores: ReadonlyArray<Store>,
  name: Names,
  {
    given = new Map(),
    indent,
    lines
  }: { readonly lines: Array<string>; readonly indent: string; readonly given?: ReadonlyMap<Scalar, string> }
): void => {
  const shared = sharedParts(
    stores.map(({ value }) => value),
    given
  )
  const known = new Map<Scalar, string>(given)
  for (const part of shared) {
    const text = expression(part, name, known)
    const label = `v${known.size}`
    lines.push(`${indent}${label} = ${text}`)
    known.set(part, label)
  }
  for (const { buffer, offset, value } of stores) {
    lines.push(
      `${indent}${name.buffer(buffer)}[${expression(offset, name, known)}] = ${expression(value, name, known)}`
    )
  }
}

/** Calls, loads and reductions that occur more than once, inner ones first. */
const sharedParts = (roots: ReadonlyArray<Scalar>, given: ReadonlyMap<Scalar, string>): ReadonlyArray<Scalar> => {
  const counts = new Map<Scalar, number>()
  const order: Array<Scalar> = []
  const visit = (scalar: Scalar): void => {
    const count = counts.get(scalar) ?? 0
    counts.set(scalar, count + 1)
    if (count > 0 || given.has(scalar)) return
    children(scalar).forEach(visit)
    order.push(scalar)
  }
  roots.forEach(visit)
  return order.filter(
    (scalar) => counts.get(scalar)! > 1 && scalar.tag !== "constant" && scalar.tag !== "variable" && !isBound(scalar)
  )
}

/** Parts inside a reduction depend on its axes, so they are written where they stand. */
const isBound = (scalar: Scalar): boolean => scalar.tag === "load" || scalar.dtype === "i32"

const expression = (scalar: Scalar, name: Names, known: ReadonlyMap<Scalar, string>): string => {
  const label = known.get(scalar)
  if (label !== undefined) return label
  const text = (part: Scalar): string => expression(part, name, known)
  switch (scalar.tag) {
    case "constant":
      return String(scalar.value)
    case "variable":
      return name.axis(scalar)
    case "load":
      // Loads of loop programs refer to buffers.
      return `${name.buffer(scalar.source as Buffer)}[${scalar.index.map(text).join(", ")}]`
    case "call": {
      const sign = infix[scalar.op]
      if (sign !== undefined) return `(${text(scalar.args[0])} ${sign} ${text(scalar.args[1])})`
      const suffix = scalar.op === "cast" || scalar.op === "bitcast" ? `.${scalar.dtype}` : ""
      return `${scalar.op}${suffix}(${scalar.args.map(text).join(", ")})`
    }
    case "reduce":
      return `${scalar.combine}[${scalar.variables.map((axis) => `${name.axis(axis)}<${axis.extent}`).join(", ")}] ${text(scalar.body)}`
  }
}
