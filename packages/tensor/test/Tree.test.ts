import { describe, expect, it } from "vitest"
import type { DType } from "../src/DType.ts"
import type { Shape } from "../src/ShapeType.ts"
import * as T from "../src/Tensor.ts"
import * as Tree from "../src/Tree.ts"
import { nested, values } from "./evaluated.ts"

type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false
const same = <A extends true>(value?: A): void => void value

interface Dense {
  readonly weight: T.Tensor<readonly [2, 3], "f32">
  readonly bias: T.Tensor<readonly [3], "f32">
}

const dense = (value: number): Dense => ({ weight: T.full([2, 3], value), bias: T.full([3], value + 0.5) })
const model = (value: number) => ({
  layers: [dense(value), dense(value + 1)] as const,
  scale: T.scalar(value),
  state: undefined
})

const messageOf = (f: () => unknown): string => {
  try {
    f()
  } catch (error) {
    return (error as Error).message
  }
  return "nothing was thrown"
}

describe("leaves", () => {
  it("come in the order of the structure, with their paths", () => {
    const paths = ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias", "scale"]
    expect(Tree.paths(model(1))).toEqual(paths)
    expect(Tree.leaves(model(1)).map((x) => values(x)[0])).toEqual([1, 1.5, 2, 2.5, 1])
    expect(Tree.paths(T.zeros([1]))).toEqual([""])
    expect(Tree.paths({ b: T.zeros([1]), a: T.zeros([1]) })).toEqual(["b", "a"])
    expect(Tree.paths([undefined, {}, []])).toEqual([])
    expect(Tree.structure(dense(1)).types).toEqual([
      { shape: [2, 3], dtype: "f32" },
      { shape: [3], dtype: "f32" }
    ])
  })

  it("of another tree follow the structure, whatever order its keys have", () => {
    const structure = Tree.structure({ a: T.zeros([1]), b: [T.zeros([1])] })
    expect(Tree.leavesLike(structure, { b: ["second"], a: "first" })).toEqual(["first", "second"])
    expect(Tree.leavesLike(structure, { a: { any: "thing" }, b: [null] })).toEqual([{ any: "thing" }, null])
  })

  it("put together give the tree again", () => {
    const { leaves, structure } = Tree.flatten(model(3))
    expect(Tree.unflatten(structure, ["v", "w", "x", "y", "z"])).toEqual({
      layers: [
        { weight: "v", bias: "w" },
        { weight: "x", bias: "y" }
      ],
      scale: "z",
      state: undefined
    })
    expect(Tree.restore(structure, leaves).layers[1].bias).toBe(leaves[3])
  })
})

describe("map and zipWith", () => {
  it("visit leaves with their paths", () => {
    expect(Tree.map(dense(1), (leaf, path) => `${path}: ${T.describe(leaf)}`)).toEqual({
      weight: "weight: f32[2, 3]",
      bias: "bias: f32[3]"
    })
    expect(Tree.zipWith(dense(1), dense(2), (a, b, path) => `${path} ${values(a)[0] + values(b)[0]}`)).toEqual({
      weight: "weight 3",
      bias: "bias 4"
    })
  })

  it("may be called in a pipe", () => {
    const doubled = Tree.map(T.mul(2))(dense(1))
    expect(nested(doubled.bias)).toEqual([3, 3, 3])
    expect(nested(Tree.zipWith(dense(1), T.add)(dense(2)).bias)).toEqual([4, 4, 4])
  })

  it("keep types where shapes are kept, and replace leaves where not", () => {
    const mapped = Tree.map(model(1), T.zerosLike)
    same<Equal<typeof mapped, ReturnType<typeof model>>>()
    const scaled = Tree.map(model(1), (x) => T.mul(x, 2))
    same<Equal<typeof scaled, ReturnType<typeof model>>>()
    const stepped = Tree.zipWith(dense(1), dense(2), (w, g) => T.sub(w, T.mul(g, 0.1)))
    same<Equal<typeof stepped, Dense>>()
    const names = Tree.map(model(1), (_, path) => path)
    same<Equal<(typeof names)["layers"][1]["bias"], string>>()
    const generic = <P>(params: P): P => Tree.map(params, T.zerosLike)
    same<Equal<ReturnType<typeof generic<Dense>>, Dense>>()
    const unknown: Tree.Tree<T.Tensor<Shape, DType>> = [{ a: T.zeros([1]) }, undefined]
    expect(Tree.leaves(unknown)).toHaveLength(1)
    // @ts-expect-error the gradient lacks its bias
    expect(() => Tree.zipWith(dense(1), { weight: dense(1).weight }, T.add)).toThrow(Error)
  })
})

describe("trees that do not fit", () => {
  const structure = Tree.structure(model(1))
  it.each([
    [() => Tree.structure({ a: [3] }), 'Tree.structure: expected tensors, arrays and records at "a.0", received 3'],
    [() => Tree.leaves("text"), 'Tree.structure: expected tensors, arrays and records at the root, received "text"'],
    [
      () => Tree.leaves({ date: new Map() }),
      'Tree.structure: expected tensors, arrays and records at "date", received [object Map]'
    ],
    [
      () => Tree.leavesLike(structure, { ...model(1), layers: [dense(1)] }),
      'Tree: expected an array of 2 at "layers", received an array of 1'
    ],
    [
      () => Tree.leavesLike(structure, { ...model(1), layers: [dense(1), { weight: 1 }] }),
      'Tree: expected a record of weight, bias at "layers.1", received a record of weight'
    ],
    [
      () => Tree.leavesLike(structure, { ...model(1), scale: undefined }),
      'Tree: expected a leaf at "scale", received undefined'
    ],
    [
      () => Tree.leavesLike(structure, { ...model(1), state: T.zeros([2]) }),
      'Tree: expected undefined at "state", received the tensor f32[2]'
    ],
    [
      () => Tree.leavesLike(structure, []),
      "Tree: expected a record of layers, scale, state at the root, received an array of 0"
    ],
    [
      () => Tree.zipWith({ a: T.zeros([1]) }, { a: 3 } as never, T.add),
      'Tree.zipWith: expected a tensor at "a", received 3'
    ],
    [() => Tree.unflatten(structure, []), "Tree.unflatten: expected 5 leaves, received 0"],
    [
      () => Tree.restore(Tree.structure([T.zeros([2])]), [T.zeros([3])]),
      'Tree.restore at "0": expected the tensor f32[2], received [3]'
    ],
    [
      () => Tree.restore(Tree.structure([T.zeros([2])]), [T.zeros([2], "i32")]),
      'Tree.restore at "0": expected the tensor f32[2], received i32'
    ]
  ])("are named by path: %#", (f, message) => {
    expect(messageOf(f)).toBe(message)
  })
})
