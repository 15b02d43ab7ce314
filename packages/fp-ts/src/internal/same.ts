/** Equality of plain data. */

/**
 * Whether nothing tells `self` and `that` apart: numbers as `Object.is` has it, arrays, typed arrays and plain records
 * by what they hold, everything else by identity.
 */
export const same = (self: unknown, that: unknown): boolean => {
  if (Object.is(self, that)) return true
  const [a, b] = [items(self), items(that)]
  if (a !== undefined || b !== undefined) {
    return a?.length === b?.length && Array.prototype.every.call(a, (item, i) => same(item, b![i]))
  }
  if (!isRecord(self) || !isRecord(that)) return false
  const keys = Object.keys(self)
  return same(keys, Object.keys(that)) && keys.every((key) => same(self[key], that[key]))
}

const items = (value: unknown): ArrayLike<unknown> | undefined =>
  // A view that has a length is a typed array.
  Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value) ? (value as ArrayLike<unknown>) : undefined

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
