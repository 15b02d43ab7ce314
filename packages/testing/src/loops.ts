/**
 * Loops beside their runs one after the other: contractions before, in and after the runs, algorithms, loops in loops.
 */
import { scan } from "@cotangent/autodiff/Scan"
import type { Tensor as AnyTensor } from "@cotangent/tensor/Primitive"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Function1, Pair, Point } from "./pair.ts"
import { noise, rowsOf } from "./pair.ts"

/** A run of a loop over matrices: its carry and its items are as many tensors as they were. */
type Run = (
  point: Point,
  carry: ReadonlyArray<AnyTensor>,
  x: AnyTensor
) => readonly [carry: ReadonlyArray<AnyTensor>, items: ReadonlyArray<AnyTensor>]

/** Two gates over mapped inputs and states; inputs and outputs are mapped run by run. */
const recurrent: Run = ({ w, x }, [state], m) => {
  const [input, output] = [noise([2, 6], 21), noise([3, 2], 22)]
  const product = Tensor.matmul(state, Tensor.mul(noise([3, 6], 23), Tensor.sum(x)))
  const bias = Tensor.add(product, Tensor.concatenate([w, x], 0))
  const [[a, b], [c, d]] = [Tensor.matmul(m, input), bias].map((each) => Tensor.split(each, 2, 1))
  const next = Tensor.add(Tensor.mul(Tensor.tanh(Tensor.add(a, c)), Tensor.sigmoid(Tensor.add(b, d))), state)
  return [[next], [Tensor.matmul(next, output), product, next]]
}

/** Algorithms, and carries that are swapped, kept, and no more than what was given. */
const sorting: Run = ({ w, x }, [kept, first, second], m) => {
  const sorted = Tensor.sort(Tensor.add(Tensor.reshape(m, [4]), first))
  return [
    [kept, second, Tensor.mul(first, Tensor.sum(Tensor.mul(w, x)))],
    [sorted, Tensor.argSort(sorted, 0, { descending: true }), kept, second]
  ]
}

/** A loop in each run. */
const nested: Run = ({ w }, [state], m) => {
  const step = (y: AnyTensor, row: AnyTensor) => {
    const next = Tensor.tanh(Tensor.add(Tensor.matmul(state, y), Tensor.mul(row, Tensor.sum(w))))
    return [next, Tensor.sum(next, 0)] as const
  }
  const [last, items] = scan(step, state, m)
  return [[last], [items, last]]
}

const loopOf =
  (run: Run, init: ReadonlyArray<AnyTensor>, reverse = false): Function1 =>
  (point) =>
    scan((carry: ReadonlyArray<AnyTensor>, x: AnyTensor) => run(point, carry, x), init, point.matrices as AnyTensor, {
      reverse
    })

const unrolled =
  (run: Run, init: ReadonlyArray<AnyTensor>, reverse = false): Function1 =>
  (point) => {
    const rows = rowsOf(point.matrices)
    let carry = init
    const items: Array<ReadonlyArray<AnyTensor>> = []
    for (const row of reverse ? rows.toReversed() : rows) {
      const [next, item] = run(point, carry, row)
      carry = next
      if (reverse) items.unshift(item)
      else items.push(item)
    }
    return [carry, items[0].map((_, i) => Tensor.stack(items.map((each) => each[i])))]
  }

const both = (run: Run, init: ReadonlyArray<AnyTensor>, reverse = false): Pair => ({
  received: loopOf(run, init, reverse),
  expected: unrolled(run, init, reverse)
})

/** Loops by what they show. */
export const loops: Readonly<Record<string, Pair>> = {
  "a loop of contractions": both(recurrent, [noise([2, 3], 24)]),
  "a loop of contractions in reverse": both(recurrent, [noise([2, 3], 25)], true),
  "a loop of algorithms": both(sorting, [noise([2], 26), noise([4], 27), noise([4], 28)]),
  "a loop in a loop": both(nested, [noise([2, 2], 29)])
}
