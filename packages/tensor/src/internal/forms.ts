/**
 * The two ways to call an operation: `add(x, y)` and, in a pipe, `add(y)`.
 */
import { dual } from "effect/Function"
import { isTensor } from "../Primitive.ts"

/** What tells a data-first call: its number of arguments, or a look at them. */
type DataFirst = 2 | 3 | ((args: IArguments) => boolean)

/** A data-first call has a tensor in front: for operations whose other arguments are no tensors. */
export const tensorFirst: DataFirst = (args) => isTensor(args[0])

/**
 * Gives `body` both call forms under the signature `F`.
 *
 * The cast stands here for the whole surface: `F` says in types what `body` computes on shapes. Shape types and shape
 * rules are two statements of the same rule; the type tests and the unit tests of the operations compare them.
 */
export const forms = <F>(dataFirst: DataFirst, body: (...args: never) => unknown): F =>
  dual(dataFirst as never, body as never) as F

/** `body` under the typed signature `F`; see `forms` for why the cast holds. */
export const typed = <F>(body: (...args: never) => unknown): F => body as F
