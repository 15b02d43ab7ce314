/**
 * The compiler: expression graph → canonical form → fused kernels → loop program → memory plan.
 */
import type { DType } from "@cotangent/tensor/DType"
import type { Tensor } from "@cotangent/tensor/Primitive"
import type { Program } from "@cotangent/tensor/Program"
import { size } from "@cotangent/tensor/Shape"
import { recomputed } from "./Attention.ts"
import { canonicalize } from "./Canonical.ts"
import type { Identify } from "./Key.ts"
import { identifier } from "./Key.ts"
import type { Buffer, LoopProgram } from "./LoopProgram.ts"
import { lowerTo } from "./Lower.ts"
import { aliases, arena } from "./Plan.ts"
import { byRows } from "./Rows.ts"
import type { Location } from "./Stages.ts"
import { sunk } from "./Sink.ts"
import { start } from "./Stages.ts"
import { inStrips } from "./Strips.ts"
import type { Target } from "./Target.ts"
import { processor } from "./Target.ts"
import { tiled } from "./Tiles.ts"

/** What the compiler may assume. */
export interface Options {
  /** Inputs whose memory the program may take over for its outputs. */
  readonly donated?: ReadonlySet<number>
  /** False gives every tensor memory and loops of its own: slow, and the yardstick of what fusion must not change. */
  readonly fusion?: boolean
  /** What the program is made for; a processor unless stated. */
  readonly target?: Target
  /** Numbers primitives; share one between compilations whose keys are compared. */
  readonly identify?: Identify
}

/**
 * The loop program of `program`. Leaves must be parameters: host data and device buffers are inputs by then.
 *
 * **Numerics** Exact rewriting only: common subexpressions, `x + 0`, `x · 1`, movement of movement; sums keep their
 * order within a kernel.
 */
export const compile = (program: Program, options: Options = {}): LoopProgram => {
  const identify = options.identify ?? identifier()
  const canonical = canonicalize(program, identify)
  let buffers = 0
  const allocate = (role: Buffer["role"], length: number, dtype: DType): Buffer => ({
    id: buffers++,
    role,
    shape: [length],
    dtype
  })
  const inputs = canonical.parameters.map(({ dtype, shape }) => allocate("input", size(shape), dtype))
  const outputs = canonical.results.map(({ dtype, shape }) => allocate("output", size(shape), dtype))
  const parameters = new Map<Tensor, Location>(canonical.parameters.map((tensor, i) => [tensor, start(inputs[i])]))
  const target = options.target ?? processor
  const frame = { parameters, allocate, identify, target, fusion: options.fusion ?? true }
  const whole = lowerTo(canonical, frame, outputs.map(start))
  const privatize = (length: number, dtype: DType): Buffer => allocate("private", length, dtype)
  const fused = frame.fusion ? recomputed(whole, { allocate, target }) : whole
  const together = frame.fusion && target.isTiled ? tiled(inStrips(fused, privatize), privatize) : fused
  const donated = options.donated ?? new Set()
  const ordered = sunk(together, new Set([...donated].map((i) => inputs[i])))
  const steps = frame.fusion ? byRows(ordered, privatize, target.rowBytes) : ordered
  return {
    inputs,
    outputs,
    steps,
    ...arena(steps),
    aliases: aliases(steps, inputs, outputs, donated)
  }
}
