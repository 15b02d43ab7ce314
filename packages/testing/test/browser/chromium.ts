/** Pages in a headless Chromium that is already there: none is downloaded. */
import { existsSync } from "node:fs"
import { chromium } from "playwright-core"

/** Where Chromium lies: `CHROMIUM_PATH` says so, or Debian does. */
export const executable: string = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium"

/** Why no page can be shown; nothing if one can. */
export const obstacle: string | undefined = existsSync(executable)
  ? undefined
  : `there is no ${executable}: install it (Debian: npx pnpm@12.21.0 run browser:install, as root) or set CHROMIUM_PATH`

/** A page: what it fetches, `page.js` included, and how it is served. */
export interface Page {
  readonly files: Readonly<Record<string, string>>
  readonly isIsolated: boolean
}

const html = "<!doctype html><title>Cotangent</title>"

const types: Readonly<Record<string, string>> = { js: "text/javascript", json: "application/json" }

/** What a page needs to share memory between threads. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }

const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

/** Milliseconds after which a page is given up. */
const patience = 100_000

/** Shows a page, and gives what the function `outcome` of its module gives. Rejected with the first error of the page. */
export const show = async ({ files, isIsolated }: Page): Promise<unknown> => {
  const browser = await chromium.launch({ executablePath: executable, args })
  try {
    const page = await browser.newPage()
    const failed = new Promise<never>((_, reject) => {
      page.on("pageerror", reject)
      page.on("crash", () => reject(new Error("the page crashed")))
      AbortSignal.timeout(patience).addEventListener("abort", () => reject(new Error("the page says nothing")))
    })
    // Nothing is asked of any network.
    await page.route("**/*", (route) => {
      const path = new URL(route.request().url()).pathname.slice(1)
      const body = path === "" ? html : files[path]
      return route.fulfill({
        status: body === undefined ? 404 : 200,
        contentType: path === "" ? "text/html" : (types[path.split(".").at(-1) ?? ""] ?? "text/plain"),
        ...(isIsolated ? { headers: isolation } : {}),
        body: body ?? ""
      })
    })
    const outcome = async (): Promise<unknown> => {
      await page.goto("https://cotangent.test/")
      return page.evaluate("import('/page.js').then(({ outcome }) => outcome())")
    }
    return await Promise.race([outcome(), failed])
  } finally {
    await browser.close()
  }
}
