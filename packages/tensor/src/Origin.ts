/**
 * Where applications come from: the line of code that built each, while that is recorded.
 *
 * What is recorded belongs to the application and goes with it. The one thing that changes is whether the synchronous
 * call that runs now records; it is as before when the call returns or throws.
 */
import type { Place } from "./internal/frames.ts"
import { firstOutside, parse } from "./internal/frames.ts"
import type { Application } from "./Primitive.ts"

export type { Place } from "./internal/frames.ts"

/** How one application makes others: a rule of forward mode, of reverse mode, of batches. */
export type Rule = "jvp" | "vjp" | "batch"

/** A call stack, which becomes text when it is looked at. */
interface Stack {
  readonly stack?: unknown
}

/** Where an application was built. */
export interface Origin {
  readonly stack: Stack
  /** The stack where the recording, or the rule, began. */
  readonly entry: Stack
  /** The rule that built it, and the application that this is the rule of. */
  readonly derived: { readonly rule: Rule; readonly from: Application } | undefined
}

/** What the call that runs now records; undefined where it does not. */
let current: Pick<Origin, "entry" | "derived"> | undefined

const during = <A>(next: Pick<Origin, "entry" | "derived">, f: () => A): A => {
  const before = current
  current = next
  try {
    return f()
  } finally {
    current = before
  }
}

/**
 * The value of `f`; each application that `f` builds before it returns knows the place in the code where that was. It
 * costs microseconds for each. `Device.checkFinite` names these places.
 *
 * **Example** (A place for a message)
 *
 * ```ts run
 * const y = Origin.record(() => Tensor.log(Tensor.of([1, 0])))
 * typeof Origin.place(y.application)?.line // => "number"
 * Origin.place(Tensor.log(Tensor.of([1, 0])).application) === undefined // => true
 * ```
 */
export const record = <A>(f: () => A): A => {
  // V8 keeps the ten innermost calls unless told otherwise; other engines ignore the property, or refuse it.
  const limit: unknown = Reflect.get(Error, "stackTraceLimit")
  Reflect.set(Error, "stackTraceLimit", Infinity)
  try {
    return during({ entry: new Error(), derived: undefined }, f)
  } finally {
    if (limit === undefined) Reflect.deleteProperty(Error, "stackTraceLimit")
    else Reflect.set(Error, "stackTraceLimit", limit)
  }
}

/** The value of `f`; where applications are recorded, those that it builds are known to come from a rule of `from`. */
export const derive = <A>(rule: Rule, from: Application, f: () => A): A =>
  current === undefined ? f() : during({ entry: new Error(), derived: { rule, from } }, f)

/** The origin of what is built now; undefined unless that is recorded. */
export const here = (): Origin | undefined => (current === undefined ? undefined : { stack: new Error(), ...current })

/**
 * Where in the user's code `application` was built, if it was built there: not by a rule of the library, and recorded.
 * Undefined too where the engine writes no stacks, or one file holds the library and its user.
 */
export const ownPlace = ({ origin }: Application): Place | undefined => {
  if (origin === undefined) return undefined
  const frames = parse(origin.stack.stack)
  const own = frames[0]?.file
  // What is above the entry happened within it.
  const within = frames.slice(0, Math.max(0, frames.length - parse(origin.entry.stack).length))
  return own === undefined ? undefined : firstOutside(within, own)
}

/** The own place of `application`, or else of the one whose rule built it, and so on. */
export const place = (application: Application): Place | undefined => {
  let from: Application | undefined = application
  while (from !== undefined) {
    const found = ownPlace(from)
    if (found !== undefined) return found
    from = from.origin?.derived?.from
  }
  return undefined
}
