/**
 * Emits contractions: a matrix product by the generator of `gemm.ts`, whose epilogue stores the values that contain
 * its sums.
 */
import type { Buffer, Contraction } from "@cotangent/compiler/LoopProgram"
import { footprint } from "@cotangent/compiler/LoopProgram"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import type { Emitter, Machine } from "./Emitter.ts"
import type { FunctionBuilder, Local } from "./FunctionBuilder.ts"
import type { Gemm } from "./gemm.ts"
import { gemm } from "./gemm.ts"
import type { Block, Epilogue, Lane, Tile } from "./gemmEpilogue.ts"
import type { ModuleBuilder } from "./Module.ts"
import type { Target } from "./Nests.ts"
import { targetsOf } from "./Nests.ts"
import { strideIn } from "./Prepare.ts"
import type { Grouped } from "./Rows.ts"
import { isFixed } from "./Rows.ts"
import { isVectorizable } from "./Vectorize.ts"

/** What the emitting of contractions needs of its surroundings. */
export interface Site {
  readonly module: ModuleBuilder
  readonly machine: Machine
  readonly isWide: boolean
  /** An emitter for another function, in which buffers and the given variables are known. */
  readonly emitter: (code: FunctionBuilder, loops: ReadonlyArray<Variable>) => Emitter
  /** Emits `body` where the addresses of buffers and the counters of repetitions are known. */
  readonly withBuffers: (emitter: Emitter, buffers: Iterable<Buffer>, body: () => void) => void
}

/** Adds the matrix product of `step` to the module. Its function's further parameters are the batch axes. */
export const addGemm = (step: Grouped, key: string, site: Site): Gemm => {
  const { a, accumulator, b, column, depth, row } = step
  // Only floats are recognized as contractions.
  const dtype = accumulator.dtype as "f32" | "f64"
  return gemm(site.module, {
    m: row.extent,
    n: column.extent,
    k: depth.extent,
    a: { rowStride: a.stride, depthStride: a.depthStride, walk: a.walk, isFixed: isFixed(a, step) },
    b: { depthStride: b.depthStride, columnStride: b.stride, walk: b.walk, isFixed: isFixed(b, step) },
    dtype,
    isRelaxed: site.machine.isRelaxed,
    isWide: site.isWide,
    epilogue: epilogueOf(step, key, site)
  })
}

const epilogueOf = (step: Contraction, key: string, site: Site): Epilogue => {
  const { batch, column, row } = step
  const lanes = step.accumulator.dtype === "f64" ? 2 : 4
  const open = (
    code: FunctionBuilder,
    parameters: ReadonlyArray<Local<"index">>,
    body: (scope: Scope) => void
  ): void => {
    const emitter = site.emitter(code, [...batch, row, column])
    const targets = targetsOf(step.stores, emitter)
    const accumulator = emitter.workspace.unify(step.accumulator)
    const { reads, writes } = footprint(step)
    emitter.within(
      batch.map((axis, i) => [axis, parameters[i]] as const),
      () => site.withBuffers(emitter, [...reads, ...writes], () => body({ emitter, targets, accumulator }))
    )
  }
  return {
    key,
    parameters: batch.length,
    tile: (code, tile) => open(code, tile.parameters, (scope) => storeTile(step, tile, lanes, scope)),
    // Sums that are stored as they are need not leave their registers before.
    ...(step.stores.length === 1 && step.stores[0].value === step.accumulator
      ? {}
      : { block: (code, block) => open(code, block.parameters, (scope) => storeBlock(step, block, lanes, scope)) }),
    lane: (code, lane) => open(code, lane.parameters, (scope) => storeLane(step, lane, scope))
  }
}

interface Scope {
  readonly emitter: Emitter
  readonly targets: ReadonlyArray<Target>
  readonly accumulator: Scalar
}

const storeTile = (step: Contraction, tile: Tile, lanes: 2 | 4, scope: Scope): void => {
  const { column, row } = step
  const { accumulator, emitter, targets } = scope
  const { code } = emitter
  const unroll = tile.accumulators[0].length
  const isVector = isVectorStore(step, lanes, scope)
  const rowIndex = code.local("index")
  const roots = targets.flatMap(({ address, value }) => [value, address.base])
  emitter.within([[column, tile.column]], () => {
    if (!isVector) return eachElement()
    emitter.along({ axis: column, lanes, unroll }, [], () => {
      // What is the same for all rows: a bias, say.
      emitter.hoist(roots, new Set([row]), accumulator)
      tile.accumulators.forEach((vectors, i) => {
        code.get(tile.row).whole(i).op("index.add").set(rowIndex)
        emitter.within(
          [
            [row, rowIndex],
            [accumulator, vectors]
          ],
          () => {
            targets.forEach(({ value }) => emitter.vector(value))
            targets.forEach(({ address, dtype, value }) => emitter.storeVectors(dtype, address, value, 1))
          }
        )
      })
    })
  })

  function eachElement(): void {
    const [columnIndex, value] = [code.local("index"), code.local(lanes === 4 ? "f32" : "f64")]
    tile.accumulators.forEach((vectors, i) =>
      vectors.forEach((vector, j) => {
        for (let lane = 0; lane < lanes; lane++) {
          code.get(tile.row).whole(i).op("index.add").set(rowIndex)
          code
            .get(tile.column)
            .whole(j * lanes + lane)
            .op("index.add")
            .set(columnIndex)
          code
            .get(vector)
            .op(lanes === 4 ? "f32x4.extract_lane" : "f64x2.extract_lane", lane)
            .set(value)
          emitter.within(
            [
              [row, rowIndex],
              [column, columnIndex],
              [accumulator, value]
            ],
            () => storeScalars(targets, emitter)
          )
        }
      })
    )
  }
}

/** Whether the values of whole vectors of columns can be computed and stored as vectors. */
const isVectorStore = ({ column }: Contraction, lanes: 2 | 4, { accumulator, emitter, targets }: Scope): boolean => {
  const { workspace } = emitter
  const values = targets.map(({ value }) => value)
  return (
    isVectorizable(values, column, { lanes, workspace, dense: false, given: accumulator }) &&
    targets.every(
      ({ dtype, position }) => strideIn(position, column, workspace) === 1 && (lanes === 2) === (dtype === "f64")
    )
  )
}

const storeBlock = (step: Contraction, block: Block, lanes: 2 | 4, scope: Scope): void => {
  const { column, row } = step
  const { accumulator, emitter, targets } = scope
  const { code } = emitter
  const { columns, end, sums, sumsBytes } = block
  const size = 16 / lanes
  const whole = isVectorStore(step, lanes, scope) ? Math.floor(columns / lanes) : 0
  const rows = (body: () => void): void =>
    emitter.loop(row, { from: block.row, to: end, step: 1 }, () => {
      body()
      code.advance(sums, sumsBytes)
    })
  const roots = targets.flatMap(({ address, value }) => [value, address.base])
  if (whole > 0) {
    const vectors = Array.from({ length: whole }, () => code.local("v128"))
    emitter.within([[column, block.column]], () =>
      emitter.along({ axis: column, lanes, unroll: whole }, [], () => {
        // What is the same for all rows: a bias, say.
        emitter.hoist(roots, new Set([row]), accumulator)
        rows(() => {
          vectors.forEach((vector, j) =>
            code
              .get(sums)
              .op("v128.load", j * 16)
              .set(vector)
          )
          emitter.within([[accumulator, vectors]], () => {
            targets.forEach(({ value }) => emitter.vector(value))
            targets.forEach(({ address, dtype, value }) => emitter.storeVectors(dtype, address, value, 1))
          })
        })
      })
    )
  }
  const from = whole * lanes
  if (from === columns) return
  const [index, last, address] = [code.local("index"), code.local("index"), code.local("index")]
  const value = code.local(lanes === 4 ? "f32" : "f64")
  if (whole > 0) {
    // Back to the first row.
    code.get(sums).get(end).get(block.row).op("index.sub").whole(sumsBytes).op("index.mul").op("index.sub").set(sums)
  }
  code.get(block.column).whole(columns).op("index.add").set(last)
  rows(() => {
    code.get(block.column).whole(from).op("index.add").set(index)
    code.get(sums).set(address)
    code.forLoop({ local: index, to: last, step: 1, isNonEmpty: true }, () => {
      code
        .get(address)
        .op(lanes === 4 ? "f32.load" : "f64.load", from * size)
        .set(value)
      emitter.within(
        [
          [column, index],
          [accumulator, value]
        ],
        () => storeScalars(targets, emitter)
      )
      code.advance(address, size)
    })
  })
}

const storeLane = ({ column, row }: Contraction, lane: Lane, { accumulator, emitter, targets }: Scope): void =>
  emitter.within(
    [
      [row, lane.row],
      [column, lane.column],
      [accumulator, lane.value]
    ],
    () => storeScalars(targets, emitter)
  )

const storeScalars = (targets: ReadonlyArray<Target>, emitter: Emitter): void => {
  targets.forEach(({ value }) => emitter.scalar(value))
  targets.forEach(({ address, dtype, value }) => emitter.store(dtype, address, value))
}
