/**
 * Records that know what of them was read, so that nothing a case states is passed over.
 */

/** A record, and what of it has not been read yet. */
export interface Reading<A> {
  readonly record: Readonly<Record<string, A>>
  readonly unread: () => ReadonlyArray<string>
}

/** `given` without the entries that are null, which state nothing. */
export const reading = <A>(given: Readonly<Record<string, A>>): Reading<A> => {
  const entries = Object.entries(given).filter(([, value]) => value !== null)
  const left = new Set(entries.map(([name]) => name))
  const record = {}
  for (const [name, value] of entries) {
    const get = (): A => {
      left.delete(name)
      return value
    }
    Object.defineProperty(record, name, { enumerable: true, get })
  }
  return { record, unread: () => [...left] }
}
