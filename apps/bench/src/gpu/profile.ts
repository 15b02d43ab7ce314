/**
 * Where the time of a workload goes: its operations, each timed between events, those of one kind together.
 */
import type { Driver } from "@cotangent/cuda/driver/Driver"
import type { OperationTime } from "@cotangent/cuda/driver/Profile"
import { kindOf } from "@cotangent/cuda/render/describe"
import * as Effect from "effect/Effect"
import { measure, warmUp } from "../measure.ts"
import type { Workload } from "../Workload.ts"

/** Runs that are timed beside the first and those that warm up. */
const calls = 3
const runs = 1 + warmUp + calls

/** Operations of one kind in a run. **Units** milliseconds. */
interface Kind {
  readonly kind: string
  readonly count: number
  readonly each: number
  readonly all: number
}

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)]

const kindsOf = (times: ReadonlyArray<OperationTime>): ReadonlyArray<Kind> =>
  Object.entries(Object.groupBy(times, ({ operation }) => kindOf(operation)))
    .map(([kind, members = []]): Kind => {
      const count = members.length / runs
      const each = median(members.map(({ ms }) => ms))
      return { kind, count, each, all: count * each }
    })
    .toSorted((x, y) => y.all - x.all)

const cellsOf = (kinds: ReadonlyArray<Kind>): ReadonlyArray<ReadonlyArray<string>> => {
  const total = kinds.reduce((sum, { all }) => sum + all, 0)
  return [
    ["ms of a run", "times", "ms each", "of all", "operation"],
    [total.toFixed(3), "", "", "", "all"],
    ...kinds.map(({ all, count, each, kind }) => [
      all.toFixed(4),
      count.toFixed(Number.isInteger(count) ? 0 : 1),
      each.toFixed(4),
      `${((100 * all) / total).toFixed(1)} %`,
      kind
    ])
  ]
}

/**
 * A table of the operations of a workload, those that take the longest first. Each is timed with a mark behind it, which
 * takes some microseconds of its own.
 */
export const profile = (driver: Driver, workload: Workload) =>
  Effect.map(driver.profiled(measure(workload, { calls, seconds: 0 })), ([, times]) => cellsOf(kindsOf(times)))
