/**
 * What a program costs beside its arithmetic: to compile a long one, to call a short one.
 */
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import { fill } from "../data.ts"
import type { Calculation } from "../Workload.ts"
import { calculation } from "../Workload.ts"

type Floats = Tensor.Tensor<Shape, "f32">

/** Steps of the long chain, of a product and a sum each. */
export const steps = 10_000

/** The operands of the chain: an element converges to about `addend / (1 − factor)`. */
export const chained = () => [fill([1024], 1), fill([1024], 2, 0.9, 0.999), fill([1024], 3)] as const

/** The mean of the chain's absolute values; every step is rounded to f32, as the operations say. */
const meanAbsOfChain = (): number => {
  const [start, factor, addend] = chained()
  const ends = start.data.map((value, i) => {
    let x = value
    for (let step = 0; step < steps; step++) x = Math.fround(Math.fround(x * factor.data[i]) + addend.data[i])
    return Math.abs(x)
  })
  return ends.reduce((sum, value) => sum + value, 0) / ends.length
}

const chain: Calculation = calculation<readonly [Floats, Floats, Floats], Floats>({
  name: "chain_20000",
  text: "a chain of 20,000 operations on 1024 elements: what its first call takes",
  operations: 2 * steps * 1024,
  inputs: chained,
  run: (start, factor, addend) => {
    let x = start
    for (let step = 0; step < steps; step++) x = Tensor.add(Tensor.mul(x, factor), addend)
    return x
  },
  check: (x) => [Tensor.mean(Tensor.abs(x))],
  reference: () => [meanAbsOfChain()]
})

const dispatch: Calculation = calculation<readonly [Floats], Floats>({
  name: "dispatch",
  text: "a call of a program with one operation on one element",
  inputs: () => [fill([1], 1)],
  run: (x) => Tensor.add(x, 1),
  check: (x) => [Tensor.sum(x)],
  reference: () => [fill([1], 1).data[0] + 1]
})

export const overheads: ReadonlyArray<Calculation> = [chain, dispatch]
