/**
 * Everything that is checked.
 */
import type { Target } from "./Target.ts"
import { networks } from "./targets/networks.ts"
import { operations } from "./targets/operations.ts"
import { primitives } from "./targets/primitives.ts"

/** Every primitive, operation, activation, loss and layer. */
export const targets: ReadonlyArray<Target> = [...primitives, ...operations, ...networks]
