import { copyFileSync, mkdirSync, readdirSync } from "node:fs"
import { createServer } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, assert, beforeEach, describe, it } from "vitest"
import { parseLines, run, temporaryFolder, writeDigits } from "./run.ts"

const path = temporaryFolder()

// Each test has a process with a cache of its own.
const before = process.env["COTANGENT_CACHE"]
afterAll(() => {
  if (before === undefined) delete process.env["COTANGENT_CACHE"]
  else process.env["COTANGENT_CACHE"] = before
})

let count = 0
beforeEach(() => {
  process.env["COTANGENT_CACHE"] = path(`cache${count++}`)
})

/** A mirror of this machine while `use` goes on. */
const mirrored = async <A>(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  use: (url: string) => Promise<A>
): Promise<A> => {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  // A server on a port has an address.
  const { port } = server.address() as AddressInfo
  try {
    return await use(`http://127.0.0.1:${port}/mnist`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const train = (...options: ReadonlyArray<string>): ReadonlyArray<string> => [
  "train",
  "mnist-mlp",
  "--limit",
  "128",
  "--epochs",
  "1",
  "--out",
  path("out"),
  ...options
]

/** The bytes of the first archive, all 0. */
const size = 9_912_422

describe("train --archives", () => {
  it("takes what was fetched before, and so does predict", async () => {
    writeDigits(path("digits"), 200)
    const folder = `${process.env["COTANGENT_CACHE"]}/files/mnist`
    mkdirSync(folder, { recursive: true })
    for (const name of readdirSync(path("digits"))) copyFileSync(path("digits", name), `${folder}/${name}`)
    const { code, err, out } = await run(...train("--archives", "--offline", "--json"))
    assert.deepStrictEqual([code, err], [0, ""])
    assert.deepInclude(parseLines(out).at(-1), { _tag: "Finished", total: 128 })
    const asked = ["predict", "--archives", "--image", "200", "--checkpoint", path("out", "checkpoint.safetensors")]
    assert.include((await run(...asked)).err, "it has 200, from 0 on")
  })

  it("goes on where a connection ended, shows how far it is, and refuses what was not published", async () => {
    const ranges: Array<string | undefined> = []
    const { code, err } = await mirrored(
      (request, response) => {
        const { range } = request.headers
        ranges.push(range)
        assert.strictEqual(request.url, "/mnist/train-images-idx3-ubyte.gz")
        const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0)
        const end = from === 0 ? size - 1000 : size
        const headers = from === 0 ? {} : { "content-range": `bytes ${from}-${size - 1}/${size}` }
        response.writeHead(from === 0 ? 200 : 206, headers).end(Buffer.alloc(end - from))
      },
      (url) => run(...train(`--archives=${url}`))
    )
    assert.strictEqual(code, 1)
    assert.deepStrictEqual(ranges, [undefined, `bytes=${size - 1000}-`])
    assert.match(
      err,
      /^cannot fetch MNIST, train-images-idx3-ubyte from http:.*: its checksum is sha256-.*, but sha256-.* was published; name another mirror, or put the unpacked files into .*\/files\/mnist\n$/
    )
  })

  it("says what to do where the mirror has nothing, or may not be asked", async () => {
    const none = await mirrored(
      (_, response) => void response.writeHead(404).end(),
      (url) => run(...train(`--archives=${url}`))
    )
    assert.match(none.err, /the server answers with status 404; name another mirror, or put /)
    const offline = await run(...train("--archives", "--offline"))
    assert.match(offline.err, /not in the cache, and downloads are not allowed; run it once with the network, or put /)
    assert.deepStrictEqual([none.code, offline.code], [1, 1])
  })
})
