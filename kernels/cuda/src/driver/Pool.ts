/**
 * Memory of the device. All work is on one stream, so that memory which is given back can be given out again at once: what
 * uses it next comes after what used it last. Of pieces of equal size the one of the lowest address is given out first: a
 * step that is repeated meets the same addresses again, in whatever order it gave them back, and its graph was made for
 * those.
 */
import { CudaError } from "./errors.ts"
import type { Session } from "./Session.ts"

/** Pieces of device memory. Its functions throw `CudaError`. */
export interface Pool {
  /** The address of `bytes` bytes of any content, at a multiple of 256. */
  readonly allocate: (bytes: number) => number
  /** Gives a piece back; work that was started before may still use it. */
  readonly free: (address: number, bytes: number) => void
  /** How many bytes could be had. */
  readonly available: () => number
  /** Gives everything back to the driver that is not in use. */
  readonly close: () => void
}

const unit = 512
const releaseThreshold = 4
const everything = -1

/** The memory of `session`. **Throws** `CudaError`. */
export const make = (session: Session): Pool => {
  const { call, cuda, info, machine, results, status, stream } = session
  // Pieces of exactly the size that was asked for, each the driver's own: so that tools see every misuse.
  const isPlain = machine.environment["COTANGENT_CUDA_POOL"] === "driver"
  const sizeOf = (bytes: number): number => (isPlain ? Math.max(1, bytes) : Math.max(1, Math.ceil(bytes / unit)) * unit)
  const kept = new Map<number, Array<number>>()
  let keptBytes = 0

  call([cuda.cuDeviceGetDefaultMemPool, results.at(0), info.ordinal])
  const pool = results.word(0)
  const threshold = new BigUint64Array([BigInt.asUintN(64, BigInt(everything))])
  call([cuda.cuMemPoolSetAttribute, pool, releaseThreshold, threshold])

  const trim = (): void => {
    for (const addresses of kept.values()) {
      for (const address of addresses) status([cuda.cuMemFreeAsync, address, stream])
    }
    kept.clear()
    keptBytes = 0
    status([cuda.cuStreamSynchronize, stream], [cuda.cuMemPoolTrimTo, pool, 0])
  }
  const fresh = (size: number): number => {
    call([cuda.cuMemAllocAsync, results.at(0), size, stream])
    return results.word(0)
  }
  return {
    allocate: (bytes) => {
      const size = sizeOf(bytes)
      const address = kept.get(size)?.pop()
      if (address !== undefined) {
        keptBytes -= size
        return address
      }
      try {
        return fresh(size)
      } catch (error) {
        if (!(error instanceof CudaError) || error.kind !== "out-of-memory" || isPlain) throw error
        // What is kept for later sizes may be what is missing.
        trim()
        return fresh(size)
      }
    },
    free: (address, bytes) => {
      const size = sizeOf(bytes)
      if (isPlain) {
        // A context that is lost takes its memory with it.
        status([cuda.cuMemFreeAsync, address, stream])
        return
      }
      const addresses = kept.get(size)
      if (addresses === undefined) kept.set(size, [address])
      else insert(addresses, address)
      keptBytes += size
    },
    available: () => {
      const failed = status([cuda.cuMemGetInfo_v2, results.at(0), results.at(1)])
      return (failed === 0 ? results.word(0) : 0) + keptBytes
    },
    close: trim
  }
}

/** Puts a number into a list whose last element is the least. */
const insert = (descending: Array<number>, value: number): void => {
  let [low, high] = [0, descending.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (descending[middle] > value) low = middle + 1
    else high = middle
  }
  descending.splice(low, 0, value)
}
