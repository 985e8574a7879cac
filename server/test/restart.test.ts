/** Acked is durable, once, over restarts; a retry gets its first ack. */
import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { toHex } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { beginChat } from "./support/begin.ts"
import { TestChat } from "./support/chat.ts"
import { logIn } from "./support/client.ts"
import { newDevice, TestClinic } from "./support/clinic.ts"
import { newFolder, removeFolder, start, withRelay } from "./support/relay.ts"

const test = suite("restart")
const clinic = new TestClinic()

type Acks = readonly { position: number; link: Uint8Array; auditSequence: number; time: number }[]
const plain = (acks: Acks): string[] =>
  acks.map(({ position, link, auditSequence, time }) => `${position} ${toHex(link)} ${auditSequence} ${time}`)

test("every record published again gets its first ack: at once, later, and after a restart", async () => {
  const folder = newFolder()
  const device = newDevice()
  const chat = new TestChat(clinic, device)
  const records = [...chat.beginning(), ...Array.from({ length: 30 }, () => chat.message())]
  let first: string[] = []
  await withRelay(
    clinic,
    async ({ url }) => {
      const patient = await logIn(url, clinic, device)
      // Twice in one batch.
      const acks = await patient.publishAll(records.flatMap((record) => [record, record]))
      first = plain(acks.filter((_, i) => i % 2 === 0))
      assert.equal(plain(acks.filter((_, i) => i % 2 === 1)), first)
      assert.equal(plain(await patient.publishAll(records)), first)
      await patient.close()
    },
    { data: folder },
  )
  await withRelay(
    clinic,
    async ({ url }) => {
      const patient = await logIn(url, clinic, device)
      assert.equal(plain(await patient.publishAll([...records].reverse())), [...first].reverse())
      const [next] = await patient.publishAll([chat.message()])
      assert.is(next?.position, records.length + 1)
      const { delivered } = await patient.backlog(patient.subscribe(chat.id))
      assert.is(delivered.length, records.length + 1)
      await patient.close()
    },
    { data: folder },
  )
  removeFolder(folder)
})

test("a retry is found however its sender counted, and among many records", async () => {
  await withRelay(
    clinic,
    async ({ url }) => {
      const { device, chat, patient } = await beginChat(url, clinic)
      // A restored backup counts from one again: new messages under old sequences are still new.
      const odd = [5, 3, 3, 9, 1].map((sequence) => chat.message(device, { sequence }))
      const acks = await patient.publishAll(odd)
      assert.equal(
        acks.map(({ position }) => position),
        [4, 5, 6, 7, 8],
      )
      await patient.publishAll(
        Array.from({ length: 200 }, (_, i) =>
          chat.message(device, { sequence: 10 + i, seenPosition: 8 + i }),
        ),
      )
      assert.equal(plain(await patient.publishAll(odd)), plain(acks))
      const again = chat.message(device, { sequence: 2, seenPosition: 200 })
      assert.is((await patient.publishAll([again]))[0]?.position, 209)
      await patient.close()
    },
    { limits: { recordsBurst: 10_000 } },
  )
})

test("what can't be told from a retry is refused, not doubled", async () => {
  await withRelay(
    clinic,
    async ({ url }) => {
      const { device, chat, patient } = await beginChat(url, clinic)
      const early = chat.message()
      await patient.publishAll([early])
      await patient.publishAll(Array.from({ length: 600 }, () => chat.message()))
      assert.is(await patient.refusal(early), "ERR_CONFLICT")
      assert.is(await patient.refusal(chat.message(device, { sequence: 1 })), "ERR_CONFLICT")
      assert.is(await patient.refusal(chat.message(device, { sequence: 1, seenPosition: 600 })), "accepted")
      await patient.close()
    },
    { limits: { recordsBurst: 10_000 } },
  )
})

test("a conversation goes on after a restart as it was: roles, access, epochs, close", async () => {
  const folder = newFolder()
  const chats = [0, 1].map(() => new TestChat(clinic, newDevice()))
  await withRelay(
    clinic,
    async ({ url }) => {
      const nurse = await logIn(url, clinic, clinic.nurse)
      for (const chat of chats) {
        const patient = await logIn(url, clinic, chat.patient)
        await patient.publishAll(chat.beginning())
        await nurse.publishAll([chat.access(clinic.nurse)])
        await patient.close()
      }
      await nurse.publishAll([(chats[1] as TestChat).close(clinic.nurse)])
      await nurse.close()
    },
    { data: folder },
  )
  await withRelay(
    clinic,
    async ({ url, clinics }) => {
      assert.is(clinics[0]?.directoryPosition, clinic.directory.position)
      const [open, closed] = chats as [TestChat, TestChat]
      const nurse = await logIn(url, clinic, clinic.nurse)
      assert.is(await nurse.refusal(open.message(clinic.nurse)), "accepted")
      assert.is(await nurse.refusal(closed.message(clinic.nurse)), "ERR_CLOSED")
      assert.is(await nurse.refusal(open.epochRecord({ issuer: clinic.nurse })), "ERR_CONFLICT")
      const biller = await logIn(url, clinic, clinic.biller)
      assert.is(await biller.refusal(open.message(clinic.biller)), "ERR_FORBIDDEN")
      await Promise.all([nurse.close(), biller.close()])
    },
    { data: folder },
  )
  removeFolder(folder)
})

test("the log key and the relay's id stay; their files are the owner's alone", async () => {
  const folder = newFolder()
  const seen: string[] = []
  for (let i = 0; i < 2; i++) {
    const relay = await start(clinic, { data: folder })
    seen.push(`${toHex(relay.logKey)} ${relay.relayId}`)
    await relay.close()
  }
  assert.is(seen[0], seen[1])
  for (const file of ["relay.db", "log-key.pem"])
    assert.is(statSync(join(folder, file)).mode & 0o077, 0, file)
  removeFolder(folder)
})

test("a stop answers everything accepted, closes with 1001, and can be called twice", async () => {
  const folder = newFolder()
  const relay = await start(clinic, { data: folder })
  const device = newDevice()
  const chat = new TestChat(clinic, device)
  const patient = await logIn(relay.url, clinic, device)
  const publishing = patient.publishAll([
    ...chat.beginning(),
    ...Array.from({ length: 50 }, () => chat.message()),
  ])
  await new Promise((resolve) => setTimeout(resolve, 10))
  const [acks] = await Promise.all([publishing.catch(() => []), relay.close(), relay.close()])
  assert.is((await patient.closed).code, 1001)
  assert.ok(existsSync(join(folder, "relay.db")))
  assert.not(existsSync(join(folder, "relay.db-wal")))
  const again = await start(clinic, { data: folder })
  const back = await logIn(again.url, clinic, device)
  const { delivered } = await back.backlog(back.subscribe(chat.id))
  assert.ok(delivered.length >= acks.length)
  await back.close()
  await again.close()
  removeFolder(folder)
})

test.run()
