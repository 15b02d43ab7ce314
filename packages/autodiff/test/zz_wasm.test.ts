import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, expect, it } from "vitest"
import * as T from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as Reference from "@cotangent/tensor/Reference"
import { hostArray } from "@cotangent/tensor/primitive/leaf"
import { parameter } from "@cotangent/tensor/Program"
import { grad, hvp, scan, vmap, vjp, jvp } from "../src/index.ts"
import { devices } from "../../testing/src/devices.ts"
import { deviceIsReference } from "../../testing/src/laws/device.ts"
import { noise } from "./numeric.ts"

const runtime = ManagedRuntime.make(devices.wasm.layer)
afterAll(() => runtime.dispose())
const cell = (p: any, xs: T.Tensor, reverse: boolean): T.Tensor => {
  const [last, ys] = scan((h: any, x: any) => {
    const next = T.tanh(T.add(T.add(T.matmul(x, p.w), T.matmul(h, p.u)), p.b))
    return [next, T.sum(next)]
  }, T.zeros([4], "f64"), xs, { reverse })
  return T.add(T.sum(T.mul(last, last)), T.sum(T.mul(ys as any, ys as any)))
}
const p = { w: noise([3, 4], 1), u: noise([4, 4], 2), b: noise([4], 3) }
const xs = noise([5, 3], 4)
const many = noise([6, 5, 3], 5)
const each = (k: string) => (p: any) => vmap((x: any) => grad((w: any) => cell({ ...p, [k]: w }, x, false))(p[k]))(many as any)
const fs: Record<string, (p: any, xs: any) => unknown> = {
  all: (p) => vmap((x: any) => grad(cell)(p, x, false))(many as any),
  wb: (p) => vmap((x: any) => { const g = grad(cell)(p, x, false); return [g.w, g.b] })(many as any),
  ub: (p) => vmap((x: any) => { const g = grad(cell)(p, x, false); return [g.u, g.b] })(many as any),
  wu: (p) => vmap((x: any) => { const g = grad(cell)(p, x, false); return [g.w, g.u] })(many as any),

  vmapvalue: (p) => vmap((x: any) => cell(p, x, false))(many as any),
  w: each("w"), u: each("u"), b: each("b"),
  tiny: (p) => vmap((x: any) => scan((acc: any, r: any) => [T.add(acc, T.mul(T.reshape(r, [3, 1]), T.ones([1, 4], "f64"))), undefined], T.zeros([3, 4], "f64"), x)[0])(many as any),
  outer: () => vmap((x: any) => scan((acc: any, r: any) => [T.add(acc, T.matmul(T.reshape(r, [3, 1]), T.reshape(T.sin(r), [1, 3]))), undefined], T.zeros([3, 3], "f64"), x)[0])(many as any),
  outerNoScan: () => vmap((x: any) => T.matmul(T.reshape(x, [15, 1]), T.reshape(T.sin(x), [1, 15])))(many as any),
}
it.each(Object.entries(fs))("%s", async (_, f) => {
  const { leaves, structure } = Tree.flatten([p, xs] as const)
  const holes = leaves.map(parameter)
  const [hp, hx] = Tree.unflatten(structure, holes) as any
  const results = Tree.leaves(f(hp, hx))
  const t0 = performance.now()
  const out = await runtime.runPromise(deviceIsReference({ parameters: holes, results } as any, leaves.map((x) => hostArray(x)!) as any, 4096) as any)
  console.log(_, performance.now() - t0)
  expect(out).toBeUndefined()
})
