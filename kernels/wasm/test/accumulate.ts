/** An epilogue that notices what is handed over twice. */
import type { FunctionBuilder } from "../src/FunctionBuilder.ts"
import type { Epilogue, Lane, Tile } from "../src/gemmEpilogue.ts"

const pushAddress = (code: FunctionBuilder, { row, column, parameters: [matrix] }: Tile | Lane, width: number) =>
  code.get(matrix).get(row).i32(width).op("i32.mul").get(column).op("i32.add").i32(4).op("i32.mul").op("i32.add")

/** Adds to a matrix with rows `width` apart that holds `initial` everywhere, and takes `initial` off. */
export const accumulate = (width: number, initial: number): Epilogue => ({
  key: `accumulate ${width} ${initial}`,
  parameters: 1,
  lane: (code, lane) => {
    pushAddress(code, lane, width)
    pushAddress(code, lane, width).op("f32.load").get(lane.value).op("f32.add").f32(initial).op("f32.sub")
    code.op("f32.store")
  },
  tile: (code, tile) => {
    const pointer = code.local("i32")
    pushAddress(code, tile, width).set(pointer)
    tile.accumulators.forEach((vectors, i) => {
      const offset = (j: number) => i * width * 4 + j * 16
      vectors.forEach((vector, j) => {
        code.get(pointer).op("v128.load", offset(j)).get(vector).op("f32x4.add")
        code.get(code.constant("f32x4", initial)).op("f32x4.sub").set(vector)
      })
      vectors.forEach((vector, j) => code.get(pointer).get(vector).op("v128.store", offset(j)))
    })
  }
})
