import { readFileSync } from "node:fs"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, toHex } from "../../src/bytes.ts"
import {
  channelKey,
  cryptoReady,
  ephemeralKeyPair,
  openChannelKey,
  sealChannelKey,
} from "../../src/crypto/index.ts"
import { authInput } from "../../src/protocol/index.ts"
import { hasCode } from "../support/errors.ts"
import { openByNode, RelayChannel, sealByNode } from "../support/relay-channel.ts"

interface ChannelVectors {
  cases: Record<string, string>[]
  refused: string[]
}

await cryptoReady()
const test = suite("channel")
const file = new URL("../vectors/channel.json", import.meta.url)
const vectors = JSON.parse(readFileSync(file, "utf8")) as ChannelVectors
const named = (vector: Record<string, string>) => (name: string) => fromHex(vector[name] as string)

for (const [i, vector] of vectors.cases.entries()) {
  const bytes = named(vector)

  test(`vector ${i + 1}: both sides come to one key`, () => {
    const client = ephemeralKeyPair(bytes("clientSecret"))
    const relay = new RelayChannel(bytes("relaySecret"))
    assert.is(toHex(client.publicKey), vector.clientEphemeral)
    assert.is(toHex(relay.ephemeral), vector.relayEphemeral)
    assert.is(toHex(channelKey(client, relay.ephemeral)), vector.channelKey)
    assert.is(toHex(relay.keyWith(client.publicKey)), vector.channelKey)
  })

  test(`vector ${i + 1}: each side opens what the other sealed`, () => {
    const args = [bytes("channelKey"), bytes("nonce"), bytes("conversation"), bytes("shredKey")] as const
    const [key, , conversation, shredKey] = args
    assert.is(toHex(sealChannelKey(...args)), vector.sealed)
    assert.is(toHex(sealByNode(...args)), vector.sealed)
    assert.equal(openChannelKey(key, conversation, bytes("sealed")), shredKey)
    assert.equal(openByNode(key, conversation, bytes("sealed")), shredKey)
  })

  test(`vector ${i + 1}: the login signs both ephemeral keys`, () => {
    const { origin } = vector as { origin: string }
    const challenge = {
      relayId: bytes("relayId"),
      nonce: bytes("challenge"),
      ephemeral: bytes("relayEphemeral"),
    }
    const login = { clinic: bytes("clinic"), origin, ephemeral: bytes("clientEphemeral") }
    assert.is(toHex(authInput(challenge, login)), vector.authInput)
  })
}

test("a key of the relay's that leaves a secret of zeros is refused", () => {
  const client = ephemeralKeyPair(new Uint8Array(32).fill(7))
  for (const weak of vectors.refused) {
    assert.throws(() => channelKey(client, fromHex(weak)), hasCode("ERR_MALFORMED"), weak)
  }
})

test("a sealed key opens only whole, under its own key, and for its own conversation", () => {
  const bytes = named(vectors.cases[0] as Record<string, string>)
  const [key, conversation, sealed] = [bytes("channelKey"), bytes("conversation"), bytes("sealed")]
  const fails = hasCode("ERR_OPEN_FAILED")
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const flipped = sealed.slice()
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    assert.throws(() => openChannelKey(key, conversation, flipped), fails, `bit ${bit}`)
  }
  for (let length = 0; length < sealed.length; length++) {
    assert.throws(
      () => openChannelKey(key, conversation, sealed.subarray(0, length)),
      fails,
      `cut at ${length}`,
    )
  }
  const longer = new Uint8Array(61)
  longer.set(sealed)
  assert.throws(() => openChannelKey(key, conversation, longer), fails)
  assert.throws(() => openChannelKey(key, new Uint8Array(16), sealed), fails, "another conversation")
  assert.throws(() => openChannelKey(new Uint8Array(32), conversation, sealed), fails, "another channel")
})

test.run()
