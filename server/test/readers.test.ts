/** Reading: order, credits, slow readers, lists. */
import { randomBytes } from "node:crypto"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { encodeFrame } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Relay } from "../src/index.ts"
import { type Begun, beginChat } from "./support/begin.ts"
import { TestChat } from "./support/chat.ts"
import { logIn, type TestClient } from "./support/client.ts"
import { newDevice, TestClinic } from "./support/clinic.ts"
import { withRelay } from "./support/relay.ts"

const test = suite("readers")
const clinic = new TestClinic()
const GENEROUS = {
  recordsPerSecond: 1e6,
  recordsBurst: 1e6,
  bytesPerSecond: 1e9,
  bytesBurst: 1e9,
  addressRecordsPerSecond: 1e6,
  addressRecordsBurst: 1e6,
}

/** Bytes in buffers that are in use. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as () => void
  collect()
  collect()
  return process.memoryUsage().arrayBuffers
}

const begin = (relay: Relay, roles?: readonly string[]): Promise<Begun> => beginChat(relay.url, clinic, roles)

const positions = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)

test("a backlog comes in order from any cursor, then live, once", async () => {
  await withRelay(
    clinic,
    async (relay) => {
      const { chat, patient } = await begin(relay)
      const records = Array.from({ length: 300 }, () => chat.message())
      await patient.publishAll(records)
      for (const after of [0, 1, 150, 302, 303]) {
        const { delivered, end } = await patient.backlog(patient.subscribe(chat.id, after, 1000))
        assert.equal(
          delivered.map(({ position }) => position),
          positions(after + 1, 303),
        )
        assert.is(end.kind === "live" && end.position, 303)
      }
      await patient.close()
    },
    { limits: GENEROUS },
  )
})

test("a cursor beyond the head is told that the history is shorter", async () => {
  await withRelay(clinic, async (relay) => {
    const { chat, patient } = await begin(relay)
    const { end } = await patient.backlog(patient.subscribe(chat.id, 4))
    assert.is(end.kind === "error" && end.code, "ERR_ROLLBACK")
    await patient.close()
  })
})

test("no more comes than credit allows, and nothing is skipped", async () => {
  await withRelay(
    clinic,
    async (relay) => {
      const { chat, patient } = await begin(relay)
      await patient.publishAll(Array.from({ length: 20 }, () => chat.message()))
      const reader = await logIn(relay.url, clinic, chat.patient)
      const id = reader.subscribe(chat.id, 0, 5)
      const got: number[] = []
      for (let i = 0; i < 5; i++) got.push((await reader.nextOf("deliver", id)).position)
      await patient.publishAll([chat.message()])
      await new Promise((resolve) => setTimeout(resolve, 100))
      assert.is(reader.frames.length, 0)
      reader.send({ kind: "credit", id, more: 18 })
      for (let i = 0; i < 18; i++) got.push((await reader.nextOf("deliver", id)).position)
      await new Promise((resolve) => setTimeout(resolve, 50))
      assert.is(reader.frames.length, 0)
      reader.send({ kind: "credit", id, more: 100 })
      got.push((await reader.nextOf("deliver", id)).position)
      assert.equal(got, positions(1, 24))
      assert.is((await reader.nextOf("live", id)).position, 24)
      await patient.publishAll([chat.message()])
      assert.is((await reader.nextOf("deliver", id)).position, 25)
      await Promise.all([patient.close(), reader.close()])
    },
    { limits: GENEROUS },
  )
})

test("what comes live runs out of credit and goes on", async () => {
  await withRelay(
    clinic,
    async (relay) => {
      const { chat, patient } = await begin(relay)
      const reader = await logIn(relay.url, clinic, chat.patient)
      const id = reader.subscribe(chat.id, 3, 4)
      assert.is((await reader.nextOf("live", id)).position, 3)
      await patient.publishAll(Array.from({ length: 10 }, () => chat.message()))
      const got: number[] = []
      for (let i = 0; i < 4; i++) got.push((await reader.nextOf("deliver", id)).position)
      await new Promise((resolve) => setTimeout(resolve, 50))
      assert.is(reader.frames.length, 0)
      reader.send({ kind: "credit", id, more: 50 })
      for (let i = 0; i < 6; i++) got.push((await reader.nextOf("deliver", id)).position)
      assert.equal(got, positions(4, 13))
      await Promise.all([patient.close(), reader.close()])
    },
    { limits: GENEROUS },
  )
})

test("after unsubscribe nothing more comes, and the id is free", async () => {
  await withRelay(clinic, async (relay) => {
    const { chat, patient } = await begin(relay)
    const id = patient.subscribe(chat.id)
    // Not even for one that was still waiting.
    const second = patient.subscribe(chat.id)
    patient.send({ kind: "unsubscribe", id: second })
    await patient.backlog(id)
    patient.send({ kind: "unsubscribe", id })
    await patient.publishAll([chat.message()])
    patient.send({ kind: "subscribe", id, conversation: chat.id, after: 3, credit: 10 })
    assert.is((await patient.nextOf("deliver", id)).position, 4)
    await patient.publishAll([chat.message()])
    assert.is((await patient.nextOf("deliver", id)).position, 5)
    assert.is(patient.frames.filter((frame) => frame.kind === "deliver").length, 0)
    await patient.close()
  })
})

test("a reader that never reads costs bounded memory and is cut with 4413", async () => {
  let nowMs = Date.now()
  await withRelay(
    clinic,
    async (relay) => {
      const { chat, patient } = await begin(relay)
      chat.now = () => nowMs
      const slow = await logIn(relay.url, clinic, chat.patient)
      const id = slow.subscribe(chat.id, 3, 1_000_000)
      await slow.nextOf("live", id)
      slow.socket.pause()
      const before = heldBytes()
      for (let i = 0; i < 40; i++)
        await patient.publishAll(
          Array.from({ length: 20 }, () => chat.message(chat.patient, { bytes: 65_000 })),
        )
      // 52 MB were published; both ends of all sockets live in this process.
      const held = heldBytes() - before
      assert.ok(held < 15_000_000, `${held}`)
      // It stalls; the publisher doesn't.
      for (let i = 0; i < 6; i++) {
        nowMs += 30_000
        patient.send({ kind: "ping", id: 1 })
        await new Promise((resolve) => setTimeout(resolve, 1100))
      }
      slow.socket.resume()
      // What was sent before the cut still arrives, in order and without a gap.
      const { code } = await slow.closed
      const got = slow.frames.flatMap((frame) => (frame.kind === "deliver" ? [frame.position] : []))
      assert.equal(got, positions(4, 3 + got.length))
      assert.ok(got.length < 800)
      assert.ok(code === 4413 || code === 1006, `${code}`)
      assert.is(relay.stats.sessions, 1)
      await patient.close()
    },
    { limits: { ...GENEROUS, stallMs: 60_000, idleMs: 10_000_000 }, now: () => nowMs },
  )
})

test("a reader that asks for nothing more is cut with 4413, one that is level isn't", async () => {
  let nowMs = Date.now()
  await withRelay(
    clinic,
    async (relay) => {
      const { chat, patient } = await begin(relay)
      const level = await logIn(relay.url, clinic, chat.patient)
      await level.backlog(level.subscribe(chat.id, 0, 3 + 0))
      const behind = await logIn(relay.url, clinic, chat.patient)
      const id = behind.subscribe(chat.id, 0, 1)
      await behind.nextOf("deliver", id)
      const until = Date.now() + 8000
      while (!behind.isClosed && Date.now() < until) {
        nowMs += 20_000
        await new Promise((resolve) => setTimeout(resolve, 300))
      }
      assert.is((await behind.closed).code, 4413)
      assert.is(level.isClosed, false)
      await Promise.all([patient.close(), level.close()])
    },
    { limits: { idleMs: 10_000_000 }, now: () => nowMs },
  )
})

test("a reader that pauses and goes on misses nothing", async () => {
  await withRelay(
    clinic,
    async (relay) => {
      const { chat, patient } = await begin(relay)
      const reader = await logIn(relay.url, clinic, chat.patient)
      const id = reader.subscribe(chat.id, 3, 1_000_000)
      await reader.nextOf("live", id)
      reader.socket.pause()
      for (let i = 0; i < 12; i++)
        await patient.publishAll(
          Array.from({ length: 20 }, () => chat.message(chat.patient, { bytes: 65_000 })),
        )
      reader.socket.resume()
      const got: number[] = []
      while (got.length < 240) got.push((await reader.nextOf("deliver", id)).position)
      assert.equal(got, positions(4, 243))
      await Promise.all([patient.close(), reader.close()])
    },
    { limits: GENEROUS },
  )
})

interface Row {
  conversation: string
  position: number
  closed: boolean
  lastBy: string
  hasRecords: boolean
}

async function list(
  client: TestClient,
  limit: number,
  before = 0,
): Promise<{ id: number; rows: Row[]; more: boolean; oldest: number }> {
  const id = client.nextId()
  client.send({ kind: "watch", id, limit, before })
  const rows: Row[] = []
  let oldest = 0
  for (;;) {
    const frame = await client.next((item) => item.id === id)
    if (frame.kind === "listed") return { id, rows, more: frame.more, oldest }
    if (frame.kind !== "conversation") throw new Error(frame.kind === "error" ? frame.code : frame.kind)
    oldest = frame.updated
    rows.push(rowOf(frame))
  }
}

function rowOf(frame: {
  conversation: Uint8Array
  position: number
  closed: boolean
  lastBy: string
  consent: Uint8Array
  open: Uint8Array
}): Row {
  return {
    conversation: Buffer.from(frame.conversation).toString("hex"),
    position: frame.position,
    closed: frame.closed,
    lastBy: frame.lastBy,
    hasRecords: frame.consent.length > 0 && frame.open.length > 0,
  }
}

const nameOf = (chat: TestChat): string => Buffer.from(chat.id).toString("hex")
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

test("staff list the conversations of their roles, newest first, and follow them", async () => {
  await withRelay(clinic, async (relay) => {
    const begun: { chat: TestChat; patient: TestClient }[] = []
    for (const roles of [["nursing"], ["billing"], ["billing", "nursing"], ["nursing"]]) {
      begun.push(await begin(relay, roles))
      await pause()
    }
    const [first, billing, both, last] = begun.map(({ chat }) => chat) as [
      TestChat,
      TestChat,
      TestChat,
      TestChat,
    ]
    const nurse = await logIn(relay.url, clinic, clinic.nurse)
    const { id, rows, more } = await list(nurse, 10)
    assert.equal(
      rows.map(({ conversation }) => conversation),
      [last, both, first].map(nameOf),
    )
    assert.ok(
      rows.every(
        ({ position, hasRecords, closed, lastBy }) =>
          position === 3 && hasRecords && !closed && lastBy === "patient",
      ),
    )
    assert.is(more, false)

    // Of billing alone: nothing comes. Of nursing: an update without the records.
    await begun[1]?.patient.publishAll([billing.message()])
    await begun[0]?.patient.publishAll([first.message()])
    const update = rowOf(await nurse.nextOf("conversation", id))
    assert.equal(update, {
      conversation: nameOf(first),
      position: 4,
      closed: false,
      lastBy: "patient",
      hasRecords: false,
    })
    // Reading is no answer; a message is.
    await nurse.publishAll([first.access(clinic.nurse)])
    assert.is((await nurse.nextOf("conversation", id)).lastBy, "patient")
    await nurse.publishAll([first.message(clinic.nurse)])
    assert.is((await nurse.nextOf("conversation", id)).lastBy, "staff")
    await nurse.publishAll([first.close(clinic.nurse)])
    assert.is((await nurse.nextOf("conversation", id)).closed, true)

    // One that is new to her comes whole.
    const fresh = await begin(relay)
    let newest = rowOf(await nurse.nextOf("conversation", id))
    assert.is(newest.conversation, nameOf(fresh.chat))
    assert.is(newest.hasRecords, true)
    while (newest.position < 3) newest = rowOf(await nurse.nextOf("conversation", id))
    assert.is(nurse.frames.filter(({ kind }) => kind === "conversation").length, 0)
    for (const { patient } of [...begun, fresh]) await patient.close()
    await nurse.close()
  })
})

test("lists come in pages, and an update of what was on no page comes whole", async () => {
  await withRelay(clinic, async (relay) => {
    const begun: { chat: TestChat; patient: TestClient }[] = []
    for (let i = 0; i < 7; i++) {
      begun.push(await begin(relay))
      await pause()
    }
    const nurse = await logIn(relay.url, clinic, clinic.nurse)
    const first = await list(nurse, 3)
    assert.is(first.rows.length, 3)
    assert.is(first.more, true)
    const oldest = begun[0] as { chat: TestChat; patient: TestClient }
    await oldest.patient.publishAll([oldest.chat.message()])
    assert.is(rowOf(await nurse.nextOf("conversation", first.id)).hasRecords, true)
    const second = await list(nurse, 3, first.oldest)
    assert.is(second.rows.length, 3)
    const third = await list(nurse, 3, second.oldest)
    assert.is(third.more, false)
    const seen = [...first.rows, ...second.rows, ...third.rows].map(({ conversation }) => conversation)
    assert.is(new Set(seen).size, seen.length)
    assert.is(seen.length, 6)
    // Updates come under the first watch's id, without records now.
    await oldest.patient.publishAll([oldest.chat.message()])
    assert.is(rowOf(await nurse.nextOf("conversation", first.id)).hasRecords, false)
    nurse.send({ kind: "unsubscribe", id: first.id })
    await oldest.patient.publishAll([oldest.chat.message()])
    nurse.send({ kind: "ping", id: 99 })
    await nurse.nextOf("pong", 99)
    assert.is(nurse.frames.filter(({ kind }) => kind === "conversation").length, 0)
    for (const { patient } of begun) await patient.close()
    await nurse.close()
  })
})

test("administrators are refused the list", async () => {
  await withRelay(clinic, async ({ url }) => {
    const client = await logIn(url, clinic, clinic.admin)
    client.send({ kind: "watch", id: 5, limit: 10, before: 0 })
    assert.is((await client.nextOf("error", 5)).code, "ERR_FORBIDDEN")
    await client.close()
  })
})

test("a subscription counts: more than a session may have are refused", async () => {
  await withRelay(
    clinic,
    async (relay) => {
      const { chat, patient } = await begin(relay)
      for (let i = 0; i < 3; i++) await patient.backlog(patient.subscribe(chat.id))
      const { end } = await patient.backlog(patient.subscribe(chat.id))
      assert.is(end.kind === "error" && end.code, "ERR_RATE_LIMITED")
      await patient.close()
    },
    { limits: { subscriptionsPerSession: 3 } },
  )
})

test("many conversations in little memory: the forgotten ones come back from the store", async () => {
  await withRelay(
    clinic,
    async (relay) => {
      const begun: { chat: TestChat; patient: TestClient }[] = []
      for (let i = 0; i < 12; i++) begun.push(await begin(relay))
      await new Promise((resolve) => setTimeout(resolve, 1200))
      assert.ok(relay.stats.conversations <= 4, `${relay.stats.conversations}`)
      for (const { chat, patient } of begun) {
        const [ack] = await patient.publishAll([chat.message()])
        assert.is(ack?.position, 4)
        assert.is(
          await patient.refusal(chat.message(chat.patient, { epoch: randomBytes(32) })),
          "ERR_CONFLICT",
        )
        await patient.close()
      }
    },
    { limits: { cachedConversations: 4 } },
  )
})

test("what a session sends in one write is answered in order", async () => {
  await withRelay(clinic, async (relay) => {
    const device = newDevice()
    const chat = new TestChat(clinic, device)
    const patient = await logIn(relay.url, clinic, device)
    const records = [...chat.beginning(), chat.message()]
    patient.keep(chat.id)
    for (const [i, record] of records.entries())
      patient.socket.send(encodeFrame({ kind: "publish", id: 10 + i, record }))
    patient.send({ kind: "subscribe", id: 50, conversation: chat.id, after: 0, credit: 10 })
    for (const i of records.keys()) assert.is((await patient.nextOf("ack")).id, 10 + i)
    const { delivered } = await patient.backlog(50)
    assert.equal(
      delivered.map(({ record }) => Buffer.from(record)),
      records.map((record) => Buffer.from(record)),
    )
    await patient.close()
  })
})

test.run()
