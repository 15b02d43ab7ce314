/**
 * Shapes as types. A dimension is a literal size, a name such as `"batch"`, or `number` where it is not known before
 * the program runs; `Shape` alone leaves the rank open.
 */

/** One dimension: a literal size, a name, or `number` when unknown. */
export type Dim = number | string

/** The dimensions of a tensor, outermost first. */
export type Shape = ReadonlyArray<Dim>
