/**
 * Computes on one device: runs executables, realizes expressions.
 */
import { hostArray } from "@cotangent/tensor/primitive/leaf"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { describe } from "@cotangent/tensor/Primitive"
import type { TensorType } from "@cotangent/tensor/Shape"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { Allocation, Backend, Executable } from "../Backend.ts"
import type { Buffer } from "../Buffer.ts"
import { bufferOf, realized } from "../Buffer.ts"
import type { CompileFailed, DeviceError, DeviceLost, OutOfMemory, UnusableTensor } from "../errors.ts"
import { OtherDevice, UseAfterDonation, UseAfterRelease } from "../errors.ts"
import { close, leavesOf } from "./leaves.ts"
import type { Memory } from "./memory.ts"
import * as Memories from "./memory.ts"
import type { Programs } from "./programs.ts"
import * as ProgramCache from "./programs.ts"

/** An executable with all that is known of its inputs and outputs. */
export interface Run {
  /** What failures call the call. */
  readonly operation: string
  readonly executable: Executable
  readonly outputs: ReadonlyArray<TensorType>
  /** Inputs whose memory is given away. */
  readonly donated: ReadonlySet<number>
  /** All inputs, the donated ones first. */
  readonly order: ReadonlyArray<number>
  /** Donated inputs that no output takes over. */
  readonly spare: ReadonlyArray<number>
  /** What failures call an input. */
  readonly nameOf: (input: number) => string
}

/** What a `Device` is made from. */
export interface Engine {
  readonly backend: Backend
  readonly memory: Memory
  readonly programs: Programs
  /** Runs once, uninterrupted. The outputs live as long as `scope`; a failure leaves nothing behind. */
  readonly execute: (
    run: Run,
    inputs: ReadonlyArray<Buffer>,
    scope: Scope.Scope
  ) => Effect.Effect<ReadonlyArray<Tensor>, OutOfMemory | DeviceLost | UnusableTensor>
  /** Computes `tensors` into buffers that live as long as `scope`, one for each. */
  readonly realize: (
    tensors: ReadonlyArray<Tensor>,
    scope: Scope.Scope
  ) => Effect.Effect<ReadonlyArray<Tensor>, DeviceError>
  /** Compiles expressions as they stand, for as long as `scope` is open; gives the leaves that they read, too. */
  readonly prepare: (
    expressions: ReadonlyArray<Tensor>,
    scope: Scope.Scope
  ) => Effect.Effect<
    { readonly executable: Executable; readonly leaves: ReadonlyArray<Tensor> },
    CompileFailed | OutOfMemory
  >
  /** Why `buffer` cannot be used; undefined if it can. */
  readonly objection: (buffer: Buffer, operation: string, tensor: string) => UnusableTensor | undefined
}

/** A `Run` of `executable` with `inputs` inputs. */
export const runOf = (
  run: Pick<Run, "operation" | "executable" | "outputs" | "donated" | "nameOf"> & { readonly inputs: number }
): Run => {
  const { inputs, ...rest } = run
  const donated = [...run.donated]
  const kept = Array.from({ length: inputs }, (_, i) => i).filter((i) => !run.donated.has(i))
  return {
    ...rest,
    order: [...donated, ...kept],
    spare: donated.filter((i) => !run.executable.aliases.includes(i))
  }
}

/** Programs that are kept though nobody uses them. */
const capacity = 256

/** The engine of `backend`. */
export const make = Effect.fnUntraced(function* (backend: Backend): Effect.fn.Return<Engine, never, Scope.Scope> {
  const memory = Memories.make(backend)
  const programs = yield* ProgramCache.make(backend, capacity)
  const running = yield* Semaphore.make(1)

  const objection: Engine["objection"] = (buffer, operation, tensor) => {
    if (buffer.memory !== memory) return new OtherDevice({ operation, tensor, device: backend.description.name })
    if (buffer.state === "live") return undefined
    return buffer.state === "donated"
      ? new UseAfterDonation({ operation, tensor })
      : new UseAfterRelease({ operation, tensor })
  }

  /** Marks the donated inputs as such, unless an input cannot be used: then it marks none. */
  const claim = (run: Run, inputs: ReadonlyArray<Buffer>): UnusableTensor | undefined => {
    const claimed: Array<Buffer> = []
    for (const i of run.order) {
      const problem = objection(inputs[i], run.operation, run.nameOf(i))
      if (problem !== undefined) {
        for (const buffer of claimed) buffer.state = "live"
        return problem
      }
      if (!run.donated.has(i)) continue
      inputs[i].state = "donated"
      claimed.push(inputs[i])
    }
    claimed.forEach(memory.donate)
    return undefined
  }

  const start = Effect.fnUntraced(function* (run: Run, inputs: ReadonlyArray<Buffer>, made: Array<Buffer>) {
    const { aliases } = run.executable
    const outputs: Array<Buffer> = []
    for (let k = 0; k < run.outputs.length; k++) {
      if (aliases[k] === undefined) outputs[k] = yield* memory.allocate(run.outputs[k], made)
    }
    // From here to the start of the run nothing else happens in this thread.
    const problem = claim(run, inputs)
    if (problem !== undefined) return yield* problem
    for (let k = 0; k < run.outputs.length; k++) {
      const donor = aliases[k]
      if (donor !== undefined) outputs[k] = memory.takeOver(inputs[donor], run.outputs[k], made)
    }
    memory.noteRun(run.executable.scratchBytes)
    const finished = run.executable.run(inputs.map(allocationOf), outputs.map(allocationOf))
    yield* run.spare.length === 0
      ? finished
      : Effect.ensuring(
          finished,
          Effect.sync(() => run.spare.forEach((i) => memory.free(inputs[i])))
        )
    return outputs.map(realized)
  })

  const execute: Engine["execute"] = (run, inputs, scope) =>
    Effect.uninterruptible(running.withPermits(1)(memory.keep(scope, (made) => start(run, inputs, made))))

  const prepare: Engine["prepare"] = (expressions, scope) =>
    Effect.suspend(() => {
      const leaves = leavesOf(expressions)
      const closed = () => close([], leaves, expressions)
      const program = { parameters: leaves, results: expressions }
      const request = { name: "realize", program, donated: new Set<number>(), closed }
      return Effect.map(programs.acquire(request, scope), (executable) => ({ executable, leaves }))
    })

  /** The buffers of realized tensors and of host data, which is uploaded for as long as `scope` is open. */
  const load = Effect.fnUntraced(function* (leaves: ReadonlyArray<Tensor>, scope: Scope.Scope) {
    const uploaded = (yield* realize(
      leaves.filter((leaf) => bufferOf(leaf) === undefined),
      scope
    )).values()
    // A leaf that is not realized is host data, of which each was just uploaded, in this order.
    return leaves.map((leaf) => bufferOf(leaf) ?? bufferOf(uploaded.next().value!)!)
  })

  const compute = (
    expressions: ReadonlyArray<Tensor>,
    scope: Scope.Scope
  ): Effect.Effect<ReadonlyArray<Tensor>, DeviceError> =>
    Effect.scopedWith(
      Effect.fnUntraced(function* (meanwhile) {
        const { executable, leaves } = yield* prepare(expressions, meanwhile)
        const inputs = yield* load(leaves, meanwhile)
        const run = runOf({
          operation: "realize",
          executable,
          outputs: expressions,
          donated: new Set(),
          nameOf: (i) => `a ${describe(leaves[i])}`,
          inputs: inputs.length
        })
        return yield* execute(run, inputs, scope)
      })
    )

  const realize: Engine["realize"] = (tensors, scope) =>
    memory.keep(
      scope,
      Effect.fnUntraced(function* (made) {
        const results: Array<Tensor | undefined> = []
        for (const tensor of tensors) {
          const array = hostArray(tensor)
          results.push(array === undefined ? undefined : realized(yield* memory.upload(array, made)))
        }
        const expressions = tensors.filter((_, i) => results[i] === undefined)
        // Last, for its results stay even if something fails after it.
        const computed = expressions.length === 0 ? [] : yield* compute(expressions, scope)
        const next = computed.values()
        return results.map((result) => result ?? next.next().value!)
      })
    )

  return { backend, memory, programs, execute, realize, prepare, objection }
})

const allocationOf = ({ allocation }: Buffer): Allocation => allocation
