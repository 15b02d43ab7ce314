/**
 * The laws by name: what each draws, and what it measures.
 */
import type { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type { Float } from "@cotangent/tensor/DType"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { batched, directed } from "./directions.ts"
import { batchIsLoop } from "./laws/batching.ts"
import type { Compared, Mode } from "./laws/device.ts"
import { deviceAgrees, deviceIsDeterministic, referenceIsDeterministic } from "./laws/device.ts"
import { jvpIsDifference, modesAgree, vjpIsAdjoint, vjpIsDifference } from "./laws/differentiation.ts"
import { forwardIsDifference, forwardIsSymmetric, hessianIsSymmetric, secondIsDifference } from "./laws/second.ts"
import type { Measurement } from "./Measurement.ts"
import { nothing, worst } from "./Measurement.ts"
import type { Directed } from "./Point.ts"
import type { Subject } from "./subject.ts"
import type { Tolerances } from "./tolerances.ts"
import { tolerances } from "./tolerances.ts"

/** What a derivative has to obey. */
export type Law =
  | "jvp"
  | "vjp"
  | "adjoint"
  | "modes"
  | "second"
  | "symmetry"
  | "vmap"
  | "determinism"
  | "device"
  | "deviceDeterminism"

/** What each law says. */
export const statements: Readonly<Record<Law, string>> = {
  jvp: "jvp is the derivative by central differences",
  vjp: "vjp is the derivative by central differences",
  adjoint: "vjp is the adjoint of jvp: ⟨J t, c⟩ = ⟨t, Jᵀ c⟩",
  modes: "the Jacobian of reverse mode is that of forward mode",
  second: "the derivative of the gradient is that by central differences",
  symmetry: "the Hessian is symmetric: ⟨H t, w⟩ = ⟨H w, t⟩",
  vmap: "vmap is a loop over the examples",
  determinism: "the same inputs give the same values",
  device: "the device computes what the reference computes",
  deviceDeterminism: "the device computes the same again"
}

/** All laws, in the order in which they are checked. */
// The keys of a record of exactly these names.
export const all = Object.keys(statements) as ReadonlyArray<Law>

/** The laws of second derivatives. */
export const ofSecondOrder: ReadonlyArray<Law> = ["second", "symmetry"]

/** The laws of reverse mode. */
export const ofReverse: ReadonlyArray<Law> = ["vjp", "adjoint", "modes"]

/** The laws that need a device. */
export const ofDevice: ReadonlyArray<Law> = ["device", "deviceDeterminism"]

/** What laws may be told. */
export interface Settings {
  /** In place of those of the table. */
  readonly tolerances: Partial<Tolerances>
  /** In which a device is compared; the dtype of the inputs where there are none. */
  readonly dtypes: ReadonlyArray<Float>
  /** `both` unless stated; a function without reverse mode, as a loop of unknown length, is held to the laws of `forward`. */
  readonly mode: Mode
}

/** One measurement that is still to be made. */
export interface Sample {
  readonly measure: Effect.Effect<Measurement, DeviceError, Device>
  /** What was drawn. */
  readonly subject: Subject | undefined
}

type Check = (given: Subject & Directed, settings: Settings) => Effect.Effect<Measurement, DeviceError, Device>

/** A law of derivatives; there is none by integers. */
const ofDerivatives =
  (law: (given: Subject & Directed, tolerances: Tolerances) => Measurement): Check =>
  (given, settings) =>
    Effect.sync(() =>
      given.differentiable.length === 0 ? nothing : law(given, { ...tolerances.f64, ...settings.tolerances })
    )

/** A law of derivatives in reverse mode, or of forward mode alone. */
const inMode =
  (both: Check, forward: Check): Check =>
  (given, settings) =>
    (settings.mode === "both" ? both : forward)(given, settings)

const inEachDType =
  (law: (given: Directed, compared: Compared, rounding: number) => ReturnType<Check>): Check =>
  (given, { dtypes, mode, tolerances: stated }) =>
    Effect.map(
      Effect.forEach(dtypes.length === 0 ? [given.dtype] : dtypes, (dtype) =>
        law(given, { dtype, mode }, stated.rounding ?? tolerances[dtype].rounding)
      ),
      worst
    )

const checks: Readonly<Record<Exclude<Law, "vmap">, Check>> = {
  jvp: ofDerivatives(jvpIsDifference),
  vjp: ofDerivatives(vjpIsDifference),
  adjoint: ofDerivatives(vjpIsAdjoint),
  modes: ofDerivatives(modesAgree),
  second: inMode(ofDerivatives(secondIsDifference), ofDerivatives(forwardIsDifference)),
  symmetry: inMode(ofDerivatives(hessianIsSymmetric), ofDerivatives(forwardIsSymmetric)),
  determinism: (given) => Effect.sync(() => referenceIsDeterministic(given)),
  device: inEachDType(deviceAgrees),
  deviceDeterminism: inEachDType(deviceIsDeterministic)
}

const shown = <A extends object>(sample: A, drawn: unknown): A => ({
  ...sample,
  [fc.toStringMethod]: () => fc.stringify(drawn)
})

/** What `law` measures on arbitrary `subjects`. */
export const samples = (law: Law, subjects: fc.Arbitrary<Subject>, settings: Settings): fc.Arbitrary<Sample> => {
  if (law === "vmap") {
    const { equality } = { ...tolerances.f64, ...settings.tolerances }
    return batched(subjects, 2).map((batch) =>
      shown({ measure: Effect.sync(() => batchIsLoop(batch, { equality })), subject: undefined }, batch)
    )
  }
  return subjects
    .chain(directed)
    .map((given) => shown({ measure: checks[law](given, settings), subject: given }, given))
}
