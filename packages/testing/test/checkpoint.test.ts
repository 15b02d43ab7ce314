import { checkpoint } from "@cotangent/autodiff/Checkpoint"
import { grad } from "@cotangent/autodiff/Gradient"
import { scan } from "@cotangent/autodiff/Scan"
import { compile } from "@cotangent/compiler/Compile"
import { trace } from "@cotangent/tensor/Program"
import * as Tensor from "@cotangent/tensor/Tensor"
import { describe, expect, it } from "vitest"

type Matrix = Tensor.Tensor<readonly [32, 32], "f32">
const type = { shape: [32, 32], dtype: "f32" } as const

/** The planned memory of a gradient, in matrices. */
const peak = (f: (x: Matrix) => Matrix): number => {
  // The parameter has the type of a matrix.
  const gradient = grad((x: Matrix) => Tensor.sum(f(x)))
  return compile(trace([type], (x) => [gradient(x as Matrix)])).arenaBytes / (4 * 32 * 32)
}

const layer = (x: Matrix): Matrix => Tensor.tanh(Tensor.matmul(x, Tensor.mul(x, 0.5)))

/** `f` once after the other. */
const times =
  (count: number, f: (x: Matrix) => Matrix) =>
  (x: Matrix): Matrix => {
    let y = x
    for (let i = 0; i < count; i++) y = f(y)
    return y
  }

const looped =
  (length: number, f: (x: Matrix) => Matrix) =>
  (x: Matrix): Matrix =>
    scan((y: Matrix) => [f(y), undefined] as const, x, undefined, { length })[0]

describe("the planned memory of a gradient", () => {
  it("of a chain grows with its length, with checkpoints around groups with the root of it", () => {
    const groups = (n: number) => peak(times(n, checkpoint(times(n, layer))))
    const [plain, root] = [4, 6, 8].reduce<ReadonlyArray<ReadonlyArray<number>>>(
      ([all, grouped], n) => [
        [...all, peak(times(n * n, layer))],
        [...grouped, groups(n)]
      ],
      [[], []]
    )
    // From 16 to 64 layers: four times the length, twice its root.
    expect(plain[2] / plain[0]).toBeGreaterThan(3.5)
    expect(root[2] / root[0]).toBeLessThan(2)
    expect(root[2]).toBeLessThan(plain[2] / 5)
  })

  it("of a chain of checkpoints holds one value for each, and the inside of one", () => {
    const chain = (n: number) => peak(times(n, checkpoint(times(4, layer))))
    // A checkpoint more is a value more, of the four layers in it.
    expect((chain(12) - chain(6)) / 6).toBeLessThanOrEqual(1)
    const plain = (n: number) => peak(times(4 * n, layer))
    expect((plain(12) - plain(6)) / 6).toBeGreaterThanOrEqual(8)
  })

  it("of 100 steps of a loop falls to the order of ten by loops in a checkpointed loop", () => {
    const nested = looped(10, checkpoint(looped(10, layer)))
    expect(peak(looped(100, layer))).toBeGreaterThan(100)
    expect(peak(nested)).toBeLessThan(35)
  })

  it("with a policy holds what is kept for each checkpoint too", () => {
    const policy = ({ application }: Tensor.Tensor): boolean => application.primitive.name === "dotGeneral"
    const [none, products] = [{}, { policy }].map((options) => peak(times(6, checkpoint(times(3, layer), options))))
    expect(products - none).toBeGreaterThan(10)
    expect(products).toBeLessThan(peak(times(18, layer)))
  })
})
