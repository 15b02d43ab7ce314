/**
 * Steady addresses for plans: a graph has the addresses that it was captured with, but a batch, or the loss that somebody
 * keeps, lies elsewhere in every run. What never comes to rest gets a place of its own, and is copied from there or to
 * there, which takes no time beside a launch of everything.
 */

/** Memory of a run that starts at an address. */
export interface Piece {
  readonly address: number
  readonly bytes: number
}

/** A copy from one address to another. */
export interface Move {
  readonly from: number
  readonly to: number
  readonly bytes: number
}

/** What a run is given: addresses, and copies before it and after it. */
export interface Settled {
  readonly addresses: ReadonlyArray<number>
  readonly before: ReadonlyArray<Move>
  readonly after: ReadonlyArray<Move>
}

/** Steady addresses for the inputs and outputs of a plan. */
export interface Settling {
  readonly settle: (inputs: ReadonlyArray<Piece>, outputs: ReadonlyArray<Piece>) => Settled
  readonly close: () => void
}

/** Runs that are looked back at. What takes turns between fewer places has a graph for each. */
const memory = 4
const mostPlaces = 2
/** Larger pieces stay where they are. */
const mostBytes = 2 ** 25

/** Memory for the places. */
interface Places {
  readonly allocate: (bytes: number) => number
  readonly free: (address: number, bytes: number) => void
}

/** No piece has moved yet. Its functions **throw** `CudaError`. */
export const make = ({ allocate, free }: Places): Settling => {
  const places = new Map<number, Piece>()
  const history: Array<ReadonlyArray<number>> = []

  const isRestless = (slot: number): boolean =>
    history.length === memory && new Set(history.map((addresses) => addresses[slot])).size > mostPlaces

  /** Gives slots that are at no place again and again one of their own. */
  const watch = (pieces: ReadonlyArray<Piece>): void => {
    const addresses = pieces.map(({ address }) => address)
    history.push(addresses)
    if (history.length > memory) history.shift()
    pieces.forEach(({ address, bytes }, slot) => {
      // Memory that an output takes over from an input is both.
      const isAlone = addresses.indexOf(address) === addresses.lastIndexOf(address)
      if (places.has(slot) || bytes === 0 || bytes > mostBytes || !isAlone || !isRestless(slot)) return
      places.set(slot, { address: allocate(bytes), bytes })
    })
  }

  return {
    settle: (inputs, outputs) => {
      const pieces = [...inputs, ...outputs]
      watch(pieces)
      const before: Array<Move> = []
      const after: Array<Move> = []
      const addresses = pieces.map(({ address, bytes }, slot) => {
        const place = places.get(slot)
        if (place === undefined) return address
        if (slot < inputs.length) before.push({ from: address, to: place.address, bytes })
        else after.push({ from: place.address, to: address, bytes })
        return place.address
      })
      return { addresses, before, after }
    },
    close: () => places.forEach(({ address, bytes }) => free(address, bytes))
  }
}
