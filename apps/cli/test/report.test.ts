import { parseHTML } from "linkedom"
import { crc32, inflateSync } from "node:zlib"
import { assert, describe, it } from "vitest"
import type { Figure } from "../src/figure.ts"
import { figureOf } from "../src/report/figures.ts"
import { html, raw } from "../src/report/html.ts"
import { page } from "../src/report/page.ts"
import { png } from "../src/report/png.ts"
import { fine, history, outcome, outcomeOf, plan } from "./outcome.ts"

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
    const file = Buffer.from(png({ width: 3, height: 2, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) }))
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

  it("has three channels where there are three numbers to a pixel", () => {
    const file = Buffer.from(png({ width: 2, height: 1, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) }))
    assert.deepStrictEqual([...file.subarray(24, 26)], [8, 2])
    const [, , data] = [8, 33, 33].map((at) => file.subarray(at + 8, at + 8 + file.readUInt32BE(at)))
    assert.deepStrictEqual([...inflateSync(data)], [0, 1, 2, 3, 4, 5, 6])
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
    assert.deepStrictEqual(labels, ["Loss: loss over step", "Test accuracy after each epoch: accuracy over epoch"])
    assert.strictEqual(document.querySelectorAll(".matrix tbody tr").length, 10)
    assert.strictEqual(document.querySelectorAll(".gallery img[src^='data:image/png;base64,']").length, 10)
    assert.strictEqual(document.querySelector(".numbers dd")?.textContent, "75.00 %")
  })

  it("has the training accuracy over the steps where iterations count", () => {
    const bySteps = parseHTML(page(outcomeOf({ plan: fine, history }), [])).document
    const labels = [...bySteps.querySelectorAll("svg")].map((svg) => svg.getAttribute("aria-label"))
    assert.deepStrictEqual(labels, ["Loss: loss over step", "Training accuracy: accuracy over step"])
  })

  it("says what was promised, and whether it came", () => {
    assert.strictEqual(document.querySelector(".verdicts .missed")?.textContent, "✗ test accuracy ≥ 90.00 %")
  })

  it("does without curves and mistakes where there are none", () => {
    const silent = { ...history, losses: [], measured: {} }
    const { document: bare } = parseHTML(page(outcomeOf({ plan, history: silent }, []), []))
    assert.strictEqual(bare.querySelectorAll("svg, .gallery").length, 0)
  })
})

const y = [0, 1, 2, 3]

/** One figure of each kind. */
const figures: ReadonlyArray<Figure> = [
  {
    _tag: "Curves",
    title: "Two",
    x: { label: "step" },
    y: { label: "loss", form: "log" },
    series: [
      { name: "a", places: y.map((value) => [value, value]) },
      { name: "<b>", places: y.map((value) => [value, Number.NaN]) }
    ]
  },
  {
    _tag: "Plane",
    title: "A bowl",
    x: { label: "x", domain: [-1, 1] },
    y: { label: "y", domain: [-1, 1] },
    values: y.flatMap((b) => y.map((a) => (a - 1.5) ** 2 + (b - 1.5) ** 2)),
    columns: 4,
    levels: [1, 2, 3],
    points: [{ name: "points", places: [[0, 0]] }],
    paths: [
      {
        name: "path",
        places: [
          [0, 0],
          [0.5, 0.5],
          [3, 3]
        ]
      }
    ]
  },
  {
    _tag: "Histograms",
    title: "Shares",
    x: { label: "activation" },
    groups: ["one", "two"].map((row) => ({ row, column: "layer 1", bins: [{ from: 0, to: 1, share: 0.5 }] }))
  },
  {
    _tag: "Table",
    title: "Rows",
    rows: [
      ["name", "value"],
      ["a & b", "1"]
    ]
  },
  {
    _tag: "Gallery",
    title: "Pictures",
    pictures: [{ width: 1, height: 1, pixels: Uint8Array.of(1, 2, 3), alt: "one", lines: ["a", "b"] }]
  },
  {
    _tag: "Confusion",
    title: "Classes",
    classes: ["coat", "bag"],
    counts: [
      [3, 1],
      [0, 4]
    ]
  }
]

describe("figures", () => {
  it.each(figures.map((figure) => [figure._tag, figure] as const))(
    "%s is a section that needs no script",
    (_, figure) => {
      const { markup } = figureOf(figure)
      const { document } = parseHTML(markup)
      assert.strictEqual(document.querySelector("section h2")?.textContent, figure.title)
      assert.isNotNull(document.querySelector("svg, table, img"))
      assert.notMatch(markup, /NaN|undefined|<script/)
    }
  )

  it("leave out what a logarithm has no place for, and name several lines", () => {
    const { document } = parseHTML(figureOf(figures[0]).markup)
    assert.deepStrictEqual(
      [...document.querySelectorAll(".legend li")].map(({ textContent }) => textContent),
      ["a", "<b>"]
    )
  })

  it("draw the levels of a plane and what is in it", () => {
    const { document } = parseHTML(figureOf(figures[1]).markup)
    assert.strictEqual(document.querySelectorAll("[aria-label=contour] path").length, 3)
    assert.strictEqual(document.querySelectorAll("[aria-label=dot] circle").length, 2)
  })
})
