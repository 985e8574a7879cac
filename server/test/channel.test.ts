/** The relay's half of a session's channel, against the vectors that the client's half passes. */
import { createPrivateKey } from "node:crypto"
import { readFileSync } from "node:fs"
import {
  channelKey as clientChannelKey,
  cryptoReady,
  ephemeralKeyPair,
  openChannelKey,
  sealChannelKey,
} from "@wardline/sdk/crypto"
import { fromHex, isWardlineError, toHex } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { channelKey, type Ephemeral, Ephemerals, openKey, sealKey } from "../src/channel.ts"

await cryptoReady()
const test = suite("the relay's channel")

interface ChannelVectors {
  cases: Record<string, string>[]
  refused: string[]
}
const file = new URL("../../sdk/test/vectors/channel.json", import.meta.url)
const vectors = JSON.parse(readFileSync(file, "utf8")) as ChannelVectors

/** The DER bytes before a raw X25519 secret in a PrivateKeyInfo (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex")

function ephemeralOf(secret: Uint8Array, publicKey: Uint8Array): Ephemeral {
  const der = Buffer.concat([PKCS8_PREFIX, secret])
  return { publicKey, secretKey: createPrivateKey({ key: der, format: "der", type: "pkcs8" }) }
}

for (const [i, vector] of vectors.cases.entries()) {
  const bytes = (name: string): Uint8Array => fromHex(vector[name] as string)

  test(`vector ${i + 1}: the client's key, and the key that it sealed`, () => {
    const own = ephemeralOf(bytes("relaySecret"), bytes("relayEphemeral"))
    const channel = channelKey(own, bytes("clientEphemeral"))
    assert.is(Buffer.from(channel, "latin1").toString("hex"), vector.channelKey)
    assert.is(toHex(openKey(channel, bytes("conversation"), bytes("sealed"))), vector.shredKey)
    const back = sealKey(channel, bytes("conversation"), bytes("shredKey"))
    assert.equal(openChannelKey(bytes("channelKey"), bytes("conversation"), back), bytes("shredKey"))
  })
}

test("a client's key that leaves a secret of zeros is refused", () => {
  const own = new Ephemerals().take(0)
  for (const weak of vectors.refused)
    assert.throws(
      () => channelKey(own, fromHex(weak)),
      (error: unknown) => isWardlineError(error, "ERR_UNAUTHENTICATED"),
      weak,
    )
})

test("what wasn't sealed in this channel for this conversation doesn't open", () => {
  const own = new Ephemerals().take(0)
  const client = ephemeralKeyPair(new Uint8Array(32).fill(7))
  const channel = channelKey(own, client.publicKey)
  const conversation = new Uint8Array(16).fill(1)
  const key = clientChannelKey(client, own.publicKey)
  const sealed = sealChannelKey(key, new Uint8Array(12).fill(2), conversation, new Uint8Array(32).fill(3))
  assert.equal(new Uint8Array(openKey(channel, conversation, sealed)), new Uint8Array(32).fill(3))
  const fails = (error: unknown): boolean => isWardlineError(error, "ERR_MALFORMED")
  assert.throws(() => openKey(channel, new Uint8Array(16), sealed), fails)
  for (let i = 0; i < sealed.length; i++) {
    const flipped = sealed.slice()
    flipped[i] = (flipped[i] as number) ^ 1
    assert.throws(() => openKey(channel, conversation, flipped), fails, `byte ${i}`)
  }
})

test.run()
