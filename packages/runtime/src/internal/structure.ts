/**
 * The shape of a value that holds tensors: what a compiled function is traced for. Arrays and plain records are
 * structure, tensors are leaves, everything else counts by identity.
 */
import type { DType } from "@cotangent/tensor/DType"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { describe, isTensor } from "@cotangent/tensor/Primitive"
import type { Dims } from "@cotangent/tensor/Shape"
import { equals } from "@cotangent/tensor/Shape"

/** A value without its tensors. */
export type Structure =
  | { readonly tag: "tensor"; readonly shape: Dims; readonly dtype: DType }
  | { readonly tag: "array"; readonly items: ReadonlyArray<Structure> }
  | { readonly tag: "record"; readonly keys: ReadonlyArray<string>; readonly items: ReadonlyArray<Structure> }
  | { readonly tag: "value"; readonly value: unknown }

type Plain = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Plain => {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** The structure of `value`; its tensors are appended to `leaves`. */
export const structureOf = (value: unknown, leaves: Array<Tensor>): Structure => {
  if (isTensor(value)) {
    leaves.push(value)
    return { tag: "tensor", shape: value.shape, dtype: value.dtype }
  }
  if (Array.isArray(value)) return { tag: "array", items: value.map((item) => structureOf(item, leaves)) }
  if (!isRecord(value)) return { tag: "value", value }
  const keys = Object.keys(value)
  return { tag: "record", keys, items: keys.map((key) => structureOf(value[key], leaves)) }
}

/** Whether `value` has the structure `self`; its tensors are appended to `leaves` in the order of `self`. */
export const matches = (self: Structure, value: unknown, leaves: Array<Tensor>): boolean => {
  switch (self.tag) {
    case "tensor":
      if (!isTensor(value) || value.dtype !== self.dtype || !equals(self.shape, value.shape)) return false
      leaves.push(value)
      return true
    case "array":
      if (!Array.isArray(value) || value.length !== self.items.length) return false
      for (let i = 0; i < value.length; i++) if (!matches(self.items[i], value[i], leaves)) return false
      return true
    case "record":
      if (!isRecord(value) || size(value) !== self.keys.length) return false
      for (let i = 0; i < self.keys.length; i++) {
        const key = self.keys[i]
        if (!Object.hasOwn(value, key) || !matches(self.items[i], value[key], leaves)) return false
      }
      return true
    case "value":
      return Object.is(self.value, value)
  }
}

const size = (record: Plain): number => {
  let count = 0
  for (const _ in record) count++
  return count
}

/** The value of structure `self` that holds the tensors `leaves` gives. */
export const build = (self: Structure, leaves: Iterator<Tensor>): unknown => {
  switch (self.tag) {
    case "tensor":
      return leaves.next().value
    case "array":
      return self.items.map((item) => build(item, leaves))
    case "record": {
      const record: Record<string, unknown> = {}
      for (let i = 0; i < self.keys.length; i++) record[self.keys[i]] = build(self.items[i], leaves)
      return record
    }
    case "value":
      return self.value
  }
}

/** How many tensors a value of structure `self` holds. */
export const countLeaves = (self: Structure): number =>
  self.tag === "tensor"
    ? 1
    : self.tag === "value"
      ? 0
      : self.items.reduce((total, item) => total + countLeaves(item), 0)

const step = (self: Structure & { readonly tag: "array" | "record" }, i: number): string =>
  self.tag === "array" ? `[${i}]` : `.${self.keys[i]}`

/** Where each tensor stands, in order: `["[0].weight", "[1]"]`. */
export const paths = (self: Structure, path = ""): ReadonlyArray<string> =>
  self.tag === "tensor"
    ? [path]
    : self.tag === "value"
      ? []
      : self.items.flatMap((item, i) => paths(item, path + step(self, i)))

/** A structure in few words. */
const summary = (self: Structure): string => {
  switch (self.tag) {
    case "tensor":
      return describe(self)
    case "array":
      return `an array of ${self.items.length}`
    case "record":
      return `{ ${self.keys.join(", ")} }`
    case "value":
      return String(self.value)
  }
}

/** Where and how `that` first differs from `self`; the order of keys is no difference. */
export const difference = (self: Structure, that: Structure, path = ""): string | undefined => {
  if (self.tag === "array" && that.tag === "array" && self.items.length === that.items.length) {
    return first(self.items, (item, i) => difference(item, that.items[i], path + step(self, i)))
  }
  if (self.tag === "record" && that.tag === "record" && sameKeys(self.keys, that.keys)) {
    return first(self.items, (item, i) =>
      difference(item, that.items[that.keys.indexOf(self.keys[i])], path + step(self, i))
    )
  }
  const [before, after] = [summary(self), summary(that)]
  const equal = self.tag === "value" && that.tag === "value" ? Object.is(self.value, that.value) : before === after
  return equal ? undefined : `${path} changed from ${before} to ${after}`
}

const sameKeys = (self: ReadonlyArray<string>, that: ReadonlyArray<string>): boolean =>
  self.length === that.length && self.every((key) => that.includes(key))

/** What `f` first finds. */
const first = <A, B>(items: ReadonlyArray<A>, f: (item: A, i: number) => B | undefined): B | undefined => {
  for (const [i, item] of items.entries()) {
    const found = f(item, i)
    if (found !== undefined) return found
  }
  return undefined
}
