/**
 * Defects of the calling program. They are thrown where the expression is built, so that the stack points at the
 * author's line. What the world does wrong (devices, files) is a typed failure of the package that touches it.
 */
import * as Data from "effect/Data"
import type { DType } from "./DType.ts"
import type { Dims } from "./Shape.ts"

const text = (shape: Dims): string => `[${shape.join(", ")}]`

const withHint = (message: string, hint: string | undefined): string =>
  hint === undefined ? message : `${message}\n  hint: ${hint}`

/** Shapes that an operation cannot accept. */
export class ShapeError extends Data.TaggedError("ShapeError")<{
  readonly operation: string
  readonly expected: string
  readonly received: ReadonlyArray<Dims>
  readonly hint?: string
}> {
  override get message(): string {
    return withHint(
      `${this.operation}: expected ${this.expected}, received ${this.received.map(text).join(" and ")}`,
      this.hint
    )
  }
}

/** Element types that an operation cannot accept, or that differ where they must agree. */
export class DTypeError extends Data.TaggedError("DTypeError")<{
  readonly operation: string
  readonly expected: string
  readonly received: ReadonlyArray<DType>
  readonly hint?: string
}> {
  override get message(): string {
    return withHint(`${this.operation}: expected ${this.expected}, received ${this.received.join(" and ")}`, this.hint)
  }
}

/** An axis that a tensor does not have, or that is named twice. */
export class AxisError extends Data.TaggedError("AxisError")<{
  readonly operation: string
  readonly axis: number
  readonly rank: number
  readonly repeated?: boolean
}> {
  override get message(): string {
    return this.repeated === true
      ? `${this.operation}: expected each axis once, received axis ${this.axis} twice`
      : `${this.operation}: expected an axis from ${-this.rank} to ${this.rank - 1}, received ${this.axis}` +
          (this.rank === 0 ? "\n  hint: a scalar has no axes" : "")
  }
}

/** An argument that is neither a shape, a dtype nor an axis, yet cannot be accepted. */
export class ArgumentError extends Data.TaggedError("ArgumentError")<{
  readonly operation: string
  readonly expected: string
  readonly received: string
  readonly hint?: string
}> {
  override get message(): string {
    return withHint(`${this.operation}: expected ${this.expected}, received ${this.received}`, this.hint)
  }
}
