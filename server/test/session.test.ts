/** A session's own bookkeeping, on a stream that nobody reads. */
import { PassThrough } from "node:stream"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { WebSocket } from "ws"
import { DEFAULT_LIMITS } from "../src/limits.ts"
import { Meters } from "../src/meters.ts"
import { Session } from "../src/session.ts"

const test = suite("session")
const STALL_MS = 1000

function newSession(): { session: Session; raw: PassThrough; queue: Session[] } {
  const raw = new PassThrough({ highWaterMark: 1 })
  const queue: Session[] = []
  const socket = Reflect.construct(WebSocket, [null, undefined, {}]) as WebSocket
  const session = new Session(socket, raw, new Meters(DEFAULT_LIMITS).address("here"), "", 0, queue)
  return { session, raw, queue }
}

test("is blocked once its socket has taken nothing for too long, and not while it takes something", () => {
  const { session, raw, queue } = newSession()
  assert.is(session.isBlocked(0, STALL_MS), false)
  for (let i = 0; i < 4; i++) {
    session.send(Buffer.alloc(1000))
    session.flush()
  }
  assert.is(queue.length, 4)
  assert.ok(session.unsentBytes > 0)
  assert.is(session.isBlocked(100, STALL_MS), false)
  assert.is(session.isBlocked(1100, STALL_MS), false)
  assert.is(session.isBlocked(1101, STALL_MS), true)
  raw.read(1000)
  assert.is(session.isBlocked(1200, STALL_MS), false)
  assert.is(session.isBlocked(2200, STALL_MS), false)
  assert.is(session.isBlocked(2201, STALL_MS), true)
  while (raw.read() !== null);
  assert.is(session.isBlocked(2300, STALL_MS), false)
  assert.is(session.isBlocked(9000, STALL_MS), false)
})

test("queues itself once for any number of frames, and writes them in their order at once", () => {
  const { session, raw, queue } = newSession()
  const ack = { position: 7, link: new Uint8Array(32), auditSequence: 9, timeMs: 11 }
  session.send(Buffer.from("first "))
  for (let i = 0; i < 100; i++) session.sendAck(i, ack)
  session.send(Buffer.from(" last"))
  assert.is(queue.length, 1)
  session.flush()
  const written = raw.read() as Buffer
  assert.is(written.length, 6 + 100 * 63 + 5)
  assert.is(written.subarray(0, 6).toString(), "first ")
  assert.is(written.subarray(-5).toString(), " last")
  for (let i = 0; i < 100; i++) assert.is(written.readUInt32BE(6 + 63 * i + 3), i)
  session.flush()
  assert.is(raw.read(), null)
})

test.run()
