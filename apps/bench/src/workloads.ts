/**
 * Everything that is timed, in the order of the table.
 */
import type { Workload } from "./Workload.ts"
import { elements } from "./workloads/elements.ts"
import { gpt } from "./workloads/gpt.ts"
import { overheads } from "./workloads/overheads.ts"
import { oddProducts, products } from "./workloads/products.ts"
import { networks } from "./workloads/training.ts"

export const workloads: ReadonlyArray<Workload> = [
  ...products,
  ...elements,
  ...networks,
  gpt,
  ...oddProducts,
  ...overheads
]
