/**
 * Routines: launches of algorithms that are written by hand. The meaning of each is that of the primitive of the same
 * name; the conformance tests compare both.
 */
import type { Buffer, Routine } from "@cotangent/compiler/LoopProgram"
import { bytes } from "@cotangent/tensor/DType"
import { size } from "@cotangent/tensor/Shape"
import type { Argument, Launch } from "../Plan.ts"
import type { Draft } from "./Draft.ts"
import { operationDraft } from "./Draft.ts"
import type { Site } from "./Site.ts"
import { memoryOf } from "./spelling.ts"

/** Threads of a block where each works by itself. */
const threads = 256
/** Rows of so many keys are sorted by a block in its shared memory. */
const mostInBlock = 1024
/** So many rows are added by number without sorting the numbers. */
const few = 512

/** An argument of a block of code: a buffer, or a number. */
type Given = Buffer | number

/** A kernel around a block of code from a source of the library. */
interface Called {
  readonly library: string
  readonly name: string
  /** The code, with arguments by their position: `$0`. */
  readonly code: string
  readonly given: ReadonlyArray<Given>
  readonly blocks: number
  readonly threads: number
  readonly sharedBytes?: number
  readonly isCooperative: boolean
}

const called = (call: Called, { kernels, memoryOf: placed, touch }: Site): Draft => {
  const { blocks, code, given, isCooperative, library, name, sharedBytes = 0 } = call
  // Numbers are parameters: kernels of other sizes are the same. Totals may take more than 31 bits.
  const types = given.map((each) => (typeof each === "number" ? "long long" : `${memoryOf(each.dtype)}*`))
  const parameters = types.map((type, i) => `${type} a${i}`).join(", ")
  const body = code.replaceAll(/\$(\d+)/g, (_, i: string) => `a${i}`)
  const text = `extern "C" __global__ void __launch_bounds__(${call.threads}) NAME(${parameters}) {\n  ${body}\n}`
  const launch: Launch = {
    tag: "launch",
    ...kernels.add(name, text, isCooperative, [library]),
    grid: [blocks, 1, 1],
    block: [call.threads, 1, 1],
    sharedBytes,
    arguments: given.map((each): Argument =>
      typeof each === "number" ? { tag: "i64", value: each } : { tag: "pointer", place: placed(each) }
    )
  }
  // Which of them are written only the code knows.
  return operationDraft(
    launch,
    given.flatMap((each) => (typeof each === "number" ? [] : [touch(each, true)]))
  )
}

type Render = (routine: Routine, site: Site) => ReadonlyArray<Draft>

const elementOf = ({ dtype }: Buffer): string => `ct_${dtype}`

const copyOf = (from: Buffer, to: Buffer, count: number, site: Site): Draft =>
  operationDraft({ tag: "copy", from: site.memoryOf(from), to: site.memoryOf(to), bytes: count * bytes(from.dtype) }, [
    site.touch(from, false),
    site.touch(to, true)
  ])

/** The positions that sort each row of `keys`, in `out`. */
const sortInto = (
  keys: Buffer,
  out: Buffer,
  { descending, length, total }: { readonly length: number; readonly total: number; readonly descending: boolean },
  site: Site
): ReadonlyArray<Draft> => {
  const kind = `<${descending}, ${elementOf(keys)}>`
  if (length <= mostInBlock) {
    const width = length <= 32 ? 32 : length <= 256 ? 128 : 512
    return [
      called(
        {
          library: "order",
          name: "sort_rows",
          code: `extern __shared__ uint4 shared[]; ct_sort_row${kind}($0, $1, (int)$2, (int*)shared);`,
          given: [keys, out, length],
          blocks: total / length,
          threads: width,
          sharedBytes: 8 * length,
          isCooperative: true
        },
        site
      )
    ]
  }
  const passes = Math.ceil(Math.log2(length))
  const other = site.temporary(total, "i32")
  const each = { library: "order", blocks: Math.ceil(total / threads), threads, isCooperative: false }
  // The last pass ends in `out`.
  const at = (pass: number): Buffer => ((passes - pass) % 2 === 0 ? out : other)
  return [
    called({ ...each, name: "positions", code: "ct_positions($0, (int)$1, $2);", given: [at(0), length, total] }, site),
    ...Array.from({ length: passes }, (_, pass) =>
      called(
        {
          ...each,
          name: "merge_runs",
          code: `ct_merge_row${kind}($0, $1, $2, (int)$3, (int)$4, $5);`,
          given: [keys, at(pass), at(pass + 1), length, 2 ** pass, total]
        },
        site
      )
    )
  ]
}

const argSort: Render = ({ inputs: [keys], outputs: [out], params }, site) => {
  const total = size(out.shape)
  if (total === 0) return []
  // The primitive states this parameter.
  const { descending } = params as { readonly descending: boolean }
  return sortInto(keys.buffer, out.buffer, { length: out.shape.at(-1) ?? 1, total, descending }, site)
}

const scatterAdd: Render = ({ inputs: [x, updates, numbers], outputs: [out] }, site) => {
  const [rows, ...rest] = x.shape
  const [width, count] = [size(rest), size(numbers.shape)]
  if (rows * width === 0) return []
  const copy = copyOf(x.buffer, out.buffer, rows * width, site)
  if (count === 0) return [copy]
  const kind = `<${elementOf(x.buffer)}, ${elementOf(numbers.buffer)}>`
  const each = { library: "order", blocks: Math.ceil((count * width) / threads), threads, isCooperative: false }
  const sizes = [rows, width, count]
  if (count <= few) {
    const code = `ct_scatter_few${kind}($0, $1, $2, (int)$3, (int)$4, (int)$5);`
    const given = [out.buffer, updates.buffer, numbers.buffer, ...sizes]
    return [copy, called({ ...each, name: "scatter_few", code, given }, site)]
  }
  const order = site.temporary(count, "i32")
  const sorted = sortInto(numbers.buffer, order, { length: count, total: count, descending: false }, site)
  const code = `ct_scatter_sorted${kind}($0, $1, $2, $3, (int)$4, (int)$5, (int)$6);`
  const given = [out.buffer, updates.buffer, numbers.buffer, order, ...sizes]
  return [copy, ...sorted, called({ ...each, name: "scatter_sorted", code, given }, site)]
}

/** An algorithm that runs in a block for each matrix of the first input, with scratch memory for each. */
const factorization =
  (
    name: string,
    scratch: (m: number, n: number) => number,
    sizes: (m: number, n: number) => ReadonlyArray<number>
  ): Render =>
  ({ inputs, outputs }, site) => {
    const [{ buffer, shape }] = inputs
    const [m, n] = shape.slice(-2)
    const count = size(shape.slice(0, -2))
    if (count * m * n === 0) return []
    const space = site.temporary(count * scratch(m, n), "f64")
    const buffers = [...inputs, ...outputs].map((operand) => operand.buffer)
    const given = [...buffers, space, ...sizes(m, n)]
    const args = given.map((each, i) => (typeof each === "number" ? `(int)$${i}` : `$${i}`)).join(", ")
    return [
      called(
        {
          library: "factors",
          name,
          code: `${name}<${elementOf(buffer)}>(${args});`,
          given,
          blocks: count,
          threads: n <= 32 ? 32 : n <= 64 ? 64 : 256,
          isCooperative: true
        },
        site
      )
    ]
  }

const triangularSolve: Render = ({ inputs: [a, b], outputs: [out], params }, site) => {
  const [n, width] = out.shape.slice(-2)
  const count = size(out.shape.slice(0, -2))
  if (count * n * width === 0) return []
  // The primitive states these parameters.
  const { lower, transpose, unitDiagonal } = params as Readonly<Record<"lower" | "transpose" | "unitDiagonal", boolean>>
  const space = site.temporary(count * n * width, "f64")
  return [
    called(
      {
        library: "factors",
        name: "triangular_solve",
        code: `ct_triangular_solve<${elementOf(a.buffer)}, ${lower}, ${transpose}, ${unitDiagonal}>($0, $1, $2, $3, (int)$4, (int)$5, (int)$6);`,
        given: [a.buffer, b.buffer, out.buffer, space, n, width, count],
        blocks: Math.ceil((count * width) / 64),
        threads: 64,
        isCooperative: false
      },
      site
    )
  ]
}

/** The algorithms by the name of their primitive. */
const routines: Readonly<Record<string, Render>> = {
  argSort,
  scatterAdd,
  triangularSolve,
  cholesky: factorization(
    "ct_cholesky",
    (_, n) => n * n,
    (_, n) => [n]
  ),
  lu: factorization(
    "ct_lu",
    (_, n) => n * n,
    (_, n) => [n]
  ),
  qr: factorization(
    "ct_qr",
    (m, n) => 2 * m * n + 3 * n,
    (m, n) => [m, n]
  ),
  symmetricEigen: factorization(
    "ct_symmetric_eigen",
    (_, n) => 2 * n * n + 2 * n,
    (_, n) => [n]
  ),
  svd: factorization(
    "ct_svd",
    (m, n) => 3 * m * n + n * n + 5 * n,
    (m, n) => [m, n]
  )
}

/** The names of all routines that there are. */
export const routineNames: ReadonlyArray<string> = Object.keys(routines)

/** What does the work of a routine. */
export const renderRoutine: Render = (routine, site) => {
  const render = routines[routine.name]
  if (render === undefined) throw new TypeError(`there is no algorithm for ${routine.name}`)
  return render(routine, site)
}
