/** The snapshots that the published directory's attests commit to: which records they hold, and their hashes. */
import { readFileSync } from "node:fs"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, toHex } from "../../src/bytes.ts"
import { cryptoReady, sha256, verify } from "../../src/crypto/index.ts"
import { applyRecord, applySnapshot, createDirectory, decodeSnapshot } from "../../src/directory/index.ts"
import { decodeAttest, decodeRecord } from "../../src/protocol/index.ts"
import { there } from "../crypto/expect.ts"
import type { Vectors } from "./make.ts"

const test = suite("vectors: snapshots")
test.before(cryptoReady)

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"))
const wl1 = read("./wl1.json") as Vectors
/** `attest` is the attest's position in wl1.json's directory. */
const snapshots = read("./snapshot.json") as { attest: number; positions: number[]; sha256: string }[]
const options = { hash: sha256, verify }

test("each attest of the published directory commits to the published snapshot, from which one can begin", () => {
  const empty = createDirectory(fromHex(wl1.root.publicKey), sha256)
  let directory = empty
  const found: typeof snapshots = []
  for (const { record } of wl1.directory) {
    const bytes = fromHex(record)
    directory = applyRecord(directory, bytes, options)
    const decoded = decodeRecord(bytes)
    if (decoded.type !== "attest") continue
    const { snapshot, position } = there(directory.attested)
    const hash = toHex(sha256(snapshot))
    assert.is(toHex(decodeAttest(decoded.body).snapshotHash), hash)
    const positions = decodeSnapshot(snapshot).map((item) => item.position)
    found.push({ attest: position, positions, sha256: hash })
    assert.equal(applySnapshot(empty, snapshot, bytes, options).link, directory.link)
  }
  assert.equal(found, snapshots)
})

test.run()
