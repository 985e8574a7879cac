import { build } from "esbuild"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cryptoReady, shake256, signingKeyPair } from "../../src/crypto/index.ts"
import { refusal } from "./expect.ts"

const test = suite("loading libsodium")

test("says so when it is used before it is loaded", async () => {
  refusal(() => shake256(new Uint8Array(0), 32), "ERR_INTERNAL")
  await cryptoReady()
  assert.is(signingKeyPair(new Uint8Array(32)).publicKey.length, 32)
  await cryptoReady()
})

test("a bundler puts it into a file of its own", async () => {
  const entry = new URL("../../src/crypto/index.ts", import.meta.url).pathname
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    minify: true,
    write: false,
    metafile: true,
    outdir: "out",
    logLevel: "silent",
  })
  const outputs = Object.values(metafile.outputs)
  const holdsSodium = (output: (typeof outputs)[0]): boolean =>
    Object.keys(output.inputs).some((input) => input.includes("node_modules/libsodium"))
  const main = outputs.find((output) => output.entryPoint?.endsWith("src/crypto/index.ts"))
  assert.ok(main && !holdsSodium(main), "the entry holds no libsodium")
  assert.ok(main.bytes < 40_000, `the entry is ${main.bytes} bytes`)
  assert.ok(outputs.some(holdsSodium), "another file does")
})

test.run()
