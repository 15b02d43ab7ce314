import { parseHTML } from "linkedom"
import { crc32, inflateSync } from "node:zlib"
import { assert, describe, it } from "vitest"
import { html, raw } from "../src/report/html.ts"
import { page } from "../src/report/page.ts"
import { png } from "../src/report/png.ts"
import { iterations, outcome } from "./outcome.ts"

describe("html", () => {
  it("escapes text and keeps markup", () => {
    const text = `<script>alert("1 & 2")</script>'`
    assert.strictEqual(
      html`<b title="${text}">${raw("<i>")}${[html`${1}`, html`<u></u>`]}</b>`.markup,
      `<b title="&lt;script&gt;alert(&quot;1 &amp; 2&quot;)&lt;/script&gt;&#39;"><i>1<u></u></b>`
    )
  })
})

describe("png", () => {
  it("is a file that holds the pixels, with right checksums", () => {
    const file = Buffer.from(png(Uint8Array.of(1, 2, 3, 4, 5, 6), 3, 2))
    const chunks: Array<readonly [type: string, data: Buffer]> = []
    for (let at = 8; at < file.length;) {
      const end = at + 8 + file.readUInt32BE(at)
      assert.strictEqual(file.readUInt32BE(end), crc32(file.subarray(at + 4, end)))
      chunks.push([file.toString("latin1", at + 4, at + 8), file.subarray(at + 8, end)])
      at = end + 4
    }
    assert.deepStrictEqual(
      chunks.map(([type]) => type),
      ["IHDR", "IDAT", "IEND"]
    )
    assert.deepStrictEqual([...chunks[0][1]], [0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0])
    assert.deepStrictEqual([...inflateSync(chunks[1][1])], [0, 1, 2, 3, 0, 4, 5, 6])
  })
})

describe("the report", () => {
  const text = page(outcome, [["seed", "<7>"]])
  const { document } = parseHTML(text)

  it("needs nothing but itself", () => {
    assert.notMatch(text, /(?:src|href)="(?!data:)|url\(|@import|https?:\/\/(?!www\.w3\.org\/)|<script/)
    assert.include(text, "default-src 'none'")
  })

  it("escapes what it is given", () => {
    assert.include(text, "a summary with &lt;angles&gt; &amp; &quot;quotes&quot;")
    assert.include(text, "<dd>&lt;7&gt;</dd>")
  })

  it("has both curves, the confusion matrix and the mistakes as pictures", () => {
    const labels = [...document.querySelectorAll("svg")].map((svg) => svg.getAttribute("aria-label"))
    assert.deepStrictEqual(labels, ["loss over steps", "accuracy after each epoch"])
    assert.strictEqual(document.querySelectorAll(".matrix tbody tr").length, 10)
    assert.strictEqual(document.querySelectorAll(".mistakes img[src^='data:image/png;base64,']").length, 10)
    assert.strictEqual(document.querySelector(".numbers dd")?.textContent, "75.00 %")
  })

  it("has the training accuracy over the steps where iterations count", () => {
    const fine = parseHTML(page({ ...outcome, recipe: iterations }, [])).document
    const labels = [...fine.querySelectorAll("svg")].map((svg) => svg.getAttribute("aria-label"))
    assert.deepStrictEqual(labels, ["loss over steps", "accuracy over steps"])
  })

  it("does without curves and mistakes where there are none", () => {
    const perfect = { ...outcome.assessment, correct: 40, mistakes: [] }
    const history = { ...outcome.history, losses: [], testAccuracies: [] }
    const { document: bare } = parseHTML(page({ ...outcome, assessment: perfect, history }, []))
    assert.strictEqual(bare.querySelectorAll("svg, .mistakes").length, 0)
  })
})
