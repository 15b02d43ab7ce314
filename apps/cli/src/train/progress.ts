/**
 * A training while it runs, in lines of text.
 */
import type { Event } from "@cotangent/train/Event"
import type { Pass, Plan } from "../Recipe.ts"
import { count, duration, loss, percent } from "../terminal/format.ts"
import { gauge, sparkline } from "../terminal/shapes.ts"
import type { Style } from "../terminal/style.ts"
import { pad } from "../terminal/table.ts"
import type { History } from "./history.ts"
import { last, recentRate } from "./history.ts"

/** What the lines are made from. */
export interface Display {
  readonly pass: Pass
  readonly plan: Plan
  readonly style: Style
}

/** The line that changes: how far, how good, how fast, how long still. */
export const status = ({ pass, plan, style }: Display, history: History, columns: number): string => {
  const done = plan.steps === 0 ? 1 : history.step / plan.steps
  const rate = recentRate(history)
  const label = pass.name === "epoch" ? ` ${pass.name} ${Math.min(history.epoch + 1, plan.epochs)}/${plan.epochs}` : ""
  const now = last(history.losses)
  const parts = [
    `${(100 * done).toFixed(0).padStart(3)} %${label}`,
    ...(now === undefined ? [] : [`loss ${loss(now)}`]),
    ...(rate === 0
      ? []
      : [`${count(rate)} images/s`, `${duration((1000 * (plan.steps - history.step) * plan.batch) / rate)} left`])
  ]
  const text = parts.join("  ")
  const width = Math.min(40, columns - text.length - 4)
  if (width < 8) return text.slice(0, Math.max(0, columns - 1))
  const [full, rest] = gauge(done, width)
  return `  ${style.green(full)}${style.dim(rest)} ${text}`
}

/** The lines above the first of `lineOf`. */
export const heading = ({ pass, style }: Display): ReadonlyArray<string> =>
  pass.name === "iteration" ? [style.dim(`  ${pass.name}  training accuracy`)] : []

/** The line that says what `event` is about, and stays; undefined for most of them. */
export const lineOf = ({ pass, plan, style }: Display, history: History, event: Event): string | undefined => {
  if (pass.name === "iteration") {
    // Iterations count from 0: the accuracy is that of the parameters before the step.
    if (event._tag !== "Step" || (event.step - 1) % pass.reportEvery !== 0) return undefined
    const accuracy = percent(event.metrics["accuracy"] ?? Number.NaN)
    return `  ${pad(String(event.step - 1), pass.name.length, "right")}  ${pad(accuracy, 17, "right")}`
  }
  if (event._tag !== "EpochFinished") return undefined
  const curve = sparkline(
    history.losses.slice(-Math.ceil(history.losses.length / (event.epoch + 1))).map(({ value }) => Math.log(value)),
    16
  )
  return [
    `  ${pass.name} ${String(event.epoch + 1).padStart(String(plan.epochs).length)}/${plan.epochs}`,
    `test accuracy ${style.bold(percent(event.metrics["accuracy"] ?? Number.NaN))}`,
    `loss ${loss(event.loss)} ${style.cyan(pad(curve, 16))}`,
    `${duration(event.millis)}`
  ].join("   ")
}
