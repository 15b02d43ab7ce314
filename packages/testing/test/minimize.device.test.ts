import { Minimizer } from "@cotangent/optim"
import { Device } from "@cotangent/runtime/Device"
import * as Random from "@cotangent/tensor/Random"
import * as Reference from "@cotangent/tensor/Reference"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as Effect from "effect/Effect"
import { assert, describe, it } from "vitest"
import { devices } from "../src/devices.ts"

const methods = {
  bfgs: Minimizer.bfgs({ tolerance: 1e-4 }) as Minimizer.Minimizer<unknown>,
  lbfgs: Minimizer.lbfgs({ tolerance: 1e-4 }) as Minimizer.Minimizer<unknown>
}

/** Logistic regression of 64 points with a penalty, all of it one program. */
const regression = (method: Minimizer.Minimizer<unknown>, dtype: "f32" | "f64") => {
  const x = Tensor.cast(Random.normal(Random.key(1), [64, 5]), dtype)
  const y = Tensor.cast(Tensor.greater(Tensor.sum(x, -1), 0.3), dtype)
  const params = { weight: Tensor.zeros([5], dtype), bias: Tensor.zeros([], dtype) }
  const loss = ({ bias, weight }: typeof params) => {
    const scores = Tensor.add(Tensor.matmul(x, weight), bias)
    const likelihood = Tensor.mean(Tensor.sub(Tensor.softplus(scores), Tensor.mul(scores, y)))
    return Tensor.add(likelihood, Tensor.mul(Tensor.sum(Tensor.square(weight)), 0.05))
  }
  return Minimizer.minimize(method, loss, params)
}

const { dtypes, layer } = devices.wasm

describe.each(dtypes)("the device wasm in %s", (dtype) => {
  it.each(Object.keys(methods) as ReadonlyArray<keyof typeof methods>)(
    "minimizes with %s to where the reference comes",
    async (name) => {
      const { isConverged, params, steps } = regression(methods[name], dtype)
      const leaves: ReadonlyArray<Tensor.Tensor> = [isConverged, steps, ...Tree.leaves(params)]
      const [converged, count, ...found] = await Effect.runPromise(
        Effect.scoped(Effect.flatMap(Device, (device) => Effect.forEach(leaves, (leaf) => device.read(leaf)))).pipe(
          Effect.provide(layer)
        )
      )
      const expected = Reference.evaluate(Tree.leaves(regression(methods[name], "f64").params))
      assert.deepStrictEqual([...converged.data], [1])
      assert.isBelow(Number(count.data[0]), 30)
      expected.forEach(({ data }, i) => data.forEach((x, k) => assert.closeTo(Number(found[i].data[k]), x, 5e-3)))
    }
  )
})
