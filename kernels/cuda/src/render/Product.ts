/**
 * Contractions as products of the library: where operands and results are matrices in memory.
 */
import type { Buffer, Contraction, Nest, Operand, Store } from "@cotangent/compiler/LoopProgram"
import { substitution } from "@cotangent/compiler/Cut"
import * as Affine from "@cotangent/tensor/Affine"
import type { DType } from "@cotangent/tensor/DType"
import { bytes } from "@cotangent/tensor/DType"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import type { Matrix, Place, Product, ProductType } from "../Plan.ts"
import type { Draft, Touch } from "./Draft.ts"
import { operationDraft } from "./Draft.ts"
import { extentOf, partsOf } from "./freedom.ts"
import type { Site } from "./Site.ts"
import { moved, offsetOf } from "./Site.ts"

/** Products of a batch that has several strides are started one by one, if they are no more than this. */
const mostProducts = 64

/** A contraction as products, and what remains to be done with what they leave. */
export interface Multiplied {
  readonly products: ReadonlyArray<Draft>
  readonly rest: Nest | undefined
}

/** Whether sums are stored as they are, or with a number for each column added. */
interface Direct {
  readonly store: Store
  readonly bias: Scalar | undefined
}

/** The sum itself, or rounded as the result is. */
const isSum = (value: Scalar, accumulator: Scalar): boolean =>
  value === accumulator || (value.tag === "call" && value.op === "cast" && value.args[0] === accumulator)

/** What a contraction stores, if the library can. */
export const directOf = ({ accumulator, batch, row, stores }: Contraction): Direct | undefined => {
  const [store, ...others] = stores
  if (others.length > 0 || isProductType(store.buffer.dtype) === undefined) return undefined
  const { value } = store
  if (isSum(value, accumulator)) return { store, bias: undefined }
  if (value.tag !== "call" || value.op !== "add" || store.buffer.dtype !== accumulator.dtype) return undefined
  const [x, y] = value.args
  const bias = x === accumulator ? y : y === accumulator ? x : undefined
  if (bias?.tag !== "load" || bias.dtype !== store.buffer.dtype || batch.length > 0) return undefined
  return Affine.of(bias.index[0]).terms.has(row) ? undefined : { store, bias: bias.index[0] }
}

const isProductType = (dtype: DType): ProductType | undefined =>
  dtype === "f32" || dtype === "f64" || dtype === "f16" || dtype === "bf16" ? dtype : undefined

/** The products that `step` is, if it is such. */
export const productsOf = (step: Contraction, site: Site): Multiplied | undefined => {
  const { a, accumulator, b, batch, column, depth, row } = step
  const dtype = isProductType(a.buffer.dtype)
  if (dtype === undefined || b.buffer.dtype !== dtype || a.walk !== undefined || b.walk !== undefined) return undefined
  const direct = directOf(step)
  const whole = direct === undefined || resultOf(direct.store, step) === undefined
  // What the library leaves is read where the sum stood; of several stores, one may be just that.
  const kept = whole ? (keptOf(step) ?? spare(step, site)) : direct.store
  const target = resultOf(kept, step)!
  const place = kept.buffer
  const { offset } = target
  const bias = !whole && direct.bias !== undefined ? biasOf(step, direct.bias, site) : undefined
  if (!whole && direct.bias !== undefined && bias === undefined) return undefined
  const left = operandOf(a, [row.extent, depth.extent], { isColumn: false })
  const right = operandOf(b, [column.extent, depth.extent], { isColumn: true })
  if (left === undefined || right === undefined) return undefined
  const split = batchesOf(batch, [a.offset, b.offset, offset], site)
  if (split === undefined) return undefined
  const touches = touchesOf(step, place, site)
  const products = split.starts.map((starts): Draft => {
    const [atA, atB, atResult] = [
      [a.buffer, starts[0]],
      [b.buffer, starts[1]],
      [place, starts[2]]
    ].map(([buffer, start]) => placed(buffer as Buffer, start as Scalar, site))
    const product: Product = {
      tag: "product",
      dtype,
      resultType: isProductType(place.dtype)!,
      rows: row.extent,
      columns: column.extent,
      depth: depth.extent,
      batch: split.count,
      a: { ...left, place: atA, batchStride: split.strides[0] },
      b: { ...right, place: atB, batchStride: split.strides[1] },
      result: {
        place: atResult,
        isTransposed: false,
        lead: target.lead,
        batchStride: split.strides[2]
      },
      epilogue: bias === undefined ? {} : { bias },
      isTf32: site.isTf32
    }
    return operationDraft(product, touches)
  })
  const others = step.stores.filter((store) => store !== kept)
  if (!whole || others.length === 0) return { products, rest: undefined }
  const put = substitution(new Map<Scalar, Scalar>([[accumulator, S.load(place, [kept.offset])]]))
  const stores = others.map((store) => ({ ...store, value: put(store.value) }))
  const rest: Nest = { tag: "nest", name: step.name, axes: [], stages: [{ axes: [...batch, row, column], stores }] }
  return { products, rest }
}

/** A store of the sums as they are, where nothing else may lie. */
const keptOf = (step: Contraction): Store | undefined =>
  step.stores.find(
    ({ buffer, offset, value }) =>
      value === step.accumulator &&
      buffer.role === "temporary" &&
      buffer.dtype === step.accumulator.dtype &&
      resultOf({ buffer, offset, value }, step) !== undefined
  )

/** A store of the sums, rounded as they are meant, to memory of its own. */
const spare = ({ accumulator, batch, column, row }: Contraction, site: Site): Store => {
  const axes = [...batch, row, column]
  const sizes = axes.map(({ extent }) => extent)
  return {
    buffer: site.temporary(extentOf(axes), accumulator.dtype),
    offset: Affine.flatten(axes, sizes),
    value: accumulator
  }
}

/** What a product reads and writes. */
const touchesOf = ({ a, accumulator, b, stores }: Contraction, place: Buffer, site: Site): ReadonlyArray<Touch> => {
  const without = substitution(new Map<Scalar, Scalar>([[accumulator, S.constant(0, accumulator.dtype)]]))
  const others = [...partsOf(stores.map(({ value }) => without(value)))].flatMap((scalar) =>
    // Loads of loop programs refer to buffers.
    scalar.tag === "load" ? [scalar.source as Buffer] : []
  )
  return [...[a.buffer, b.buffer, ...others].map((buffer) => site.touch(buffer, false)), site.touch(place, true)]
}

/** An address of which `offsetOf` is known to be there. */
const placed = (buffer: Buffer, position: Scalar, site: Site): Place =>
  moved(site.memoryOf(buffer), offsetOf(position, bytes(buffer.dtype), site.counters)!)

/** How an operand lies in memory; `free` runs along its rows, or its columns. */
const operandOf = (
  { depthStride, stride }: Operand,
  [free, depth]: readonly [number, number],
  { isColumn }: { readonly isColumn: boolean }
): Pick<Matrix, "isTransposed" | "lead"> | undefined => {
  if ((depthStride === 1 || depth === 1) && (stride >= depth || free === 1)) {
    return { isTransposed: isColumn, lead: Math.max(stride, depth) }
  }
  if ((stride === 1 || free === 1) && (depthStride >= free || depth === 1)) {
    return { isTransposed: !isColumn, lead: Math.max(depthStride, free) }
  }
  return undefined
}

/** Where results are stored row by row, without the part that rows and columns add. */
const resultOf = (
  { offset }: Store,
  { column, row }: Contraction
): { readonly offset: Scalar; readonly lead: number } | undefined => {
  const { constant, terms } = Affine.of(offset)
  const [lead, step] = [terms.get(row) ?? 0, terms.get(column) ?? 0]
  if ((step !== 1 && column.extent > 1) || (lead < column.extent && row.extent > 1)) return undefined
  const rest = new Map([...terms].filter(([atom]) => atom !== row && atom !== column))
  return { offset: Affine.toScalar({ constant, terms: rest }), lead: Math.max(lead, column.extent) }
}

const biasOf = ({ column, stores: [{ value }] }: Contraction, position: Scalar, site: Site): Place | undefined => {
  const { constant, terms } = Affine.of(position)
  if ((terms.get(column) ?? 0) !== 1) return undefined
  const rest = new Map([...terms].filter(([atom]) => atom !== column))
  const load = (value as S.Call).args.find((arg) => arg.tag === "load")
  if (load?.tag !== "load") return undefined
  // Loads of loop programs refer to buffers.
  const buffer = load.source as Buffer
  const offset = offsetOf(Affine.toScalar({ constant, terms: rest }), bytes(buffer.dtype), site.counters)
  return offset === undefined ? undefined : moved(site.memoryOf(buffer), offset)
}

interface Batches {
  readonly count: number
  readonly strides: ReadonlyArray<number>
  /** Where the first matrices of each product lie. */
  readonly starts: ReadonlyArray<ReadonlyArray<Scalar>>
}

/** Batch axes as one batch with its strides, and products one by one along what is left. */
const batchesOf = (
  batch: ReadonlyArray<Variable>,
  offsets: ReadonlyArray<Scalar>,
  { counters }: Site
): Batches | undefined => {
  const affine = offsets.map(Affine.of)
  const strideOf = (axis: Variable): ReadonlyArray<number> => affine.map(({ terms }) => terms.get(axis) ?? 0)
  // Neighboring axes with matching strides are one.
  const axes = batch.reduceRight<ReadonlyArray<Batched>>((inner, axis) => {
    const [next, ...rest] = inner
    const strides = strideOf(axis)
    if (next !== undefined && strides.every((stride, i) => stride === next.strides[i] * next.extent)) {
      return [{ extent: axis.extent * next.extent, strides: next.strides }, ...rest]
    }
    return [{ extent: axis.extent, strides }, ...inner]
  }, [])
  const longest = axes.reduce<Batched | undefined>(
    (x, y) => (x !== undefined && x.extent >= y.extent ? x : y),
    undefined
  )
  const others = axes.filter((axis) => axis !== longest)
  if (others.reduce((product, { extent }) => product * extent, 1) > mostProducts) return undefined
  const bases = affine.map(({ constant, terms }) => {
    const rest = new Map([...terms].filter(([atom]) => !batch.some((axis) => axis === atom)))
    return Affine.toScalar({ constant, terms: rest })
  })
  if (bases.some((base) => offsetOf(base, 1, counters) === undefined)) return undefined
  const shifts = others.reduce<ReadonlyArray<ReadonlyArray<number>>>(
    (all, { extent, strides }) =>
      all.flatMap((shift) =>
        Array.from({ length: extent }, (_, at) => shift.map((start, i) => start + at * strides[i]))
      ),
    [offsets.map(() => 0)]
  )
  return {
    count: longest?.extent ?? 1,
    strides: longest?.strides ?? offsets.map(() => 0),
    starts: shifts.map((shift) => bases.map((base, i) => S.add(base, S.constant(shift[i]))))
  }
}

interface Batched {
  readonly extent: number
  readonly strides: ReadonlyArray<number>
}
