/**
 * Control and custom rules beside functions of the same meaning that do without them, and the transformations under which
 * both must stay the same.
 */
import { associativeScan } from "@cotangent/autodiff/AssociativeScan"
import { checkpoint } from "@cotangent/autodiff/Checkpoint"
import { cond, map, whileLoop } from "@cotangent/autodiff/Control"
import { customJvp, customVjp } from "@cotangent/autodiff/Custom"
import { jvp, linearize } from "@cotangent/autodiff/Jvp"
import { scan } from "@cotangent/autodiff/Scan"
import { vjp } from "@cotangent/autodiff/Vjp"
import { vmap } from "@cotangent/autodiff/Vmap"
import type { Tensor as AnyTensor } from "@cotangent/tensor/Primitive"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import { loops } from "./loops.ts"
import type { Function1, Matrices, Pair, Point, Vector } from "./pair.ts"
import { noise, rowsOf } from "./pair.ts"

/** A point with `length` matrices. */
export const point = (seed: number, length: number): Point => ({
  // The shapes are those of the types.
  w: noise([3], seed) as Vector,
  x: noise([3], seed + 1) as Vector,
  matrices: noise([length, 2, 2], seed + 2) as Matrices
})

const layer = (w: Vector, x: Vector): Vector => Tensor.tanh(Tensor.add(Tensor.mul(w, x), Tensor.sin(x)))
const twice = (w: Vector, x: Vector): Vector => layer(w, layer(w, x))
const isPositive = (x: Vector) => Tensor.greater(Tensor.sum(x), 0)

/** `x · eʷ`, with its derivatives by hand; in forward mode in terms of itself. */
const scaled = (w: Vector, x: Vector): Vector => Tensor.mul(x, Tensor.exp(w))
const scaledVjp = customVjp(
  scaled,
  (w, x) => [scaled(w, x), { factor: Tensor.exp(w), y: scaled(w, x) }],
  ({ factor, y }, cotangent) => [Tensor.mul(cotangent, y), Tensor.mul(cotangent, factor)]
)
const scaledJvp: typeof scaled = customJvp(scaled, ([w, x], [dw, dx]) =>
  Tensor.add(Tensor.mul(scaledJvp(w, x), dw), Tensor.mul(Tensor.exp(w), dx))
)

const running = (combine: (x: AnyTensor, y: AnyTensor) => AnyTensor, rows: ReadonlyArray<AnyTensor>): AnyTensor => {
  const results = rows.slice(0, 1)
  for (const row of rows.slice(1)) results.push(combine(results[results.length - 1], row))
  return Tensor.stack(results, 0)
}
/** Pairs by what they show. */
export const pairs: Readonly<Record<string, Pair>> = {
  "a checkpoint": {
    received: ({ w, x }) => checkpoint(twice)(w, x),
    expected: ({ w, x }) => twice(w, x)
  },
  "a checkpoint that keeps some values, of what it closes over": {
    received: ({ w, x }) =>
      checkpoint((y: Vector) => twice(w, y), { policy: ({ application }) => application.primitive.name === "sin" })(x),
    expected: ({ w, x }) => twice(w, x)
  },
  "checkpoints in a checkpoint in a loop": {
    received: ({ w, x }) => {
      const step = checkpoint((y: Vector) => checkpoint(layer)(w, checkpoint(twice)(w, y)))
      return scan((y: Vector) => [step(y), y] as const, x, undefined, { length: 3 })
    },
    expected: ({ w, x }) => scan((y: Vector) => [layer(w, twice(w, y)), y] as const, x, undefined, { length: 3 })
  },
  "a vjp by hand": {
    received: ({ w, x }) => Tensor.sin(scaledVjp(Tensor.mul(w, x), x)),
    expected: ({ w, x }) => Tensor.sin(scaled(Tensor.mul(w, x), x))
  },
  "a jvp by hand": {
    received: ({ w, x }) => Tensor.sin(scaledJvp(Tensor.mul(w, x), x)),
    expected: ({ w, x }) => Tensor.sin(scaled(Tensor.mul(w, x), x))
  },
  "rules by hand in a loop in a checkpoint": {
    received: ({ w, x }) =>
      checkpoint((y: Vector) =>
        scan((z: Vector) => [scaledVjp(scaledJvp(w, z), z), z] as const, y, undefined, { length: 2 })
      )(x),
    expected: ({ w, x }) => scan((z: Vector) => [scaled(scaled(w, z), z), z] as const, x, undefined, { length: 2 })
  },
  "a choice": {
    received: ({ w, x }) =>
      cond(
        isPositive(x),
        (y) => twice(w, y),
        (y) => Tensor.sin(y),
        x
      ),
    expected: ({ w, x }) => Tensor.where(isPositive(x), twice(w, x), Tensor.sin(x))
  },
  "a choice between what does and does not depend on an operand": {
    received: ({ w, x }) =>
      cond(
        isPositive(w),
        (y, z) => ({ a: Tensor.mul(y, z), b: w }),
        (y) => ({ a: y, b: y }),
        x,
        w
      ),
    expected: ({ w, x }) => ({
      a: Tensor.where(isPositive(w), Tensor.mul(x, w), x),
      b: Tensor.where(isPositive(w), w, x)
    })
  },
  "choices in a loop": {
    received: ({ w, x }) =>
      scan(
        (y: Vector, m: Tensor.Tensor<readonly [2, 2], "f64">) => {
          const next = cond(
            Tensor.greater(Tensor.sum(m), 0),
            (z) => layer(w, z),
            checkpoint((z: Vector) => twice(z, z)),
            y
          )
          return [next, next] as const
        },
        x,
        noise([4, 2, 2], 9) as Matrices
      ),
    expected: ({ w, x }) =>
      scan(
        (y: Vector, m: Tensor.Tensor<readonly [2, 2], "f64">) => {
          const next = Tensor.where(Tensor.greater(Tensor.sum(m), 0), layer(w, y), twice(y, y))
          return [next, next] as const
        },
        x,
        noise([4, 2, 2], 9) as Matrices
      )
  },
  "a loop in a choice": {
    received: ({ w, x }) =>
      cond(
        isPositive(w),
        (y) => scan((z: Vector) => [layer(w, z), undefined] as const, y, undefined, { length: 2 })[0],
        (y) => y,
        x
      ),
    expected: ({ w, x }) => Tensor.where(isPositive(w), twice(w, x), x)
  },
  "a loop as long as a condition holds": {
    isForward: true,
    received: ({ w, x }) =>
      whileLoop(
        ({ count }) => Tensor.less(count, 3),
        ({ count, y }) => ({ count: Tensor.add(count, 1), y: layer(w, y) }),
        { count: Tensor.zeros([], "i32"), y: x }
      ).y,
    expected: ({ w, x }) => layer(w, twice(w, x))
  },
  "a loop whose end depends on its values, in a choice": {
    isForward: true,
    received: ({ w, x }) =>
      cond(
        isPositive(w),
        (y: Vector) =>
          whileLoop(
            (z: Vector) => Tensor.less(Tensor.sum(Tensor.mul(z, z)), 10),
            (z) => Tensor.mul(z, 2),
            y
          ),
        (y) => y,
        Tensor.add(x, 2)
      ),
    expected: ({ w, x }) => {
      let y: Vector = Tensor.add(x, 2)
      for (let run = 0; run < 8; run++) {
        y = Tensor.where(Tensor.less(Tensor.sum(Tensor.mul(y, y)), 10), Tensor.mul(y, 2), y)
      }
      return Tensor.where(isPositive(w), y, Tensor.add(x, 2))
    }
  },
  ...loops,
  "running products of matrices": {
    received: ({ matrices }) =>
      associativeScan((a: AnyTensor, b: AnyTensor) => Tensor.matmul(a, b), matrices as AnyTensor),
    expected: ({ matrices }) => running(Tensor.matmul, rowsOf(matrices))
  },
  "running products from the end, along another axis": {
    received: ({ matrices }) =>
      associativeScan(
        (a: AnyTensor, b: AnyTensor) => Tensor.matmul(a, b),
        Tensor.moveAxis(matrices as AnyTensor, 0, 2),
        { axis: -1, reverse: true }
      ),
    expected: ({ matrices }) =>
      Tensor.moveAxis(Tensor.reverse(running(Tensor.matmul, rowsOf(matrices).toReversed()), 0), 0, 2)
  },
  "a map over slices": {
    received: ({ matrices, x }) =>
      map((m: AnyTensor) => Tensor.add(Tensor.matmul(m, m), Tensor.sum(x)), matrices as AnyTensor),
    expected: ({ matrices, x }) =>
      Tensor.stack(
        rowsOf(matrices).map((m) => Tensor.add(Tensor.matmul(m, m), Tensor.sum(x))),
        0
      )
  },
  "a linearized function": {
    received: ({ w, x }) => linearize(twice, w, x)[1](x, w),
    expected: ({ w, x }) => jvp(twice)([w, x], [x, w])[1]
  }
}

/** A direction like a tree. */
const direction = <T>(tree: T, seed: number): T => {
  let next = seed
  return Tree.map(tree, (x: AnyTensor) => noise(x.shape, next++)) as T
}

const push =
  (f: Function1, seed: number): Function1 =>
  (at) =>
    jvp(f)([at], [direction(at, seed)])[1]

const pull =
  (f: Function1, seed: number): Function1 =>
  (at) => {
    const [value, back] = vjp(f)(at)
    return back(direction(value, seed))
  }

/** For a batch of two; bits of the seed say which leaves have examples. */
const many =
  (f: Function1, seed: number): Function1 =>
  (at) => {
    const isMapped = (i: number): boolean => ((((seed % 7) + 1) >> i) & 1 ? true : false)
    const { leaves, structure } = Tree.flatten(at)
    const axes = Tree.unflatten(
      structure,
      leaves.map((_, i) => (isMapped(i) ? 0 : null))
    )
    const examples = leaves.map((x, i) => (isMapped(i) ? Tensor.stack([x, noise(x.shape, seed + i)], 0) : x))
    // Leaves have the axes that are stated.
    return vmap(f, { inAxes: [axes] as never })(Tree.unflatten(structure, examples) as never)
  }

interface Transformation {
  readonly apply: (f: Function1, seed: number) => Function1
  readonly isReverse?: boolean
}

/** Transformations by name. */
export const transformations: Readonly<Record<string, Transformation>> = {
  value: { apply: (f) => f },
  jvp: { apply: push },
  vjp: { apply: pull, isReverse: true },
  "jvp of jvp": { apply: (f, seed) => push(push(f, seed), seed + 1) },
  "jvp of vjp": { apply: (f, seed) => push(pull(f, seed), seed + 1), isReverse: true },
  "vjp of jvp": { apply: (f, seed) => pull(push(f, seed), seed + 1), isReverse: true },
  "vjp of vjp": { apply: (f, seed) => pull(pull(f, seed), seed + 1), isReverse: true },
  vmap: { apply: many },
  "vmap of vmap": { apply: (f, seed) => many(many(f, seed), seed + 1) },
  "vmap of jvp": { apply: (f, seed) => many(push(f, seed), seed + 1) },
  "vmap of vjp": { apply: (f, seed) => many(pull(f, seed), seed + 1), isReverse: true },
  "jvp of vmap": { apply: (f, seed) => push(many(f, seed), seed + 1) },
  "vjp of vmap": { apply: (f, seed) => pull(many(f, seed), seed + 1), isReverse: true }
}
