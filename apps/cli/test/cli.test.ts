import { writeFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { recipes as known } from "../src/recipes.ts"
import { version } from "../src/version.ts"
import { parseLines, run, runHere, temporaryFolder } from "./run.ts"

const path = temporaryFolder()

describe("help", () => {
  it("names the commands", async () => {
    const { code, err, out } = await run("--help")
    assert.deepStrictEqual([code, err], [0, ""])
    for (const command of ["train", "diagnose", "predict", "devices"])
      assert.match(out, new RegExp(`^  ${command} `, "m"))
    assert.notInclude(out, "\u001b")
  })

  it("names the flags of each command", async () => {
    const expected = {
      train: [
        "--device (auto|wasm|reference|cuda)",
        "--seed N",
        "--epochs N",
        "--limit N",
        "--out DIR",
        "--resume",
        "--profile",
        "--explain",
        "--list"
      ],
      diagnose: ["--device", "--seed N", "--steps N", "--search (grid|random)", "--limit N", "--out DIR"],
      predict: ["--checkpoint PATH", "--image N", "--set (test|train)", "--device"],
      devices: ["--json"]
    }
    await Promise.all(
      Object.entries(expected).map(async ([command, flags]) => {
        const { code, out } = await runHere(command, "--help")
        assert.strictEqual(code, 0)
        for (const flag of [...flags, "--json"]) assert.include(out, flag)
      })
    )
  })

  it("is accompanied by a version", async () => {
    assert.strictEqual((await runHere("--version")).out, `cotangent v${version}`)
  })
})

/** Command lines that cannot be understood, and what is said of them. */
const mistakes: Readonly<Record<string, string>> = {
  trian: "unknown command 'trian': did you mean 'train'?",
  "train mnist-mlp --epcohs 3": "unknown flag '--epcohs': did you mean '--epochs'?",
  "train mnist-mpl": "unknown recipe 'mnist-mpl': did you mean 'mnist-mlp'?",
  diagnose: "name a recipe, for instance mnist-mlp; train --list shows them all",
  "predict --set other": "unknown set 'other': there are test, train",
  "train mnist-mlp --device wsam": "unknown device 'wsam': did you mean 'wasm'?",
  "train mnist-mlp --device reference --profile": "the device 'reference' takes no profile",
  train: "name a recipe, for instance mnist-mlp; --list shows them all",
  "train mnist-mlp --all": "say mnist-mlp or --all, not both",
  "train --all --resume": "--all is for whole runs: leave --resume out",
  "train --all --profile": "--profile and --explain are of one recipe: name it",
  "train mnist-mlp --record --resume": "--record is for whole runs: leave --resume out",
  "train mnist-mlp --epochs 0": 'Invalid value for flag --epochs: "0". Expected: a whole number from 1',
  "train mnist-mlp --resume x.safetensors": 'Unexpected positional argument: "x.safetensors"',
  "predict --set tset": "unknown set 'tset': did you mean 'test'?",
  "predict --image 1.5": 'Invalid value for flag --image: "1.5". Expected an integer'
}

describe("a command line that cannot be understood", () => {
  it("gets one line and the code 2", async () => {
    const { code, err, out } = await run("train", "mnist-mpl")
    assert.deepStrictEqual({ code, out, err }, { code: 2, out: "", err: `${mistakes["train mnist-mpl"]}\n` })
  })

  it.each(Object.entries(mistakes))("'%s' gets the nearest valid name", async (line, message) => {
    assert.deepStrictEqual(await runHere(...line.split(" ")), { code: 2, out: "", err: message })
  })
})

/** What is not as it should be, the command line that meets it, and what is said of it. */
const troubles: Readonly<Record<string, readonly [args: ReadonlyArray<string>, message: RegExp]>> = {
  "a checkpoint that is not there": [
    ["predict", "--checkpoint", path("none")],
    /^cannot read .*none: no such file or folder$/
  ],
  "nothing to resume": [
    ["train", "mnist-mlp", "--resume", "--out", path("nothing")],
    /^cannot read .*checkpoint\.safetensors: no such file or folder$/
  ],
  "a file that is no checkpoint": [
    ["predict", "--checkpoint", path("text")],
    /^.*text is not a valid safetensors file: .*$/
  ],
  "data that are not there": [
    ["train", "mnist-mlp", "--data", path("empty"), "--out", path("out")],
    /^cannot .*empty.*: no such file or folder$/
  ],
  "a folder that cannot be made": [["train", "mnist-mlp", "--out", path("text", "out")], /^cannot create .*out: .*$/]
}

describe("a world that is wrong", () => {
  it.each(Object.entries(troubles))("gets one line for %s", async (_, [args, message]) => {
    writeFileSync(path("text"), "these are the times that try men's souls")
    const { code, err, out } = await runHere(...args)
    assert.deepStrictEqual([code, out], [1, ""])
    assert.match(err, message)
  })
})

describe("lists", () => {
  it("of recipes are for people and for programs", async () => {
    const { code, out } = await runHere("train", "--list")
    assert.strictEqual(code, 0)
    assert.match(
      out,
      /^mnist-mlp {2}about .*, section 1\.2 .*\n {2}classify .*\n {2}on MNIST.*\n {2}reaches test accuracy ≥ 98/
    )
    const [recipes] = parseLines((await runHere("train", "--list", "--json")).out) as unknown as [
      ReadonlyArray<Readonly<Record<string, unknown>>>
    ]
    assert.deepStrictEqual(
      recipes.map(({ name }) => name),
      Object.keys(known)
    )
    for (const recipe of recipes) {
      assert.hasAllKeys(recipe, ["name", "summary", "section", "data", "expected", "seconds"])
      assert.isNotEmpty(recipe["expected"])
      assert.include(out, String(recipe["summary"]))
    }
  })

  it("of devices say which there are and what they can do", async () => {
    const { code, out } = await run("devices")
    assert.strictEqual(code, 0)
    assert.match(out, /^wasm +yes +\d+ .* simd (?:128|256) bit/m)
    assert.match(out, /^256-bit SIMD is (?:on|off): /m)
    const [{ devices }] = parseLines((await run("devices", "--json")).out)
    assert.deepStrictEqual(
      (devices as ReadonlyArray<{ name: string }>).map(({ name }) => name),
      ["wasm", "reference", "cuda"]
    )
  })
})
