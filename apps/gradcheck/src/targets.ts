/**
 * Everything that is checked.
 */
import type { Exclusion, Target } from "./Target.ts"
import { functions } from "./targets/functions.ts"
import { layers } from "./targets/layers.ts"
import { models } from "./targets/models.ts"
import { operations } from "./targets/operations.ts"
import { optimizers } from "./targets/optimizers.ts"
import { primitives } from "./targets/primitives.ts"
import { training } from "./targets/training.ts"
import { transformations } from "./targets/transformations.ts"

const groups = [operations, transformations, ...functions, ...layers, ...optimizers, ...training, ...models]

/** Every primitive, and everything with a derivative that the packages of operations, networks and training export. */
export const targets: ReadonlyArray<Target> = [...primitives, ...groups.flatMap(({ targets }) => targets)]

/** What those packages export beside that. */
export const exclusions: ReadonlyArray<Exclusion> = groups.flatMap(({ exclusions }) => exclusions)
