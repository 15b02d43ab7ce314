/** Pages in a headless Chromium, served from here. */
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import type { RequestListener } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"

/** Where Chromium lies: `CHROMIUM_PATH` says so, or Debian does. */
export const executable: string = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium"

/** Why no page can be shown; nothing if one can. */
export const obstacle: string | undefined = existsSync(executable)
  ? undefined
  : `there is no ${executable}: install it (Debian: pnpm run browser:install, as root) or set CHROMIUM_PATH`

/** A page: its module, what it fetches, and how it is served. */
export interface Page {
  readonly files: Readonly<Record<string, string>>
  readonly isIsolated: boolean
}

const html = `<!doctype html><title>Cotangent</title><script>
const send = ({ message, reason }) => fetch("/error", { method: "POST", body: String(message ?? reason) })
addEventListener("error", send)
addEventListener("unhandledrejection", send)
</script><script type="module" src="/page.js"></script>`

const types: Readonly<Record<string, string>> = { js: "text/javascript", json: "application/json" }

/** What a page needs to share memory between threads. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }

/** What becomes of what a page posts. */
interface Listeners {
  readonly outcome: (posted: Promise<string>) => void
  readonly error: (posted: Promise<string>) => void
}

const serve =
  ({ files, isIsolated }: Page, { error, outcome }: Listeners): RequestListener =>
  (request, response) => {
    const path = request.url ?? "/"
    const file = path === "/" ? html : files[path.slice(1)]
    const type = path === "/" ? "text/html" : (types[path.split(".").at(-1) ?? ""] ?? "text/plain")
    response.writeHead(file === undefined ? 404 : 200, { "Content-Type": type, ...(isIsolated ? isolation : {}) })
    response.end(file)
    if (path === "/outcome") outcome(text(request))
    if (path === "/error") error(text(request))
  }

const options = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

/** Milliseconds after which a page is given up. */
const patience = 100_000

/** Shows a page until it posts a value to `/outcome`, and gives that value. Rejected with the first error of the page. */
export const show = async (page: Page): Promise<unknown> => {
  const { promise, reject, resolve } = Promise.withResolvers<string>()
  const fail = async (message: Promise<string>) => reject(new Error(`the page failed: ${await message}`))
  const server = createServer(serve(page, { outcome: resolve, error: (message) => void fail(message) })).listen(
    0,
    "127.0.0.1"
  )
  await new Promise((listening) => server.once("listening", listening))
  const profile = mkdtempSync(join(tmpdir(), "cotangent-chromium-"))
  // A server on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  const browser = spawn(executable, [...options, `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`], {
    stdio: ["ignore", "ignore", "pipe"]
  })
  let complaints = ""
  browser.stderr.setEncoding("utf8").on("data", (line: string) => (complaints += line))
  const ended = new Promise((exited) => browser.once("exit", exited))
  browser.once("error", reject)
  void ended.then(() => reject(new Error(`Chromium ended by itself: ${complaints}`)))
  const timer = setTimeout(() => reject(new Error(`the page says nothing: ${complaints}`)), patience)
  try {
    return JSON.parse(await promise)
  } finally {
    clearTimeout(timer)
    if (browser.kill("SIGKILL")) await ended
    server.close()
    server.closeAllConnections()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}
