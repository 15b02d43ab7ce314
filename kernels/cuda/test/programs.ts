/** Random programs of small integers, and what they compute. */
import * as fc from "fast-check"
import type { Counter, Operation, Place } from "../src/Plan.ts"
import { at, i32, launch, pointer, scratch } from "./plans.ts"

/** Kernels of tests. */
export const source = `
extern "C" __global__ void arguments_(long long a, float b, double c, int d, int counter, double* out) {
  if (threadIdx.x == 0) { out[0] = (double)a; out[1] = b; out[2] = c; out[3] = d; out[4] = counter; }
}
extern "C" __global__ void scale(const int* x, int* y, int by, int plus, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = (int)((unsigned)x[i] * (unsigned)by + (unsigned)plus);
}
extern "C" __global__ void below(const int* x, unsigned char* flag, int bound) { if (threadIdx.x == 0) *flag = x[0] < bound; }
extern "C" __global__ void shift(float* x, float by, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] += by; }
extern "C" __global__ void total(const float* x, float* y) {
  extern __shared__ float part[];
  part[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  for (unsigned d = blockDim.x / 2; d > 0; d >>= 1) { if (threadIdx.x < d) part[threadIdx.x] += part[threadIdx.x + d]; __syncthreads(); }
  if (threadIdx.x == 0) y[0] = part[0];
}`

/** Cells of ints in scratch memory, which operations of random programs work on. */
export const cells = 4
/** A cell, moved by a counter. */
export const cell = (index: number, counter?: Counter): Place => at(scratch, 4 * index, counter, 4)

/** `to = from · by + plus`. */
export const scale = (from: Place, to: Place, by: number, plus: number): Operation =>
  launch("scale", [1, 32], [pointer(from), pointer(to), i32(by), i32(plus), i32(1)])

/** An operation, and what it does to the cells. */
export interface Step {
  readonly operation: Operation
  readonly apply: (values: Int32Array) => void
}

const index = fc.nat(cells - 1)

const simple: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(index, index, fc.integer({ min: -3, max: 3 }), fc.integer({ min: -9, max: 9 })).map(([i, j, by, plus]) => ({
    operation: scale(cell(i), cell(j), by, plus),
    apply: (values: Int32Array) => void (values[j] = Math.imul(values[i], by) + plus)
  })),
  fc
    .tuple(index, index)
    .filter(([i, j]) => i !== j)
    .map(([i, j]) => ({
      operation: { tag: "copy", from: cell(i), to: cell(j), bytes: 4 } as const,
      apply: (values: Int32Array) => void (values[j] = values[i])
    })),
  index.map((i) => ({
    operation: { tag: "clear", place: cell(i), bytes: 4 } as const,
    apply: (values: Int32Array) => void (values[i] = 0)
  })),
  // Every cell in turn, by a counter.
  fc.tuple(fc.integer({ min: 1, max: cells }), fc.integer({ min: -9, max: 9 })).map(([count, plus]) => {
    const counter = { name: "c" }
    return {
      operation: { tag: "repeat", counter, count, body: [scale(cell(0, counter), cell(0, counter), 1, plus)] } as const,
      apply: (values: Int32Array) => {
        for (let i = 0; i < count; i++) values[i] += plus
      }
    }
  })
)

const flag = at(scratch, 4 * cells)

const below = (i: number, bound: number): Operation =>
  launch("below", [1, 1], [pointer(cell(i)), pointer(flag), i32(bound)])

const list = (step: fc.Arbitrary<Step>): fc.Arbitrary<ReadonlyArray<Step>> => fc.array(step, { maxLength: 4 })
export const operationsOf = (steps: ReadonlyArray<Step>): ReadonlyArray<Operation> =>
  steps.map(({ operation }) => operation)
export const applyAll = (steps: ReadonlyArray<Step>, values: Int32Array): void =>
  steps.forEach(({ apply }) => apply(values))

/** Programs of operations of every kind. Their scratch memory is `4 · (cells + 2)` bytes. */
export const program: fc.Arbitrary<ReadonlyArray<Step>> = fc.letrec<{ step: Step; steps: ReadonlyArray<Step> }>(
  (tie) => ({
    steps: list(tie("step")),
    step: fc.oneof(
      { maxDepth: 3 },
      simple,
      fc.tuple(fc.nat(3), tie("steps")).map(([count, steps]) => ({
        operation: { tag: "repeat", counter: { name: "r" }, count, body: operationsOf(steps) } as const,
        apply: (values: Int32Array) => {
          for (let i = 0; i < count; i++) applyAll(steps, values)
        }
      })),
      fc.tuple(index, fc.integer({ min: -9, max: 9 }), tie("steps"), tie("steps")).map(([i, bound, yes, no]): Step => ({
        operation: {
          tag: "repeat",
          counter: { name: "once" },
          count: 1,
          body: [
            below(i, bound),
            { tag: "branch", predicate: flag, ifTrue: operationsOf(yes), ifFalse: operationsOf(no) }
          ]
        },
        apply: (values) => applyAll(values[i] < bound ? yes : no, values)
      })),
      // A loop that ends: a cell of its own counts.
      fc.tuple(fc.nat(3), list(simple)).map(([rounds, steps]) => {
        const own = at(scratch, 4 * (cells + 1))
        return {
          operation: {
            tag: "repeat",
            counter: { name: "once" },
            count: 1,
            body: [
              { tag: "clear", place: own, bytes: 4 },
              {
                tag: "while",
                condition: [launch("below", [1, 1], [pointer(own), pointer(flag), i32(rounds)])],
                predicate: flag,
                body: [...operationsOf(steps), scale(own, own, 1, 1)]
              }
            ]
          } as const,
          apply: (values: Int32Array) => {
            for (let i = 0; i < rounds; i++) applyAll(steps, values)
          }
        }
      })
    )
  })
).steps
