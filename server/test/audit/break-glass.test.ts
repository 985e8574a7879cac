/** The book of emergencies by itself, where two that end one meet in one transaction. */
import { randomBytes } from "node:crypto"
import { clinicIdOf, purposeCode, startLink } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { BreakGlass } from "../../src/break-glass.ts"
import { openClinic } from "../../src/clinic.ts"
import { type Access, Conversation } from "../../src/conversation.ts"
import { keyOf, sha256 } from "../../src/hashing.ts"
import { SqliteStore } from "../../src/store/sqlite.ts"
import { Transaction } from "../../src/transaction.ts"
import { TestClinic } from "../support/clinic.ts"
import { newFolder, removeFolder } from "../support/relay.ts"

const test = suite("break-glass")

const access = (purpose: "TREAT" | "BTG", untilMs: number): Access => ({
  role: "nursing",
  purpose: purposeCode(purpose),
  issued: 0,
  until: untilMs,
  untilMs,
})

test("an emergency that is over just as another begins ends once, and the other goes on", async () => {
  const folder = newFolder()
  const store = new SqliteStore(folder)
  const { root } = new TestClinic()
  const clinic = await openClinic(store, clinicIdOf(sha256, root.publicKey), root.publicKey, 0)
  const id = randomBytes(16)
  const conversation = new Conversation(
    clinic,
    keyOf(id),
    store.newConversation(clinic.ref, id),
    startLink(sha256, id),
  )
  const device = keyOf(randomBytes(16))
  const book = new BreakGlass([])

  const first = new Transaction(1)
  book.access(first, conversation, device, access("BTG", 100))
  const [glass] = book.due(100)
  assert.ok(glass)
  assert.equal(book.due(99), [])

  const second = new Transaction(100)
  book.access(second, conversation, device, access("BTG", 500))
  const noted = clinic.audit.sequence
  // The sweep's request, queued before.
  if (glass) book.end(second, conversation, glass)
  assert.is(clinic.audit.sequence, noted)
  assert.is(book.due(500).length, 1)

  // A transaction that fails takes back what it ended and what it began, in order.
  const third = new Transaction(200)
  book.access(third, conversation, device, access("TREAT", 900))
  assert.equal(book.due(1000), [])
  third.rollBack()
  assert.equal(
    book.due(1000).map(({ untilMs }) => untilMs),
    [500],
  )
  store.close()
  removeFolder(folder)
})

test.run()
