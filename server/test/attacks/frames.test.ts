/** Bytes that are no frames, no records, or too much of them. */

import { randomBytes } from "node:crypto"
import { connect } from "node:net"
import {
  decodeMessage,
  decodeRecord,
  encodeFrame,
  isWardlineError,
  MAX_FRAME_BYTES,
} from "@wardline/sdk/protocol"
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { checkMessageShape, isMessage } from "../../src/gates/shape.ts"
import type { Relay } from "../../src/index.ts"
import { type Begun, beginChat } from "../support/begin.ts"
import { TestChat } from "../support/chat.ts"
import { logIn, type TestClient } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { newFolder, removeFolder, start } from "../support/relay.ts"

const test = suite("frames")
const clinic = new TestClinic()
const folder = newFolder()
let relay: Relay

test.before(async () => {
  relay = await start(clinic, { data: folder, limits: { loginsBurst: 10_000, httpBurst: 10_000 } })
})
test.after(async () => {
  await relay.close()
  removeFolder(folder)
})

const begin = (): Promise<Begun> => beginChat(relay.url, clinic)

test("each frame of a session cut at every byte: refused or closed, and the relay goes on", async () => {
  const { chat, patient } = await begin()
  const frames = [
    encodeFrame({ kind: "subscribe", id: 7, conversation: chat.id, after: 0, credit: 5 }),
    encodeFrame({ kind: "watch", id: 7, limit: 5, before: 0 }),
    encodeFrame({ kind: "credit", id: 7, more: 5 }),
    encodeFrame({ kind: "unsubscribe", id: 7 }),
    encodeFrame({ kind: "ping", id: 7 }),
  ]
  for (const frame of frames)
    for (let length = 0; length < frame.length; length++) {
      const client = await logIn(relay.url, clinic, newDevice())
      client.socket.send(frame.subarray(0, length))
      assert.is((await client.closed).code, 4400, `${frame[0]} cut at ${length}`)
    }
  assert.is(await patient.refusal(chat.message()), "accepted")
  await patient.close()
})

test("a record cut at every byte is refused as malformed", async () => {
  const { chat, patient } = await begin()
  const message = chat.message()
  let session = patient
  const codes = new Set<string>()
  for (let length = 0; length < message.length; length += length < 64 ? 1 : 13) {
    // Too many malformed records close a session; a device may come back.
    if (session.isClosed || length % 15 === 0) {
      if (!session.isClosed) await session.close()
      session = await logIn(relay.url, clinic, chat.patient)
    }
    codes.add(await session.refusal(message.subarray(0, length)).catch(() => "closed"))
  }
  codes.delete("closed")
  assert.equal([...codes], ["ERR_MALFORMED"])
  session = await logIn(relay.url, clinic, chat.patient)
  assert.is(await session.refusal(message), "accepted")
  await session.close()
})

test("many malformed records close the session", async () => {
  const { patient } = await begin()
  for (let i = 0; i < 30 && !patient.isClosed; i++)
    await patient.refusal(randomBytes(10)).catch(() => "closed")
  assert.is((await patient.closed).code, 4400)
})

for (const { name, change, code } of [
  {
    name: "trailing bytes",
    change: (record: Buffer) => Buffer.concat([record, Buffer.alloc(1)]),
    code: "ERR_MALFORMED",
  },
  { name: "another magic", change: (record: Buffer) => set(record, 0, 0x58), code: "ERR_MALFORMED" },
  { name: "an unknown version", change: (record: Buffer) => set(record, 2, 2), code: "ERR_UNSUPPORTED" },
  { name: "an unknown type", change: (record: Buffer) => set(record, 3, 0x2c), code: "ERR_UNSUPPORTED" },
  { name: "type zero", change: (record: Buffer) => set(record, 3, 0), code: "ERR_UNSUPPORTED" },
  { name: "an overlong length", change: (record: Buffer) => set(record, 44, 0xff), code: "ERR_TOO_LARGE" },
  {
    name: "a length one too large",
    change: (record: Buffer) => set(record, 47, (record[47] ?? 0) + 1),
    code: "ERR_MALFORMED",
  },
  { name: "unknown flags", change: (record: Buffer) => set(record, 48, 2), code: "ERR_MALFORMED" },
  { name: "a time over 2^53", change: (record: Buffer) => set(record, 36, 0xff), code: "ERR_MALFORMED" },
  {
    name: "a seen position over 2^53",
    change: (record: Buffer) => set(record, 85, 0xff),
    code: "ERR_MALFORMED",
  },
] as const)
  test(`refuses a message with ${name}`, async () => {
    const { chat, patient } = await begin()
    assert.is(await patient.refusal(change(Buffer.from(chat.message()))), code)
    await patient.close()
  })

function set(record: Buffer, at: number, value: number): Buffer {
  record[at] = value
  return record
}

test("refuses a message with less ciphertext than any has", async () => {
  const { chat, patient } = await begin()
  assert.is(await patient.refusal(chat.message(chat.patient, { bytes: 527 })), "ERR_MALFORMED")
  assert.is(await patient.refusal(chat.message(chat.patient, { bytes: 528 })), "accepted")
  await patient.close()
})

test("the hot path accepts exactly what the codecs accept", () => {
  const chat = new TestChat(clinic, newDevice())
  const message = Buffer.from(chat.message())
  const outcome = (work: () => void): string => {
    try {
      work()
      return "accepted"
    } catch (error) {
      return isWardlineError(error) ? "refused" : "bug"
    }
  }
  const fast = (bytes: Buffer): string =>
    outcome(() => (isMessage(bytes) ? checkMessageShape(bytes) : void decodeRecord(bytes)))
  const slow = (bytes: Buffer): string =>
    outcome(() => {
      const record = decodeRecord(bytes)
      if (record.type === "message") decodeMessage(record.body)
    })
  const change = fc.record({ at: fc.nat(110), to: fc.nat(255), cut: fc.nat(20), pad: fc.nat(3) })
  fc.assert(
    fc.property(change, ({ at, to, cut, pad }) => {
      const bytes = Buffer.concat([
        message.subarray(0, message.length - (cut > 10 ? 0 : cut)),
        Buffer.alloc(pad > 1 ? 0 : pad),
      ])
      bytes[at] = to
      assert.is(fast(bytes), slow(bytes))
    }),
    { numRuns: 3000 },
  )
  for (let length = 0; length <= message.length; length++)
    assert.is(fast(message.subarray(0, length)), slow(message.subarray(0, length)))
})

for (const { name, send, code } of [
  { name: "a text frame", send: (client: TestClient) => client.socket.send("hello"), code: 4400 },
  {
    name: "a good frame sent as text",
    send: (client: TestClient) => client.socket.send("\x07\0\0\0\x01"),
    code: 4400,
  },
  {
    name: "an unknown frame type",
    send: (client: TestClient) => client.socket.send(Uint8Array.of(0x55, 0, 0, 0, 1)),
    code: 4400,
  },
  {
    name: "a relay's frame",
    send: (client: TestClient) => client.socket.send(encodeFrame({ kind: "pong", id: 1, time: 1 })),
    code: 4400,
  },
  {
    name: "an oversized frame",
    send: (client: TestClient) => client.socket.send(Buffer.alloc(MAX_FRAME_BYTES + 1, 2)),
    code: 1009,
  },
])
  test(`closes with ${code} after ${name}`, async () => {
    const client = await logIn(relay.url, clinic, newDevice())
    send(client)
    assert.is((await client.closed).code, code)
  })

test("an oversized frame announced and never sent costs nothing", async () => {
  const client = await logIn(relay.url, clinic, newDevice())
  const raw = (client.socket as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket
  // A masked binary frame of 2^40 bytes.
  raw.write(Uint8Array.of(0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4))
  assert.is((await client.closed).code, 1009)
})

test("a request id in use is refused by closing", async () => {
  const { chat, patient } = await begin()
  patient.send({ kind: "subscribe", id: 500, conversation: chat.id, after: 0, credit: 10 })
  patient.send({ kind: "subscribe", id: 500, conversation: chat.id, after: 0, credit: 10 })
  assert.is((await patient.closed).code, 4400)
})

test("two publishes under one request id get one ack each", async () => {
  const { chat, patient } = await begin()
  patient.send({ kind: "publish", id: 900, record: chat.message() })
  patient.send({ kind: "publish", id: 900, record: chat.message() })
  const acks = [await patient.nextOf("ack", 900), await patient.nextOf("ack", 900)]
  assert.equal(
    acks.map(({ position }) => position),
    [4, 5],
  )
  await patient.close()
})

test("garbage on the socket ends it", async () => {
  const url = new URL(relay.url)
  for (const bytes of [
    randomBytes(4000),
    Buffer.from("GET /v1/ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"),
    Buffer.alloc(20_000, 0x41),
  ]) {
    const ended = await new Promise<boolean>((resolve) => {
      const socket = connect(Number(url.port), url.hostname, () => socket.write(bytes))
      socket.on("error", () => resolve(true))
      socket.on("close", () => resolve(true))
      socket.resume()
      socket.setTimeout(5000, () => resolve(false))
    })
    assert.ok(ended)
  }
  const client = await logIn(relay.url, clinic, newDevice())
  await client.close()
})

test.run()
