/** A relay, or a participant, that sends more than anybody asked for: it costs no more than its bytes. */

import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { Writer } from "../../src/bytes.ts"
import { newChannel } from "../../src/client/channel.ts"
import { fetchDirectory } from "../../src/client/directory-http.ts"
import {
  buildMessages,
  EMPTY_VIEW,
  reduceView,
  type ViewContext,
  type ViewState,
} from "../../src/client/view.ts"
import type { Participant, TranscriptEvent } from "../../src/conversation/index.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { asRole } from "../../src/ids.ts"
import { openSession, type Session, SUBSCRIPTION_CREDIT, webSocketOpener } from "../../src/transport/index.ts"
import { rejects } from "../support/errors.ts"
import { bytes, type PeerConnection, type ScriptedPeer, startPeer } from "../transport/scripted-peer.ts"

const test = suite("floods")
await cryptoReady()
const openSocket = await webSocketOpener()
const ME = bytes(16, 1)
const nurse: Participant = {
  kind: "staff",
  device: bytes(16, 2),
  signingKey: bytes(32, 0),
  role: asRole("nursing"),
}
const context: ViewContext = {
  staffName: () => "Nurse Kim",
  localIds: new Map(),
  outbox: [],
  me: { kind: "patient", deviceId: "01" },
}

function eventAt(position: number, isRefused = false): TranscriptEvent {
  const at = { position, issued: position, hash: bytes(32, position % 256) }
  if (isRefused) return { ...at, kind: "refused", code: "ERR_OPEN_FAILED" }
  const payload = { v: 1, type: "text", text: `message ${position}` } as const
  return { ...at, kind: "message", from: nurse, payload, sequence: position, seenPosition: 0 }
}

function take(view: ViewState, from: number, to: number, isRefused = false): ViewState {
  let next = view
  for (let position = from; position <= to; position++)
    next = reduceView(next, eventAt(position, isRefused), ME)
  return next
}

test("100,000 messages cost a view no more than their number: one array, grown in place", () => {
  const view = take(EMPTY_VIEW, 1, 1000)
  const next = take(view, 1001, 1001)
  assert.is(next.entries, view.entries)
  const more = take(next, 1002, 100_000)
  assert.is(more.entries, view.entries)
  assert.is(buildMessages(more, context).length, 100_000)
  assert.is(EMPTY_VIEW.entries.length, 0)
})

test("an older view stays what it was, and two views from one go their own ways", () => {
  const old = take(EMPTY_VIEW, 1, 3)
  const left = take(old, 4, 5)
  const right = take(old, 6, 6)
  const shown = (view: ViewState): (number | undefined)[] =>
    buildMessages(view, context).map(({ position }) => position)
  assert.equal(shown(old), [1, 2, 3])
  assert.equal(shown(left), [1, 2, 3, 4, 5])
  assert.equal(shown(right), [1, 2, 3, 6])
})

test("a message that hasn't changed is the same object; one whose state or author's name has is another", () => {
  const view = take(EMPTY_VIEW, 1, 2)
  const [first, second] = buildMessages(view, context)
  assert.is(buildMessages(view, context)[0], first)
  const read = { ...view, ownRead: 1 }
  assert.is(buildMessages(read, context)[0]?.state, "read")
  assert.is(buildMessages(read, context)[1], second)
  assert.is(buildMessages(read, { ...context, staffName: () => "K." })[1]?.from.name, "K.")
})

test("a run of refused records shows once", () => {
  const flooded = take(take(take(EMPTY_VIEW, 1, 1), 2, 50_000, true), 50_001, 50_001)
  assert.equal(
    buildMessages(flooded, context).map(({ kind }) => kind),
    ["text", "refused", "text"],
  )
})

async function loggedIn(peer: ScriptedPeer): Promise<[Session, PeerConnection]> {
  const opening = openSession(openSocket, {
    url: peer.url,
    clinic: ME,
    keys: { signing: bytes(32, 2), wrapping: bytes(1216, 4) },
    sign: () => bytes(64, 6),
    origin: "",
    newChannel,
    onDirectory: () => {},
  })
  const connection = await peer.accept()
  await connection.welcome()
  return [await opening, connection]
}

const head = { position: 1, link: bytes(32, 1) }

for (const { name, isWithin } of [
  { name: "as many records as it was given credit for are taken", isWithin: true },
  { name: "a relay that ignores its credit is left: sockets have no back-pressure", isWithin: false },
]) {
  test(name, async () => {
    const peer = await startPeer()
    const [session, connection] = await loggedIn(peer)
    let taken = 0
    const never = new Promise<void>(() => {})
    session.subscribe(bytes(16, 3), 0, {
      keys: () => {},
      head: () => {},
      deliver: () => {
        taken += 1
        return never
      },
      live: () => {},
      failed: () => {},
    })
    const { id } = await connection.next("subscribe")
    const count = SUBSCRIPTION_CREDIT + (isWithin ? 0 : 1)
    for (let i = 1; i <= count; i++)
      connection.send({ kind: "deliver", id, position: i, record: bytes(200, 5) })
    connection.send({ kind: "directory", id: 0, position: 4, link: bytes(32, 1) })
    if (isWithin) connection.socket.close(1001)
    assert.is((await session.ended).error.code, isWithin ? "ERR_OFFLINE" : "ERR_MALFORMED")
    assert.is(taken, SUBSCRIPTION_CREDIT)
    await peer.close()
  })
}

test("a relay is given new credit for what is done, and may use it", async () => {
  const peer = await startPeer()
  const [session, connection] = await loggedIn(peer)
  let taken = 0
  session.subscribe(bytes(16, 3), 0, {
    keys: () => {},
    head: () => {},
    deliver: async () => {
      taken += 1
    },
    live: () => {},
    failed: () => {},
  })
  const { id, credit } = await connection.next("subscribe")
  let left = credit
  for (let i = 1; i <= 4 * SUBSCRIPTION_CREDIT; i++) {
    if (left === 0) left += (await connection.next("credit")).more
    left -= 1
    connection.send({ kind: "deliver", id, position: i, record: bytes(200, 5) })
  }
  connection.socket.close(1001)
  assert.is((await session.ended).error.code, "ERR_OFFLINE")
  assert.is(taken, 4 * SUBSCRIPTION_CREDIT)
  await peer.close()
})

test("live twice is no protocol", async () => {
  const peer = await startPeer()
  const [session, connection] = await loggedIn(peer)
  let lives = 0
  session.subscribe(bytes(16, 3), 0, {
    keys: () => {},
    head: () => {},
    deliver: async () => {},
    live: () => {
      lives += 1
    },
    failed: () => {},
  })
  const { id } = await connection.next("subscribe")
  for (let i = 0; i < 2; i++) connection.send({ kind: "live", id, ...head })
  connection.socket.close(1001)
  assert.is((await session.ended).error.code, "ERR_MALFORMED")
  assert.is(lives, 1)
  await peer.close()
})

test("a list that doesn't end is left; what changes after its end is news", async () => {
  for (const isListed of [false, true]) {
    const peer = await startPeer()
    const [session, connection] = await loggedIn(peer)
    let items = 0
    session.watch(10, 0, {
      conversation: () => {
        items += 1
      },
      listed: () => {},
      failed: () => {},
    })
    const { id } = await connection.next("watch")
    if (isListed) connection.send({ kind: "listed", id, more: false, needed: [] })
    for (let i = 1; i <= 50; i++) {
      connection.send({
        kind: "conversation",
        id,
        conversation: bytes(16, i),
        updated: i,
        position: 2,
        closed: false,
        lastBy: "patient",
        consent: bytes(0, 0),
        open: bytes(0, 0),
        listingKey: bytes(0, 0),
      })
    }
    connection.socket.close(1001)
    assert.is((await session.ended).error.code, isListed ? "ERR_OFFLINE" : "ERR_MALFORMED")
    assert.is(items, isListed ? 50 : 40)
    await peer.close()
  }
})

/** What a client makes of a directory answer that is sent in pieces of `step` bytes. */
async function fetched(body: Uint8Array, step = body.length): Promise<Uint8Array[]> {
  const server = createServer((_request, response) => {
    for (let i = 0; i < body.length; i += step) response.write(body.subarray(i, i + step))
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const relay = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  try {
    return await fetchDirectory({ relay, clinicId: bytes(16, 1), signal: undefined }, 0)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test("a directory of empty records is refused at the first", async () => {
  const answer = (length: number): Uint8Array =>
    new Writer()
      .u64(0)
      .list([length, length], (w, size) => w.lp32(bytes(size, 1)))
      .done()
  await rejects(fetched(answer(0)), "ERR_MALFORMED")
  await rejects(fetched(answer(111)), "ERR_MALFORMED")
  assert.is((await fetched(answer(112))).length, 2)
})

test("an answer in small pieces is put together whole", async () => {
  const records = Array.from({ length: 700 }, (_, i) => bytes(112 + i, i % 256))
  const body = new Writer()
    .u64(0)
    .list(records, (w, record) => w.lp32(record))
    .done()
  assert.equal(await fetched(body, 997), records)
})

test.run()
