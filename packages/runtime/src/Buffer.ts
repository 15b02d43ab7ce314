/**
 * Tensors that are in the memory of a device: leaves whose value a buffer holds.
 */
import type { DType } from "@cotangent/tensor/DType"
import type { AnyPrimitive, Tensor } from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"
import type { Dims } from "@cotangent/tensor/Shape"
import type { Allocation } from "./Backend.ts"

/** Device memory that holds the value of one tensor. Only the runtime changes it. */
export interface Buffer {
  readonly shape: Dims
  readonly dtype: DType
  readonly allocation: Allocation
  /** The memory it is a piece of; equal for buffers of one device. */
  readonly memory: object
  state: "live" | "donated" | "released"
  /** The buffers that are released together with it. */
  owner: Set<Buffer> | undefined
}

const nothing = (): readonly [] => []

const primitive: AnyPrimitive = {
  name: "realized",
  type: (_, params) => {
    const { dtype, shape } = params as Buffer
    return [{ dtype, shape }]
  },
  lowering: { kind: "leaf" },
  jvp: () => [undefined],
  vjp: nothing,
  batch: nothing
}

/** The tensor whose value `buffer` holds. */
export const realized = (buffer: Buffer): Tensor => apply(primitive, [], buffer)[0]

/** The buffer that holds the value of `tensor`; undefined where it is not realized. */
export const bufferOf = (tensor: Tensor): Buffer | undefined =>
  tensor.application.primitive === primitive ? (tensor.application.params as Buffer) : undefined

/** Whether the value of `tensor` is in the memory of a device. */
export const isRealized = (tensor: Tensor): boolean => tensor.application.primitive === primitive
