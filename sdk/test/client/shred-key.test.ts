/** The shred key: made by the patient's device, kept by the relay, and nowhere else once the conversation has begun. */
import { join } from "node:path"
import Sqlite from "better-sqlite3"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../src/bytes.ts"
import { type Conversation, type Keystore, memoryKeystore } from "../../src/index.ts"
import { decodeRecord, type Frame } from "../../src/protocol/index.ts"
import { startEvilRelay } from "../attacks/evil-relay.ts"
import { rejects } from "../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"
import { openEngine } from "../support/live-engine.ts"

const test = suite("the shred key on a device")
let clinic: LiveClinic
test.before(async () => {
  clinic = await startClinic()
})
test.after(() => clinic.close())

const texts = (conversation: Conversation): string[] =>
  conversation.view.messages.filter(({ kind }) => kind === "text").map(({ text }) => text)

/** A keystore, and every shred key that was ever put into it. */
function watched(): { keystore: Keystore; keys: Uint8Array[] } {
  const keystore = memoryKeystore()
  const keys: Uint8Array[] = []
  const set = keystore.set.bind(keystore)
  keystore.set = async (entries) => {
    for (const [name, value] of Object.entries(entries))
      if (name.endsWith("/shred-key") && value !== undefined) keys.push(value.slice(1))
    await set(entries)
  }
  return { keystore, keys }
}

async function holds(keystore: Keystore, key: Uint8Array): Promise<boolean> {
  for (const name of await keystore.keys("")) {
    const value = (await keystore.get(name)) ?? new Uint8Array(0)
    if (name.endsWith("/shred-key") || toHex(value).includes(toHex(key))) return true
  }
  return false
}

test("it is forgotten once the conversation has begun, and the relay still gives it", async () => {
  const { keystore, keys } = watched()
  const patient = await clinic.patient(keystore)
  const conversation = await begin(patient)
  assert.is(keys.length, 1)
  const [key] = keys as [Uint8Array]
  assert.is(key.length, 32)
  assert.is(await holds(keystore, key), false)
  await conversation.send("hello")
  await patient.close()
  const again = await clinic.patient(keystore)
  const [restored] = again.conversations as [Conversation]
  await until(restored, "change", () => restored.view.live)
  assert.equal(texts(restored), ["hello"])
  assert.is(await holds(keystore, key), false)
  await again.close()
})

test("after an interrupted start it is still there, and gone when that is finished", async () => {
  const proxy = await startEvilRelay(clinic.url)
  const { keystore, keys } = watched()
  proxy.hooks.toRelay = (frame, connection) => {
    if (frame.kind !== "publish" || decodeRecord(frame.record).type !== "open") return undefined
    proxy.reachable = false
    connection.kill()
    return []
  }
  const controller = new AbortController()
  const patient = await clinic.patient(keystore, proxy.url)
  const starting = begin(patient, "refill", { signal: controller.signal })
  await until(patient, "connection", () => patient.connection.kind === "offline")
  controller.abort()
  await starting.catch(() => {})
  await patient.close()
  const [key] = keys as [Uint8Array]
  assert.is(await holds(keystore, key), true)
  delete proxy.hooks.toRelay
  proxy.reachable = true
  const again = await clinic.patient(keystore, proxy.url)
  await until(again, "conversations", () => again.conversations.length === 1)
  const [conversation] = again.conversations as [Conversation]
  await conversation.send("hello")
  assert.is(await holds(keystore, key), false)
  const nurse = await clinic.staff("nurse")
  const open = await nurse.open(conversation.id)
  await until(open, "change", () => texts(open).length === 1)
  await again.close()
  await nurse.close()
  await proxy.close()
})

test("a relay that can't take it now is tried again: it isn't the consent that is refused", async () => {
  const proxy = await startEvilRelay(clinic.url)
  const { keystore, keys } = watched()
  proxy.hooks.toRelay = (frame, connection) => {
    if (frame.kind !== "keep") return undefined
    connection.tellClient({
      kind: "error",
      id: frame.id,
      code: "ERR_RATE_LIMITED",
      retryable: true,
      message: "",
    })
    return []
  }
  const patient = await clinic.patient(keystore, proxy.url)
  await rejects(begin(patient), "ERR_RATE_LIMITED")
  assert.is(await holds(keystore, keys[0] as Uint8Array), true)
  await patient.close()
  delete proxy.hooks.toRelay
  const again = await clinic.patient(keystore, proxy.url)
  await until(again, "conversations", () => again.conversations.length === 1)
  assert.is(await holds(keystore, keys[0] as Uint8Array), false)
  await again.close()
  await proxy.close()
})

test("nobody on the way sees it: not in the frame that gives it away, nor in those that bring it back", async () => {
  const proxy = await startEvilRelay(clinic.url)
  const frames: Frame[] = []
  const note = (frame: Frame): undefined => {
    frames.push(frame)
  }
  proxy.hooks.toRelay = note
  proxy.hooks.toClient = note
  const { keystore, keys } = watched()
  const patient = await clinic.patient(keystore, proxy.url)
  const conversation = await begin(patient)
  await until(conversation, "change", () => conversation.view.live)
  const carried = frames.filter((frame) => frame.kind === "keep" || frame.kind === "keys")
  assert.equal(
    carried.map(({ kind }) => kind),
    ["keep", "keys"],
  )
  const [key] = keys as [Uint8Array]
  for (const frame of frames)
    for (const value of Object.values(frame))
      if (value instanceof Uint8Array) assert.not.ok(toHex(value).includes(toHex(key)), frame.kind)
  await patient.close()
  await proxy.close()
})

test("a key that is changed on the way, or another conversation's, ends the connection", async () => {
  const proxy = await startEvilRelay(clinic.url)
  const { keystore } = watched()
  const patient = await clinic.patient(keystore)
  const { id } = await begin(patient)
  await patient.close()
  for (const how of ["changed", "another's"] as const) {
    proxy.hooks.toClient = (frame) => {
      if (frame.kind !== "keys") return undefined
      if (how === "changed") {
        const shredKey = frame.shredKey.slice()
        shredKey[20] = (shredKey[20] as number) ^ 1
        return [{ ...frame, shredKey }]
      }
      return [{ ...frame, conversation: new Uint8Array(16) }]
    }
    const live = await openEngine(clinic, keystore, id, { url: proxy.url })
    assert.is((await live.session.ended).error.code, "ERR_MALFORMED")
    assert.is(live.engine.view.live, false)
    await live.close()
  }
  await proxy.close()
})

test("another key than before stops the conversation: what is said under it nobody could read", async () => {
  const { keystore } = watched()
  const patient = await clinic.patient(keystore)
  const conversation = await begin(patient)
  await conversation.send("hello")
  await clinic.stopRelay()
  const db = new Sqlite(join(clinic.data, "shred.db"))
  const changed = db
    .prepare("UPDATE keys SET key = randomblob(32) WHERE conversation = ?")
    .run(Buffer.from(conversation.id, "hex"))
  db.close()
  assert.is(changed.changes, 1)
  await clinic.restartRelay()
  patient.retryNow()
  await until(conversation, "change", () => conversation.view.error?.code === "ERR_OPEN_FAILED")
  assert.is(conversation.view.live, false)
  assert.equal(texts(conversation), ["hello"])
  await patient.close()
})

test.run()
