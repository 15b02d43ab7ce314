/**
 * Plans as text, for people and tests.
 */
import type { Clear, Copy, DevicePlan, Launch, Matrix, Operation, Place, Product } from "../Plan.ts"

const placeText = ({ memory, offset: { constant, terms } }: Place): string => {
  const base = memory.tag === "scratch" ? "scratch" : `${memory.tag} ${memory.index}`
  const steps = terms.map(({ counter, modulo, plus, stride }) => {
    const count = plus === 0 ? counter.name : `(${counter.name} + ${plus})`
    return ` + ${stride} ${modulo === undefined ? count : `(${count} % ${modulo})`}`
  })
  return `${base}${constant === 0 ? "" : ` + ${constant}`}${steps.join("")}`
}

const matrixText = ({ batchStride, isTransposed, lead, place }: Matrix): string =>
  `${placeText(place)}${isTransposed ? "ᵀ" : ""} {${lead}${batchStride === 0 ? "" : `, ${batchStride}`}}`

/** An operation without the memory that it works on: those of one kind take about as long as one another. */
export const kindOf = (operation: Launch | Product | Copy | Clear): string => {
  switch (operation.tag) {
    case "launch": {
      const { block, grid, kernel, sharedBytes } = operation
      const shared = sharedBytes === 0 ? "" : `, ${sharedBytes} bytes shared`
      return `launch ${kernel} ${grid.join("×")} blocks of ${block.join("×")}${shared}`
    }
    case "product": {
      const { a, b, batch, columns, depth, dtype, resultType, rows } = operation
      const size = `${batch === 1 ? "" : `${batch}×`}${rows}×${columns}×${depth}`
      const [left, right] = [a, b].map(({ isTransposed }) => (isTransposed ? "ᵀ" : ""))
      return `product ${size} ${dtype}${left} · ${dtype}${right} to ${resultType}`
    }
    case "copy":
      return `copy ${operation.bytes} bytes`
    case "clear":
      return `clear ${operation.bytes} bytes`
  }
}

const linesOf = (operation: Operation): ReadonlyArray<string> => {
  const inside = (body: ReadonlyArray<Operation>): ReadonlyArray<string> =>
    body.flatMap(linesOf).map((line) => `  ${line}`)
  switch (operation.tag) {
    case "launch":
      return [kindOf(operation)]
    case "product": {
      const { a, b, epilogue, result } = operation
      const bias = epilogue.bias === undefined ? "" : ` + ${placeText(epilogue.bias)}`
      return [`${kindOf(operation)}: ${matrixText(result)} = ${matrixText(a)} · ${matrixText(b)}${bias}`]
    }
    case "copy":
      return [`${kindOf(operation)} from ${placeText(operation.from)} to ${placeText(operation.to)}`]
    case "clear":
      return [`${kindOf(operation)} of ${placeText(operation.place)}`]
    case "repeat":
      return [`repeat ${operation.counter.name} < ${operation.count}`, ...inside(operation.body)]
    case "branch":
      return [`if ${placeText(operation.predicate)}`, ...inside(operation.ifTrue), "else", ...inside(operation.ifFalse)]
    case "while":
      return [
        "loop",
        ...inside(operation.condition),
        `while ${placeText(operation.predicate)}`,
        ...inside(operation.body)
      ]
  }
}

/** The operations of a plan, a line for each. */
export const describe = ({ operations, scratchBytes, sources }: DevicePlan): string =>
  [`plan of ${sources.length} sources, ${scratchBytes} bytes of scratch`, ...operations.flatMap(linesOf)].join("\n")
