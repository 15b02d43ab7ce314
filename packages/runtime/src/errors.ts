/**
 * What the world does wrong when tensors are computed: typed failures of the runtime. They are schemas, so they can
 * cross from a worker to its owner. What a program does wrong is thrown where its expression is built.
 */
import * as Schema from "effect/Schema"

const cause = Schema.optionalKey(Schema.Defect())

const mebibytes = (bytes: number): string => (bytes < 10_000 ? `${bytes} bytes` : `${(bytes / 2 ** 20).toFixed(1)} MiB`)

/** A device that cannot be used on this machine. */
export class DeviceUnavailable extends Schema.TaggedError<DeviceUnavailable>()("DeviceUnavailable", {
  device: Schema.String,
  reason: Schema.String,
  cause
}) {
  override get message(): string {
    return `the device ${this.device} is not available: ${this.reason}`
  }
}

/** Memory that a device does not have. **Units** bytes. */
export class OutOfMemory extends Schema.TaggedError<OutOfMemory>()("OutOfMemory", {
  device: Schema.String,
  requested: Schema.Finite,
  available: Schema.Finite
}) {
  override get message(): string {
    return (
      `the device ${this.device} has no memory for ${mebibytes(this.requested)}: ` +
      `${mebibytes(this.available)} are available`
    )
  }
}

/** A program that a device cannot make executable. */
export class CompileFailed extends Schema.TaggedError<CompileFailed>()("CompileFailed", {
  device: Schema.String,
  reason: Schema.String,
  cause
}) {
  override get message(): string {
    return `the device ${this.device} cannot compile the program: ${this.reason}`
  }
}

/** A device that stopped working; what was in its memory is gone. */
export class DeviceLost extends Schema.TaggedError<DeviceLost>()("DeviceLost", {
  device: Schema.String,
  reason: Schema.String,
  cause
}) {
  override get message(): string {
    return `the device ${this.device} is lost: ${this.reason}`
  }
}

/** A tensor whose memory was given away to an earlier call. */
export class UseAfterDonation extends Schema.TaggedError<UseAfterDonation>()("UseAfterDonation", {
  operation: Schema.String,
  /** Where the tensor stands: an argument and the path within it. */
  tensor: Schema.String
}) {
  override get message(): string {
    return (
      `${this.operation}: expected a live tensor, received ${this.tensor}, which was donated\n` +
      "  hint: after a call, use what it returned in place of its donated arguments"
    )
  }
}

/** A tensor whose scope has closed. */
export class UseAfterRelease extends Schema.TaggedError<UseAfterRelease>()("UseAfterRelease", {
  operation: Schema.String,
  /** Where the tensor stands: an argument and the path within it. */
  tensor: Schema.String
}) {
  override get message(): string {
    return (
      `${this.operation}: expected a live tensor, received ${this.tensor}, whose scope has closed\n` +
      "  hint: realize it in a scope that lives as long as it is used"
    )
  }
}

/** A tensor that lives on another device. */
export class OtherDevice extends Schema.TaggedError<OtherDevice>()("OtherDevice", {
  operation: Schema.String,
  tensor: Schema.String,
  /** The device that was asked. */
  device: Schema.String
}) {
  override get message(): string {
    return (
      `${this.operation}: expected a tensor of the device ${this.device}, received ${this.tensor}\n` +
      "  hint: read it there and build a tensor from what was read"
    )
  }
}

/**
 * A value that is NaN or infinite, found by a check that was asked for. Its fields say the same as its message; those that
 * could not be found are not there.
 */
export class NonFinite extends Schema.TaggedError<NonFinite>()("NonFinite", {
  /** The first operation that produced one: everything it depends on is finite, or was written as infinite. */
  operation: Schema.String,
  /** What it produced, where and how often. */
  value: Schema.optionalKey(Schema.String),
  /** The line of code that built it, as `path:line:column`. */
  place: Schema.optionalKey(Schema.String),
  /** The rules and the operation that it comes from, if it was not built by hand. */
  source: Schema.optionalKey(Schema.String),
  /** The runs of loops and branches that it is in, outermost first. */
  within: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Type and range of each input. */
  inputs: Schema.optionalKey(Schema.Array(Schema.String)),
  /** What to try. */
  hint: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    const received = this.value ?? "NaN or an infinity; everything before it is finite"
    const detail = (name: string, text: string | undefined) => (text === undefined ? "" : `\n  ${name}: ${text}`)
    return (
      `${this.operation}: expected finite values, received ${received}` +
      detail("at", this.place) +
      detail("of", this.source) +
      detail("within", this.within?.join(", ")) +
      (this.inputs ?? []).map((input, i) => detail(`input ${i}`, input)).join("") +
      detail("hint", this.hint)
    )
  }
}

/** A tensor that cannot be used (any more). */
export type UnusableTensor = UseAfterDonation | UseAfterRelease | OtherDevice

/** Everything that can go wrong when a device computes. */
export type DeviceError = OutOfMemory | CompileFailed | DeviceLost | UnusableTensor
