/** Each scope's own chain of entries: right whatever is in memory, whatever fails, whoever asks. */
import { randomBytes } from "node:crypto"
import { equalBytes, toHex } from "@wardline/sdk/protocol"
import type { AuditEntry } from "@wardline/sdk/tlog"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { verifyStore } from "../../src/audit/verify.ts"
import { openClinic } from "../../src/clinic.ts"
import { Conversations } from "../../src/conversations.ts"
import { keyOf } from "../../src/hashing.ts"
import { Note } from "../../src/requests/note.ts"
import { SqliteStore } from "../../src/store/sqlite.ts"
import { Transaction } from "../../src/transaction.ts"
import { beginChat } from "../support/begin.ts"
import { askTicket, eventually, upload } from "../support/blobs.ts"
import { TestChat } from "../support/chat.ts"
import { logIn, type TestClient } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { checkScopes, entriesOf } from "../support/entries.ts"
import { newFolder, removeFolder, start } from "../support/relay.ts"

const test = suite("audit scopes")
const clinic = new TestClinic()

/** The ends of all chains as the store has them, and as the entries say. */
async function checkEnds(folder: string, chats: readonly TestChat[]): Promise<AuditEntry[]> {
  const entries = entriesOf(folder)
  checkScopes(entries)
  const newestOf = (id: Uint8Array): number =>
    entries.findLast(({ scope }) => equalBytes(scope, id))?.sequence ?? 0
  const store = new SqliteStore(folder, { isReadOnly: true })
  const [ref] = store.clinics()
  assert.ok(ref)
  assert.is(store.newestEntry(ref), newestOf(clinic.id))
  for (const { id } of chats) assert.is(store.loadConversation(id)?.entry ?? 0, newestOf(id))
  assert.is((await verifyStore(store, () => {})).fault, undefined)
  store.close()
  return entries
}

/** Something happens in a conversation, or is refused. */
const EVENTS: readonly ((at: { url: string; client: TestClient; chat: TestChat }) => Promise<unknown>)[] = [
  ({ client, chat }) => client.publish(chat.message()),
  ({ client, chat }) => client.backlog(client.subscribe(chat.id)),
  async ({ client, chat }) => {
    const id = client.subscribe(chat.id)
    await client.backlog(id)
    client.send({ kind: "unsubscribe", id })
  },
  ({ client, chat }) => client.refusal(chat.message(chat.patient, { seenPosition: 1e6 })),
  ({ client, chat }) => askTicket(client, chat.id, randomBytes(16)),
  ({ url, client, chat }) => upload(url, client, chat.id, randomBytes(16), randomBytes(10)).catch(() => {}),
  ({ client, chat }) => client.publish(chat.nextEpoch()),
]

test("conversations that leave memory and come back, and restarts, keep their chains", async () => {
  const folder = newFolder()
  const limits = { cachedConversations: 1 }
  let relay = await start(clinic, { data: folder, limits })
  const begun = await Promise.all(Array.from({ length: 5 }, () => beginChat(relay.url, clinic)))
  const chats = begun.map(({ chat }) => chat)
  for (let round = 0; round < 3; round++) {
    const clients = await Promise.all(chats.map((chat) => logIn(relay.url, clinic, chat.patient)))
    for (const event of EVENTS) {
      // At once, so that several conversations, and several events of one, share a transaction.
      await Promise.all(
        chats.flatMap((chat, i) => {
          const client = clients[i] as TestClient
          return [event({ url: relay.url, client, chat }), event({ url: relay.url, client, chat })]
        }),
      )
    }
    await Promise.all(clients.map((client) => client.close()))
    await eventually(() => relay.stats.conversations === 1)
    if (round === 1) {
      await relay.close()
      relay = await start(clinic, { data: folder, limits })
    }
  }
  await relay.close()
  const entries = await checkEnds(folder, chats)
  assert.ok(entries.length > 300)
  removeFolder(folder)
})

test("an event about a conversation that isn't in memory loads it, and one about none is the clinic's", async () => {
  const folder = newFolder()
  const relay = await start(clinic, { data: folder })
  const { chat, patient } = await beginChat(relay.url, clinic)
  await patient.close()
  await relay.close()
  const store = new SqliteStore(folder)
  const served = await openClinic(store, clinic.id, clinic.root.publicKey, 0)
  const conversations = new Conversations(store, new Map([[served.key, served]]), 10)
  const before = store.loadConversation(chat.id)?.entry ?? 0
  const transaction = new Transaction(1)
  for (const id of [chat.id, randomBytes(16)]) {
    const note = new Note(served, { action: "delivered" }, { about: { conversations, key: keyOf(id) } })
    await note.prepare()
    note.apply(transaction)
  }
  store.commit(transaction.toBatch())
  store.close()
  const entries = await checkEnds(folder, [chat])
  assert.equal(
    entries.slice(-2).map(({ scope }) => toHex(scope)),
    [toHex(chat.id), clinic.name],
  )
  assert.is(entries.at(-2)?.before, before)
  removeFolder(folder)
})

test("transactions that fail leave every chain where it was", async () => {
  const folder = newFolder()
  const relay = await start(clinic, { data: folder, limits: { cachedConversations: 2 } })
  const begun = await Promise.all(Array.from({ length: 3 }, () => beginChat(relay.url, clinic)))
  const { commit } = SqliteStore.prototype
  let commits = 0
  let failures = 0
  // What is checked here are failing transactions, whatever their cause.
  SqliteStore.prototype.commit = function (batch) {
    if (batch.audit.length === 0 || ++commits % 3 !== 0) return commit.call(this, batch)
    failures++
    throw new Error("the disk is on fire")
  }
  try {
    for (let round = 0; round < 4; round++)
      for (const event of EVENTS)
        await Promise.all(
          begun.map(({ chat, patient: client }) => event({ url: relay.url, client, chat }).catch(() => {})),
        )
    const late = new TestChat(clinic, newDevice())
    const patient = await logIn(relay.url, clinic, late.patient)
    for (const record of late.beginning())
      while ((await patient.publish(record)).kind === "error")
        await new Promise((resolve) => setImmediate(resolve))
    await patient.close()
  } finally {
    SqliteStore.prototype.commit = commit
  }
  await Promise.all(begun.map(({ patient }) => patient.close()))
  await relay.close()
  assert.ok(failures > 10)
  await checkEnds(
    folder,
    begun.map(({ chat }) => chat),
  )
  removeFolder(folder)
})

test("each clinic has a chain of its own, though one relay serves both", async () => {
  const folder = newFolder()
  const other = new TestClinic()
  const relay = await start([clinic, other], { data: folder })
  const mine = await beginChat(relay.url, clinic)
  const theirs = await beginChat(relay.url, other)
  await mine.patient.publishAll([mine.chat.message()])
  await theirs.patient.publishAll([theirs.chat.message()])
  await Promise.all([mine.patient.close(), theirs.patient.close()])
  await relay.close()
  for (const [own, chat] of [
    [clinic, mine.chat],
    [other, theirs.chat],
  ] as const) {
    const entries = entriesOf(folder, own.name)
    checkScopes(entries)
    const scopes = new Set(entries.map(({ scope }) => toHex(scope)))
    assert.equal(scopes, new Set([own.name, toHex(chat.id)]))
    // The clinic's own first entry, and each conversation's, have none before.
    assert.is(entries.filter(({ before }) => before === 0).length, 2)
  }
  removeFolder(folder)
})

test.run()
