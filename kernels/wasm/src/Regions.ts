/**
 * Values that are known at each level of the loops, and numbers as indices: what counts and addresses has a type of its
 * own, which is i32, or i64 where memory has 64-bit addresses.
 */
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import type { FunctionBuilder, Local } from "./FunctionBuilder.ts"
import type { Workspace } from "./Prepare.ts"

/** Vectors side by side. */
export type Vectors = ReadonlyArray<Local<"v128">>

/** Values computed at one level of the loops. */
export interface Region {
  readonly scalars: Map<Scalar, Local>
  /** Scalars as indices, where these are not i32: counters and addresses. */
  readonly indices: Map<Scalar, Local<"index">>
  readonly vectors: Map<Scalar, Vectors>
}

/** The levels of the loops around the code, innermost last. */
export interface Regions {
  /** What some level knows of a scalar. */
  readonly find: <A>(of: (region: Region) => ReadonlyMap<Scalar, A>, scalar: Scalar) => A | undefined
  readonly top: () => Region
  readonly enter: () => Region
  readonly leave: () => Region
}

const newRegion = (): Region => ({ scalars: new Map(), indices: new Map(), vectors: new Map() })

/** One level, which knows nothing. */
export const make = (): Regions => {
  const regions = [newRegion()]
  return {
    find: (of, scalar) => {
      for (let depth = regions.length - 1; depth >= 0; depth--) {
        const found = of(regions[depth]).get(scalar)
        if (found !== undefined) return found
      }
      return undefined
    },
    top: () => regions[regions.length - 1],
    enter: () => {
      const region = newRegion()
      regions.push(region)
      return region
    },
    leave: () => regions.pop()!
  }
}

/** States the value of a scalar at a level. */
export const know = ({ indexType }: FunctionBuilder, region: Region, scalar: Scalar, value: Local | Vectors): void => {
  if (!("type" in value)) region.vectors.set(scalar, value)
  else if (indexType !== "i32" && isIndex(value)) region.indices.set(scalar, value)
  else region.scalars.set(scalar, value)
}

const isIndex = (local: Local): local is Local<"index"> => local.type === "index"

/** Numbers in one type from the other. */
export interface Indices {
  /** A counter, an address or another i32 as an index. */
  readonly index: (scalar: Scalar) => Local<"index">
  /** A counter as an i32. */
  readonly counter: (variable: Variable) => Local
}

/** The indices of a function whose scalars `scalar` computes. */
export const indicesOf = (
  code: FunctionBuilder,
  workspace: Workspace,
  { find, top }: Regions,
  scalar: (scalar: Scalar) => Local
): Indices => {
  const counter = (variable: Variable): Local => {
    const known = find(({ indices }) => indices, variable)
    if (known === undefined) throw new TypeError("expected a variable of an enclosing loop")
    const result = code.local("i32")
    code.get(known).toI32().set(result)
    top().scalars.set(variable, result)
    return result
  }

  const index = (node: Scalar): Local<"index"> => {
    // An i32 is an index then.
    if (code.indexType === "i32") return scalar(node) as Local<"index">
    const known = find(({ indices }) => indices, node)
    if (known !== undefined) return known
    const isApart = workspace.isIndex(node)
    if (isApart && node.tag === "constant") return code.constant("index", node.value)
    const result = code.local("index")
    if (isApart && node.tag === "call") {
      const [x, y] = node.args.map(index)
      code
        .get(x)
        .get(y)
        .op(node.op === "add" ? "index.add" : "index.mul")
        .set(result)
    } else code.get(scalar(node)).toIndex().set(result)
    top().indices.set(node, result)
    return result
  }

  return { index, counter }
}
