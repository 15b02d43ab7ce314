/**
 * Parts of a step that threads share: one for each thread, or small ones that they take by need.
 */
import type { Threads } from "./Barrier.ts"
import { words } from "./Barrier.ts"
import type { Bound, FunctionBuilder, Local } from "./FunctionBuilder.ts"
import { pushBound } from "./FunctionBuilder.ts"
import type { ModuleBuilder } from "./Module.ts"

type Index = Local<"index">

/** Of rounds cut into `of` equal pieces those from `from` below `to`. */
export interface Part {
  readonly from: Index
  readonly to: Index
  readonly of: Bound
}

/** What threads share, and the part of it that is to be done. */
export interface Portion {
  readonly threads: Threads
  readonly part: Part
}

/** A range of rounds. */
export interface Share {
  readonly from: Index
  readonly to: Index
}

/** The parameters of a function that does a part of a step. */
const partParameters = ["index", "index", "index"] as const

/** A function for a step, or for a part of what threads share. */
export const functionFor = (
  name: string,
  threads: Threads | undefined,
  module: ModuleBuilder
): { readonly code: FunctionBuilder; readonly portion: Portion | undefined } => {
  if (threads === undefined) return { code: module.function({ name, parameters: [] }), portion: undefined }
  const code = module.function({ name, parameters: partParameters })
  const [from, to, of] = code.parameters
  return { code, portion: { threads, part: { from, to, of } } }
}

/** Pushes what such a function is called with. */
export const pushPart = (code: FunctionBuilder, { from, to, of }: Part): FunctionBuilder =>
  pushBound(code.get(from).get(to), of)

/** Runs `run` for the one part of this thread. */
export const ownPart = (code: FunctionBuilder, { count, thread }: Threads, run: (part: Part) => void): void => {
  const [from, to] = [code.local("index"), code.local("index")]
  code.get(thread).tee(from).whole(1).op("index.add").set(to)
  run({ from, to, of: count })
}

/** Small parts for each thread, and how many of these it has for itself. */
const [small, own] = [16, 8]

/** How many parts there are where threads take them by need. */
export const partsByNeed = (count: number): number => small * count

/**
 * Runs `run` for most of this thread's part, then for small ones of what is left of all, until none is: threads that are
 * slow, or late, have less to do. Threads must meet at the barrier before and behind.
 */
export const partsAsNeeded = (
  code: FunctionBuilder,
  { control, count, thread }: Threads,
  run: (part: Part) => void
): void => {
  const [from, to] = [code.local("index"), code.local("index")]
  const of = partsByNeed(count)
  code.get(thread).whole(own).op("index.mul").tee(from).whole(own).op("index.add").set(to)
  code.loop((again) => {
    run({ from, to, of })
    code
      .get(control)
      .i32(1)
      .op("i32.atomic.rmw.add", 4 * words.taken)
      .toIndex()
      .whole(own * count)
      .op("index.add")
      .tee(from)
      .whole(1)
      .op("index.add")
      .set(to)
    code.get(from).whole(of).op("index.lt_u").brIf(again)
  })
}

/** The rounds of a part of `[0, extent)`: whole granules, as evenly as they go, and in the last what is left over. */
export const share = (code: FunctionBuilder, { from, to, of }: Part, extent: number, granule: number): Share => {
  const granules = Math.ceil(extent / granule)
  const round = (piece: Index): Index => {
    const [local, limit] = [code.local("index"), code.local("index")]
    // ⌊piece · granules / of⌋, without large products.
    pushBound(code, of).set(limit)
    code.get(piece).whole(granules).get(limit).op("index.div_u").op("index.mul")
    code.get(piece).whole(granules).get(limit).op("index.rem_u").op("index.mul").get(limit).op("index.div_u")
    code.op("index.add").whole(granule).op("index.mul").set(local)
    code.whole(extent).set(limit)
    code.get(local).get(limit).get(local).get(limit).op("index.lt_u").select().set(local)
    return local
  }
  return { from: round(from), to: round(to) }
}

/** The rounds that fall to each of `count` parts, as `share` computes them. */
export const shares = (count: number, extent: number, granule: number): ReadonlyArray<readonly [number, number]> => {
  const granules = Math.ceil(extent / granule)
  const bound = (part: number): number => Math.min(extent, Math.floor((part * granules) / count) * granule)
  return Array.from({ length: count }, (_, part) => [bound(part), bound(part + 1)])
}
