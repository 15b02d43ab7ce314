/**
 * Kernels that do not depend on one another run together where each is small: a launch costs as much as some thousand
 * elements. The blocks of one follow those of the other.
 */
import type { Launch, Operation } from "../Plan.ts"
import type { Draft } from "./Draft.ts"
import { depend } from "./Draft.ts"
import type { Made } from "./Kernel.ts"
import { declared, launched } from "./Kernel.ts"
import type { Kernels } from "./Site.ts"

/** A kernel of more blocks keeps a device busy by itself. */
const mostBlocks = 4096
/** Kernels that run together. */
const mostKernels = 24
/** Arguments of a kernel: there is room for 4 KiB. */
const mostArguments = 192
/** How far back a partner is looked for. */
const reach = 48

interface Item {
  readonly drafts: Array<Draft>
}

const madeOf = ({ content }: Draft): Made | undefined => (content.tag === "kernel" ? content.made : undefined)

/** Whether threads of a kernel work by themselves, few enough to have room for others. */
const canShare = (draft: Draft): boolean => {
  const made = madeOf(draft)
  return made !== undefined && made.group.sync === undefined && made.sharedBytes === 0 && made.blocks[0] <= mostBlocks
}

const argumentsOf = (drafts: ReadonlyArray<Draft>): number =>
  drafts.reduce((total, draft) => total + (madeOf(draft)?.parameters.arguments().length ?? 0), 0)

/** The operations of `drafts`, in an order that changes nothing. */
export const together = (drafts: ReadonlyArray<Draft>, kernels: Kernels): ReadonlyArray<Operation> => {
  const items: Array<Item> = []
  for (const draft of drafts) {
    const at = canShare(draft) ? partnerOf(draft, items) : undefined
    if (at === undefined) items.push({ drafts: [draft] })
    else items[at].drafts.push(draft)
  }
  return items.map((item) => operationOf(item, kernels))
}

/** The last item that `draft` can join: nothing from there on is in its way. */
const partnerOf = (draft: Draft, items: ReadonlyArray<Item>): number | undefined => {
  for (let at = items.length - 1; at >= 0 && at >= items.length - reach; at--) {
    const { drafts } = items[at]
    if (drafts.some((other) => depend(other, draft))) return undefined
    const isRoom = drafts.length < mostKernels && argumentsOf([...drafts, draft]) <= mostArguments
    if (isRoom && drafts.every(canShare)) return at
  }
  return undefined
}

const operationOf = ({ drafts }: Item, kernels: Kernels): Operation => {
  const [{ content }] = drafts
  if (content.tag === "operation") return content.operation
  return drafts.length === 1
    ? launched(content.made, kernels)
    : joined(
        drafts.map((draft) => madeOf(draft)!),
        kernels
      )
}

/** One launch of several kernels. */
const joined = (parts: ReadonlyArray<Made>, kernels: Kernels): Launch => {
  const ends = parts.reduce<ReadonlyArray<number>>((all, { blocks }) => [...all, (all.at(-1) ?? 0) + blocks[0]], [])
  const bodies = parts.flatMap((part, i) => [
    `${i === 0 ? "" : "else "}${i === parts.length - 1 ? "" : `if (blockIdx.x < ${ends[i]}) `}{`,
    `  const unsigned block = blockIdx.x${i === 0 ? "" : ` - ${ends[i - 1]}`};`,
    ...part.lines.map((line) => `  ${renamed(line, i)}`),
    "}"
  ])
  const [{ group }] = parts
  const declarations = parts.map((part, i) => renamed(declared(part), i)).filter((text) => text !== "")
  const text = [
    `extern "C" __global__ void __launch_bounds__(${group.block[0]}) NAME(${declarations.join(", ")}) {`,
    ...bodies.map((line) => `  ${line}`),
    "}"
  ].join("\n")
  return {
    tag: "launch",
    ...kernels.add(parts.map(({ name }) => name).join("_"), text, false),
    grid: [ends.at(-1)!, 1, 1],
    block: group.block,
    sharedBytes: 0,
    arguments: parts.flatMap(({ parameters }) => parameters.arguments())
  }
}

/** Parameters of one of several kernels have names of their own. */
const renamed = (text: string, part: number): string => text.replaceAll(/\b([pc]\d+)\b/g, `$1_${part}`)
