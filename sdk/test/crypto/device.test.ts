import { suite } from "uvu"
import * as assert from "uvu/assert"
import { utf8 } from "../../src/bytes.ts"
import {
  cryptoReady,
  deviceFromSeeds,
  sha256,
  signingKeyPair,
  signRecord,
  signRootRecord,
  verify,
  verifySignature,
  wipe,
} from "../../src/crypto/index.ts"
import {
  clinicIdOf,
  decodeRecord,
  deviceIdOf,
  signatureInput,
  signatureTag,
  signedPart,
} from "../../src/protocol/index.ts"
import { counting } from "./expect.ts"

const test = suite("devices and signed records")
test.before(cryptoReady)

test("a device follows from its seeds", () => {
  const device = deviceFromSeeds(counting(32), counting(32, 1))
  assert.equal(device, deviceFromSeeds(counting(32), counting(32, 1)))
  assert.equal(device.id, deviceIdOf(sha256, device.signing.publicKey, device.wrapping.publicKey))
  assert.not.equal(device.id, deviceFromSeeds(counting(32), counting(32, 2)).id)
  assert.not.equal(device.id, deviceFromSeeds(counting(32, 2), counting(32, 1)).id)
})

test("a device signs a record under the tag of its type", () => {
  const device = deviceFromSeeds(counting(32), counting(32, 1))
  const header = { type: "message", scope: counting(16), issued: 1_700_000_000_000 } as const
  const record = decodeRecord(signRecord(device, header, utf8("body")))
  assert.equal(record.issuer, device.id)
  assert.equal(record.scope, counting(16))
  assert.is(record.issued, header.issued)
  assert.equal(record.body, utf8("body"))
  assert.ok(verifySignature("wl1/message", signedPart(record), record.signature, device.signing.publicKey))
  assert.not(verifySignature("wl1/epoch", signedPart(record), record.signature, device.signing.publicKey))
})

test("the root signs in its clinic's name", () => {
  const root = signingKeyPair(counting(32))
  const record = decodeRecord(signRootRecord(root, { type: "admin-add", issued: 1 }, utf8("body")))
  const clinic = clinicIdOf(sha256, root.publicKey)
  assert.equal(record.scope, clinic)
  assert.equal(record.issuer, clinic)
  const input = signatureInput(signatureTag("admin-add"), signedPart(record))
  assert.ok(verify(root.publicKey, input, record.signature))
})

test("wipe leaves zeros", () => {
  const [a, b] = [counting(32), counting(3, 9)]
  wipe(a, b)
  assert.equal(a, new Uint8Array(32))
  assert.equal(b, new Uint8Array(3))
})

test.run()
