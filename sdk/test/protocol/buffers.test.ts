import { test } from "uvu"
import * as assert from "uvu/assert"
import {
  cryptoReady,
  deviceFromSeeds,
  sha256,
  signingKeyPair,
  signRootRecord,
  verify,
} from "../../src/crypto/index.ts"
import { applyRecord, createDirectory } from "../../src/directory/index.ts"
import { memoryKeystore } from "../../src/keystore/memory.ts"
import { encodeAdminAdd, isAcceptableSigningKey, isAcceptableWrappingKey } from "../../src/protocol/index.ts"

// Node hands bytes over as Buffer, whose slice() is a view: a check that works on a "copy" would change what it checks.

test("checking a key leaves a Buffer as it was", () => {
  for (const [length, check] of [
    [32, isAcceptableSigningKey],
    [1216, isAcceptableWrappingKey],
  ] as const) {
    const key = Buffer.alloc(length, 0xff)
    assert.ok(check(key))
    assert.equal(key, Buffer.alloc(length, 0xff))
  }
})

test("a directory read into a Buffer keeps nothing of the Buffer", async () => {
  await cryptoReady()
  const root = signingKeyPair(new Uint8Array(32).fill(1))
  const admin = deviceFromSeeds(new Uint8Array(32).fill(2), new Uint8Array(32).fill(3))
  const keys = { signing: admin.signing.publicKey, wrapping: admin.wrapping.publicKey }
  const body = encodeAdminAdd({ keys, name: "admin" })
  const record = Buffer.from(signRootRecord(root, { type: "admin-add", issued: 1 }, body))
  const before = createDirectory(root.publicKey, sha256)
  const state = applyRecord(before, record, { hash: sha256, verify })
  record.fill(0)
  const [device] = state.devices.values()
  assert.equal(Uint8Array.from(device?.keys.signing ?? []), keys.signing)
})

test("a keystore keeps its own copy of a Buffer", async () => {
  const keystore = memoryKeystore()
  const value = Buffer.from([1, 2, 3])
  await keystore.set({ key: value })
  value.fill(0)
  assert.equal(await keystore.get("key"), Uint8Array.of(1, 2, 3))
})

test.run()
