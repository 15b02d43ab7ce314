import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as fc from "fast-check"
import { keyOf, make } from "../src/driver/ImageCache.ts"

describe("the cache of images", () => {
  let folder = ""
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "cotangent-images-"))
  })
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }))

  const files = () => fs.readdirSync(folder).map((name) => path.join(folder, name))

  it("gives back what was written, and nothing else", () => {
    const cache = make(path.join(folder, "deep/within"))
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (image, source) => {
        const key = keyOf([source, "sm_90"])
        cache.write(key, image)
        assert.deepStrictEqual(cache.read(key), new Uint8Array(image))
        assert.isUndefined(cache.read(keyOf([source, "sm_80"])))
      })
    )
  })

  it("takes a damaged file for none", () => {
    const cache = make(folder)
    cache.write("key", new Uint8Array(100))
    const [file] = files()
    const whole = fs.readFileSync(file)
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const damaged = Buffer.from(whole)
        damaged[place] ^= change
        fs.writeFileSync(file, damaged)
        assert.isUndefined(cache.read("key"))
        fs.writeFileSync(file, whole.subarray(0, place))
        assert.isUndefined(cache.read("key"))
      }),
      { numRuns: 30 }
    )
    cache.write("key", new Uint8Array(100))
    assert.deepStrictEqual(cache.read("key"), new Uint8Array(100))
  })

  it("never shows half of a file to others that write the same", async () => {
    const module = new URL("../src/driver/ImageCache.ts", import.meta.url).href
    const script = `
      const { make } = await import(${JSON.stringify(module)})
      const cache = make(process.argv[1])
      const image = new Uint8Array(200_000).fill(7)
      for (let i = 0; i < 60; i++) {
        cache.write("key", image)
        const read = cache.read("key")
        if (read === undefined || read.length !== image.length || read.some((byte) => byte !== 7)) process.exit(3)
      }`
    const codes = await Promise.all(
      Array.from(
        { length: 3 },
        () =>
          new Promise((resolve) => {
            spawn(process.execPath, ["--input-type=module", "-e", script, folder]).on("exit", resolve)
          })
      )
    )
    assert.deepStrictEqual(codes, [0, 0, 0])
    assert.strictEqual(files().length, 1)
  })

  it("does without where the folder cannot be used, or there shall be none", () => {
    const file = path.join(folder, "file")
    fs.writeFileSync(file, "")
    for (const unusable of [path.join(file, "within"), ""]) {
      const cache = make(unusable)
      cache.write("key", new Uint8Array(3))
      assert.isUndefined(cache.read("key"))
    }
  })
})
