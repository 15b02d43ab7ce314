/**
 * Hand-written algorithms: one for each routine that programs name. The meaning of each is that of the primitive of
 * the same name; the conformance tests compare both.
 */
import type { DType } from "@cotangent/tensor/DType"
import { bytes } from "@cotangent/tensor/DType"
import { size } from "@cotangent/tensor/Shape"
import type { FunctionBuilder, Local } from "./FunctionBuilder.ts"
import { load, store } from "./memoryInstructions.ts"
import type { Algorithm, Site } from "./routines/Algorithm.ts"
import { cholesky, lu, triangularSolve } from "./routines/elimination.ts"
import { svd, symmetricEigen } from "./routines/jacobi.ts"
import { qr } from "./routines/reflections.ts"
import { registerOf, scalarInstructions } from "./scalarInstructions.ts"

/** The algorithms by the name of their primitive. */
export const algorithms: Readonly<Record<string, Algorithm>> = {
  scatterAdd: { scratchBytes: () => 0, emit: (site) => scatterAdd(site) },
  argSort: { scratchBytes: ({ outputs }) => 4 * (outputs[0].shape.at(-1) ?? 1), emit: (site) => argSort(site) },
  cholesky,
  triangularSolve,
  lu,
  qr,
  symmetricEigen,
  svd
}

/** Pushes `base + index · bytes`. */
const element = (code: FunctionBuilder, base: Local<"index">, index: Local<"index">, width: number): FunctionBuilder =>
  code.get(base).get(index).whole(width).op("index.mul").op("index.add")

/** Adds rows one by one, in the order of the indices. Index out of range: the nearest row. */
const scatterAdd = ({ code, inputs: [x, updates, indices], machine, outputs: [out], routine }: Site): void => {
  const [target, source, index] = routine.inputs
  const { dtype } = target.buffer
  const rows = target.shape[0]
  const width = size(target.shape.slice(1))
  const count = size(index.shape)
  const unit = bytes(dtype)
  code
    .get(out)
    .get(x)
    .whole(size(target.shape) * unit)
    .memoryCopy()
  if (count === 0 || width === 0 || rows === 0) return
  const [i, j, row, from, to] = [
    code.local("index"),
    code.local("index"),
    code.local("index"),
    code.local("index"),
    code.local("index")
  ]
  const [sum, update] = [code.local(registerOf(dtype)), code.local(registerOf(dtype))]
  code.forLoop({ local: i, from: 0, to: count, step: 1 }, () => {
    element(code, indices, i, bytes(index.buffer.dtype))
    load(code, index.buffer.dtype, 0, machine.halves)
    clampRow(code, row, rows, index.buffer.dtype)
    element(code, out, row, width * unit).set(to)
    element(code, updates, i, width * unit).set(from)
    code.forLoop({ local: j, from: 0, to: width, step: 1 }, () => {
      load(code.get(to), dtype, 0, machine.halves)
      code.set(sum)
      load(code.get(from), source.buffer.dtype, 0, machine.halves)
      code.set(update).get(to)
      scalarInstructions.add({ code, dtype, from: dtype, args: [sum, update], host: machine.host })
      store(code, dtype, 0, machine.halves)
      code.advance(to, unit).advance(from, unit)
    })
  })
}

/** Sets `row` to the index on the stack, moved into range. */
const clampRow = (code: FunctionBuilder, row: Local<"index">, rows: number, dtype: DType): void => {
  code.toIndex().set(row)
  if (dtype === "i32") code.get(row).whole(0).get(row).whole(0).op("index.gt_s").select().set(row)
  // By now it counts from 0, so the unsigned order is the order.
  code
    .get(row)
    .whole(rows - 1)
    .get(row)
    .whole(rows - 1)
    .op("index.lt_u")
    .select()
    .set(row)
}

/** Merge sort from runs of one element up: stable, and O(n log n) whatever the input. */
const argSort = (site: Site): void => {
  const {
    code,
    inputs: [keys],
    outputs: [out],
    routine: {
      outputs: [{ shape }]
    }
  } = site
  const length = shape.at(-1) ?? 1
  const total = size(shape)
  if (total === 0) return
  const [row, i] = [code.local("index"), code.local("index")]
  const [keyRow, outRow] = [code.local("index"), code.local("index")]
  const { dtype } = site.routine.inputs[0].buffer
  code.get(keys).set(keyRow).get(out).set(outRow)
  code.forLoop({ local: row, from: 0, to: total / length, step: 1 }, () => {
    code.forLoop({ local: i, from: 0, to: length, step: 1 }, () =>
      element(code, outRow, i, 4).get(i).toI32().op("i32.store")
    )
    mergeRuns(site, keyRow, outRow, length)
    code.advance(keyRow, length * bytes(dtype)).advance(outRow, length * 4)
  })
}

const mergeRuns = (site: Site, keyRow: Local<"index">, outRow: Local<"index">, length: number): void => {
  const { code, scratch } = site
  const local = () => code.local("index")
  const [width, start, left, right, middle, end, put] = [local(), local(), local(), local(), local(), local(), local()]
  const within = (target: Local<"index">, distance: number): void => {
    code.get(start).get(width).whole(distance).op("index.mul").op("index.add").tee(target)
    code.whole(length).get(target).whole(length).op("index.lt_u").select().set(target)
  }
  const take = (from: Local<"index">): void => {
    element(code, scratch, put, 4)
    element(code, outRow, from, 4).op("i32.load").op("i32.store")
    code.advance(from, 1).advance(put, 1)
  }
  code.whole(1).set(width)
  code.block((done) =>
    code.loop((again) => {
      code.get(width).whole(length).op("index.ge_u").brIf(done)
      code.whole(0).set(start)
      code.loop((nextPair) => {
        within(middle, 1)
        within(end, 2)
        code.get(start).set(left).get(middle).set(right).get(start).set(put)
        code.block((merged) =>
          code.loop((nextElement) => {
            code.get(put).get(end).op("index.ge_u").brIf(merged)
            // The right run gives its element where the left is used up, or where it must come first.
            code
              .get(left)
              .get(middle)
              .op("index.ge_u")
              .if(
                () => code.i32(1),
                () =>
                  code
                    .get(right)
                    .get(end)
                    .op("index.ge_u")
                    .if(
                      () => code.i32(0),
                      () => comesFirst(site, [keyRow, outRow], right, left),
                      "i32"
                    ),
                "i32"
              )
            code.if(
              () => take(right),
              () => take(left)
            )
            code.br(nextElement)
          })
        )
        code.get(end).tee(start).whole(length).op("index.lt_u").brIf(nextPair)
      })
      code
        .get(outRow)
        .get(scratch)
        .whole(4 * length)
        .memoryCopy()
      code.get(width).whole(1).op("index.shl").set(width).br(again)
    })
  )
}

/** Pushes whether the key at position `x` has to stand before that at `y`: less, or greater; NaN is the greatest. */
const comesFirst = (
  { code, machine, routine }: Site,
  [keys, order]: readonly [keys: Local<"index">, order: Local<"index">],
  x: Local<"index">,
  y: Local<"index">
): void => {
  const { dtype } = routine.inputs[0].buffer
  // The primitive states this parameter.
  const { descending } = routine.params as { readonly descending: boolean }
  const register = registerOf(dtype)
  const [a, b] = [code.borrow(register), code.borrow(register)]
  const read = (position: Local<"index">, value: Local): void => {
    code.get(keys)
    element(code, order, position, 4).op("i32.load").toIndex().whole(bytes(dtype)).op("index.mul").op("index.add")
    load(code, dtype, 0, machine.halves)
    code.set(value)
  }
  read(x, a)
  read(y, b)
  const [low, high] = descending ? [b, a] : [a, b]
  scalarInstructions.less({ code, dtype: "bool", from: dtype, args: [low, high], host: machine.host })
  if (register !== "i32") {
    code.get(high).get(high).op(`${register}.ne`).get(low).get(low).op(`${register}.eq`).op("i32.and").op("i32.or")
  }
  code.release(a, b)
}
