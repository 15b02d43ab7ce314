/** The direction of imports in the workspace. `imports.test.ts` holds every source file to it. */

const library: Readonly<Record<string, ReadonlyArray<string>>> = {
  tensor: [],
  autodiff: ["tensor"],
  nn: ["tensor", "autodiff"],
  optim: ["tensor", "autodiff"],
  models: ["tensor", "autodiff", "nn", "optim"],
  compiler: ["tensor"],
  runtime: ["tensor", "compiler"],
  wasm: ["tensor", "compiler", "runtime"],
  cuda: ["tensor", "compiler", "runtime"],
  formats: ["tensor"],
  data: ["tensor", "formats", "runtime"],
  images: ["tensor", "formats", "data"],
  train: ["tensor", "autodiff", "optim", "formats", "runtime"],
  "fp-ts": ["tensor", "autodiff", "nn", "optim", "runtime"],
  gradcheck: ["tensor", "autodiff", "runtime"]
}

/** Which packages of the workspace each package may import. */
export const allowed: Readonly<Record<string, ReadonlyArray<string>>> = {
  ...library,
  testing: Object.keys(library),
  cli: [...Object.keys(library), "testing"],
  "gradcheck-app": [...Object.keys(library), "testing"],
  bench: [...Object.keys(library), "testing"],
  config: []
}

/** Packages that know nothing of effects: from `effect` they may import only `dataModules`. */
export const pure: ReadonlySet<string> = new Set(["tensor", "autodiff", "compiler", "nn", "optim", "models"])

/** The modules of `effect` that describe data and run nothing. */
export const dataModules: ReadonlySet<string> = new Set([
  "effect/Function",
  "effect/Pipeable",
  "effect/Equal",
  "effect/Hash",
  "effect/Data",
  "effect/Option"
])

/** Packages that may use what only Node has. */
export const usesNode: ReadonlySet<string> = new Set(["cuda", "testing", "config", "cli", "gradcheck-app", "bench"])
