/**
 * The reference device: interprets element rules in double precision, in JavaScript. Slow and plain; every other
 * device must agree with it.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import { decode, encode } from "@cotangent/tensor/HostArray"
import type { Program } from "@cotangent/tensor/Program"
import { applications } from "@cotangent/tensor/Program"
import { describe } from "@cotangent/tensor/Primitive"
import * as Reference from "@cotangent/tensor/Reference"
import { equals } from "@cotangent/tensor/Shape"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Allocation, Backend, CompileOptions, Executable } from "./Backend.ts"
import { Device } from "./Device.ts"
import { OutOfMemory } from "./errors.ts"

/** What the reference device can be told. */
export interface Options {
  /** The most bytes that tensors can take together. */
  readonly memoryBytes?: number
}

const name = "reference"

/** The backend of the reference device. */
export const backend = ({ memoryBytes }: Options = {}): Backend => {
  const contents = new Map<number, Uint8Array>()
  let used = 0
  let next = 0

  const load = ({ address, bytes }: Allocation): Uint8Array => contents.get(address) ?? new Uint8Array(bytes)

  const executable = (program: Program, { donated }: CompileOptions): Executable => ({
    aliases: takeOver(program, donated),
    scratchBytes: 0,
    explain: () => explain(program),
    run: (inputs, outputs) =>
      Effect.sync(() => {
        const values = program.parameters.map(({ dtype, shape }, i) => decode(shape, dtype, load(inputs[i])))
        Reference.run(program, values).forEach((value: HostArray, k) => contents.set(outputs[k].address, encode(value)))
      })
  })

  return {
    description: {
      name,
      threads: 1,
      features: { arithmetic: "f64" },
      ...(memoryBytes === undefined ? {} : { memoryBytes })
    },
    allocate: (bytes) =>
      Effect.suspend(() => {
        const available = (memoryBytes ?? Infinity) - used
        if (bytes > available) return Effect.fail(new OutOfMemory({ device: name, requested: bytes, available }))
        used += bytes
        return Effect.succeed({ bytes, address: next++ })
      }),
    free: ({ address, bytes }) => {
      used -= bytes
      contents.delete(address)
    },
    write: ({ address }, bytes) => Effect.sync(() => void contents.set(address, bytes.slice())),
    read: (allocation, length) => Effect.sync(() => load(allocation).slice(0, length)),
    synchronize: Effect.void,
    compile: (program, options) => Effect.sync(() => executable(program, options))
  }
}

/** Gives each result the memory of the first donated parameter of its type that is still to be had. */
const takeOver = (
  { parameters, results }: Program,
  donated: ReadonlySet<number>
): ReadonlyArray<number | undefined> => {
  const free = [...donated]
  return results.map(({ dtype, shape }) => {
    const at = free.findIndex((i) => parameters[i].dtype === dtype && equals(parameters[i].shape, shape))
    return at < 0 ? undefined : free.splice(at, 1)[0]
  })
}

const explain = ({ results }: Program): string =>
  applications(results)
    .map(
      ({ inputs, outputs, primitive }) =>
        `${outputs.map(describe).join(", ")} = ${primitive.name}(${inputs.map(describe).join(", ")})`
    )
    .join("\n")

/** The reference device. */
export const layer: Layer.Layer<Device> = Device.layer(Effect.sync(() => backend()))

/** The reference device with stated options. */
export const layerWith = (options: Options): Layer.Layer<Device> => Device.layer(Effect.sync(() => backend(options)))
