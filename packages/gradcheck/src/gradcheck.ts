/**
 * Checking the derivatives of a function.
 */
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type { Float } from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as fc from "fast-check"
import { GradientMismatch } from "./errors.ts"
import type { Law, Sample, Settings } from "./laws.ts"
import { all, ofDevice, ofReverse, ofSecondOrder, samples, statements } from "./laws.ts"
import type { Measurement, Place } from "./Measurement.ts"
import { holds, nothing } from "./Measurement.ts"
import type { Inputs, Subject } from "./subject.ts"
import { subjects } from "./subject.ts"

/** How derivatives are checked. */
export interface Options extends Partial<Settings> {
  /** What failures call the function; its own name unless stated. */
  readonly name?: string
  /** How often each law is tried; 20 unless stated. */
  readonly runs?: number
  /** Determines everything that is drawn; 1 unless stated. */
  readonly seed?: number
  /** The path of a counterexample that is to be seen again. */
  readonly path?: string
  /** All unless stated. */
  readonly laws?: ReadonlyArray<Law>
  /** 2 unless stated; 1 leaves out the laws of second derivatives. */
  readonly order?: 1 | 2
  /** In which a device is compared with the reference; the dtype of the inputs unless stated. */
  readonly dtypes?: ReadonlyArray<Float>
}

/** How a law fared. */
export interface LawReport {
  readonly law: Law
  readonly runs: number
  /** Where the error was largest. */
  readonly worst: Measurement
  /** The error of each run, in units of what is allowed. */
  readonly errors: ReadonlyArray<number>
}

/** A function that obeys the laws. */
export interface Report {
  readonly name: string
  readonly seed: number
  readonly laws: ReadonlyArray<LawReport>
}

/** A law that did not hold, as fast-check carries it through shrinking. */
class Broken {
  readonly measurement: Measurement
  readonly subject: Subject | undefined

  constructor(measurement: Measurement, subject: Subject | undefined) {
    this.measurement = measurement
    this.subject = subject
  }
}

/** A measurement that could not be made. */
class Stopped {
  readonly cause: Cause.Cause<DeviceError>

  constructor(cause: Cause.Cause<DeviceError>) {
    this.cause = cause
  }
}

/** Who is checked, and how. */
interface Check {
  readonly name: string
  readonly law: Law
  readonly parameters: fc.Parameters<[Sample]>
}

const at = (place: Place | undefined, name: (leaf: number) => string) =>
  place === undefined ? { path: "", index: [] } : { path: name(place.leaf), index: place.index }

const mismatch = (
  { law, name }: Check,
  { measurement, subject }: Broken,
  { counterexample, counterexamplePath, seed }: fc.RunDetails<[Sample]>
): GradientMismatch => {
  const { expected, received, what } = measurement
  const input = at(measurement.input, (leaf) => subject?.paths[leaf] ?? String(leaf))
  const output = at(measurement.output, (leaf) => `output ${leaf}`)
  return new GradientMismatch({
    name,
    law,
    statement: statements[law],
    what,
    input: input.path,
    index: input.index,
    output: output.path,
    outputIndex: output.index,
    expected,
    received,
    counterexample: fc.stringify(counterexample?.[0]),
    seed,
    path: counterexamplePath ?? ""
  })
}

/** Why a check ended early. */
const failure = (
  check: Check,
  details: fc.RunDetails<[Sample]>
): Effect.Effect<never, GradientMismatch | DeviceError> => {
  const error = details.errorInstance
  if (error instanceof Broken) return Effect.fail(mismatch(check, error, details))
  if (error instanceof Stopped) return Effect.failCause(error.cause)
  if (error !== null && error !== undefined) return Effect.die(error)
  return Effect.die(
    new ArgumentError({
      operation: "gradcheck",
      expected: `inputs for ${details.numRuns + 1} runs`,
      received: `a generator that skipped ${details.numSkips} of them`
    })
  )
}

/** Tries one law. */
const checkLaw = (
  check: Check,
  arbitrary: fc.Arbitrary<Sample>
): Effect.Effect<LawReport, GradientMismatch | DeviceError, Device> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<Device>()
    const errors: Array<number> = []
    let worst = nothing
    let hasFailed = false
    const details = yield* Effect.promise((signal) =>
      fc.check(
        fc.asyncProperty(arbitrary, async ({ measure, subject }) => {
          const exit = await Effect.runPromiseExitWith(context)(measure, { signal })
          hasFailed ||= Exit.isFailure(exit) || !holds(exit.value)
          if (Exit.isFailure(exit)) {
            // A wrong program shows itself; what the world does wrong is no counterexample.
            throw Cause.hasFails(exit.cause) ? new Stopped(exit.cause) : Cause.squash(exit.cause)
          }
          if (!holds(exit.value)) throw new Broken(exit.value, subject)
          if (hasFailed) return
          errors.push(exit.value.error)
          if (exit.value.error > worst.error) worst = exit.value
        }),
        check.parameters
      )
    )
    if (details.failed) return yield* failure(check, details)
    return { law: check.law, runs: details.numRuns, worst, errors }
  })

/** The laws that are asked for and can be checked. */
const lawsOf = ({ laws = all, mode = "both", order = 2 }: Options, hasDevice: boolean): ReadonlyArray<Law> => {
  const leftOut = [
    ...(order === 2 ? [] : ofSecondOrder),
    ...(mode === "both" ? [] : ofReverse),
    ...(hasDevice ? [] : ofDevice)
  ]
  return laws.filter((law) => !leftOut.includes(law))
}

/** Checks functions that are drawn with their inputs; `gradcheck` says how. */
export const checkSubjects = (
  points: fc.Arbitrary<Subject>,
  options: Options & { readonly name: string }
): Effect.Effect<Report, GradientMismatch | DeviceError> =>
  Effect.gen(function* () {
    const { dtypes = [], mode = "both", name, path, runs = 20, seed = 1, tolerances = {} } = options
    const device = yield* Effect.serviceOption(Device)
    const parameters = { numRuns: runs, seed, ...(path === undefined ? {} : { path }) }
    const laws = yield* Effect.forEach(lawsOf(options, Option.isSome(device)), (law) =>
      checkLaw({ law, name, parameters }, samples(law, points, { dtypes, mode, tolerances }))
    ).pipe(
      // Without a device there is no law left that asks for one.
      Effect.provideService(
        Device,
        Option.getOrElse(device, () => undefined as unknown as Device["Service"])
      )
    )
    return { name, seed, laws }
  })

/**
 * Checks the derivatives of `f`, a function of trees of tensors, against the laws: at `inputs` that are drawn from an
 * arbitrary, or at some near an example of its arguments. With a `Device` in the context, its values are compared with
 * those of the reference, too.
 *
 * Derivatives are taken in `f64`, whatever the dtype of the inputs, so tensors that `f` closes over have to be of `f64`
 * or `f` has to be given them. An example is moved a little; it has to be away from kinks, and arbitrary inputs from
 * everything that the function has no derivative at.
 *
 * **Fails** with `GradientMismatch` at the first law that does not hold, with the smallest counterexample, and with
 * `DeviceError`. What `f` throws is a defect.
 *
 * **Example** (A rule that forgets a factor)
 *
 * ```ts run
 * const square = customVjp(
 *   (x: Tensor.Tensor<readonly []>) => Tensor.mul(x, x),
 *   (x) => [Tensor.mul(x, x), x],
 *   (x, cotangent) => [Tensor.mul(cotangent, x)]
 * )
 * const mismatch = await Effect.runPromise(Effect.flip(gradcheck(square, [Tensor.of(3)])))
 * mismatch.law // => "jvp"
 * mismatch.input // => "0"
 * mismatch.expected // => "6"
 * mismatch.received // => "3"
 * ```
 */
export const gradcheck = <A extends ReadonlyArray<unknown>>(
  f: (...args: A) => unknown,
  inputs: Inputs<NoInfer<A>>,
  options: Options = {}
): Effect.Effect<Report, GradientMismatch | DeviceError> =>
  Effect.suspend(() =>
    checkSubjects(subjects(f, inputs), { ...options, name: options.name ?? (f.name === "" ? "the function" : f.name) })
  )
