/**
 * What the program asks of its workers.
 */
import * as Schema from "effect/Schema"
import * as Rpc from "effect/rpc/Rpc"
import * as RpcGroup from "effect/rpc/RpcGroup"
import { Outcome } from "./Outcome.ts"

/** A check that came to no end: the target threw, or there is no device. */
export class Crashed extends Schema.TaggedError<Crashed>()("Crashed", { name: Schema.String, reason: Schema.String }) {
  override get message(): string {
    return `${this.name} could not be checked: ${this.reason}`
  }
}

/** Checks the target of a name. */
export class Checks extends RpcGroup.make(
  Rpc.make("check", {
    payload: { name: Schema.String, runs: Schema.Int, seed: Schema.Int },
    success: Outcome,
    error: Crashed
  })
) {}

/** What a worker is born with. */
export interface WorkerData {
  readonly device: string
}
