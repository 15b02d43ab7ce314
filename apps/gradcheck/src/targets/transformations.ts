/**
 * What differentiates, batches, chooses and repeats: derivatives of derivatives, of loops and of rules by hand.
 */
import * as Autodiff from "@cotangent/autodiff"
import { tensor } from "@cotangent/gradcheck/generators"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import type { Check, Group } from "../Target.ts"
import { check, group } from "../Target.ts"
import type { Floats, Whole } from "./inputs.ts"
import { indices, of } from "./inputs.ts"

const { associativeScan, checkpoint, cond, customJvp, customVjp, grad, hessian, hvp, jacobian, jvp } = Autodiff
const { linearize, map, scan, valueAndGrad, vjp, vmap, whileLoop } = Autodiff

/** A function of a vector. */
const wave = (x: Floats): Floats => Tensor.mul(Tensor.sin(x), Tensor.reverse(x, 0))

/** A function of a vector whose value is a number. */
const energy = (x: Floats) => Tensor.sum(Tensor.mul(wave(x), x))

/** A step with weights. */
const step = (w: Floats, x: Floats): Floats => Tensor.tanh(Tensor.add(Tensor.mul(w, x), Tensor.sin(x)))

const twice = (w: Floats, x: Floats): Floats => step(w, step(w, x))

const product = (x: Floats, y: Floats): Floats => Tensor.mul(x, y)

/** A loop that closes over its weights, and gives more than it carries. */
const loop = (options: Autodiff.ScanOptions): Check =>
  of(
    (w, init, xs) =>
      scan(
        (carry: Floats, x: Floats) => {
          const next = step(w, Tensor.add(carry, x))
          return [next, { next, wave: wave(next) }] as const
        },
        init,
        xs,
        options
      ),
    [2],
    [2],
    [3, 2]
  )

/** A function of two vectors and a number that decides what it does. */
const decided = (f: (choice: Whole, w: Floats, x: Floats) => unknown, count: number, mode: "both" | "forward"): Check =>
  check(f, fc.tuple(indices([], count), tensor([2]), tensor([2])), { mode })

const isPositive = (choice: Whole) =>
  // A number that decides has no axes.
  Tensor.greater(choice, 0) as Tensor.Tensor as Autodiff.Truth

const scaled = (w: Floats, x: Floats): Floats => Tensor.mul(x, Tensor.exp(w))

/** Everything of automatic differentiation. */
export const transformations: Group = group<typeof Autodiff>()(
  "transformation",
  {
    "has no derivative, on purpose": ["stopGradient"],
    "computes types, and no values": ["evalShape"]
  },
  {
    grad: {
      once: of((x) => grad(energy)(x), [3]),
      twice: of((x) => grad((y: Floats) => Tensor.sum(grad(energy)(y)))(x), [2])
    },
    valueAndGrad: of((x) => valueAndGrad((y: Floats) => [energy(y), wave(y)] as const, { hasAux: true })(x), [3]),
    jvp: of((x, t) => jvp(wave)([x], [t]), [3], [3]),
    linearize: of((x, t) => linearize(wave, x)[1](t), [3], [3]),
    vjp: of(
      (x, c) => {
        const [value, pull] = vjp(wave)(x)
        return [value, pull(c)]
      },
      [3],
      [3]
    ),
    jacobian: {
      forward: of((x) => jacobian(wave, { mode: "forward" })(x), [2]),
      reverse: of((x) => jacobian(wave, { mode: "reverse" })(x), [2])
    },
    hessian: of((x) => hessian(energy)(x), [2]),
    hvp: of((x, v) => hvp(energy)(x, v), [3], [3]),
    vmap: {
      "both arguments": of((w, x) => vmap(twice)(w, x), [3, 2], [3, 2]),
      "one argument, another axis": of((w, x) => vmap(twice, { inAxes: [null, 1], outAxes: 1 })(w, x), [2], [2, 3])
    },
    scan: {
      forward: loop({}),
      reverse: loop({ reverse: true }),
      "no sequence": of((w, x) => scan((y: Floats) => [step(w, y), y], x, undefined, { length: 3 }), [2], [2]),
      "in a scan": of(
        (w, xs) =>
          scan(
            (carry: Floats, x: Floats) =>
              scan((inner: Floats) => [step(w, Tensor.add(inner, x)), inner], carry, undefined, { length: 2 }),
            w,
            xs
          ),
        [2],
        [2, 2]
      ),
      "of checkpoints": of(
        (w, xs) => scan((y: Floats, x: Floats) => [checkpoint(twice)(w, Tensor.add(y, x)), y], w, xs),
        [2],
        [3, 2]
      )
    },
    cond: decided(
      (choice, w, x) =>
        cond(
          isPositive(choice),
          (y: Floats) => [twice(w, y), w],
          (y) => [wave(y), y],
          x
        ),
      2,
      "both"
    ),
    whileLoop: {
      "as often as an input says": decided(
        (choice, w, x) =>
          whileLoop(
            ({ left }) => isPositive(left),
            ({ left, y }) => ({ left: Tensor.sub(left, 1) as Whole, y: step(w, y) }),
            { left: choice, y: x }
          ).y,
        4,
        "forward"
      ),
      "in a choice": decided(
        (choice, w, x) =>
          cond(
            isPositive(choice),
            (y: Floats) =>
              whileLoop(
                ({ left }) => isPositive(left),
                ({ left, z }) => ({ left: Tensor.sub(left, 1) as Whole, z: wave(z) }),
                { left: choice, z: y }
              ).z,
            (y) => step(w, y),
            x
          ),
        3,
        "forward"
      )
    },
    map: of((w, xs) => map((x: Floats) => twice(w, x), xs), [2], [3, 2]),
    associativeScan: {
      forward: of((xs) => associativeScan(product, xs), [5]),
      reverse: of((xs) => associativeScan(product, xs, { reverse: true }), [5]),
      "matrices, another axis": of(
        (xs) => associativeScan((a: Floats, b: Floats) => Tensor.matmul(a, b), xs, { axis: 1 }),
        [2, 3, 2]
      )
    },
    checkpoint: {
      "keeps nothing": of((w, x) => checkpoint(twice)(w, x), [3], [3]),
      "keeps some values, of what it closes over": of(
        (w, x) =>
          checkpoint((y: Floats) => twice(w, y), { policy: ({ application }) => application.primitive.name === "sin" })(
            x
          ),
        [3],
        [3]
      ),
      "in a checkpoint": of((w, x) => checkpoint((y: Floats) => checkpoint(twice)(w, checkpoint(wave)(y)))(x), [2], [2])
    },
    customVjp: of(
      customVjp(
        scaled,
        (w, x) => [scaled(w, x), { factor: Tensor.exp(w), value: scaled(w, x) }],
        ({ factor, value }, c) => [Tensor.mul(c, value), Tensor.mul(c, factor)]
      ),
      [3],
      [3]
    ),
    customJvp: of(
      customJvp(scaled, ([w, x], [dw, dx]) => Tensor.add(Tensor.mul(scaled(w, x), dw), Tensor.mul(Tensor.exp(w), dx))),
      [3],
      [3]
    )
  }
)
