/**
 * Packing of the operands of a matrix product.
 *
 * A panel of B becomes `depth` rows of `vectors` vectors, padded with zeros. A tile of A becomes `depth` rows of as
 * many elements as the tile has rows.
 */
import type { FunctionBuilder, FunctionReference, Local } from "./FunctionBuilder.ts"
import type { FloatType } from "./gemmVector.ts"
import { gather, loadSome, sizeOf, spread } from "./gemmVector.ts"
import type { ModuleBuilder } from "./Module.ts"

/** A panel of B to be packed. */
export interface PanelSpec {
  readonly dtype: FloatType
  readonly vectors: number
  /** Columns that exist; those up to the end of the last vector become zero. */
  readonly columns: number
  readonly depthBytes: number
  readonly columnBytes: number
}

/** The function `(source, target, depth)` that packs a panel of B. */
export const packPanel = (module: ModuleBuilder, spec: PanelSpec): FunctionReference =>
  module.shared(`gemm pack ${JSON.stringify(spec)}`, () => {
    const code = module.function({ name: "gemm_pack_b", parameters: ["index", "index", "index"] })
    const size = sizeOf(spec.dtype)
    if (spec.columnBytes === size || spec.vectors === 0) copyRows(code, spec)
    else if (spec.depthBytes === size) transposePanel(code, spec)
    else gatherRows(code, spec)
    return code
  })

type PackBuilder = FunctionBuilder<readonly ["index", "index", "index"]>

/** Columns lie side by side: copies whole vectors. */
const copyRows = (code: PackBuilder, { dtype, vectors, columns, depthBytes }: PanelSpec): void => {
  const [source, target, depth] = code.parameters
  const lanes = 16 / sizeOf(dtype)
  code.loop((again) => {
    for (let j = 0; j < vectors; j += 1) {
      const count = Math.min(lanes, columns - j * lanes)
      loadSome(code.get(target), { pointer: source, offset: j * 16, count, dtype }).op("v128.store", j * 16)
    }
    code.advance(source, depthBytes).advance(target, vectors * 16)
    code.get(depth).whole(1).op("index.sub").tee(depth).isSet().brIf(again)
  })
}

/** Any strides: collects element by element. */
const gatherRows = (code: PackBuilder, { dtype, vectors, columns, depthBytes, columnBytes }: PanelSpec): void => {
  const [source, target, depth] = code.parameters
  const lanes = 16 / sizeOf(dtype)
  const { shift, offsets } = spread(columns, columnBytes)
  code.advance(source, shift)
  code.loop((again) => {
    for (let j = 0; j < vectors; j += 1) {
      gather(code.get(target), { pointer: source, offsets: offsets.slice(j * lanes, (j + 1) * lanes), dtype })
      code.op("v128.store", j * 16)
    }
    code.advance(source, depthBytes).advance(target, vectors * 16)
    code.get(depth).whole(1).op("index.sub").tee(depth).isSet().brIf(again)
  })
}

/** Steps of depth lie side by side: transposes square blocks, one vector of columns after the other. */
const transposePanel = (code: PackBuilder, spec: PanelSpec): void => {
  const [source, target] = code.parameters
  const lanes = 16 / sizeOf(spec.dtype)
  const whole = Math.floor(spec.columns / lanes)
  const vector = code.local("index")
  const locals = { from: code.local("index"), to: code.local("index"), left: code.local("index"), vector }
  const pass = (count: number) => {
    transposeColumns(code, spec, { ...locals, ...spread(count, spec.columnBytes) })
    code.advance(source, lanes * spec.columnBytes).advance(target, 16)
  }
  if (whole > 0) code.forLoop({ local: vector, from: 0, to: whole, step: 1 }, () => pass(lanes))
  for (let j = whole; j < spec.vectors; j += 1) pass(Math.max(0, spec.columns - j * lanes))
}

/** Packs the columns of one vector, which start at the given offsets. */
const transposeColumns = (
  code: PackBuilder,
  { dtype, vectors }: PanelSpec,
  {
    from,
    to,
    left,
    shift,
    offsets
  }: ReturnType<typeof spread> & Readonly<Record<"from" | "to" | "left", Local<"index">>>
): void => {
  const [source, target, depth] = code.parameters
  const size = sizeOf(dtype)
  const lanes = 16 / size
  const block = Array.from({ length: lanes }, () => code.borrow("v128"))
  code.get(source).whole(shift).op("index.add").set(from).get(target).set(to)
  const times = (count: () => void, body: () => void) => {
    count()
    code
      .get(left)
      .isSet()
      .if(() =>
        code.loop((again) => {
          body()
          code.get(left).whole(1).op("index.sub").tee(left).isSet().brIf(again)
        })
      )
  }
  times(
    () => code.get(depth).whole(lanes).op("index.div_u").set(left),
    () => {
      block.forEach((vector, lane) => {
        if (lane < offsets.length) code.get(from).op("v128.load", offsets[lane]).set(vector)
        else code.splat("f32x4", 0).set(vector)
      })
      transpose(code, block)
      block.forEach((vector, step) =>
        code
          .get(to)
          .get(vector)
          .op("v128.store", step * vectors * 16)
      )
      code.advance(from, 16).advance(to, lanes * vectors * 16)
    }
  )
  times(
    () => code.get(depth).whole(lanes).op("index.rem_u").set(left),
    () => {
      gather(code.get(to), { pointer: from, offsets, dtype }).op("v128.store")
      code.advance(from, size).advance(to, vectors * 16)
    }
  )
  code.release(...block)
}

/** Transposes a square of lanes in place: 4 × 4 or 2 × 2. */
const transpose = (code: PackBuilder, block: ReadonlyArray<Local<"v128">>): void => {
  const [a, b, c, d] = block
  if (block.length === 2) {
    const low = code.borrow("v128")
    code.get(a).get(b).shuffle([0, 2]).set(low).get(a).get(b).shuffle([1, 3]).set(b).get(low).set(a).release(low)
    return
  }
  const [low, high] = [code.borrow("v128"), code.borrow("v128")]
  code.get(a).get(b).shuffle([0, 4, 1, 5]).set(low).get(a).get(b).shuffle([2, 6, 3, 7]).set(high)
  code.get(c).get(d).shuffle([0, 4, 1, 5]).set(a).get(c).get(d).shuffle([2, 6, 3, 7]).set(d)
  code.get(high).get(d).shuffle([0, 1, 4, 5]).set(c).get(high).get(d).shuffle([2, 3, 6, 7]).set(d)
  code.get(low).get(a).shuffle([2, 3, 6, 7]).set(b).get(low).get(a).shuffle([0, 1, 4, 5]).set(a)
  code.release(low, high)
}

/** A block of tiles of A to be packed. */
export interface TileSpec {
  readonly dtype: FloatType
  readonly rows: number
  readonly rowBytes: number
  readonly depthBytes: number
}

/** The function `(source, target, depth)` that packs one tile of A. */
export const packTile = (module: ModuleBuilder, spec: TileSpec): FunctionReference =>
  module.shared(`gemm pack ${JSON.stringify(spec)}`, () => {
    const code = module.function({ name: "gemm_pack_a", parameters: ["index", "index", "index"] })
    const [source, target, depth] = code.parameters
    const size = sizeOf(spec.dtype)
    const { shift, offsets } = spread(spec.rows, spec.rowBytes)
    code.advance(source, shift)
    code.loop((again) => {
      for (let row = 0; row < spec.rows;) row += copySome(code, { spec, offset: offsets[row], row })
      code.advance(source, spec.depthBytes).advance(target, spec.rows * size)
      code.get(depth).whole(1).op("index.sub").tee(depth).isSet().brIf(again)
    })
    return code
  })

/** Copies as many elements from `row` on as one instruction can, and returns their number. */
const copySome = (
  code: PackBuilder,
  { spec, offset, row }: { readonly spec: TileSpec; readonly offset: number; readonly row: number }
): number => {
  const [source, target] = code.parameters
  const size = sizeOf(spec.dtype)
  const left = spec.rowBytes === size ? (spec.rows - row) * size : size
  const width = left >= 16 ? 16 : left >= 8 ? 8 : 4
  code.get(target).get(source)
  if (width === 16) code.op("v128.load", offset).op("v128.store", row * size)
  else if (width === 8) code.op("i64.load", offset).op("i64.store", row * size)
  else code.op("i32.load", offset).op("i32.store", row * size)
  return width / size
}
