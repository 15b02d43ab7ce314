/**
 * Attention as one kernel: a block has some own places and goes through all others, a tile of them at a time, once for each
 * rank of its sums and once for its products. Scores are computed again each time and stay in registers.
 *
 * **Numerics** Scores are not rounded to what would be stored; weights are, to what they are multiplied with. Quotients by
 * what belongs to one of both places are products with its reciprocal. What a comparison of places hides from a whole tile
 * is not computed.
 */
import { substitution } from "@cotangent/compiler/Cut"
import type { Attention, Store, Weighed } from "@cotangent/compiler/LoopProgram"
import { footprint } from "@cotangent/compiler/LoopProgram"
import type { Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import type { Draft } from "./Draft.ts"
import * as Bodies from "./Body.ts"
import { partsOf } from "./freedom.ts"
import { thread } from "./Group.ts"
import { hidden } from "./hidden.ts"
import { indexOf, kernelDraft, parametersOf } from "./Kernel.ts"
import { free, levelParts, passesOf, withReciprocals } from "./passes.ts"
import type { Pass } from "./passes.ts"
import type { Site } from "./Site.ts"
import { registerOf, spell, start } from "./spelling.ts"
import type { Shared, Work } from "./rounds.ts"
import { fetchOf, loopOf, nextOf, tileOf } from "./rounds.ts"
import { declared, elementOf, fetched, layoutOf } from "./strips.ts"

/** Own places of a block: sixteen for each of its warps. */
const ownPlaces = 64
const threads = 2 * ownPlaces

/** The kernel of `given`. */
export const renderAttention = (given: Attention, site: Site): Draft => {
  const step = withReciprocals(given)
  const { batch, name, own, sums } = step
  const { reads, writes } = footprint(step)
  const index = indexOf([...reads, ...writes])
  const parameters = parametersOf(writes, site, thread)
  const { pointer } = parameters
  const body = Bodies.make({ pointer, freedom: free, group: thread, index })
  const scopes = [Bodies.scopeOf(parameters.counters), Bodies.scopeOf(new Map([[batch, ["entry"]]]))]
  const layout = layoutOf(step, ownPlaces)
  const work: Work = { step, layout, writing: { body, scopes, pointer, index, threads }, owned: new Map(), lines: [] }
  for (const { isKnown, sum } of sums) if (isKnown && free(sum).has(own)) own2(sum, kept(step, sum), work)
  for (const pass of passesOf(step)) addPass(pass, work)
  addRows(work)
  const ours = [...new Set(layout.own.values())]
  const strips = [
    ...ours.flatMap((strip) => fetched(strip, strip.name, "first", work.writing)),
    "ct_fetched();",
    "__syncthreads();",
    ...ours.map((strip) => {
      const type = `ct_rows<${elementOf(strip)}, ${strip.padded}>`
      return `const ${type} rows_${strip.name}(${strip.name} + warp * ${16 * strip.lead});`
    })
  ]
  const tiles = Math.ceil(own.extent / ownPlaces)
  return kernelDraft({
    name,
    lines: [
      ...declared(layout),
      "const int warp = threadIdx.x >> 5, g = threadIdx.x >> 2 & 7, t = threadIdx.x & 3;",
      `const int first = block % ${tiles} * ${ownPlaces}, entry = block / ${tiles};`,
      "const int ours = first + warp * 16 + g;",
      `const int own0 = ours < ${own.extent} ? ours : ${own.extent - 1};`,
      `const int own1 = ours + 8 < ${own.extent} ? ours + 8 : ${own.extent - 1};`,
      ...scopes.flatMap((scope) => scope.lines),
      ...strips,
      ...work.lines
    ],
    parameters,
    group: { block: [threads, 1, 1], sync: "__syncthreads();", atOnce: atOnceOf(step) },
    blocks: [batch.extent * tiles, 1, 1],
    sharedBytes: layout.bytes,
    needs: ["attention"]
  })
}

/** For how many blocks registers shall do, where sums of scores and of results take many. */
const atOnceOf = ({ scores, weighed }: Attention): number | undefined => {
  const columns = weighed.reduce((sum, { column }) => sum + column.extent, 64 * scores.length)
  return columns > 192 ? 2 : columns > 128 ? 3 : undefined
}

/** Where an earlier step left a sum. */
const kept = ({ sums }: Attention, sum: Scalar): Scalar => {
  const { place } = sums.find((each) => each.sum === sum)!
  return S.load(place!.buffer, [place!.offset])
}

/** The scopes of one of the two own places of a thread. */
const ownScopes = (half: number, { owned, step, writing }: Work): ReadonlyArray<Bodies.Scope> => {
  const scope = Bodies.scopeOf(new Map([[step.own, [`own${half}`]]]))
  owned.forEach((array, scalar) => scope.known.set(scalar, [`${array}[${half}]`]))
  return [...writing.scopes, scope]
}

/** Computes what belongs to the own places of a thread: `value`, by which `scalar` is known. */
const own2 = (scalar: Scalar, value: Scalar, work: Work): void => {
  const { lines, owned, writing } = work
  const halves = [0, 1].map((half) => {
    const scopes = ownScopes(half, work)
    const [text] = writing.body.value(value, scopes)
    lines.push(...scopes[scopes.length - 1].lines)
    return text
  })
  const array = writing.body.fresh("o")
  lines.push(`const ${registerOf(scalar.dtype)} ${array}[2] = {${halves.join(", ")}};`)
  owned.set(scalar, array)
}

const addPass = (pass: Pass, work: Work): void => {
  const { layout, lines, owned, step, writing } = work
  const { other, own, scores, sums } = step
  const { body } = writing
  const { columns } = layout
  const terms = pass.sums.map((sum) => sum.body)
  const roots = [...terms, ...pass.weighed.map(({ weight }) => weight)]
  const leaves = new Set<Scalar>([...scores.map(({ accumulator }) => accumulator), ...owned.keys()])
  for (const scalar of levelParts(roots, own, other, leaves)) own2(scalar, scalar, work)
  const shared = levelParts(roots, other, own, new Set([...leaves, ...owned.keys()])).map((scalar): Shared => ({
    scalar,
    array: body.fresh("x")
  }))
  const fill = substitution(
    new Map<Scalar, Scalar>(
      sums.flatMap(({ isKnown, sum }) => (isKnown && !owned.has(sum) ? [[sum, kept(step, sum)] as const] : []))
    )
  )
  const totals = pass.sums.map(({ combine, dtype }) => {
    const total = body.fresh("sum")
    lines.push(`${registerOf(dtype)} ${total}[2] = {${start(combine, dtype)}, ${start(combine, dtype)}};`)
    return total
  })
  const results = pass.weighed.map(({ accumulator }) => {
    const result = body.fresh("acc")
    lines.push(`float ${result}[${layout.other.get(accumulator)!.padded / 8}][4] = {};`)
    return result
  })
  const used = scores.filter(({ accumulator }) => partsOf(roots).has(accumulator))
  const arrays = new Map<Scalar, string>(used.map(({ accumulator }) => [accumulator, body.fresh("score")]))
  const weights = pass.weighed.map(() => body.fresh("weight"))
  const cell = Bodies.scopeOf(
    new Map<Variable, Bodies.Value>([
      [own, ["i"]],
      [other, ["j"]]
    ])
  )
  owned.forEach((array, scalar) => cell.known.set(scalar, [`${array}[e >> 1]`]))
  shared.forEach(({ array, scalar }) => cell.known.set(scalar, [`${array}[turn][k]`]))
  arrays.forEach((array, scalar) => cell.known.set(scalar, [`${array}[n][e]`]))
  const values = roots.map((root) => body.value(root, [...writing.scopes, cell])[0])
  const isEven = other.extent % columns === 0
  const inside = isEven ? "" : "if (isInside) "
  const cellLines = [
    ...cell.lines,
    ...pass.sums.map(
      ({ combine, dtype }, i) =>
        `${inside}${totals[i]}[e >> 1] = ${spell(combine, dtype, dtype, [`${totals[i]}[e >> 1]`, values[i]])};`
    ),
    ...weights.map((array, i) => {
      const value = values[pass.sums.length + i]
      return `${array}[n][e] = ${isEven ? value : `isInside ? ${value} : 0.0f`};`
    })
  ]
  const strips = new Set([...used, ...pass.weighed].map(({ accumulator }) => layout.other.get(accumulator)!))
  const hides = hidden(
    [
      ...pass.sums.map(({ combine, dtype }, i) => ({ value: terms[i], neutral: S.identity(combine, dtype) })),
      ...pass.weighed.map(({ weight }) => ({ value: weight, neutral: 0 }))
    ],
    new Map([
      [own, ["first", `first + ${ownPlaces - 1}`]],
      [other, ["start", `start + ${columns - 1}`]]
    ])
  )
  lines.push(
    "{",
    ...shared.map(
      ({ array, scalar }) => `__shared__ ${registerOf(scalar.dtype)} ${array}[${layout.turns}][${columns}];`
    ),
    // A sum has some term, so that one of nothing but what is hidden is as it would be without tiles.
    ...nextOf(hides === undefined ? undefined : pass.sums.length > 0 ? `start > 0 && ${hides}` : hides, work),
    ...fetchOf(strips, shared, fill, work),
    ...loopOf(work, [
      ...used.flatMap(({ accumulator }) => {
        const array = arrays.get(accumulator)!
        const [ours, theirs] = [layout.own.get(accumulator)!, layout.other.get(accumulator)!]
        return [`float ${array}[${columns / 8}][4];`, `ct_scores(${array}, rows_${ours.name}, ${tileOf(theirs)});`]
      }),
      ...weights.map((array) => `float ${array}[${columns / 8}][4];`),
      "#pragma unroll",
      `for (int n = 0; n < ${columns / 8}; n++) {`,
      "  #pragma unroll",
      "  for (int e = 0; e < 4; e++) {",
      "    const int k = n * 8 + 2 * t + (e & 1), i = e < 2 ? own0 : own1;",
      ...(isEven ? [] : [`    const bool isInside = start + k < ${other.extent};`]),
      `    const int j = ${isEven ? "start + k" : `isInside ? start + k : ${other.extent - 1}`};`,
      ...cellLines.map((line) => `    ${line}`),
      "  }",
      "}",
      ...pass.weighed.map(({ accumulator }, i) => {
        const strip = layout.other.get(accumulator)!
        return `ct_weigh<${elementOf(strip)}, ${strip.padded}>(${results[i]}, ${weights[i]}, ${tileOf(strip)});`
      })
    ]),
    "}"
  )
  pass.sums.forEach((sum, i) => {
    for (const half of [0, 1]) {
      lines.push(`${totals[i]}[${half}] = ct_over_row<ct_${sum.combine}_of>(${totals[i]}[${half}]);`)
    }
    owned.set(sum, totals[i])
  })
  pass.weighed.forEach((each, i) => addResult(each, results[i], work))
}

/** Stores the sums of a product. */
const addResult = ({ accumulator, column, stores }: Weighed, array: string, work: Work): void => {
  const { layout, lines, owned, step, writing } = work
  const cell = Bodies.scopeOf(
    new Map<Variable, Bodies.Value>([
      [step.own, ["i"]],
      [column, ["c"]]
    ])
  )
  owned.forEach((name, scalar) => cell.known.set(scalar, [`${name}[e >> 1]`]))
  cell.known.set(accumulator, [`${array}[n][e]`])
  writing.body.storeAll(stores, [...writing.scopes, cell])
  lines.push(
    "#pragma unroll",
    `for (int n = 0; n < ${layout.other.get(accumulator)!.padded / 8}; n++) {`,
    "  #pragma unroll",
    "  for (int e = 0; e < 4; e++) {",
    "    const int c = n * 8 + 2 * t + (e & 1), i = ours + 8 * (e >> 1);",
    `    if (i < ${step.own.extent} && c < ${column.extent}) {`,
    ...cell.lines.map((line) => `      ${line}`),
    "    }",
    "  }",
    "}"
  )
}

/** Stores what is there for each row. */
const addRows = (work: Work): void => {
  const { lines, step, writing } = work
  const sums = step.sums.flatMap(({ isKnown, place, sum }): ReadonlyArray<Store> =>
    isKnown || place === undefined ? [] : [{ ...place, value: sum as Reduce }]
  )
  const stores = [...sums, ...step.stores]
  if (stores.length === 0) return
  for (const half of [0, 1]) {
    const scopes = ownScopes(half, work)
    writing.body.storeAll(stores, scopes)
    lines.push(
      `if (t == 0 && ours + ${8 * half} < ${step.own.extent}) {`,
      ...scopes[scopes.length - 1].lines.map((line) => `  ${line}`),
      "}"
    )
  }
}
