/** Operations with rules replaced by wrong ones. */
import type { AnyPrimitive, Tensor } from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"

/** An operation whose application the fault replaces. */
interface Operation {
  readonly primitive: AnyPrimitive
}

/** `op` with some of its rules replaced. */
export const withRules =
  (op: Operation, rules: Partial<AnyPrimitive>, params?: unknown) =>
  (...inputs: ReadonlyArray<Tensor>): Tensor =>
    apply({ ...op.primitive, ...rules }, inputs, params)[0]
