/**
 * What CUDA says when something goes wrong, in words: of which kind it is, its code, and which function gave it.
 */
import { CompileFailed, DeviceLost, DeviceUnavailable } from "@cotangent/runtime/errors"
import * as Schema from "effect/Schema"

/** Why there is no device, for programs; the reason is for people. */
export class CudaUnavailable extends Schema.TaggedError<CudaUnavailable>()("CudaUnavailable", {
  kind: Schema.Literals([
    "adapter-missing",
    "library-missing",
    "symbol-missing",
    "no-device",
    "driver-too-old",
    "device-too-old",
    "driver-failed"
  ]),
  reason: Schema.String
}) {
  override get message(): string {
    return this.reason
  }

  /** As the runtime knows it. */
  asDeviceUnavailable(): DeviceUnavailable {
    return new DeviceUnavailable({ device: "cuda", reason: this.reason, cause: this })
  }
}

/** Kinds of statuses. */
export type CudaErrorKind =
  | "out-of-memory"
  | "invalid-value"
  | "invalid-image"
  | "not-found"
  | "no-device"
  | "illegal-address"
  | "launch-failed"
  | "capture"
  | "compile"
  | "nvrtc"
  | "cublas"
  | "driver"

const driverKinds: Readonly<Record<number, CudaErrorKind>> = {
  1: "invalid-value",
  2: "out-of-memory",
  100: "no-device",
  200: "invalid-image",
  209: "invalid-image",
  218: "invalid-image",
  222: "invalid-image",
  500: "not-found",
  700: "illegal-address",
  714: "illegal-address",
  715: "launch-failed",
  716: "illegal-address",
  717: "illegal-address",
  718: "illegal-address",
  719: "launch-failed",
  702: "launch-failed",
  900: "capture",
  901: "capture"
}

/** Kinds after which nothing works any more in this context. */
const stickyCodes: ReadonlySet<number> = new Set([201, 214, 220, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721])

const cublasNames: Readonly<Record<number, string>> = {
  1: "NOT_INITIALIZED",
  3: "ALLOC_FAILED",
  7: "INVALID_VALUE",
  8: "ARCH_MISMATCH",
  11: "MAPPING_ERROR",
  13: "EXECUTION_FAILED",
  14: "INTERNAL_ERROR",
  15: "NOT_SUPPORTED"
}

/** A status of the driver, NVRTC or cuBLASLt. */
export class CudaError extends Schema.TaggedError<CudaError>()("CudaError", {
  kind: Schema.String,
  code: Schema.Finite,
  /** The function that gave it. */
  entry: Schema.String,
  /** Its name and its explanation. */
  detail: Schema.String,
  isSticky: Schema.Boolean
}) {
  override get message(): string {
    const lost = this.isSticky
      ? "; the context is lost: everything on the device is gone, and this process has to open it again"
      : ""
    return `${this.entry} gave ${this.code}, ${this.detail}${lost}`
  }
}

/** The status `code` of `entry`. `explain` asks the driver for the name and the explanation of a code. */
export const cudaError = (entry: string, code: number, explain: (code: number) => string): CudaError => {
  const isOfDriver = entry.startsWith("cu") && !entry.startsWith("cublas")
  const detail = isOfDriver
    ? explain(code)
    : entry.startsWith("cublas")
      ? `CUBLAS_STATUS_${cublasNames[code] ?? "UNKNOWN"}`
      : "a failure of NVRTC"
  const kind = isOfDriver ? (driverKinds[code] ?? "driver") : entry.startsWith("cublas") ? "cublas" : "nvrtc"
  return new CudaError({ kind, code, entry, detail, isSticky: isOfDriver && stickyCodes.has(code) })
}

/** A device that does not work any more, as the runtime knows it. */
export const deviceLost = (device: string, error: unknown): DeviceLost =>
  new DeviceLost({ device, reason: error instanceof Error ? error.message : String(error), cause: error })

/** Whether memory is the fault. */
export const isOutOfMemory = (error: unknown): boolean => error instanceof CudaError && error.kind === "out-of-memory"

/** A program that cannot be made executable. */
export const compileFailed = (device: string, error: unknown): CompileFailed =>
  new CompileFailed({ device, reason: error instanceof Error ? error.message : String(error), cause: error })
