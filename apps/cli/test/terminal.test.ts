import { assert, describe, it } from "vitest"
import { bytes, count, duration, loss, percent, plural } from "../src/terminal/format.ts"
import { bar, gauge, picture, sparkline } from "../src/terminal/shapes.ts"
import { colored, plain } from "../src/terminal/style.ts"
import { beside, pad, table } from "../src/terminal/table.ts"

describe("numbers", () => {
  it("are said as people say them", () => {
    assert.strictEqual(count(60_000), "60,000")
    assert.strictEqual(percent(0.98404), "98.40 %")
    assert.strictEqual(percent(1, 0), "100 %")
    assert.deepStrictEqual([0.0213, 2.3, 0.00012].map(loss), ["0.0213", "2.3000", "1.20e-4"])
    assert.deepStrictEqual(
      [1, 2].map((value) => plural(value, "thread")),
      ["1 thread", "2 threads"]
    )
    assert.deepStrictEqual([0, 1023, 2 ** 32].map(bytes), ["0 bytes", "1023 bytes", "4.0 GiB"])
  })

  it("say durations in the unit that fits", () => {
    assert.deepStrictEqual([0, 999, 999.6, 16_240, 99_940, 99_960, 125_000, 7_260_000].map(duration), [
      "0 ms",
      "999 ms",
      "1.0 s",
      "16.2 s",
      "99.9 s",
      "1 min 40 s",
      "2 min 05 s",
      "2 h 01 min"
    ])
  })
})

describe("a bar", () => {
  it("is exact to an eighth of a character and keeps its width", () => {
    assert.deepStrictEqual(
      [0, 1 / 32, 0.5, 1].map((share) => bar(share, 4)),
      ["    ", "▏   ", "██  ", "████"]
    )
  })

  it("does not leave its place", () => {
    assert.deepStrictEqual(
      [-1, 7].map((share) => bar(share, 2)),
      ["  ", "██"]
    )
  })
})

describe("a gauge", () => {
  it("fills its width with what is done and the rest", () => {
    assert.deepStrictEqual(gauge(0, 4), ["", "────"])
    assert.deepStrictEqual(gauge(0.625, 4), ["━━╸", "─"])
    assert.deepStrictEqual(gauge(1, 4), ["━━━━", ""])
  })
})

describe("a sparkline", () => {
  it("spans from the least to the greatest value", () => {
    assert.strictEqual(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8), "▁▂▃▄▅▆▇█")
  })

  it("joins values to the columns it has", () => {
    assert.strictEqual(sparkline([0, 0, 7, 7], 2), "▁█")
    assert.strictEqual(
      sparkline(
        Array.from({ length: 1000 }, (_, i) => i),
        24
      ).length,
      24
    )
  })

  it("makes nothing of nothing, and a line of equal values", () => {
    assert.strictEqual(sparkline([], 8), "")
    assert.strictEqual(sparkline([Number.NaN], 8), "")
    assert.strictEqual(sparkline([3, 3, 3], 8), "▁▁▁")
  })
})

describe("a picture", () => {
  const pixels = [0, 255, 0, 255, 0, 0, 255, 255, 0]

  it("has two rows of pixels in a line", () => {
    assert.deepStrictEqual(picture({ width: 3, height: 3, pixels }, false), ["▄▀ ", "▀▀ "])
  })

  it("is in shades of gray where there are colors", () => {
    const [line] = picture({ width: 1, height: 2, pixels: [0, 255] }, true)
    assert.strictEqual(line, "\u001b[38;5;232;48;5;255m▀\u001b[0m")
  })
})

describe("a table", () => {
  it("aligns its columns by what is seen of them", () => {
    const rows = [
      [colored.bold("name"), "n"],
      ["wasm", "10"]
    ]
    assert.deepStrictEqual(table(rows, ["left", "right"]), [`${colored.bold("name")}   n`, "wasm  10"])
  })

  it("has no line for no rows", () => {
    assert.deepStrictEqual(table([]), [])
  })

  it("pads on either side", () => {
    assert.deepStrictEqual([pad("a", 3), pad("a", 3, "right"), pad("abc", 2)], ["a  ", "  a", "abc"])
  })

  it("puts the shorter of two blocks in the middle", () => {
    assert.deepStrictEqual(beside(["a", "b", "c"], ["x"], 1), ["a", "b x", "c"])
  })
})

describe("plain style", () => {
  it("leaves text as it is", () => {
    assert.strictEqual(plain.bold(plain.red("text")), "text")
  })
})
