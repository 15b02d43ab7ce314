/**
 * Copies between the host and the device, through memory that the device reaches by itself. Pieces of it take turns, so
 * that the next is filled while the one before is on its way.
 */
import type { Event } from "./Events.ts"
import * as Events from "./Events.ts"
import type { Session } from "./Session.ts"

/** Copies. Their promises reject with `CudaError`, and what is started here throws it. */
export interface Transfers {
  /** Copies to the device; `bytes` may be changed when the promise is fulfilled. */
  readonly upload: (address: number, bytes: Uint8Array) => Promise<void>
  /** A copy of what the work that was started before this call leaves at `address`. */
  readonly download: (address: number, length: number) => Promise<Uint8Array>
  /** Waits for all copies and gives the memory back. */
  readonly close: () => Promise<void>
}

/** Pinned memory of the host. */
interface Pinned {
  readonly address: number
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Set behind the last copy that uses it. */
  readonly event: Event
}

/** Uploads go in pieces of this size. */
const slotBytes = 2 ** 21
const slotCount = 4
/** The least size of what a download goes to, and the most that is kept of that for the next ones. */
const leastInbox = 2 ** 16
const mostKept = 2 ** 26

const pin = (session: Session, length: number): Pinned => {
  const { adapter, call, cuda, results } = session
  call([cuda.cuMemHostAlloc, results.at(0), length, 0])
  const address = results.word(0)
  return { address, bytes: new Uint8Array(adapter.view(address, length)), event: Events.make(session) }
}

const unpin = (session: Session, { address, bytes, event }: Pinned): void => {
  Events.destroy(session, event)
  session.adapter.detach(bytes.buffer)
  session.status([session.cuda.cuMemFreeHost, address])
}

/** Copies for `session`. **Throws** `CudaError`. */
export const make = (session: Session): Transfers => {
  const { call, cuda, status, stream } = session
  const slots: Array<Pinned> = []
  const inboxes: Array<Pinned> = []
  const all = new Set<Pinned>()
  let keptBytes = 0
  let turn = 0
  let last: Promise<unknown> = Promise.resolve()

  const fresh = (length: number): Pinned => {
    const pinned = pin(session, length)
    all.add(pinned)
    return pinned
  }
  const send = async (address: number, bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.length; at += slotBytes) {
      const slot = (slots[turn++ % slotCount] ??= fresh(slotBytes))
      await Events.reached(session, slot.event)
      const part = bytes.subarray(at, at + slotBytes)
      slot.bytes.set(part)
      call([cuda.cuMemcpyHtoDAsync_v2, address + at, slot.address, part.length, stream], slot.event.record)
    }
  }
  const take = (length: number): Pinned => {
    const place = inboxes.findIndex(({ bytes }) => bytes.length >= length)
    if (place < 0) return fresh(Math.max(leastInbox, 2 ** Math.ceil(Math.log2(length))))
    const [inbox] = inboxes.splice(place, 1)
    keptBytes -= inbox.bytes.length
    return inbox
  }
  const giveBack = (inbox: Pinned): void => {
    if (keptBytes + inbox.bytes.length > mostKept) {
      all.delete(inbox)
      return unpin(session, inbox)
    }
    keptBytes += inbox.bytes.length
    inboxes.push(inbox)
    inboxes.sort((a, b) => a.bytes.length - b.bytes.length)
  }
  const receive = async (inbox: Pinned, length: number): Promise<Uint8Array> => {
    await Events.reached(session, inbox.event)
    const bytes = inbox.bytes.slice(0, length)
    giveBack(inbox)
    return bytes
  }
  return {
    upload: (address, bytes) => {
      // One after the other: a slot belongs to one at a time.
      const sent = last.then(() => send(address, bytes))
      last = sent.then(nothing, nothing)
      return sent
    },
    download: (address, length) => {
      if (length === 0) return Promise.resolve(new Uint8Array(0))
      // The copy is started at once, or later work could change what is there.
      const inbox = take(length)
      call([cuda.cuMemcpyDtoHAsync_v2, inbox.address, address, length, stream], inbox.event.record)
      return receive(inbox, length)
    },
    close: async () => {
      await last
      status([cuda.cuStreamSynchronize, stream])
      for (const pinned of all) unpin(session, pinned)
    }
  }
}

const nothing = (): void => undefined
