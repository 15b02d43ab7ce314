/**
 * jax-js on its WebAssembly backend. Everything is compiled by its `jit`. A function of jax-js uses its arguments up;
 * `ref` keeps one for another use.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import { blockUntilReady, init, jit, lax, nn, numpy as np, vjp } from "@jax-js/jax"
import { fill } from "../data.ts"
import { chained, steps } from "../workloads/overheads.ts"
import type { Product } from "../workloads/products.ts"
import { checkOf, cliffs, common, operands } from "../workloads/products.ts"
import type { Attempt, Check, Peer } from "./Attempt.ts"
import { firstColumn, itself, meanAbs } from "./Attempt.ts"
import { networks, upload } from "./jaxNetworks.ts"

type Results = Array<np.Array>

const calculation = (
  inputs: ReadonlyArray<HostArray>,
  run: (...inputs: Array<np.Array>) => Results,
  check: Check
): Attempt => {
  const arrays = inputs.map(upload)
  const compiled = jit(run)
  const call = (): Results => compiled(...arrays.map((each) => each.ref))
  return {
    kind: "calculation",
    run: async () => {
      const results = call()
      await blockUntilReady(results)
      for (const each of results) each.dispose()
    },
    check: async () => check(...(await Promise.all(call().map((each) => each.data()))))
  }
}

const product = (self: Product): (() => Attempt) => {
  const { ofA = false, ofB = false } = self
  return () =>
    calculation(
      operands(self),
      (a, b) => [np.matmul(ofA ? np.matrixTranspose(a) : a, ofB ? np.matrixTranspose(b) : b)],
      checkOf(self)
    )
}

const attempts: Peer["attempts"] = {
  ...Object.fromEntries([...common, ...cliffs].map((each) => [each.name, product(each)])),
  chain_4M: () =>
    calculation(
      [1, 2, 3].map((seed) => fill([4194304], seed)),
      (a, b, c) => [
        np
          .tanh(a.ref.mul(b).add(c.ref))
          .mul(nn.sigmoid(a))
          .add(np.exp(np.square(c).neg()))
      ],
      meanAbs
    ),
  softmax: () => calculation([fill([4096, 1024], 1, -4, 4)], (x) => [nn.softmax(x, -1)], firstColumn(1024)),
  layernorm: () =>
    calculation(
      [fill([4096, 768], 1, -4, 4), fill([768], 2), fill([768], 3)],
      (x, weight, bias) => [nn.standardize(x, -1, { epsilon: 1e-5 }).mul(weight).add(bias)],
      meanAbs
    ),
  sum_16M: () => calculation([fill([16777216], 1)], (x) => [x.sum()], itself),
  conv_fb: () =>
    calculation(
      [fill([32, 64, 32, 32], 1), fill([64, 64, 3, 3], 2, -1 / 24, 1 / 24), fill([32, 64, 32, 32], 3)],
      (x, w, cotangent) => {
        const convolve = (image: np.Array, kernel: np.Array) => lax.conv(image, kernel, [1, 1], "SAME")
        const [y, pullback] = vjp(convolve, [x, w])
        y.dispose()
        const [dx, dw] = pullback(cotangent)
        pullback.dispose()
        return [dx, dw]
      },
      meanAbs
    ),
  ...networks,
  chain_20000: () =>
    calculation(
      chained(),
      (start, factor, addend) => {
        let x = start
        for (let step = 0; step < steps; step++) x = x.mul(factor.ref).add(addend.ref)
        factor.dispose()
        addend.dispose()
        return [x]
      },
      meanAbs
    ),
  dispatch: () => calculation([fill([1], 1)], (x) => [x.add(1)], itself)
}

/** Makes the library ready; its workers are there, as many as `threads`. */
export const start = async (threads: number): Promise<Peer> => {
  await init("wasm")
  return { threads, attempts, missing: {} }
}
