/**
 * Rounds of attention through its tiles: the next tile of which something can be seen, bringing it, working on it.
 */
import type { Attention } from "@cotangent/compiler/LoopProgram"
import type { Scalar } from "@cotangent/tensor/Scalar"
import * as Bodies from "./Body.ts"
import type { Layout, Placed, Writing } from "./strips.ts"
import { fetched } from "./strips.ts"

/** A kernel under way. */
export interface Work {
  readonly step: Attention
  readonly layout: Layout
  readonly writing: Writing
  /** What belongs to the own places of a thread, by the name of an array of two. */
  readonly owned: Map<Scalar, string>
  readonly lines: Array<string>
}

/** What belongs to other places, in shared memory. */
export interface Shared {
  readonly scalar: Scalar
  readonly array: string
}

/** The tile of a strip whose turn it is. */
export const tileOf = ({ name, size }: Placed): string => `${name} + turn * ${size}`

/** Finds the first place from one on where a tile begins of which something can be seen. */
export const nextOf = (hides: string | undefined, { layout: { columns }, step }: Work): ReadonlyArray<string> => [
  "const auto next = [&](int start) {",
  ...(hides === undefined ? [] : [`  while (start < ${step.other.extent} && ${hides}) start += ${columns};`]),
  "  return start;",
  "};"
]

/** Brings a tile. */
export const fetchOf = (
  strips: ReadonlySet<Placed>,
  shared: ReadonlyArray<Shared>,
  fill: (scalar: Scalar) => Scalar,
  { layout: { columns }, step: { other }, writing }: Work
): ReadonlyArray<string> => {
  const scope = Bodies.scopeOf(new Map([[other, ["j"]]]))
  const values = shared.map(({ scalar }) => writing.body.value(fill(scalar), [...writing.scopes, scope])[0])
  return [
    "const auto fetch = [&](int start, int turn) {",
    ...[...strips].flatMap((strip) => fetched(strip, tileOf(strip), "start", writing)).map((line) => `  ${line}`),
    ...(shared.length === 0
      ? []
      : [
          `  if (threadIdx.x < ${columns}) {`,
          `    const int j = start + (int)threadIdx.x < ${other.extent} ? start + threadIdx.x : ${other.extent - 1};`,
          ...scope.lines.map((line) => `    ${line}`),
          ...shared.map(({ array }, i) => `    ${array}[turn][threadIdx.x] = ${values[i]};`),
          "  }"
        ]),
    "};"
  ]
}

/** Runs `lines` for one tile after the other. */
export const loopOf = (
  { layout: { columns, turns }, step: { other } }: Work,
  lines: ReadonlyArray<string>
): ReadonlyArray<string> =>
  turns === 1
    ? [
        `for (int start = next(0), turn = 0; start < ${other.extent}; start = next(start + ${columns})) {`,
        "  fetch(start, turn);",
        "  ct_fetched();",
        "  __syncthreads();",
        ...lines.map((line) => `  ${line}`),
        "  __syncthreads();",
        "}"
      ]
    : [
        "int start = next(0), turn = 0;",
        "fetch(start, turn);",
        `while (start < ${other.extent}) {`,
        "  ct_fetched();",
        "  __syncthreads();",
        `  const int after = next(start + ${columns});`,
        `  if (after < ${other.extent}) fetch(after, turn ^ 1);`,
        ...lines.map((line) => `  ${line}`),
        "  start = after;",
        "  turn ^= 1;",
        "}",
        "ct_fetched();",
        "__syncthreads();"
      ]
