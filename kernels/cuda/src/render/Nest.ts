/**
 * Nests as kernels: which axes are rows, which threads work on a row, what they do.
 */
import type { Buffer, Nest, Stage, Store } from "@cotangent/compiler/LoopProgram"
import { footprint } from "@cotangent/compiler/LoopProgram"
import type { Variable } from "@cotangent/tensor/Scalar"
import type { Draft } from "./Draft.ts"
import * as Bodies from "./Body.ts"
import type { Body, Index, Scope } from "./Body.ts"
import { extentOf } from "./freedom.ts"
import { indexOf, kernelDraft, parametersOf } from "./Kernel.ts"
import type { Mapping } from "./mapping.ts"
import { neighbors, stripped } from "./lanes.ts"
import { mappingOf, stageLanes } from "./mapping.ts"
import type { Site } from "./Site.ts"
import { spread } from "./Spread.ts"
import { unflattened } from "./spelling.ts"
import { freedomWith } from "./freedom.ts"

/** The operations that do what `nest` does. */
export const renderNest = (nest: Nest, site: Site): ReadonlyArray<Draft> => {
  if (nest.stages.every(({ axes }) => extentOf([...nest.axes, ...axes]) === 0)) return []
  const parts = spread(nest, site)
  return parts === undefined
    ? [renderRows(nest.name, mappingOf(nest), site)]
    : parts.flatMap((part) => renderNest(part, site))
}

const storesOf = (stages: ReadonlyArray<Stage>): ReadonlyArray<Store> => stages.flatMap(({ stores }) => stores)

const renderRows = (name: string, mapping: Mapping, site: Site): Draft => {
  const { group, rows, stages } = mapping
  const stores = storesOf(stages)
  const { reads, writes } = footprint({ tag: "nest", name, axes: rows, stages })
  const privates = new Set([...writes].filter(({ role }) => role === "private"))
  const index = indexOf([...reads, ...writes])
  const parameters = parametersOf(writes, site, group)
  const body = Bodies.make({
    pointer: parameters.pointer,
    freedom: freedomWith(privates, rows),
    group,
    index
  })
  const outside = Bodies.scopeOf(parameters.counters, true)
  const count = extentOf(rows)
  const inside = group.kind === "thread" ? elements : cooperative
  inside({ body, count, index, mapping, outside, stores })
  const rowBytes = privateBytes(privates, site)
  const own = group.kind === "thread" && rowBytes > 0 ? [`__align__(16) unsigned char own[${rowBytes}];`] : []
  const shared =
    group.kind !== "thread" && rowBytes > 0
      ? [
          "extern __shared__ uint4 shared[];",
          `unsigned char* const row = (unsigned char*)shared + ${group.inBlock} * ${rowBytes};`
        ]
      : []
  const perBlock = group.perBlock * mapping.lanes
  return kernelDraft({
    name,
    lines: [...own, ...shared, ...outside.lines],
    parameters,
    group,
    blocks: [Math.ceil(count / perBlock), 1, 1],
    sharedBytes: group.kind === "thread" ? 0 : rowBytes * group.perBlock
  })
}

const privateBytes = (privates: ReadonlySet<Buffer>, site: Site): number =>
  Math.max(0, ...[...privates].map((buffer) => site.privatePlace(buffer) + aligned(buffer)))

/** Every private buffer begins at a multiple of 16 bytes. */
const aligned = ({ dtype, shape }: Buffer): number => Math.ceil((shape[0] * (dtype === "f64" ? 8 : 4)) / 16) * 16

/** What the code of rows is made of. */
interface Parts {
  readonly mapping: Mapping
  readonly body: Body
  readonly index: Index
  readonly count: number
  readonly stores: ReadonlyArray<Store>
  /** The block of the whole kernel. */
  readonly outside: Scope
}

/** A row for each thread, or `lanes` rows side by side. */
const elements = ({ body, count, index, mapping, outside }: Parts): void => {
  const { lanes, rows, stages } = mapping
  const { lines } = outside
  const wide = count >= 2 ** 31 ? "long long" : index
  const innermost = rows[rows.length - 1]
  const extents = rows.map(({ extent }) => extent)
  const names = rows.map(() => body.fresh("i"))
  const isEven = lanes > 1 && innermost.extent % lanes === 0
  const groups = Math.ceil(count / lanes)
  lines.push(`const ${wide} t = (${wide})block * blockDim.x + threadIdx.x;`, `if (t >= ${groups}) return;`)
  /** Rows at the position in the names, `many` of them. */
  const at = (many: number, head: string, before: ReadonlyArray<string>): ReadonlyArray<string> => {
    const inside = Bodies.scopeOf(boundTo(rows, names, many))
    inside.lines.push(...before)
    stages.forEach((stage) => stageLoop(stage, [outside, inside], { body, many }))
    return head === "" ? inside.lines : Bodies.block(head, inside)
  }
  if (lanes === 1) return void lines.push(...at(1, "", unflattened("t", extents, { names, index: wide })))
  if (isEven) return void lines.push(...at(lanes, "", stripped("t", extents, { names, index: wide, lanes })))
  // A single axis that ends within a vector.
  const [name] = names
  lines.push(
    `const ${wide} f = t * ${lanes};`,
    ...at(lanes, `if (f + ${lanes} <= ${count})`, [`const ${wide} ${name} = f;`]),
    ...at(1, `else for (${wide} ${name} = f; ${name} < ${count}; ${name}++)`, [])
  )
}

const boundTo = (rows: ReadonlyArray<Variable>, names: ReadonlyArray<string>, many: number) =>
  new Map(rows.map((axis, i) => [axis, neighbors(names[i], i === rows.length - 1 ? many : 1)] as const))

interface Run {
  readonly body: Body
  readonly many: number
}

/** The loops of a stage of one thread. */
const stageLoop = ({ axes, stores }: Stage, scopes: ReadonlyArray<Scope>, { body, many }: Run): void => {
  const names = axes.map(() => body.fresh("i"))
  const loops = axes.map((axis, i) => Bodies.scopeOf(new Map([[axis, [names[i]]]])))
  body.storeAll(stores, [...scopes, ...loops], many)
  const outer = scopes[scopes.length - 1]
  loops.toReversed().forEach((loop, i) => {
    const at = loops.length - 1 - i
    const head = `for (int ${names[at]} = 0; ${names[at]} < ${axes[at].extent}; ${names[at]}++)`
    const lines = at === 0 ? outer.lines : loops[at - 1].lines
    lines.push(...Bodies.block(head, loop))
  })
}

/** A row for each group of threads: stages split over them, sums taken together. */
const cooperative = ({ body, count, index, mapping, outside }: Parts): void => {
  const { group, rows, stages } = mapping
  const wide = count * group.lanes >= 2 ** 31 ? "long long" : index
  const { lines } = outside
  const { kind, perBlock } = group
  lines.push(`${wide} g = ${perBlock === 1 ? "block" : `(${wide})block * ${perBlock} + ${group.inBlock}`};`)
  if (kind === "warp" && count % perBlock !== 0) lines.push(`if (g >= ${count}) return;`)
  // All threads of a block meet at barriers, so those without a row follow the last one.
  const isPartial = kind === "column" && count % perBlock !== 0
  if (isPartial) lines.push(`const bool live = g < ${count};`, `if (!live) g = ${count - 1};`)
  const names = rows.map(() => body.fresh("i"))
  lines.push(
    ...unflattened(
      "g",
      rows.map(({ extent }) => extent),
      { names, index: wide }
    )
  )
  const inside = Bodies.scopeOf(new Map(rows.map((axis, i) => [axis, [names[i]]])), true)
  stages.forEach(({ axes, stores }, i) => {
    if (i > 0 && mapping.mustWait[i]) inside.lines.push(group.sync!)
    const lanes = stageLanes({ axes, stores }, group)
    const own = axes.map(() => body.fresh("i"))
    const loop = Bodies.scopeOf(
      new Map(axes.map((axis, at) => [axis, neighbors(own[at], at === axes.length - 1 ? lanes : 1)]))
    )
    body.reduceAll(
      stores.map(({ value }) => value),
      [outside, inside]
    )
    body.storeAll(stores, [outside, inside, loop], lanes)
    const flat = body.fresh("e")
    const extents = axes.map(({ extent }) => extent)
    loop.lines.unshift(...stripped(flat, extents, { names: own, index, lanes }))
    const guard = isPartial ? ` && live` : ""
    inside.lines.push(
      ...(axes.length === 0
        ? Bodies.block(`if (${group.lane} == 0${guard})`, loop)
        : Bodies.block(
            `for (${index} ${flat} = ${group.lane}; ${flat} < ${extentOf(axes) / lanes}${guard}; ${flat} += ${group.lanes})`,
            loop
          ))
    )
  })
  lines.push(...inside.lines)
}
