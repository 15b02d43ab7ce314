/**
 * A kernel around a body: its parameters, and its launch.
 */
import type { Buffer } from "@cotangent/compiler/LoopProgram"
import type { Variable } from "@cotangent/tensor/Scalar"
import type { Argument, Counter, Launch } from "../Plan.ts"
import type { Draft, Touch } from "./Draft.ts"
import type { Index, Value } from "./Body.ts"
import type { Group } from "./Group.ts"
import type { Kernels, Site } from "./Site.ts"
import { memoryOf } from "./spelling.ts"

/** Elements from which on positions take more than 31 bits. */
const most = 2 ** 31

/** The parameters of a kernel, as far as its body has asked for them. */
export interface Parameters {
  /** The name of a buffer. */
  readonly pointer: (buffer: Buffer) => string
  /** The counters around, by their names. */
  readonly counters: ReadonlyMap<Variable, Value>
  /** Declarations in the order of the arguments. */
  readonly declare: () => string
  readonly arguments: () => ReadonlyArray<Argument>
  readonly touches: () => ReadonlyArray<Touch>
}

/** Parameters for a kernel that writes `written`; what is private lies in the memory of its group. */
export const parametersOf = (written: ReadonlySet<Buffer>, site: Site, group: Group): Parameters => {
  const names = new Map<Buffer, string>()
  const used = new Set<Variable>()
  const texts = new Map([...site.counters.keys()].map((variable, i) => [variable, `c${i}`] as const))
  const counters = watched(texts, used)
  const given = (): ReadonlyArray<readonly [Variable, Counter]> =>
    [...site.counters].filter(([variable]) => used.has(variable))
  const pointer = (buffer: Buffer): string => {
    if (buffer.role === "private") {
      const place = site.privatePlace(buffer)
      return group.kind === "thread"
        ? `((${memoryOf(buffer.dtype)}*)(own + ${place}))`
        : `((${memoryOf(buffer.dtype)}*)(row + ${place}))`
    }
    if (!names.has(buffer)) names.set(buffer, `p${names.size}`)
    return names.get(buffer)!
  }
  return {
    pointer,
    counters,
    declare: () =>
      [
        ...[...names].map(([buffer, name]) => {
          const type = memoryOf(buffer.dtype)
          if (written.has(buffer)) return `${type}* ${name}`
          return site.isShared(buffer) ? `const ${type}* ${name}` : `const ${type}* __restrict__ ${name}`
        }),
        ...given().map(([variable]) => `int ${texts.get(variable)!}`)
      ].join(", "),
    arguments: () => [
      ...[...names.keys()].map((buffer): Argument => ({ tag: "pointer", place: site.memoryOf(buffer) })),
      ...given().map(([, counter]): Argument => ({ tag: "counter", counter }))
    ],
    touches: () => [...names.keys()].map((buffer) => site.touch(buffer, written.has(buffer)))
  }
}

/** A map of names that notes what is asked for. */
const watched = (texts: ReadonlyMap<Variable, string>, used: Set<Variable>): ReadonlyMap<Variable, Value> => {
  const values = new Map([...texts].map(([variable, text]) => [variable, [text]] as const))
  const get = values.get.bind(values)
  values.get = (variable) => {
    if (values.has(variable)) used.add(variable)
    return get(variable)
  }
  return values
}

/** The type that positions in buffers need. */
export const indexOf = (buffers: Iterable<Buffer>): Index => {
  for (const { shape } of buffers) if (shape[0] >= most) return "long long"
  return "int"
}

/** What a launch is made of. */
export interface Made {
  readonly name: string
  readonly lines: ReadonlyArray<string>
  readonly parameters: Parameters
  readonly group: Pick<Group, "atOnce" | "block" | "sync">
  readonly blocks: readonly [x: number, y: number, z: number]
  readonly sharedBytes: number
  /** Sources of the library that it calls. */
  readonly needs?: ReadonlyArray<string>
}

/** A kernel whose lines call the number of its block `block`. */
export const kernelDraft = (made: Made): Draft => ({
  content: { tag: "kernel", made },
  touches: made.parameters.touches()
})

/** The parameters of a kernel as they are declared. */
export const declared = ({ parameters }: Made): string => parameters.declare()

/** Adds a kernel, and gives its launch. */
export const launched = (made: Made, kernels: Kernels): Launch => {
  const { blocks, group, lines, name, parameters, sharedBytes } = made
  const threads = group.block[0] * group.block[1] * group.block[2]
  const bounds = group.atOnce === undefined ? String(threads) : `${threads}, ${group.atOnce}`
  const text = [
    `extern "C" __global__ void __launch_bounds__(${bounds}) NAME(${declared(made)}) {`,
    "  const unsigned block = blockIdx.x;",
    ...lines.map((line) => `  ${line}`),
    "}"
  ].join("\n")
  return {
    tag: "launch",
    ...kernels.add(name, text, group.sync !== undefined, made.needs),
    grid: blocks,
    block: group.block,
    sharedBytes,
    arguments: parameters.arguments()
  }
}
