/**
 * Products in a loop whose second operand the loop does not change: the operand is laid out in panels of columns once,
 * before the loop, rather than by the kernel in every round.
 */
import * as Affine from "@cotangent/tensor/Affine"
import type { Load, Scalar } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import type { Allocate } from "./Control.ts"
import { substitution } from "./Cut.ts"
import type { Contraction, Nest, Step } from "./LoopProgram.ts"
import { footprint } from "./LoopProgram.ts"

/** Bytes of a row of a panel: a cache line, and as much as kernels take at a time. */
const panelBytes = 64

/** Steps that prepare a loop, and its body after that. */
export interface Prepared {
  readonly before: ReadonlyArray<Step>
  readonly body: ReadonlyArray<Step>
}

/** Lays out what the products among the steps of a loop read again in every round. */
export const layOut = (body: ReadonlyArray<Step>, allocate: Allocate): Prepared => {
  const written = new Set(body.flatMap((step) => [...footprint(step).writes]))
  const before: Array<Step> = []
  const next = body.map((step) => {
    if (step.tag !== "contraction" || written.has(step.b.buffer)) return step
    const panels = panelsOf(step, allocate)
    if (panels === undefined) return step
    before.push(panels.pack)
    return panels.product
  })
  return { before, body: next }
}

/** The product over panels, each a batch of its own; undefined where columns do not fill them. */
const panelsOf = (
  step: Contraction,
  allocate: Allocate
): { readonly pack: Nest; readonly product: Contraction } | undefined => {
  const { accumulator, b, batch, column, depth } = step
  const width = panelBytes / (accumulator.dtype === "f64" ? 8 : 4)
  const origin = Affine.of(b.offset)
  if (batch.length > 0 || b.walk !== undefined || origin.terms.size > 0) return undefined
  if (column.extent % width !== 0 || column.extent === width) return undefined
  const count = column.extent / width
  const buffer = allocate("temporary", column.extent * depth.extent, b.buffer.dtype)
  const position = (panel: Scalar, row: Scalar, lane: Scalar): Scalar =>
    Affine.flatten([panel, row, lane], [count, depth.extent, width])
  const [panel, row, lane] = [count, depth.extent, width].map(S.variable)
  const given = [
    [S.add(S.mul(panel, S.constant(width)), lane), b.stride],
    [row, b.depthStride]
  ] as const
  const source = given.reduce((sum, [index, stride]) => S.add(sum, S.mul(index, S.constant(stride))), b.offset)
  const pack: Nest = {
    tag: "nest",
    name: "panels",
    axes: [],
    stages: [
      {
        axes: [panel, row, lane],
        stores: [
          { buffer, offset: position(panel, row, lane), value: S.load(b.buffer, [Affine.toScalar(Affine.of(source))]) }
        ]
      }
    ]
  }
  const [outer, inner] = [S.variable(count), S.variable(width)]
  const whole = S.add(S.mul(outer, S.constant(width)), inner)
  const moved = substitution(new Map([[column, whole]]))
  // A contraction sums up products of two loads.
  const [x, y] = (accumulator.body as S.Call).args as readonly [Load, Load]
  const first = Affine.of(x.index[0]).terms.has(column) ? y : x
  const sum = {
    ...accumulator,
    body: S.mul(moved(first), S.load(buffer, [position(outer, depth, inner)]))
  }
  const rewritten = substitution(
    new Map<Scalar, Scalar>([
      [column, whole],
      [accumulator, sum]
    ])
  )
  const product: Contraction = {
    ...step,
    batch: [outer],
    column: inner,
    b: { buffer, offset: position(outer, S.constant(0), S.constant(0)), stride: 1, depthStride: width },
    accumulator: sum,
    stores: step.stores.map(({ buffer: target, offset, value }) => ({
      buffer: target,
      offset: Affine.toScalar(Affine.of(rewritten(offset))),
      value: rewritten(value)
    }))
  }
  return { pack, product }
}
