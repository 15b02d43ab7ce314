/** The epilogue of a product that is computed as its transpose. */
import type { Epilogue } from "./gemmEpilogue.ts"
import type { FloatType } from "./gemmVector.ts"
import { gather, lanesOf, sizeOf } from "./gemmVector.ts"

/** Hands over to `epilogue` what a product sums up whose rows are its columns. */
export const transposed = (epilogue: Epilogue, dtype: FloatType): Epilogue => {
  const { key, parameters, lane, tile } = epilogue
  const lanes = lanesOf(dtype)
  return {
    key: `${key} transposed`,
    parameters,
    lane: (code, { row, column, ...rest }) => lane(code, { ...rest, row: column, column: row }),
    ...(tile === undefined
      ? {}
      : {
          block: (code, { sums, row: first, end, column, columns, sumsBytes, parameters: others }) => {
            const [row, last, pointer, whole] = Array.from({ length: 4 }, () => code.local("index"))
            const [vector, value] = [code.local("v128"), code.local(dtype)]
            code.get(column).whole(columns).op("index.add").set(last)
            code.get(end).get(end).get(first).op("index.sub").whole(lanes).op("index.rem_u").op("index.sub").set(whole)
            code.forLoop({ local: column, to: last, step: 1, isNonEmpty: true }, () => {
              code.get(sums).set(pointer).get(first).set(row)
              code.forLoop({ local: row, to: whole, step: lanes }, () => {
                const offsets = Array.from({ length: lanes }, (_, i) => i * sumsBytes)
                gather(code, { pointer, offsets, dtype }).set(vector)
                tile(code, { row: column, column: row, accumulators: [[vector]], parameters: others })
                code.advance(pointer, lanes * sumsBytes)
              })
              code.forLoop({ local: row, to: end, step: 1 }, () => {
                code.get(pointer).op(`${dtype}.load`).set(value)
                lane(code, { row: column, column: row, value, parameters: others })
                code.advance(pointer, sumsBytes)
              })
              code.advance(sums, sizeOf(dtype))
            })
          }
        })
  }
}
