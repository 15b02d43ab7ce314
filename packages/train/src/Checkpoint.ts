/**
 * The state of a training in one safetensors file: every tensor under its path in the state (`params.hidden.weight`),
 * and in the metadata what it is the state of and where the training stands. Saving and loading keep every bit.
 */
import * as Safetensors from "@cotangent/formats/Safetensors"
import type { FormatError } from "@cotangent/formats/FormatError"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { describe } from "@cotangent/tensor/Primitive"
import * as Tree from "@cotangent/tensor/Tree"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import { Cursor } from "./Event.ts"
import type { Checkpointing, Snapshot } from "./Fit.ts"

/** A checkpoint file and the model whose state it holds. */
export interface File {
  readonly path: string
  /** A name that says which states fit; a file of another model is refused. */
  readonly model: string
}

/** Why a well-formed safetensors file cannot be the checkpoint that was asked for. */
export const Reason = Schema.TaggedUnion({
  NotACheckpoint: {},
  UnknownVersion: { version: Schema.String },
  WrongModel: { expected: Schema.String, received: Schema.String },
  MissingTensor: { tensor: Schema.String },
  UnexpectedTensor: { tensor: Schema.String },
  WrongType: { tensor: Schema.String, expected: Schema.String, received: Schema.String }
})

const explain = Reason.match({
  NotACheckpoint: () => "it is a safetensors file, but not a checkpoint of a training",
  UnknownVersion: ({ version }) => `its version is ${version}, this program reads version ${current}`,
  WrongModel: ({ expected, received }) => `expected the model ${expected}, received ${received}`,
  MissingTensor: ({ tensor }) => `expected the tensor ${tensor}, which it does not hold`,
  UnexpectedTensor: ({ tensor }) => `it holds the tensor ${tensor}, which the model does not have`,
  WrongType: ({ expected, received, tensor }) => `expected ${tensor} to be ${expected}, received ${received}`
})

/** A checkpoint of something else than what it is loaded into. */
export class CheckpointError extends Schema.TaggedError<CheckpointError>()("CheckpointError", {
  path: Schema.String,
  reason: Reason
}) {
  override get message(): string {
    return `cannot load the checkpoint ${this.path}: ${explain(this.reason)}`
  }
}

const format = "cotangent checkpoint"
const current = "1"

const Metadata = Schema.Struct({ model: Schema.String, cursor: Schema.fromJsonString(Cursor) })

/**
 * Writes `snapshot` to `file`, whole or not at all: a process that is killed meanwhile leaves the former checkpoint.
 *
 * **Fails** as reading from the device and writing files do.
 */
export const save = Effect.fnUntraced(function* <S>(
  { model, path }: File,
  { cursor, state }: Snapshot<S>
): Effect.fn.Return<string, DeviceError | PlatformError, Device | FileSystem.FileSystem> {
  const device = yield* Device
  const { leaves, structure } = Tree.flatten(state)
  checkNames(structure.paths)
  const arrays = yield* Effect.forEach(leaves, (leaf, i) =>
    Effect.map(device.read(leaf), (array) => [structure.paths[i], array] as const)
  )
  const metadata = { format, version: current, model, cursor: JSON.stringify(cursor) }
  yield* Safetensors.writeFile(path, { tensors: new Map(arrays), metadata: new Map(Object.entries(metadata)) })
  return path
})

/** Checkpoints of a training in `file`, each in place of the one before it. */
export const keep = <S>(
  file: File,
  options: { readonly everySteps?: number } = {}
): Checkpointing<S, DeviceError | PlatformError, Device | FileSystem.FileSystem> => ({
  ...options,
  save: (snapshot) => save(file, snapshot)
})

/** The model whose state the file at `path` holds, and where its training stands. **Fails** as `load` does. */
export const inspect = (
  path: string
): Effect.Effect<{ readonly model: string; readonly cursor: Cursor }, LoadError, FileSystem.FileSystem> =>
  Effect.map(open(path), ({ cursor, model }) => ({ cursor, model }))

type LoadError = CheckpointError | FormatError | PlatformError

/**
 * Reads the checkpoint in `file`. `like` is a state of the same structure; only its shapes and dtypes are looked at.
 *
 * **Fails** `CheckpointError` unless the file is of this model and holds exactly the tensors of `like`; `FormatError`
 * if it is damaged; `PlatformError` if it cannot be read.
 */
export const load = Effect.fnUntraced(function* <S>(
  file: File,
  like: S
): Effect.fn.Return<Snapshot<S>, LoadError, FileSystem.FileSystem> {
  const content = yield* openModel(file)
  const known = new Set(Tree.paths(like))
  for (const tensor of content.tensors.keys()) {
    if (!known.has(tensor)) return yield* refuse(file.path, Reason.cases.UnexpectedTensor.make({ tensor }))
  }
  return { cursor: content.cursor, state: yield* fill(file, content.tensors, like) }
})

/**
 * Reads a part of the checkpoint in `file`: what `like` holds, at the same paths. `{ params, state }` of a model is
 * what inference needs.
 *
 * **Fails** as `load` does, except that the file may hold more.
 */
export const loadPart = Effect.fnUntraced(function* <S>(
  file: File,
  like: S
): Effect.fn.Return<S, LoadError, FileSystem.FileSystem> {
  const { tensors } = yield* openModel(file)
  return yield* fill(file, tensors, like)
})

const refuse = (path: string, reason: typeof Reason.Type): CheckpointError => new CheckpointError({ path, reason })

/** The content of a file that is a checkpoint. */
const open = Effect.fnUntraced(function* (path: string) {
  const { metadata, tensors } = yield* Safetensors.readFile(path)
  const notACheckpoint = refuse(path, Reason.cases.NotACheckpoint.make({}))
  if (metadata.get("format") !== format) return yield* notACheckpoint
  const version = metadata.get("version") ?? "missing"
  if (version !== current) return yield* refuse(path, Reason.cases.UnknownVersion.make({ version }))
  const { cursor, model } = yield* Schema.decodeUnknownEffect(Metadata)(Object.fromEntries(metadata)).pipe(
    Effect.mapError(() => notACheckpoint)
  )
  return { cursor, model, tensors }
})

/** The content of a checkpoint of the right model. */
const openModel = Effect.fnUntraced(function* ({ model, path }: File) {
  const content = yield* open(path)
  if (content.model === model) return content
  return yield* refuse(path, Reason.cases.WrongModel.make({ expected: model, received: content.model }))
})

/** `like` with the arrays of the file in the place of its tensors. */
const fill = Effect.fnUntraced(function* <S>(file: File, tensors: ReadonlyMap<string, HostArray>, like: S) {
  const structure = Tree.structure(like)
  const found: Array<Tensor> = []
  for (const [i, tensor] of structure.paths.entries()) {
    const array = tensors.get(tensor)
    if (array === undefined) return yield* refuse(file.path, Reason.cases.MissingTensor.make({ tensor }))
    const [expected, received] = [describe(structure.types[i]), describe(array)]
    if (expected !== received)
      return yield* refuse(file.path, Reason.cases.WrongType.make({ tensor, expected, received }))
    found.push(constant(array))
  }
  return Tree.restore(structure, found)
})

/** A key with a dot can make two paths equal. */
const checkNames = (paths: ReadonlyArray<string>): void => {
  const repeated = paths.find((path, i) => paths.indexOf(path) !== i)
  if (repeated === undefined) return
  throw new ArgumentError({
    operation: "Checkpoint.save",
    expected: "tensors with paths of their own",
    received: `two with the path ${repeated}`,
    hint: "use keys without dots"
  })
}
