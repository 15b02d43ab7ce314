/**
 * What a training has said so far.
 */
import type { Event } from "@cotangent/train/Event"

/** A value at a step. */
export interface Point {
  readonly step: number
  readonly value: number
}

/** The course of a training. */
export interface History {
  readonly losses: ReadonlyArray<Point>
  /** The metrics of steps by name: on the batch of a step, before the step. */
  readonly metrics: Readonly<Record<string, ReadonlyArray<Point>>>
  /** What was measured after each epoch, by name. */
  readonly measured: Readonly<Record<string, ReadonlyArray<Point>>>
  readonly step: number
  readonly epoch: number
  /** Examples and milliseconds of the steps, without evaluation and checkpoints. */
  readonly examples: number
  readonly millis: number
  /** Of the last few readings. */
  readonly recent: ReadonlyArray<{ readonly examples: number; readonly millis: number }>
  readonly checkpoint: string | undefined
  readonly stopped: string | undefined
}

/** A training that has said nothing. */
export const empty: History = {
  losses: [],
  metrics: {},
  measured: {},
  step: 0,
  epoch: 0,
  examples: 0,
  millis: 0,
  recent: [],
  checkpoint: undefined,
  stopped: undefined
}

/** Readings that a rate is taken from. */
const window = 20

/** `points`, each with its value of `values` at `step`. */
const extended = (
  points: History["metrics"],
  step: number,
  values: Readonly<Record<string, number>>
): History["metrics"] => ({
  ...points,
  ...Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, [...(points[name] ?? []), { step, value }]])
  )
})

/** The history after `event`. */
export const record = (history: History, event: Event): History => {
  switch (event._tag) {
    case "Started":
      return { ...history, step: event.step, epoch: event.epoch }
    case "Step": {
      const { epoch, examples, loss, metrics, millis, step } = event
      return {
        ...history,
        step,
        epoch,
        losses: [...history.losses, { step, value: loss }],
        metrics: extended(history.metrics, step, metrics),
        examples: history.examples + examples,
        millis: history.millis + millis,
        recent: [...history.recent, { examples, millis }].slice(-window)
      }
    }
    case "EpochFinished":
      return {
        ...history,
        step: event.step,
        measured: extended(history.measured, event.step, event.metrics)
      }
    case "Checkpointed":
      return { ...history, checkpoint: event.path }
    case "Stopped":
      return { ...history, step: event.step, stopped: event.reason }
  }
}

const perSecond = (parts: History["recent"]): number => {
  const millis = parts.reduce((total, part) => total + part.millis, 0)
  return millis === 0 ? 0 : (1000 * parts.reduce((total, part) => total + part.examples, 0)) / millis
}

/** Examples per second, lately. */
export const recentRate = ({ recent }: History): number => perSecond(recent)

/** Examples per second of the whole training. */
export const meanRate = (history: History): number => perSecond([history])

/** The last value; undefined where there is none. */
export const last = (points: ReadonlyArray<Point> = []): number | undefined => points.at(-1)?.value
