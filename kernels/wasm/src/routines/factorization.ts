/**
 * The frame of algorithms that factor one matrix after the other: in `f64` in scratch memory, whatever the dtype.
 * Each does what the reference does, in the same order, so that both agree to the rounding of the result.
 */
import type { Operands, Routine } from "@cotangent/compiler/LoopProgram"
import { bytes } from "@cotangent/tensor/DType"
import { size } from "@cotangent/tensor/Shape"
import type { FunctionBuilder, Local } from "../FunctionBuilder.ts"
import { load, store } from "../memoryInstructions.ts"
import { registerOf } from "../scalarInstructions.ts"
import type { Algorithm, Site } from "./Algorithm.ts"
import type { Index, Matrix, Numbers, Push } from "./numbers.ts"
import { numbers } from "./numbers.ts"

/** The matrix at hand: what an algorithm sees. */
export interface Frame extends Numbers {
  readonly code: FunctionBuilder
  readonly params: unknown
  /** Rows and columns of the first input. */
  readonly rows: number
  readonly columns: number
  /** The matrices in scratch memory, in the order in which they were asked for. */
  readonly spaces: ReadonlyArray<Matrix>
  /** Addresses of the outputs for this matrix. */
  readonly outputs: ReadonlyArray<Local<"index">>
  /** Reads an input into a matrix. */
  readonly read: (input: number, into: Matrix) => void
  /** Writes an output, as a matrix of `width` columns. */
  readonly write: (output: number, width: number, value: (row: Local<"index">, column: Local<"index">) => Push) => void
}

/** Rows and columns of matrices in scratch memory. */
export type Spaces = (
  rows: number,
  columns: number,
  routine: Routine
) => ReadonlyArray<readonly [rows: number, width: number]>

/** The extents of matrices. */
const extentsOf = ({ shape }: Operands): readonly [rows: number, columns: number] => [shape.at(-2)!, shape.at(-1)!]

/** An algorithm that runs once for each matrix of the first input. */
export const factorization = (spaces: Spaces, run: (frame: Frame) => void): Algorithm => {
  const spacesOf = (routine: Routine) => spaces(...extentsOf(routine.inputs[0]), routine)
  return {
    scratchBytes: (routine) => spacesOf(routine).reduce((total, [rows, width]) => total + 8 * rows * width, 0),
    emit: (site) => {
      const { code, routine } = site
      if (routine.outputs.every(({ shape }) => size(shape) === 0)) return
      const count = size(routine.inputs[0].shape.slice(0, -2))
      const frame = frameOf(site, spacesOf(routine), count)
      code.forLoop({ local: code.local("index"), from: 0, to: count, step: 1 }, () => {
        run(frame)
        routine.inputs.forEach((input, i) => code.advance(site.inputs[i], bytesOf(input) / count))
        routine.outputs.forEach((output, i) => code.advance(site.outputs[i], bytesOf(output) / count))
      })
    }
  }
}

const bytesOf = ({ buffer, shape }: Operands): number => size(shape) * bytes(buffer.dtype)

const frameOf = (site: Site, spaces: ReturnType<Spaces>, count: number): Frame => {
  const { code, routine, scratch } = site
  const [rows, columns] = extentsOf(routine.inputs[0])
  let place = 0
  const matrices = spaces.map(([height, width]): Matrix => {
    const base = code.local("index")
    code.get(scratch).whole(place).op("index.add").set(base)
    place += 8 * height * width
    return { base, width }
  })
  return {
    ...numbers(code),
    code,
    params: routine.params,
    rows,
    columns,
    spaces: matrices,
    outputs: site.outputs,
    read: (input, into) => read(site, input, { into, count: size(routine.inputs[input].shape) / count }),
    write: (output, width, value) => {
      const height = size(routine.outputs[output].shape) / count / width
      write(site, output, { height, width, value })
    }
  }
}

const read = (
  { code, inputs, machine, routine }: Site,
  input: number,
  { count, into }: { readonly count: number; readonly into: Matrix }
): void => {
  const { dtype } = routine.inputs[input].buffer
  const { loop, put } = numbers(code)
  const from = code.local("index")
  code.get(inputs[input]).set(from)
  loop(0, count, (i) => {
    put(into.base, i, () => {
      load(code.get(from), dtype, 0, machine.halves)
      if (registerOf(dtype) === "f32") code.op("f64.promote_f32")
    })
    code.advance(from, bytes(dtype))
  })
}

interface Written {
  readonly height: number
  readonly width: number
  readonly value: (row: Local<"index">, column: Local<"index">) => Push
}

const write = ({ code, machine, outputs, routine }: Site, output: number, { height, value, width }: Written): void => {
  const { dtype } = routine.outputs[output].buffer
  const { loop } = numbers(code)
  const to = code.local("index")
  code.get(outputs[output]).set(to)
  loop(0, height, (i) =>
    loop(0, width, (j) => {
      const push = value(i, j)
      code.get(to)
      push()
      if (registerOf(dtype) === "f32") code.op("f32.demote_f64")
      store(code, dtype, 0, machine.halves)
      code.advance(to, bytes(dtype))
    })
  )
}

/** Writes the identity over a matrix of so many rows. */
export const writeIdentity = ({ isSame, choose, loop, number, put, row }: Frame, x: Matrix, rows: number): void =>
  loop(0, rows, (i) => {
    const address = row(x, i)
    loop(0, x.width, (j) => put(address, j, choose(isSame(i, j), number(1), number(0))))
  })

/** −1 where a value is below zero, else 1. */
export const signOf = ({ choose, less, number }: Numbers, value: Push): Push =>
  choose(less(value, number(0)), number(-1), number(1))

/** The elements of a matrix as the columns of another. */
export const transposeInto = ({ cell, loop, put, row }: Frame, from: Matrix, to: Matrix, rows: number): void =>
  loop(0, rows, (i) => {
    const address = row(to, i)
    loop(0, to.width, (j: Index) => put(address, j, cell(from, j, i)))
  })
