/** The project's own vectors: that they still come out the same, and that they hold on their own. */
import { readFileSync } from "node:fs"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, toHex } from "../../src/bytes.ts"
import { applyRecord, startTranscript } from "../../src/conversation/index.ts"
import { cryptoReady, deviceFromSeeds, sha256, verify } from "../../src/crypto/index.ts"
import { applyRecords, createDirectory } from "../../src/directory/index.ts"
import { decodeRecord, isDirectoryType } from "../../src/protocol/index.ts"
import { makeVectors, type Vectors } from "./make.ts"

const test = suite("vectors: WL1")
test.before(cryptoReady)

const vectors = JSON.parse(readFileSync(new URL("./wl1.json", import.meta.url), "utf8")) as Vectors

test("the published vectors are what the code makes", () => {
  assert.equal(makeVectors(), vectors)
})

test("every record type that is built is among them", () => {
  const names = new Set([...vectors.directory, ...vectors.transcript].map(({ name }) => name))
  assert.equal([...names].sort(), [
    "access",
    "admin-add",
    "admin-remove",
    "archive",
    "attest",
    "close",
    "consent",
    "consent-text",
    "device-add",
    "device-revoke",
    "device-roles",
    "epoch",
    "grant",
    "member",
    "message",
    "open",
    "policy",
    "recovery",
    "reopen",
    "role-grant",
    "role-key",
    "shred",
    "withdraw",
  ])
})

test("from the published seeds alone the directory replays and the patient's device opens every message", () => {
  const records = vectors.directory.map(({ record }) => fromHex(record))
  const empty = createDirectory(fromHex(vectors.root.publicKey), sha256)
  const directory = applyRecords(empty, records, { hash: sha256, verify })
  assert.is(toHex(directory.link), vectors.directory.at(-1)?.link)
  const seeds = vectors.devices.patient
  if (!seeds) throw new Error("no patient")
  const device = deviceFromSeeds(fromHex(seeds.signingSeed), fromHex(seeds.wrappingSeed))
  assert.is(toHex(device.id), seeds.id)
  const first = decodeRecord(fromHex(vectors.transcript[0]?.record ?? ""))
  assert.not(isDirectoryType(first.type))
  const keys = {
    device: { id: device.id, seed: device.wrapping.seed },
    roleSeed: () => undefined,
    shredKey: fromHex(vectors.shredKey),
  }
  let state = startTranscript(first.scope)
  const messages: string[] = []
  for (const { record, link } of vectors.transcript) {
    const [next, event] = applyRecord(state, fromHex(record), { directory, keys })
    state = next
    assert.is(toHex(state.links[state.position] as Uint8Array), link)
    if (event.kind === "message") messages.push(JSON.stringify(event.payload))
  }
  assert.equal(messages, vectors.messages)
  assert.equal(
    state.currents.map(({ key, masked, hash }) => ({
      key: toHex(key as Uint8Array),
      masked: toHex(masked as Uint8Array),
      record: toHex(hash),
    })),
    vectors.epochs,
  )
  assert.is(state.shreddedAt, state.position)
})

test.run()
