/** Keys in a session's channel, and how a relay can't misplace them. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { newChannel } from "../../src/client/channel.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import {
  type ListedConversation,
  openSession,
  type Session,
  webSocketOpener,
} from "../../src/transport/index.ts"
import { openByNode } from "../support/relay-channel.ts"
import { bytes, type PeerConnection, type ScriptedPeer, startPeer } from "./scripted-peer.ts"

await cryptoReady()
const openSocket = await webSocketOpener()
const test = suite<{ peer: ScriptedPeer }>("keys in a session")
test.before.each(async (context) => {
  context.peer = await startPeer()
})
test.after.each(async (context) => {
  await context.peer.close()
})

const CONVERSATION = bytes(16, 3)
const KEY = bytes(32, 7)

async function loggedIn(peer: ScriptedPeer): Promise<[Session, PeerConnection, Uint8Array]> {
  const opening = openSession(openSocket, {
    url: peer.url,
    clinic: bytes(16, 1),
    keys: { signing: bytes(32, 2), wrapping: bytes(1216, 4) },
    sign: () => bytes(64, 6),
    origin: "",
    newChannel,
    onDirectory: () => {},
  })
  const connection = await peer.accept()
  const { ephemeral } = await connection.welcome()
  return [await opening, connection, connection.channel.keyWith(ephemeral)]
}

/** Subscribes, and notes what keys come. */
async function subscribed(
  peer: ScriptedPeer,
): Promise<{ session: Session; connection: PeerConnection; id: number; taken: (Uint8Array | undefined)[] }> {
  const [session, connection] = await loggedIn(peer)
  const taken: (Uint8Array | undefined)[] = []
  session.subscribe(CONVERSATION, 0, {
    keys: (key) => taken.push(key),
    deliver: async () => {},
    head: () => {},
    live: () => {},
    failed: () => {},
  })
  const { id } = await connection.next("subscribe")
  return { session, connection, id, taken }
}

test("a key goes to the relay in the channel", async ({ peer }) => {
  const [session, connection, channel] = await loggedIn(peer)
  session.keep(CONVERSATION, KEY)
  const kept = await connection.next("keep")
  assert.equal(kept.conversation, CONVERSATION)
  assert.equal(openByNode(channel, CONVERSATION, kept.shredKey), KEY)
  session.end()
})

test("each login has ephemeral keys of its own", async ({ peer }) => {
  const [first, , firstKey] = await loggedIn(peer)
  const [second, , secondKey] = await loggedIn(peer)
  assert.not.equal(firstKey, secondKey)
  first.end()
  second.end()
})

test("a subscription's key comes once, and may be gone", async ({ peer }) => {
  const { session, connection, id, taken } = await subscribed(peer)
  const sealed = connection.seal(CONVERSATION, KEY)
  connection.send({ kind: "keys", id, conversation: CONVERSATION, shredKey: sealed })
  session.probe()
  await connection.next("ping")
  while (taken.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(taken, [KEY])
  connection.send({ kind: "keys", id, conversation: CONVERSATION, shredKey: sealed })
  assert.is((await session.ended).error.code, "ERR_MALFORMED")

  const gone = await subscribed(peer)
  gone.connection.send({ kind: "keys", id: gone.id, conversation: CONVERSATION, shredKey: bytes(0, 0) })
  while (gone.taken.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(gone.taken, [undefined])
  gone.session.end()
})

test("another conversation's key isn't this one's", async ({ peer }) => {
  const { session, connection, id, taken } = await subscribed(peer)
  const other = bytes(16, 9)
  connection.send({ kind: "keys", id, conversation: other, shredKey: connection.seal(other, KEY) })
  assert.is((await session.ended).error.code, "ERR_MALFORMED")
  assert.equal(taken, [])
})

test("a listing key opens with its item; one that doesn't open ends the connection", async ({ peer }) => {
  const [session, connection] = await loggedIn(peer)
  const items: ListedConversation[] = []
  session.watch(10, 0, { conversation: (item) => items.push(item), listed: () => {}, failed: () => {} })
  const { id } = await connection.next("watch")
  const item = {
    kind: "conversation",
    id,
    conversation: CONVERSATION,
    updated: 1,
    position: 2,
    closed: false,
    lastBy: "patient",
    consent: bytes(0, 0),
    open: bytes(0, 0),
  } as const
  connection.send({ ...item, listingKey: connection.seal(CONVERSATION, KEY) })
  connection.send({ ...item, listingKey: bytes(0, 0) })
  connection.send({ ...item, listingKey: connection.seal(bytes(16, 9), KEY) })
  assert.is((await session.ended).error.code, "ERR_MALFORMED")
  assert.equal(
    items.map(({ listingKey }) => listingKey),
    [KEY, undefined],
  )
})

test("a relay whose ephemeral key leaves no secret is left", async ({ peer }) => {
  const opening = openSession(openSocket, {
    url: peer.url,
    clinic: bytes(16, 1),
    keys: { signing: bytes(32, 2), wrapping: bytes(1216, 4) },
    sign: () => assert.unreachable() as never,
    origin: "",
    newChannel,
    onDirectory: () => {},
  })
  const connection = await peer.accept()
  connection.send({
    kind: "challenge",
    id: 0,
    nonce: bytes(32, 7),
    time: Date.now(),
    relayId: bytes(16, 9),
    ephemeral: bytes(32, 0),
  })
  const error = await opening.then(
    () => undefined,
    (reason: { code: string }) => reason,
  )
  assert.is(error?.code, "ERR_MALFORMED")
})

test.run()
