/** What tests of this package need: the adapter, and the stand-in for CUDA, where there are compilers to build them. */
import type { DeviceUnavailable } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as path from "node:path"
import type { StandIn } from "../emulator/standIn.ts"
import { standIn } from "../emulator/standIn.ts"
import { buildAdapter } from "../native/adapter.ts"
import type { Environment } from "../src/driver/Adapter.ts"
import { load } from "../src/driver/Adapter.ts"
import type { Call } from "../src/driver/Commands.ts"
import { commands } from "../src/driver/Commands.ts"
import type { Driver } from "../src/driver/Driver.ts"
import { open } from "../src/driver/Driver.ts"

/** What the stand-in does that is not CUDA's. */
export interface Behavior {
  /** The order in which threads run: 0 forward, 1 reverse, 2 shuffled. */
  readonly ORDER: number
  /** Whether work waits until somebody waits for it. */
  readonly LAZY: number
  readonly DEVICES: number
  readonly DRIVER: number
  readonly ARCHITECTURE: number
  readonly MEMORY: number
}

const usual: Behavior = { ORDER: 0, LAZY: 1, DEVICES: 1, DRIVER: 13_000, ARCHITECTURE: 90, MEMORY: 2 ** 32 }

/** What there is on the stand-in. */
export interface Statistics {
  readonly bytes: number
  readonly pieces: number
  /** Kernels that ran, and graphs that were started, since the process began. */
  readonly launches: number
  readonly replays: number
  readonly modules: number
  readonly graphs: number
  readonly events: number
  readonly streams: number
  readonly contexts: number
}

/** The stand-in. */
export interface Emulator {
  /** Why there is none: it takes g++ and a C compiler. Then nothing else of this may be used. */
  readonly obstacle: string | undefined
  readonly environment: Environment
  readonly configure: (behavior: Partial<Behavior>) => void
  readonly statistics: () => Statistics
  /** A device of it that behaves as usual, apart from `behavior`. Unless `settings` say otherwise, every piece of memory
   * is one of the driver's. */
  readonly open: (
    behavior?: Partial<Behavior>,
    settings?: Environment
  ) => Effect.Effect<Driver, DeviceUnavailable, Scope.Scope>
}

/** The stand-in, built if it must be. Where it cannot be, this prints why, and tests that need it are to be skipped. */
export const emulator = (): Emulator => {
  const adapter = buildAdapter()
  const made = standIn()
  if (adapter.tag === "built" && made.tag === "built") return onStandIn(adapter.file, made)
  const obstacle = [adapter, made].flatMap((built) => (built.tag === "failed" ? [built.reason] : [])).join("; ")
  console.log(`tests on the stand-in for CUDA are skipped: ${obstacle}`)
  const none = (): never => {
    throw new Error(obstacle)
  }
  return { obstacle, environment: {}, configure: none, statistics: none, open: none }
}

const onStandIn = (file: string, made: Extract<StandIn, { readonly tag: "built" }>): Emulator => {
  const environment: Environment = {
    ...made.environment,
    COTANGENT_CUDA_ADAPTER: file,
    COTANGENT_CUDA_POOL: "driver"
  }
  const adapter = Effect.runSync(load(environment))
  const library = adapter.open(path.join(made.folder, "libcuda.so.1"))
  if (typeof library === "string") throw new Error(library)
  const foreign = (name: string, arity: number) => ({ name, arity, address: adapter.find(library, name) })
  const [configureFn, statisticsFn] = [foreign("cuemuConfigure", 2), foreign("cuemuStatistics", 1)]
  const call = (one: Call): void => {
    const { memory, words } = commands(adapter, [one])
    adapter.call(words, memory)
  }
  const configure = (behavior: Partial<Behavior>): void => {
    for (const [name, value] of Object.entries(behavior)) {
      const text = new Uint8Array(Buffer.from(`${name}\0`))
      call([configureFn, text, value])
    }
  }
  return {
    obstacle: undefined,
    environment,
    configure,
    statistics: () => {
      const words = new BigInt64Array(16)
      call([statisticsFn, words])
      const [bytes, pieces, launches, replays, modules, graphs, events, streams, contexts] = [...words].map(Number)
      return { bytes, pieces, launches, replays, modules, graphs, events, streams, contexts }
    },
    open: (behavior = {}, settings = {}) =>
      Effect.suspend(() => {
        configure({ ...usual, ...behavior })
        return open({ environment: { ...environment, ...settings } })
      })
  }
}

/** What is left on the stand-in when all devices are closed. */
export const remains = ({ statistics }: Emulator): Partial<Statistics> => {
  const { launches: _, replays: __, ...left } = statistics()
  return left
}

/** Nothing. */
export const nothing: Partial<Statistics> = {
  bytes: 0,
  pieces: 0,
  modules: 0,
  graphs: 0,
  events: 0,
  streams: 0,
  contexts: 0
}
