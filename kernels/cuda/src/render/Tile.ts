/**
 * Contractions as a kernel of our own: a block computes a tile of the result, from tiles of the operands in shared
 * memory. Operands may be walked through in any way, as windows of a convolution are; what is stored is computed with
 * the sums still in registers.
 *
 * **Numerics** Each sum is taken in the order of the depth axis; where that is cut in parts, these are added in order.
 */
import { substitution } from "@cotangent/compiler/Cut"
import type { Buffer, Contraction, Nest, Operand, Store, Stretch } from "@cotangent/compiler/LoopProgram"
import * as Affine from "@cotangent/tensor/Affine"
import type { Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import type { Draft } from "./Draft.ts"
import * as Bodies from "./Body.ts"
import { extentOf, freedomWith, partsOf } from "./freedom.ts"
import { thread } from "./Group.ts"
import { indexOf, kernelDraft, parametersOf } from "./Kernel.ts"
import type { Site } from "./Site.ts"
import { loaded, registerOf, unflattened } from "./spelling.ts"

/** Threads along each side of a block. */
const side = 16
/** Terms that are in shared memory at a time. */
const slab = 16
/** Blocks that fill a device. */
const manyBlocks = 128
/** A part of a sum has at least so many terms. */
const partTerms = 256
/** No sum has more parts. */
const mostParts = 64

/** A contraction as a kernel, and what remains to be done where its sums were taken in parts. */
export interface Tiled {
  readonly draft: Draft
  readonly rest: Nest | undefined
}

/** The kernel of `step`. */
export const tile = (step: Contraction, site: Site): Tiled => {
  const { batch, column, depth, row } = step
  const blocksOf = (edge: number): number =>
    extentOf(batch) * Math.ceil(row.extent / edge) * Math.ceil(column.extent / edge)
  const edge = blocksOf(64) >= manyBlocks ? 64 : 32
  const wanted = Math.min(mostParts, Math.floor(manyBlocks / blocksOf(edge)), Math.floor(depth.extent / partTerms))
  if (wanted < 2) return { draft: kernel(step, { edge, stores: step.stores, part: undefined }, site), rest: undefined }
  const length = Math.ceil(depth.extent / wanted / slab) * slab
  const part = { axis: S.variable(Math.ceil(depth.extent / length)), length }
  return inParts(step, edge, part, site)
}

/** A part of the terms of a sum. */
interface Part {
  readonly axis: Variable
  readonly length: number
}

const inParts = (step: Contraction, edge: number, part: Part, site: Site): Tiled => {
  const { accumulator, batch, column, row } = step
  const wide = accumulator.dtype === "f64" ? "f64" : "f32"
  const sizes = [part.axis, ...batch, row, column].map(({ extent }) => extent)
  const buffer = site.temporary(
    sizes.reduce((x, y) => x * y, 1),
    wide
  )
  const at = (axis: Variable): Scalar => Affine.flatten([axis, ...batch, row, column], sizes)
  const store: Store = { buffer, offset: at(part.axis), value: accumulator }
  const again = S.variable(part.axis.extent)
  const sum: Reduce = { ...accumulator, dtype: wide, variables: [again], body: S.load(buffer, [at(again)]) }
  const put = substitution(new Map<Scalar, Scalar>([[accumulator, sum]]))
  const stores = step.stores.map((each) => ({ ...each, value: put(each.value) }))
  return {
    draft: kernel(step, { edge, stores: [store], part }, site),
    rest: { tag: "nest", name: step.name, axes: [], stages: [{ axes: [...batch, row, column], stores }] }
  }
}

interface Shape {
  /** Rows and columns of a tile. */
  readonly edge: number
  readonly stores: ReadonlyArray<Store>
  readonly part: Part | undefined
}

const kernel = (step: Contraction, { edge, part, stores }: Shape, site: Site): Draft => {
  const { a, accumulator, b, batch, column, depth, name, row } = step
  const written = new Set(stores.map(({ buffer }) => buffer))
  const index = indexOf([a.buffer, b.buffer, ...written, ...loadsOf(stores, accumulator)])
  const parameters = parametersOf(written, site, thread)
  const body = Bodies.make({ pointer: parameters.pointer, freedom: freedomWith(new Set(), []), group: thread, index })
  const outer = part === undefined ? batch : [part.axis, ...batch]
  const names = outer.map(() => body.fresh("b"))
  const around = (): ReadonlyArray<Bodies.Scope> => [
    Bodies.scopeOf(parameters.counters),
    Bodies.scopeOf(new Map(outer.map((axis, i) => [axis, [names[i]]])))
  ]
  const scopes = around()
  // What only the stores need is loaded when the sums are there: in a register it would wait for all of them.
  const late = around()
  const each = edge / side
  const type = registerOf(accumulator.dtype)
  const [tilesDown, tilesAcross] = [row, column].map(({ extent }) => Math.ceil(extent / edge))
  const tiles = tilesDown * tilesAcross
  const until = part === undefined ? String(depth.extent) : "until"
  const { pointer } = parameters
  const left = sideOf(a, { pointer, body, scopes, index })
  const right = sideOf(b, { pointer, body, scopes, index })
  const cell = cellOf(step, stores, { body, scopes: late })
  const lines = [
    `__shared__ ${type} left[${slab}][${edge + 1}], right[${slab}][${edge + 1}];`,
    `const int tile = block % ${tiles}, x = threadIdx.x % ${side}, y = threadIdx.x / ${side};`,
    `const int top = tile / ${tilesAcross} * ${edge}, first = tile % ${tilesAcross} * ${edge};`,
    `const int pile = block / ${tiles};`,
    ...unflattened(
      "pile",
      outer.map(({ extent }) => extent),
      { names, index: "int" }
    ),
    ...(part === undefined
      ? [`const int from = 0;`]
      : [
          `const int from = ${names[0]} * ${part.length};`,
          `const int until = from + ${part.length} < ${depth.extent} ? from + ${part.length} : ${depth.extent};`
        ]),
    ...scopes.flatMap((scope) => scope.lines),
    `${type} sums[${each}][${each}] = {};`,
    `for (int start = from; start < ${until}; start += ${slab}) {`,
    ...indented(fill("left", left, { edge, extent: row.extent, from: "top", until })),
    ...indented(fill("right", right, { edge, extent: column.extent, from: "first", until })),
    "  __syncthreads();",
    "  #pragma unroll",
    `  for (int k = 0; k < ${slab}; k++) {`,
    `    ${type} l[${each}], r[${each}];`,
    "    #pragma unroll",
    `    for (int i = 0; i < ${each}; i++) l[i] = left[k][y + ${side} * i];`,
    "    #pragma unroll",
    `    for (int j = 0; j < ${each}; j++) r[j] = right[k][x + ${side} * j];`,
    "    #pragma unroll",
    `    for (int i = 0; i < ${each}; i++)`,
    "      #pragma unroll",
    `      for (int j = 0; j < ${each}; j++) sums[i][j] += l[i] * r[j];`,
    "  }",
    "  __syncthreads();",
    "}",
    ...late.flatMap((scope) => scope.lines),
    ...cellsOf(step, cell, each)
  ]
  return kernelDraft({
    name,
    lines,
    parameters,
    // The compiler would rather spill than have fewer blocks at a time, unless it is told how many are enough.
    group: { block: [side * side, 1, 1], sync: "__syncthreads();", atOnce: 4 },
    blocks: [tiles * extentOf(outer), 1, 1],
    sharedBytes: 0
  })
}

const indented = (lines: ReadonlyArray<string>): ReadonlyArray<string> => lines.map((line) => `  ${line}`)

/** The buffers that stores read beside the sum. */
const loadsOf = (stores: ReadonlyArray<Store>, accumulator: Reduce): ReadonlyArray<Buffer> => {
  const hole = S.variable(1)
  const without = substitution(new Map<Scalar, Scalar>([[accumulator, hole]]))
  return [...partsOf(stores.flatMap(({ offset, value }) => [offset, without(value)]))].flatMap((scalar) =>
    // Loads of loop programs refer to buffers.
    scalar.tag === "load" ? [scalar.source as Buffer] : []
  )
}

/** An operand as text. */
interface Side {
  /** The element at a free index and a depth. */
  readonly at: (free: string, depth: string) => string
  /** Whether neighbors in memory are neighbors along the depth. */
  readonly isDeep: boolean
}

interface Writing {
  readonly pointer: (buffer: Buffer) => string
  readonly body: Bodies.Body
  readonly scopes: ReadonlyArray<Bodies.Scope>
  readonly index: Bodies.Index
}

const sideOf = (operand: Operand, { body, index, pointer, scopes }: Writing): Side => {
  const { buffer, depthStride, offset, stride, walk } = operand
  const [free, depth] =
    walk === undefined ? [[{ extent: 0, stride }], [{ extent: 0, stride: depthStride }]] : [walk.free, walk.depth]
  const base = body.position(offset, scopes)
  return {
    at: (at, k) =>
      loaded(
        buffer.dtype,
        `${pointer(buffer)}[${[base, walked(free, at, index), walked(depth, k, index)].join(" + ")}]`
      ),
    isDeep: depth[depth.length - 1].stride === 1
  }
}

/** Elements that an index comes to along stretches, of which the last is the innermost. */
const walked = (stretches: ReadonlyArray<Stretch>, at: string, index: Bodies.Index): string => {
  let below = 1
  const parts = stretches.toReversed().map(({ extent, stride }, i) => {
    const rest = below === 1 ? at : `${at} / ${below}`
    below *= extent
    const step = i === stretches.length - 1 ? rest : `${rest} % ${extent}`
    return `(${index})(${step}) * ${stride}`
  })
  return parts.toReversed().join(" + ")
}

interface Filling {
  readonly edge: number
  readonly extent: number
  readonly from: string
  readonly until: string
}

/** Loads a tile of an operand: neighboring threads along what lies side by side in memory. */
const fill = (name: string, operand: Side, { edge, extent, from, until }: Filling): ReadonlyArray<string> => {
  const [free, depth] = operand.isDeep ? [`e / ${slab}`, `e % ${slab}`] : [`e % ${edge}`, `e / ${edge}`]
  return [
    "#pragma unroll",
    `for (int e = threadIdx.x; e < ${edge * slab}; e += ${side * side}) {`,
    `  const int f = ${free}, d = ${depth}, i = ${from} + f, k = start + d;`,
    `  ${name}[d][f] = i < ${extent} && k < ${until} ? ${operand.at("i", "k")} : 0;`,
    "}"
  ]
}

/** What is done with the sum of a row and a column. */
const cellOf = (
  { accumulator, column, row }: Contraction,
  stores: ReadonlyArray<Store>,
  { body, scopes }: Pick<Writing, "body" | "scopes">
): Bodies.Scope => {
  const cell = Bodies.scopeOf(
    new Map([
      [row, ["i"]],
      [column, ["j"]]
    ])
  )
  cell.known.set(accumulator, ["sum"])
  body.storeAll(stores, [...scopes, cell])
  return cell
}

/** The cells of a thread. */
const cellsOf = (
  { accumulator, column, row }: Contraction,
  cell: Bodies.Scope,
  each: number
): ReadonlyArray<string> => [
  "#pragma unroll",
  `for (int u = 0; u < ${each}; u++)`,
  "  #pragma unroll",
  `  for (int v = 0; v < ${each}; v++) {`,
  `    const int i = top + y + ${side} * u, j = first + x + ${side} * v;`,
  `    if (i < ${row.extent} && j < ${column.extent}) {`,
  `      const ${registerOf(accumulator.dtype)} sum = sums[u][v];`,
  ...cell.lines.map((line) => `      ${line}`),
  "    }",
  "  }"
]
