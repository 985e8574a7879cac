/** The published vectors of the audit tree: that the sources still give them, and that they hold by the specifications
 * alone, computed here with node:crypto and without the SDK. */
import { createHash, createPublicKey, verify } from "node:crypto"
import { readFileSync } from "node:fs"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { mth, path, proof } from "../tlog/tree.ts"
import { makeTlogVectors, type TlogVectors } from "./make-tlog.ts"

const test = suite("vectors: audit tree")
const vectors = JSON.parse(readFileSync(new URL("./tlog.json", import.meta.url), "utf8")) as TlogVectors

const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest()
const hex = (text: string): Buffer => Buffer.from(text, "hex")
const hexes = (hashes: readonly Uint8Array[]): string[] =>
  hashes.map((one) => Buffer.from(one).toString("hex"))
const leaves = vectors.entries.map((entry) => sha256(Buffer.concat([Buffer.of(0), hex(entry)])))

/** From a verifier key's text: name, key id and what verifies. */
function readKey(text: string): {
  name: string
  keyId: string
  verifies: (message: Buffer, signature: Buffer) => boolean
} {
  const [, name, keyId, base64] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) as unknown as [
    string,
    string,
    string,
    string,
  ]
  const typed = Buffer.from(base64, "base64")
  assert.is(
    sha256(Buffer.concat([Buffer.from(`${name}\n`), typed]))
      .subarray(0, 4)
      .toString("hex"),
    keyId,
  )
  const x = typed.subarray(1).toString("base64url")
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" })
  return { name, keyId, verifies: (message, signature) => verify(null, message, key, signature) }
}

test("the sources give what is published", async () => {
  assert.equal(await makeTlogVectors(), vectors)
})

test("entries are 212 bytes, chained, and each scope's are chained by themselves", () => {
  const last = new Map<string, number>()
  for (const [i, text] of vectors.entries.entries()) {
    const entry = hex(text)
    assert.is(entry.length, 212)
    assert.is(entry.readBigUInt64BE(4), BigInt(i + 1))
    assert.is(entry.subarray(180).toString("hex"), i === 0 ? "00".repeat(32) : vectors.leafHashes[i - 1])
    const scope = entry.subarray(68, 84).toString("hex")
    assert.is(entry.readBigUInt64BE(172), BigInt(last.get(scope) ?? 0))
    last.set(scope, i + 1)
  }
  assert.equal(hexes(leaves), vectors.leafHashes)
})

test("roots and proofs are RFC 6962's", () => {
  for (const [size, root] of vectors.roots.entries())
    assert.equal(hexes([mth(leaves.slice(0, size))]), [root])
  for (const one of vectors.inclusion)
    assert.equal(hexes(path(one.index, leaves.slice(0, one.size))), one.proof)
  for (const one of vectors.consistency)
    assert.equal(hexes(proof(one.oldSize, leaves.slice(0, one.size))), one.proof)
  assert.equal(vectors.tiles, [{ path: "0/000.p/11", hashes: vectors.leafHashes.join("") }])
})

test("the checkpoint is signed by the log and cosigned by both witnesses", () => {
  const gap = vectors.cosigned.indexOf("\n\n")
  const body = vectors.cosigned.slice(0, gap + 1)
  const root = Buffer.from(vectors.roots.at(-1) ?? "", "hex").toString("base64")
  assert.is(body, `wardline/audit/${vectors.clinicId}\n11\n${root}\n`)
  assert.ok(vectors.cosigned.startsWith(vectors.checkpoint))
  const lines = vectors.cosigned
    .slice(gap + 2)
    .trimEnd()
    .split("\n")
  const keys = [vectors.log, ...vectors.witnesses].map(({ verifierKey }) => readKey(verifierKey))
  assert.is(lines.length, 3)
  for (const [i, line] of lines.entries()) {
    const [dash, name, base64] = line.split(" ") as [string, string, string]
    const { name: known, keyId, verifies } = keys[i] as ReturnType<typeof readKey>
    const bytes = Buffer.from(base64, "base64")
    assert.equal([dash, name, bytes.subarray(0, 4).toString("hex")], ["—", known, keyId])
    if (i === 0) {
      assert.ok(verifies(Buffer.from(body), bytes.subarray(4)))
      continue
    }
    const message = `cosignature/v1\ntime ${bytes.readBigUInt64BE(4)}\n${body}`
    assert.ok(verifies(Buffer.from(message), bytes.subarray(12)))
  }
})

test("the request to a witness and the proof file are laid out as the page says", () => {
  const base64 = (texts: string[]): string =>
    texts.map((text) => `${hex(text).toString("base64")}\n`).join("")
  const grown = vectors.consistency.find(({ oldSize, size }) => oldSize === 7 && size === 11)?.proof ?? []
  assert.is(vectors.addCheckpoint, `old 7\n${base64(grown)}\n${vectors.checkpoint}`)
  const included = vectors.inclusion.find(({ index, size }) => index === 6 && size === 11)?.proof ?? []
  const entry = hex(vectors.entries[6] ?? "").toString("base64")
  assert.is(
    vectors.proofFile,
    `c2sp.org/tlog-proof@v1\nextra ${entry}\nindex 6\n${base64(included)}\n${vectors.cosigned}`,
  )
})

test.run()
