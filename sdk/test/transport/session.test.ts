import { suite } from "uvu"
import * as assert from "uvu/assert"
import { newChannel } from "../../src/client/channel.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { isWardlineError, type WardlineError } from "../../src/errors.ts"
import { authInput, type Frame } from "../../src/protocol/index.ts"
import {
  openSession,
  type Session,
  type SessionLimits,
  SUBSCRIPTION_CREDIT,
  webSocketOpener,
} from "../../src/transport/index.ts"
import { rejects } from "../support/errors.ts"
import { bytes, type PeerConnection, type ScriptedPeer, startPeer } from "./scripted-peer.ts"

await cryptoReady()
const openSocket = await webSocketOpener()
const test = suite<{ peer: ScriptedPeer }>("session")

test.before.each(async (context) => {
  context.peer = await startPeer()
})
test.after.each(async (context) => {
  await context.peer.close()
})

const CLINIC = bytes(16, 1)
const RECORD = bytes(200, 5)
const keys = { signing: bytes(32, 2), wrapping: bytes(1216, 4) }
const signed: { tag: string; message: Uint8Array }[] = []

function connect(
  peer: ScriptedPeer,
  options: { signal?: AbortSignal; heads?: number[]; limits?: Partial<SessionLimits> } = {},
): Promise<Session> {
  return openSession(openSocket, {
    url: peer.url,
    clinic: CLINIC,
    keys,
    sign: (tag, message) => {
      signed.push({ tag, message })
      return bytes(64, 6)
    },
    origin: "https://clinic.example",
    newChannel,
    onDirectory: ({ position }) => options.heads?.push(position),
    signal: options.signal,
    limits: options.limits ?? {},
  })
}

async function loggedIn(
  peer: ScriptedPeer,
  limits: Partial<SessionLimits> = {},
): Promise<[Session, PeerConnection]> {
  const opening = connect(peer, { limits })
  const connection = await peer.accept()
  await connection.welcome()
  return [await opening, connection]
}

test("logs in by signing this relay, this origin and this challenge", async ({ peer }) => {
  const opening = connect(peer)
  const connection = await peer.accept()
  const auth = await connection.welcome()
  const session = await opening
  assert.equal(auth.clinic, CLINIC)
  assert.is(auth.origin, "https://clinic.example")
  assert.equal(auth.keys, keys)
  assert.is(signed.at(-1)?.tag, "wl1/auth")
  assert.equal(
    signed.at(-1)?.message,
    authInput(
      { relayId: bytes(16, 9), nonce: bytes(32, 7), ephemeral: connection.channel.ephemeral },
      { clinic: CLINIC, origin: "https://clinic.example", ephemeral: auth.ephemeral },
    ),
  )
  assert.is((await session.welcomed).directoryPosition, 3)
  session.end()
  assert.is(await connection.closed, 1000)
})

for (const { code, expected } of [
  { code: 4401, expected: "ERR_UNAUTHENTICATED" },
  { code: 4403, expected: "ERR_REVOKED" },
  { code: 4408, expected: "ERR_OFFLINE" },
  { code: 4429, expected: "ERR_RATE_LIMITED" },
  { code: 4503, expected: "ERR_OVERLOADED" },
  { code: 1001, expected: "ERR_OFFLINE" },
] as const) {
  test(`close code ${code} at login is ${expected}`, async ({ peer }) => {
    const opening = connect(peer)
    const connection = await peer.accept()
    connection.socket.close(code)
    await rejects(opening, expected)
  })
}

test("an error frame at login is why it failed, and its text is on no screen", async ({ peer }) => {
  const opening = connect(peer)
  const connection = await peer.accept()
  connection.challenge()
  const { id } = await connection.next("auth")
  connection.send({ kind: "error", id, code: "ERR_REVOKED", retryable: false, message: "call 555-0100" })
  const error = await rejects(opening, "ERR_REVOKED")
  assert.not.match(error.message, "555")
})

const nonsense: { name: string; frame: Frame }[] = [
  { name: "a welcome before the challenge", frame: welcomeFrame() },
  { name: "a delivery before the challenge", frame: { kind: "deliver", id: 1, position: 1, record: RECORD } },
  { name: "a frame that only clients send", frame: { kind: "ping", id: 1 } },
]
for (const { name, frame } of nonsense) {
  test(`${name} ends the session as ERR_MALFORMED`, async ({ peer }) => {
    const opening = connect(peer)
    const connection = await peer.accept()
    connection.send(frame)
    await rejects(opening, "ERR_MALFORMED")
    assert.is(await connection.closed, 4400)
  })
}

test("bytes that are no frame end the session as ERR_MALFORMED", async ({ peer }) => {
  const [session, connection] = await loggedIn(peer)
  connection.socket.send(Uint8Array.of(0x99, 1, 2, 3))
  assert.is((await session.ended).error.code, "ERR_UNSUPPORTED")
  assert.is(await connection.closed, 4400)
})

test("a text frame ends the session", async ({ peer }) => {
  const [session, connection] = await loggedIn(peer)
  connection.socket.send("hello")
  assert.is((await session.ended).code, 4400)
})

test("another server that doesn't speak the subprotocol is no relay", async () => {
  const other = await startPeer({ subprotocol: false })
  await rejects(connect(other), "ERR_OFFLINE")
  await other.close()
})

test("nobody listening is ERR_OFFLINE", async ({ peer }) => {
  await peer.close()
  await rejects(connect(peer), "ERR_OFFLINE")
})

test("answers find their requests in any order", async ({ peer }) => {
  const [session, connection] = await loggedIn(peer)
  const both = Promise.all([session.publish(RECORD), session.publish(bytes(100, 8))])
  const first = await connection.next("publish")
  const second = await connection.next("publish")
  assert.is.not(first.id, second.id)
  connection.send({ kind: "ack", id: second.id, position: 2, link: bytes(32, 2), auditSequence: 9, time: 5 })
  connection.send({ kind: "ack", id: first.id, position: 1, link: bytes(32, 1), auditSequence: 8, time: 5 })
  assert.equal(
    (await both).map(({ position }) => position),
    [1, 2],
  )
})

test("a refused publish carries the relay's code", async ({ peer }) => {
  const [session, connection] = await loggedIn(peer)
  const publishing = session.publish(RECORD)
  const { id } = await connection.next("publish")
  connection.send({ kind: "error", id, code: "ERR_CLOSED", retryable: false, message: "closed" })
  await rejects(publishing, "ERR_CLOSED")
})

test("when the connection breaks, every waiting request is ERR_OFFLINE", async ({ peer }) => {
  const [session, connection] = await loggedIn(peer)
  const waiting = [session.publish(RECORD), session.publish(RECORD)]
  await connection.next("publish")
  connection.socket.terminate()
  for (const request of waiting) await rejects(request, "ERR_OFFLINE")
  assert.is((await session.ended).code, 1006)
  await rejects(session.publish(RECORD), "ERR_OFFLINE")
})

test("aborting ends the wait for an answer, and a late answer does no harm", async ({ peer }) => {
  const [session, connection] = await loggedIn(peer)
  const controller = new AbortController()
  const publishing = session.publish(RECORD, controller.signal)
  const { id } = await connection.next("publish")
  controller.abort()
  await rejects(publishing, "ERR_ABORTED")
  connection.send({ kind: "ack", id, position: 1, link: bytes(32, 1), auditSequence: 8, time: 5 })
  await rejects(session.publish(RECORD, controller.signal), "ERR_ABORTED")
  session.probe()
  await connection.next("ping")
})

test("aborting ends a login", async ({ peer }) => {
  const controller = new AbortController()
  const opening = connect(peer, { signal: controller.signal })
  const connection = await peer.accept()
  connection.challenge()
  await connection.next("auth")
  controller.abort()
  await rejects(opening, "ERR_ABORTED")
  await connection.closed
  await rejects(connect(peer, { signal: controller.signal }), "ERR_ABORTED")
})

test("gives credit back as records are worked through, not as they arrive", async ({ peer }) => {
  const [session, connection] = await loggedIn(peer)
  const taken: number[] = []
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  session.subscribe(bytes(16, 3), 0, {
    keys: () => {},
    head: () => {},
    deliver: async (position) => {
      await gate
      taken.push(position)
    },
    // Not at once: credit that is given too early is on its way by then.
    live: () => setTimeout(() => session.probe(), 20),
    failed: () => {},
  })
  const subscribe = await connection.next("subscribe")
  assert.is(subscribe.credit, SUBSCRIPTION_CREDIT)
  for (let i = 1; i <= SUBSCRIPTION_CREDIT; i++) {
    connection.send({ kind: "deliver", id: subscribe.id, position: i, record: RECORD })
  }
  // All have arrived when the client has heard that they are all, and none has been credited.
  connection.send({ kind: "live", id: subscribe.id, position: SUBSCRIPTION_CREDIT, link: bytes(32, 1) })
  await connection.next("ping")
  release()
  const credit = await connection.next("credit")
  assert.is(credit.id, subscribe.id)
  assert.is(credit.more, SUBSCRIPTION_CREDIT / 2)
  assert.is((await connection.next("credit")).more, SUBSCRIPTION_CREDIT / 2)
  assert.is(taken.length, SUBSCRIPTION_CREDIT)
})

test("a subscription ends with what the relay says, or with the connection", async ({ peer }) => {
  const [session, connection] = await loggedIn(peer)
  const errors: string[] = []
  const handler = {
    keys: () => {},
    head: () => {},
    deliver: async () => {},
    live: () => {},
    failed: (error: WardlineError) => errors.push(error.code),
  }
  session.subscribe(bytes(16, 3), 0, handler)
  session.subscribe(bytes(16, 4), 0, handler)
  const { id } = await connection.next("subscribe")
  connection.send({ kind: "error", id, code: "ERR_ACCESS_REQUIRED", retryable: false, message: "" })
  session.probe()
  await connection.next("subscribe")
  await connection.next("ping")
  connection.socket.terminate()
  await session.ended
  assert.equal(errors, ["ERR_ACCESS_REQUIRED", "ERR_OFFLINE"])
})

test("after unsubscribing nothing is delivered any more", async ({ peer }) => {
  const [session, connection] = await loggedIn(peer)
  let deliveries = 0
  const subscription = session.subscribe(bytes(16, 3), 0, {
    keys: () => {},
    head: () => {},
    deliver: async () => {
      deliveries += 1
    },
    live: () => {},
    failed: () => {},
  })
  const { id } = await connection.next("subscribe")
  subscription.end()
  await connection.next("unsubscribe")
  connection.send({ kind: "deliver", id, position: 1, record: RECORD })
  session.probe()
  await connection.next("ping")
  assert.is(deliveries, 0)
})

test("hears of the directory's growth", async ({ peer }) => {
  const heads: number[] = []
  const opening = connect(peer, { heads })
  const connection = await peer.accept()
  await connection.welcome()
  const session = await opening
  connection.send({ kind: "directory", id: 0, position: 12, link: bytes(32, 1) })
  session.end()
  connection.send({ kind: "directory", id: 0, position: 13, link: bytes(32, 1) })
  await session.ended
  assert.ok(heads.every((position) => position === 12))
})

test("what the relay says of the whole connection explains its end", async ({ peer }) => {
  const [session, connection] = await loggedIn(peer)
  connection.send({ kind: "error", id: 0, code: "ERR_RATE_LIMITED", retryable: true, message: "" })
  connection.socket.close(4429)
  const { error } = await session.ended
  assert.ok(isWardlineError(error, "ERR_RATE_LIMITED"))
})

test("a relay that never greets is given up", async ({ peer }) => {
  const opening = connect(peer, { limits: { handshakeMs: 50 } })
  const connection = await peer.accept()
  await rejects(opening, "ERR_OFFLINE")
  assert.is(await connection.closed, 4408)
})

test("a relay that takes a login and never welcomes is given up", async ({ peer }) => {
  const opening = connect(peer, { limits: { handshakeMs: 100 } })
  const connection = await peer.accept()
  connection.challenge()
  await connection.next("auth")
  await rejects(opening, "ERR_OFFLINE")
})

test("a request without an answer ends the connection: what became of it is unknown", async ({ peer }) => {
  const [session, connection] = await loggedIn(peer, { requestMs: 50 })
  await rejects(session.publish(RECORD), "ERR_OFFLINE")
  assert.is(await connection.closed, 4408)
})

test("pings while it is quiet, and gives up a relay that doesn't answer", async ({ peer }) => {
  const [session, connection] = await loggedIn(peer, { pingMs: 20, pongMs: 100 })
  for (let i = 0; i < 3; i++) {
    const { id } = await connection.next("ping")
    connection.send({ kind: "pong", id, time: Date.now() })
  }
  await connection.next("ping")
  const { code, error } = await session.ended
  assert.is(code, 4408)
  assert.is(error.code, "ERR_OFFLINE")
})

test.run()

function welcomeFrame(): Frame {
  return { kind: "welcome", id: 1, time: 1, directoryPosition: 1, directoryLink: bytes(32, 1) }
}
