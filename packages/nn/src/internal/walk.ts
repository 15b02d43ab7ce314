/**
 * Looking inside of models while they run: what each layer gives, and what it would give if another one gave something else.
 */
import * as Random from "@cotangent/tensor/Random"

/** What a layer is: a name, or the function that it lifts. */
export type Kind = string | ((input: never) => unknown)

/** A layer, and where it stands. */
export interface Site {
  /** As in `hidden.0`: the way to its parameters, if it has some. */
  readonly path: string
  readonly kind: Kind
  readonly params: unknown
}

/** Sees the output of each layer, and says what the layers after it receive. */
export type Visit = (site: Site, output: unknown) => unknown

/** One run of a model, seen by `visit`. */
export interface Run {
  readonly params: unknown
  readonly state: unknown
  readonly input: unknown
  /** That of training; inference without. */
  readonly key: Random.Key | undefined
  readonly path: string
  readonly visit: Visit
}

/** What a model is, and how it runs its parts; without `walk` it has none that could be seen. */
export interface Outline {
  readonly kind: Kind
  readonly walk?: (run: Run) => unknown
}

/** A model as `walk` sees it. */
interface Walkable {
  readonly outline?: Outline
  readonly train: (params: unknown, state: unknown, input: unknown, key: Random.Key) => { readonly output: unknown }
  readonly predict: (params: unknown, state: unknown, input: unknown) => unknown
}

/** What stands under `name` in what stands at `path`. */
export const inside = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`)

/** Runs `model`, layer by layer. */
export const walk = ({ outline, predict, train }: Walkable, run: Run): unknown => {
  if (outline?.walk !== undefined) return outline.walk(run)
  const { input, key, params, path, state, visit } = run
  const output = key === undefined ? predict(params, state, input) : train(params, state, input, key).output
  return visit({ path, kind: outline?.kind ?? "model", params }, output)
}

/** So many keys of the parts of a run: none in inference. */
export const keysOf = (key: Random.Key | undefined, count: number): ReadonlyArray<Random.Key | undefined> =>
  key === undefined ? [] : Random.split(key, count)

/** What a step of a composition that has no parameters of its own gives. */
export const visited = ({ path, visit }: Run, kind: Kind, name: string, output: unknown): unknown =>
  visit({ path: inside(path, name), kind, params: {} }, output)
