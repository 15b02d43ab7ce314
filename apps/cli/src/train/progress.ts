/**
 * A training while it runs, in lines of text.
 */
import type { Event } from "@cotangent/train/Event"
import type { History } from "../lab/history.ts"
import { last, recentRate } from "../lab/history.ts"
import type { Plan } from "../lab/Lab.ts"
import { alone } from "../Recipe.ts"
import { count, duration, loss, plural, say } from "../terminal/format.ts"
import { gauge, sparkline } from "../terminal/shapes.ts"
import type { Style } from "../terminal/style.ts"
import { pad } from "../terminal/table.ts"

/** What the lines are made from. */
export interface Display {
  readonly recipe: string
  readonly plan: Plan
  readonly style: Style
  /** The trainings of the recipe. */
  readonly of: ReadonlyArray<string>
}

/** The line that changes: how far, how good, how fast, how long still. */
export const status = ({ plan, style }: Display, history: History, columns: number): string => {
  const { pass } = plan
  const done = plan.steps === 0 ? 1 : history.step / plan.steps
  const rate = recentRate(history)
  const label = pass.name === "epoch" ? ` ${pass.name} ${Math.min(history.epoch + 1, plan.epochs)}/${plan.epochs}` : ""
  const now = last(history.losses)
  const parts = [
    `${(100 * done).toFixed(0).padStart(3)} %${label}`,
    ...(now === undefined ? [] : [`loss ${loss(now)}`]),
    ...(rate === 0
      ? []
      : [
          `${count(rate)} ${plan.unit}s/s`,
          `${duration((1000 * (plan.steps - history.step) * plan.batch) / rate)} left`
        ])
  ]
  const text = parts.join("  ")
  const width = Math.min(40, columns - text.length - 4)
  if (width < 8) return text.slice(0, Math.max(0, columns - 1))
  const [full, rest] = gauge(done, width)
  return `  ${style.green(full)}${style.dim(rest)} ${text}`
}

/** The lines that a training begins with: what it is, and where it goes on. */
export const introduction = ({ of, plan, recipe, style }: Display, device: string): ReadonlyArray<string> => {
  const { epochs, examples, model, parameters, pass, start, steps, training, unit } = plan
  const size = plural(parameters, "parameter")
  const numbered = `  ${of.indexOf(training) + 1}/${of.length} ${training}`
  const isDone = start.step >= steps && start.step > 0
  return [
    training === alone
      ? `${recipe}: ${model}, ${size}, trained on ${plural(examples, unit)} by ${device}`
      : `${style.bold(numbered)}  ${style.dim(`${model}, ${size}, ${plural(epochs, pass.name)}`)}`,
    ...(start.step === 0
      ? []
      : [isDone ? "  done before" : `going on after ${plural(start.step, "step")} of ${count(steps)}`])
  ]
}

/** The lines above the first of `lineOf`. */
export const heading = ({ plan: { pass, training }, style }: Display): ReadonlyArray<string> =>
  pass.name === "iteration" && training === alone ? [style.dim(`  ${pass.name}  ${pass.label}`)] : []

/** The line that says what `event` is about, and stays; undefined for most of them. */
export const lineOf = (display: Display, history: History, event: Event): string | undefined => {
  const { pass, training } = display.plan
  if (pass.name === "epoch") return epochLine(display, history, event)
  return training === alone ? iterationLine(display, event) : endLine(display, history, event)
}

/** Iterations count from 0: the metric is that of the parameters before the step. */
const iterationLine = ({ plan: { pass } }: Display, event: Event): string | undefined => {
  if (event._tag !== "Step" || (event.step - 1) % pass.reportEvery !== 0) return undefined
  const value = say(event.metrics[pass.metric] ?? event.loss, pass.form)
  return `  ${pad(String(event.step - 1), pass.name.length, "right")}  ${pad(value, pass.label.length, "right")}`
}

/** A training of several by iterations has one line at its end. */
const endLine = ({ plan: { pass }, style }: Display, history: History, event: Event): string | undefined => {
  if (event._tag !== "Stopped") return undefined
  const value = last(history.metrics[pass.metric]) ?? last(history.losses)
  const curve = sparkline(
    history.losses.map(({ value }) => Math.log(value)),
    16
  )
  return [
    `    ${pass.label} ${style.bold(value === undefined ? "none" : say(value, pass.form))}`,
    style.cyan(pad(curve, 16)),
    duration(history.millis)
  ].join("   ")
}

const epochLine = ({ plan, style }: Display, history: History, event: Event): string | undefined => {
  const { epochs, pass, training } = plan
  if (event._tag === "Stopped" && event.reason !== "completed") return style.dim(`    stopped: ${event.reason}`)
  if (event._tag !== "EpochFinished" || ((event.epoch + 1) % pass.reportEvery !== 0 && event.epoch + 1 < epochs)) {
    return undefined
  }
  const curve = sparkline(
    history.losses.slice(-Math.ceil(history.losses.length / (event.epoch + 1))).map(({ value }) => Math.log(value)),
    16
  )
  const value = event.metrics[pass.metric]
  return [
    `${training === alone ? "  " : "    "}${pass.name} ${String(event.epoch + 1).padStart(String(epochs).length)}/${epochs}`,
    ...(value === undefined ? [] : [`${pass.label} ${style.bold(say(value, pass.form))}`]),
    `loss ${loss(event.loss)} ${style.cyan(pad(curve, 16))}`,
    `${duration(event.millis)}`
  ].join("   ")
}
