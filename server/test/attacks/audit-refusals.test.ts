/** Somebody fills a conversation's entries with refusals, so that its patient reads on and on, or gives up. */
import { equalBytes } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { REFUSALS_ABOUT } from "../../src/limits.ts"
import { beginChat } from "../support/begin.ts"
import { eventually } from "../support/blobs.ts"
import { logIn } from "../support/client.ts"
import { TestClinic } from "../support/clinic.ts"
import { checkScopes, entriesOf } from "../support/entries.ts"
import { newFolder, removeFolder, start } from "../support/relay.ts"

const test = suite("attacks: refusals about one conversation")
const HOUR_MS = 3_600_000

test("an employee who is refused a conversation again and again fills the clinic's entries, not the patient's", async () => {
  const folder = newFolder()
  const clinic = new TestClinic()
  const { biller } = clinic
  let nowMs = Date.now()
  const limits = { requestsBurst: 1e5, idleMs: 1e9, checkpointMs: 1e9 }
  const relay = await start([clinic], { data: folder, now: () => nowMs, limits })
  const { chat, patient } = await beginChat(relay.url, clinic, ["nursing"])
  const curious = await logIn(relay.url, clinic, biller)
  const refusals = (): number[] => {
    const entries = entriesOf(folder, clinic.name).filter(({ action }) => action === "refusal")
    return [entries.filter(({ scope }) => equalBytes(scope, chat.id)).length, entries.length]
  }
  const tries = REFUSALS_ABOUT.burst + 70
  for (let i = 0; i < tries; i++) await curious.backlog(curious.subscribe(chat.id))
  await eventually(() => refusals()[1] === tries)
  assert.equal(refusals(), [REFUSALS_ABOUT.burst, tries])
  // An hour later it isn't forgotten that somebody tries: some are the patient's to see again.
  nowMs += HOUR_MS
  await curious.backlog(curious.subscribe(chat.id))
  await eventually(() => refusals()[1] === tries + 1)
  assert.equal(refusals(), [REFUSALS_ABOUT.burst + 1, tries + 1])
  await Promise.all([curious.close(), patient.close()])
  await relay.close()
  checkScopes(entriesOf(folder, clinic.name))
  removeFolder(folder)
})

test.run()
