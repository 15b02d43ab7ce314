import type { Buffer, LoopProgram, Nest } from "@cotangent/compiler/LoopProgram"
import * as S from "@cotangent/tensor/Scalar"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { shares } from "../src/Parts.ts"
import type { Split, Touch } from "../src/Conflicts.ts"
import { conflicts, touches } from "../src/Conflicts.ts"

const [rounds, elements] = [3, 64]

/** `target[position(row, column, round)] = source[other(row, column, round)]`, in each round. */
interface Copying {
  readonly rows: number
  readonly columns: number
  readonly from: Position
  readonly to: Position
  readonly source: number
  readonly target: number
}

/** What a position gains with each row, each column, each round, and where buffers take turns with every other one. */
type Position = readonly [constant: number, row: number, column: number, round: number, turn: number]

const step = fc.integer({ min: 0, max: 8 })
const position: fc.Arbitrary<Position> = fc.tuple(step, step, step, fc.constantFrom(0, 4, 8, 16), fc.constantFrom(0, 8))
const copying: fc.Arbitrary<Copying> = fc.record({
  rows: fc.integer({ min: 1, max: 5 }),
  columns: fc.integer({ min: 1, max: 3 }),
  from: position,
  to: position,
  source: fc.integer({ min: 0, max: 2 }),
  target: fc.integer({ min: 0, max: 2 })
})

const buffers = [0, 1, 2].map((id): Buffer => ({ id, role: "temporary", shape: [elements], dtype: "f32" }))

/** The third buffer shares memory with the second. */
const program: LoopProgram = {
  inputs: [],
  outputs: [],
  steps: [],
  places: new Map([
    [buffers[0], 0],
    [buffers[1], 4 * elements],
    [buffers[2], 5 * elements]
  ]),
  arenaBytes: 0,
  privateBytes: 0,
  aliases: []
}

const counter = S.variable(rounds)

const build = ({ columns, from, rows, source, target, to }: Copying) => {
  const [row, column] = [S.variable(rows), S.variable(columns)]
  const at = ([constant, ...steps]: Position) =>
    [row, column, counter, S.remainder(counter, S.constant(2))].reduce<S.Scalar>(
      (sum, atom, i) => S.add(sum, S.mul(atom, S.constant(steps[i]))),
      S.constant(constant)
    )
  const nest: Nest = {
    tag: "nest",
    name: "copying",
    axes: [row],
    stages: [
      {
        axes: [column],
        stores: [{ buffer: buffers[target], offset: at(to), value: S.load(buffers[source], [at(from)]) }]
      }
    ]
  }
  return { nest, row }
}

const touchOf = (each: Copying, threads: number, isShared: boolean): Touch => {
  const { nest, row } = build(each)
  const split: Split = { axis: row, ranges: shares(threads, row.extent, 1) }
  return touches(program)(nest, { count: threads, isShared, split, counters: [counter] })
}

const bytesAt = (buffer: number, [constant, ...steps]: Position, index: ReadonlyArray<number>): number =>
  program.places.get(buffers[buffer])! +
  4 *
    Math.min(
      elements - 1,
      index.reduce((sum, value, i) => sum + value * steps[i], constant)
    )

/** What a thread reads and writes in all rounds. */
const touched = (each: Copying, [first, end]: readonly [number, number]) => {
  const [reads, writes] = [new Set<number>(), new Set<number>()]
  for (let row = first; row < end; row++)
    for (let column = 0; column < each.columns; column++)
      for (let round = 0; round < rounds; round++) {
        const index = [row, column, round, round % 2]
        reads.add(bytesAt(each.source, each.from, index))
        writes.add(bytesAt(each.target, each.to, index))
      }
  return { reads, writes }
}

const rangesOf = ({ rows }: Copying, threads: number, isShared: boolean) =>
  isShared
    ? shares(threads, rows, 1)
    : Array.from({ length: threads }, (_, i) => (i === 0 ? ([0, rows] as const) : ([0, 0] as const)))

describe("steps", () => {
  it("that do not wait for one another touch nothing that another thread writes, in whichever rounds", () => {
    let apart = 0
    fc.assert(
      fc.property(
        copying,
        copying,
        fc.integer({ min: 2, max: 3 }),
        fc.tuple(fc.boolean(), fc.boolean()),
        (x, y, threads, [isXShared, isYShared]) => {
          if (conflicts(touchOf(x, threads, isXShared), touchOf(y, threads, isYShared))) return
          apart++
          const xs = rangesOf(x, threads, isXShared).map((range) => touched(x, range))
          const ys = rangesOf(y, threads, isYShared).map((range) => touched(y, range))
          xs.forEach((one, i) =>
            ys.forEach((other, j) => {
              if (i === j) return
              expect([...one.writes].filter((byte) => other.reads.has(byte) || other.writes.has(byte))).toEqual([])
              expect([...one.reads].filter((byte) => other.writes.has(byte))).toEqual([])
            })
          )
        }
      ),
      { numRuns: 2000 }
    )
    expect(apart).toBeGreaterThan(100)
  })

  it("of the same rows do not wait, in one round or in another", () => {
    const rowsOf = (source: number, target: number, round: number, turn: number): Copying => ({
      rows: 4,
      columns: 2,
      from: [0, 2, 1, round, turn],
      to: [0, 2, 1, round, turn],
      source,
      target
    })
    const [first, second] = [rowsOf(0, 1, 8, 0), rowsOf(1, 0, 0, 8)].map((each) => touchOf(each, 2, true))
    expect(conflicts(first, second)).toBe(false)
    expect(conflicts(first, touchOf(rowsOf(1, 0, 8, 0), 2, false))).toBe(true)
  })
})
