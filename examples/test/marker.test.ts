/** The canary's search must find what it looks for. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { makeMarker, search } from "./browser/marker.ts"

const test = suite("marker search")
const marker = makeMarker("text")

for (const [name, data] of [
  ["plain", `before ${marker} after`],
  ["JSON", JSON.stringify({ text: marker })],
  ["a URL", new URL(`https://x.example/?q=${encodeURIComponent(`a ${marker}`)}`).href],
  ["base64", Buffer.from(`${marker} after`).toString("base64")],
  ["base64, shifted by one", Buffer.from(`a${marker} after`).toString("base64")],
  ["base64, shifted by two", Buffer.from(`ab${marker} after`).toString("base64")],
  ["hex", Buffer.from(`ab${marker}`).toString("hex")],
  ["UTF-16", Buffer.from(`ab${marker}`, "utf16le")],
] as const) {
  test(`finds ${name}`, () => assert.ok(search("here", data, [marker]).length > 0))
}

test("finds nothing where nothing is", () => {
  assert.equal(search("here", Buffer.from(`${makeMarker("text")} ${makeMarker("text")}`), [marker]), [])
})

test.run()
