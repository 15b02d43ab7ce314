/**
 * Recipes: systems that can be asked for by their names.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import type { Device } from "@cotangent/runtime/Device"
import type * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Scope from "effect/Scope"
import type { Figure } from "./figure.ts"
import type { ImageSets } from "./images/sets.ts"
import type { Lab, TrialError } from "./lab/Lab.ts"
import type { Form } from "./terminal/format.ts"

/** A system with the result that it is to show. Its parts are loaded when they are needed. */
export interface Recipe {
  readonly name: string
  readonly summary: string
  /** The section of the lecture notes that it belongs to. */
  readonly section: string
  /** What it works on. */
  readonly data: string
  /** What it reaches unless told otherwise. */
  readonly expected: ReadonlyArray<Expectation>
  /** About how long it takes on two cores. */
  readonly seconds: number
  readonly load: () => Promise<Task>
}

/** Bounds of a result. */
export interface Expectation {
  /** The name of the result. */
  readonly result: string
  readonly form: Form
  readonly least?: number
  readonly most?: number
}

/** What a recipe does. */
export interface Task {
  /** What determines every random choice, unless told otherwise. */
  readonly seed: number
  /** The names of its trainings, in their order: `alone` if it is only one. */
  readonly trainings: ReadonlyArray<string>
  /** Carries out the trainings, and concludes. */
  readonly run: (lab: Lab) => Effect.Effect<Conclusion, TrialError, Device | FileSystem.FileSystem | Scope.Scope>
  /** How its checkpoint can be asked what a picture shows, if it can. */
  readonly classifier?: Classifier
}

/** The name of the training of a recipe that has no other. */
export const alone = ""

/** A model of pictures that can be asked. */
export interface Classifier {
  readonly load: ImageSets
  /** What the model of a checkpoint makes of images: a row of probabilities for each. */
  readonly classify: (
    checkpoint: string,
    images: HostArray<"u8">
  ) => Effect.Effect<HostArray<"f32">, TrialError, Device | FileSystem.FileSystem>
}

/** A number that a recipe came to. */
export interface Result {
  readonly name: string
  readonly value: number
  readonly form: Form
  /** What is said beside it. */
  readonly note?: string
}

/** What came out of a recipe. */
export interface Conclusion {
  /** The main one first. */
  readonly results: ReadonlyArray<Result>
  /** More to know, by name. */
  readonly remarks: ReadonlyArray<readonly [name: string, text: string]>
  /** Results side by side, where there are several trainings: the first row has the heads. */
  readonly table?: ReadonlyArray<ReadonlyArray<string>>
  /** What the report shows. */
  readonly figures: ReadonlyArray<Figure>
  /** What programs may want to know beyond the results. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** Whether the result that `expectation` is about is in its bounds; not, where there is no such result. */
export const isMet = ({ least = -Infinity, most = Infinity, result }: Expectation, { results }: Conclusion): boolean =>
  results.some(({ name, value }) => name === result && value >= least && value <= most)
