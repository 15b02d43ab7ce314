import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Errors from "../src/errors.ts"

describe("errors", () => {
  it("a failure survives the way through JSON", () => {
    const error = new Errors.OutOfMemory({ device: "wasm", requested: 3 * 2 ** 30, available: 2 ** 20 })
    const decoded = Schema.decodeUnknownSync(Errors.OutOfMemory)(
      JSON.parse(JSON.stringify(Schema.encodeSync(Errors.OutOfMemory)(error)))
    )
    assert.instanceOf(decoded, Errors.OutOfMemory)
    assert.strictEqual(decoded.message, "the device wasm has no memory for 3072.0 MiB: 1.0 MiB are available")
  })

  it("the messages say what happened where", () => {
    const device = "cuda:0"
    assert.deepStrictEqual(
      [
        new Errors.DeviceUnavailable({ device, reason: "no driver" }),
        new Errors.CompileFailed({ device, reason: "no kernel for f64" }),
        new Errors.DeviceLost({ device, reason: "unplugged" }),
        new Errors.NonFinite({ operation: "log f32[2]" }),
        new Errors.OtherDevice({ operation: "step", tensor: "argument 0", device })
      ].map(({ message }) => message.split("\n")[0]),
      [
        "the device cuda:0 is not available: no driver",
        "the device cuda:0 cannot compile the program: no kernel for f64",
        "the device cuda:0 is lost: unplugged",
        "log f32[2]: expected finite values, received NaN or an infinity; everything before it is finite",
        "step: expected a tensor of the device cuda:0, received argument 0"
      ]
    )
  })
})
