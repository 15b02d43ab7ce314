/**
 * Recipes: trainings by name.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import type { Device } from "@cotangent/runtime/Device"
import type { DeviceError, NonFinite } from "@cotangent/runtime/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import type { CheckpointError } from "@cotangent/train/Checkpoint"
import type { Cursor, Event } from "@cotangent/train/Event"
import type { Stop } from "@cotangent/train/Stop"
import type * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Assessment } from "./digits/assessment.ts"
import type { Missing } from "./failure.ts"

/** A training that can be asked for by its name. Its parts are loaded when they are needed. */
export interface Recipe {
  readonly name: string
  readonly summary: string
  /** What it trains on. */
  readonly data: string
  /** What it reaches unless told otherwise. */
  readonly expected: string
  /** What a pass over the data is called. */
  readonly pass: Pass
  readonly load: () => Promise<Task>
}

/** What a pass over the data is called, and which passes are reported in lines of their own. */
export interface Pass {
  readonly name: "epoch" | "iteration"
  readonly reportEvery: number
}

/** How a recipe is carried out. */
export interface Request {
  /** What determines every random choice, unless it is that of the recipe. */
  readonly seed: number | undefined
  /** Passes over the data, if others than usual. */
  readonly epochs: number | undefined
  /** How many examples of each set are used; all, unless stated. */
  readonly limit: number | undefined
  /** The folder of the data, unless it is that of the package. */
  readonly data: string | undefined
  /** Where the checkpoint goes. */
  readonly checkpoint: string
  /** The checkpoint to begin with. */
  readonly resume: string | undefined
  readonly stop: Stop
}

/** Everything that can go wrong while a recipe is carried out. */
export type TaskError = CheckpointError | DeviceError | FormatError | Missing | NonFinite | PlatformError

/** A training that is ready to run. */
export interface Run {
  readonly plan: Plan
  readonly events: Stream.Stream<Event, TaskError, Device | FileSystem.FileSystem>
  /** How the model does on the test set now. */
  readonly assess: Effect.Effect<Assessment, TaskError, Device>
}

/** What a run is about to do. */
export interface Plan {
  /** The model in short: `784-512-512-10`. */
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
}

/** What a recipe does. */
export interface Task {
  /** **Fails** as reading data and checkpoints does. */
  readonly prepare: (request: Request) => Effect.Effect<Run, TaskError, Device | FileSystem.FileSystem | Scope.Scope>
  /** What the model of a checkpoint makes of images: a row of probabilities for each. */
  readonly classify: (
    checkpoint: string,
    images: HostArray<"u8">
  ) => Effect.Effect<HostArray<"f32">, TaskError, Device | FileSystem.FileSystem>
}
