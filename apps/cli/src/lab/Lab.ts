/**
 * What recipes work with: a place that carries out trainings, shows and records them, keeps their checkpoints, and goes
 * on with those that were interrupted.
 */
import type { DownloadError } from "@cotangent/data/DownloadError"
import type { FormatError } from "@cotangent/formats/FormatError"
import type { Device } from "@cotangent/runtime/Device"
import type { DeviceError, NonFinite } from "@cotangent/runtime/errors"
import type * as Random from "@cotangent/tensor/Random"
import type { CheckpointError } from "@cotangent/train/Checkpoint"
import type { Cursor, Event } from "@cotangent/train/Event"
import type { StepResult } from "@cotangent/train/Fit"
import type { Stop } from "@cotangent/train/Stop"
import type { ConfigError } from "effect/Config"
import type * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Interrupted, Missing, NothingToExamine } from "../failure.ts"
import type { Form } from "../terminal/format.ts"
import type { Examined, Thoroughness } from "./examination.ts"
import type { Feed, Passes } from "./feed.ts"
import type { Fetching } from "./fetching.ts"
import type { History } from "./history.ts"

/** Everything that can go wrong while a recipe is carried out. */
export type TrialError =
  | CheckpointError
  | ConfigError
  | DeviceError
  | DownloadError
  | FormatError
  | Interrupted
  | Missing
  | NonFinite
  | NothingToExamine
  | PlatformError

/** What a recipe is given. */
export interface Lab extends Fetching {
  readonly seed: number
  /** The key of the seed. */
  readonly key: Random.Key
  /** How many examples of each set are used at most. */
  readonly limit: number
  /** The folder of the data, unless it is the usual place. */
  readonly data: string | undefined
  /** Carries out a training, or what is left of it. Its checkpoint is written, its history known. */
  readonly train: <S extends object, B>(
    trial: Trial<S, B>
  ) => Effect.Effect<Trained<S>, TrialError, Device | FileSystem.FileSystem>
}

/** A training as a recipe describes it. `S` is a tree of tensors. */
export interface Trial<S extends object, B> {
  readonly name: string
  /** The model in short: `784-512-512-10`. */
  readonly model: string
  readonly parameters: number
  readonly state: S
  /** Passes over the data, unless told otherwise. */
  readonly epochs: number
  readonly feed: (passes: Passes) => Effect.Effect<Feed<B>, TrialError, Device | Scope.Scope>
  /** The step of a training of `steps` steps. */
  readonly step: (steps: number) => (state: S, batch: B) => StepResult<S>
  /** Makes what measures a state after each epoch. */
  readonly measure?: Effect.Effect<Measure<S>, TrialError, Device | Scope.Scope>
  readonly pass: Pass
  /** What an example is called. */
  readonly unit: string
  /** A change of the events, such as a combinator that asks for a stop. */
  readonly watch?: (stop: Stop) => <E, R>(events: Stream.Stream<Event, E, R>) => Stream.Stream<Event, E, R>
  /** Whether a loss that is not finite is a result like another; else the training fails by it. */
  readonly mayDiverge?: boolean
  /** Examines the training instead of carrying it out, where it learns from examples by gradients. */
  readonly examine?: (how: Thoroughness) => Effect.Effect<Examined<S>, TrialError, Device>
}

/** Measures a state. */
export type Measure<S> = (state: S) => Effect.Effect<Readonly<Record<string, number>>, TrialError, Device>

/** What a pass over the data is called, which passes are reported in lines of their own, and the metric they report. */
export interface Pass {
  readonly name: "epoch" | "iteration"
  readonly reportEvery: number
  /** The metric of the evaluation, or where there is none of the step. */
  readonly metric: string
  readonly label: string
  readonly form: Form
}

/** What a training is about to do. */
export interface Plan {
  readonly training: string
  readonly model: string
  readonly parameters: number
  readonly seed: number
  /** Passes over the data. */
  readonly epochs: number
  /** Steps of the whole training. */
  readonly steps: number
  /** How many examples it trains on. */
  readonly examples: number
  /** How many of them one step sees. */
  readonly batch: number
  readonly start: Cursor
  readonly pass: Pass
  readonly unit: string
}

/** A training that is over. */
export interface Trained<S = unknown> {
  /** The last state, in the memory of the host. */
  readonly state: S
  readonly plan: Plan
  readonly history: History
}
