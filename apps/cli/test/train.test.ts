import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Safetensors from "@cotangent/formats/Safetensors"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { parseLines, run, runHere, start, temporaryFolder, writeDigits } from "./run.ts"

const path = temporaryFolder()

writeDigits(path("digits"), 1280)
const few = ["--data", path("digits")]

/** Trainings of a second or so. */
const small = ["train", "mnist-mlp", ...few, "--epochs", "3", "--seed", "5"]
const smallest = ["train", "mnist-mlp", "--limit", "1280", "--epochs", "1", "--seed", "5"]

const read = (file: string): Promise<Safetensors.Safetensors> =>
  Effect.runPromise(Effect.provide(Safetensors.readFile(file), NodeFileSystem.layer))

describe("train", () => {
  it("says what it does in plain lines where nobody watches, and what it wrote", async () => {
    const { code, err, out } = await run(...small, "--out", path("plain"))
    assert.deepStrictEqual([code, err], [0, ""])
    assert.notInclude(out, "\u001b")
    assert.match(out, /^mnist-mlp: 784-512-512-10, 669,706 parameters, trained on 1,280 images by wasm/)
    assert.strictEqual(out.match(/^ {2}epoch \d\/3 {3}test accuracy \d\d\.\d\d %/gm)?.length, 3)
    for (const fact of ["test accuracy", "time", "device", "checkpoint", "report"]) {
      assert.match(out, new RegExp(`^  ${fact} `, "m"))
    }
    assert.match(readFileSync(path("plain", "report.html"), "utf8"), /^<!doctype html>/)
    const { code: asked, out: answer } = await run(
      "predict",
      ...few,
      "--checkpoint",
      path("plain", "checkpoint.safetensors")
    )
    assert.strictEqual(asked, 0)
    assert.match(answer, /[▀▄█]/)
    assert.match(answer, /^(?:✓ a 7|✗ taken for a \d \(.* sure\), but it is a 7)/m)
  })

  it("gives its events and its outcome as lines of JSON", async () => {
    const { code, err, out } = await runHere(...smallest, "--json", "--out", path("json"))
    assert.deepStrictEqual([code, err], [0, ""])
    const events = parseLines(out)
    const tags = events.map(({ _tag }) => _tag).filter((tag, i, all) => tag !== all[i - 1])
    assert.deepStrictEqual(tags, ["Started", "Step", "EpochFinished", "Checkpointed", "Stopped", "Finished"])
    const outcome = events.at(-1)!
    assert.deepInclude(outcome, { recipe: "mnist-mlp", seed: 5, total: 1280, expected: [] })
    const [training] = outcome["trainings"] as ReadonlyArray<Readonly<Record<string, unknown>>>
    assert.deepInclude(training, { name: "", epochs: 1, steps: 10 })
    assert.isAbove((outcome["results"] as Readonly<Record<string, number>>)["test accuracy"], 0.3)
    const options = ["--json", "--image", "2", "--set", "train", "--checkpoint", path("json", "checkpoint.safetensors")]
    const [prediction] = parseLines((await runHere("predict", ...options)).out)
    assert.deepInclude(prediction, { image: 2, set: "train", label: 4 })
    const sum = (prediction["probabilities"] as ReadonlyArray<number>).reduce((total, share) => total + share, 0)
    assert.closeTo(sum, 1, 1e-5)
  })

  it("prints the table of the lecture notes, and leaves a checkpoint that only fits its recipe", async () => {
    const { code, out } = await run("train", "notes-mlp", ...few, "--epochs", "21", "--out", path("notes"))
    assert.strictEqual(code, 0)
    const table = [...out.matchAll(/^ +(\d+) +(\d+\.\d\d) %$/gm)].map(([, iteration]) => Number(iteration))
    assert.deepStrictEqual(table, [0, 10, 20])
    assert.match(out, /^ {2}training accuracy {2}/m)

    // A checkpoint of another recipe is refused, and so is one that is damaged.
    const file = path("notes", "checkpoint.safetensors")
    const other = await runHere("train", "mnist-mlp", `--resume=${file}`, "--out", path("refused"))
    assert.strictEqual(other.code, 1)
    assert.match(other.err, /^cannot load the checkpoint .*: expected the model mnist-mlp, received notes-mlp$/)
    writeFileSync(file, readFileSync(file).subarray(0, -1))
    const damaged = await runHere("predict", "--checkpoint", file)
    assert.strictEqual(damaged.code, 1)
    assert.match(damaged.err, /^.*checkpoint\.safetensors is not a valid safetensors file: .*$/)
  })

  it("tells how long each kernel took, and what was compiled, where it is asked", async () => {
    const [trace, programs] = [path("trace.json"), path("programs.txt")]
    const { code, err, out } = await run(
      ...smallest,
      ...few,
      `--profile=${trace}`,
      `--explain=${programs}`,
      "--out",
      path("profiled")
    )
    assert.deepStrictEqual([code, err], [0, ""])
    assert.match(out, /^ +time +runs +least ms .* GFLOP\/s +GB\/s +of roofline +kernel$/m)
    // A step runs ten times, and multiplies 128 images by weights.
    assert.match(out, /^ *\d+\.\d % +10 .* % +contraction 128×512×784 /m)
    assert.match(out, /^roofline: \d+ GFLOP\/s, \d+ GB\/s/m)
    // The format that it is written in.
    const { traceEvents } = JSON.parse(readFileSync(trace, "utf8")) as { traceEvents: ReadonlyArray<{ cat: string }> }
    assert.isAbove(traceEvents.filter(({ cat }) => cat === "contraction").length, 60)
    assert.match(readFileSync(programs, "utf8"), /^step:\nprogram\(.*\) -> .*\n {2}\w/m)
  })

  it("gives profile and programs as lines of JSON", async () => {
    const asked = ["--json", "--profile", "--explain", "--device", "wasm"]
    const { code, out } = await runHere("train", "notes-mlp", ...few, "--epochs", "3", ...asked, "--out", path("asked"))
    assert.strictEqual(code, 0)
    const lines = parseLines(out)
    const tags = lines.slice(lines.findIndex(({ _tag }) => _tag === "Finished")).map(({ _tag }) => _tag)
    assert.deepStrictEqual([...new Set(tags)], ["Finished", "Profile", "Program"])
    const kernels = lines.find(({ _tag }) => _tag === "Profile")!["kernels"] as ReadonlyArray<object>
    for (const kernel of kernels) assert.containsAllKeys(kernel, ["name", "runs", "millis", "bytes", "roofline"])
    assert.include(
      lines.filter(({ _tag }) => _tag === "Program").map(({ name }) => name),
      "step"
    )
  })

  it("trains on the reference device", async () => {
    const options = [
      ...few,
      "--limit",
      "20",
      "--epochs",
      "2",
      "--device",
      "reference",
      "--json",
      "--out",
      path("reference")
    ]
    const { code, out } = await runHere("train", "notes-mlp", ...options)
    assert.strictEqual(code, 0)
    assert.deepInclude(parseLines(out).at(-1), { device: "reference", total: 20 })
  })
})

describe("a training that is interrupted", () => {
  it("saves its step, says how to go on, and then ends as if nothing had been", async () => {
    const [whole, halves] = [path("whole"), path("halves")]
    await run(...small, "--out", whole)
    const training = start(...small, "--json", "--out", halves)
    await training.line(/"Step"/)
    training.kill("SIGINT")
    const { code, err, out } = await training.finished
    assert.strictEqual(code, 130)
    assert.match(
      err,
      /^interrupted after step \d+ of 30; everything up to it is saved\. Go on with:\n.* train mnist-mlp --resume --out /
    )
    const stopped = parseLines(out).at(-1)!
    assert.deepInclude(stopped, { _tag: "Stopped", reason: "SIGINT" })
    assert.isBelow(stopped["step"] as number, 30)
    const resumed = await run("train", "mnist-mlp", ...few, "--resume", "--json", "--out", halves)
    assert.deepStrictEqual([resumed.code, resumed.err], [0, ""])
    assert.strictEqual(parseLines(resumed.out)[0]["step"], stopped["step"])
    const [expected, received] = [whole, halves].map((folder) => readFileSync(`${folder}/checkpoint.safetensors`))
    assert.isTrue(expected.equals(received), "the checkpoints are equal, byte by byte")
    const losses = [whole, halves].map((folder) =>
      parseLines(readFileSync(`${folder}/events.jsonl`, "utf8")).flatMap(({ _tag, loss }) =>
        _tag === "Step" ? [loss] : []
      )
    )
    assert.deepStrictEqual(losses[1], losses[0])
  })

  it("ends by SIGTERM likewise", async () => {
    const training = start(...small, "--json", "--out", path("term"))
    await training.line(/"Step"/)
    training.kill("SIGTERM")
    const { code, err } = await training.finished
    assert.strictEqual(code, 143)
    assert.include(err, "--resume")
    assert.isTrue(existsSync(path("term", "checkpoint.safetensors")))
  })

  it("leaves a whole checkpoint when it is killed at any moment", async () => {
    const folder = path("killed")
    const file = path("killed", "checkpoint.safetensors")
    for (const delay of [0, 19]) {
      // An epoch is one step here, so most of the time goes into checkpoints.
      const training = start(
        "train",
        "mnist-mlp",
        ...few,
        "--limit",
        "64",
        "--epochs",
        "500",
        "--json",
        "--out",
        folder
      )
      await training.line(/"Checkpointed"/)
      await new Promise((resolve) => setTimeout(resolve, delay))
      training.kill("SIGKILL")
      assert.strictEqual((await training.finished).signal, "SIGKILL")
      const { metadata, tensors } = await read(file)
      assert.strictEqual(metadata.get("model"), "mnist-mlp")
      assert.isTrue(tensors.has("params.layer3.bias"))
    }
    const resumed = await run("train", "mnist-mlp", ...few, "--resume", "--epochs", "6", "--json", "--out", folder)
    assert.strictEqual(resumed.code, 0)
  })
})

describe("data", () => {
  it("that are truncated are refused in one line", async () => {
    writeDigits(path("truncated"), 10)
    const file = path("truncated", "train-images-idx3-ubyte")
    writeFileSync(file, readFileSync(file).subarray(0, -1))
    const { code, err } = await runHere("train", "mnist-mlp", "--data", path("truncated"), "--out", path("none"))
    assert.strictEqual(code, 1)
    assert.match(err, /^.*train-images-idx3-ubyte is not a valid IDX file: .*$/)
  })
})
