/** Crypto-shred on a real relay: whoever has its old backups, everything that ever went over its wires, and every key
 * that is left, opens nothing of what was destroyed, and all of its neighbour. */
import { copyFileSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import Sqlite from "better-sqlite3"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Conversation, type Keystore, memoryKeystore, StaffClient } from "../../src/index.ts"
import { encodeFrame } from "../../src/protocol/index.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"
import { startEvilRelay } from "./evil-relay.ts"

const test = suite("attacks: shred")

const SHRED_FILES = /^shred\.db/

const texts = ({ view }: Conversation): string[] =>
  view.messages.flatMap(({ kind, text }) => (kind === "text" ? [text] : []))

async function shows(conversation: Conversation, text: string): Promise<void> {
  await until(conversation, "change", () => texts(conversation).includes(text))
}

/** The shred keys that a folder's own file holds: the only place where they may be. */
function filesOf(folder: string, wanted: (name: string) => boolean): Buffer[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && wanted(entry.name))
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name)))
}

async function valuesOf(keystore: Keystore): Promise<Buffer[]> {
  const keys = await keystore.keys("")
  return await Promise.all(keys.map(async (key) => Buffer.from((await keystore.get(key)) ?? [])))
}

test("an old backup, the whole traffic and all keys that are left open nothing of it", async () => {
  const clinic = await startClinic()
  const traffic: Buffer[] = []
  const record = (frame: Parameters<typeof encodeFrame>[0]): undefined => {
    traffic.push(Buffer.from(encodeFrame(frame)))
    return undefined
  }
  const wire = await startEvilRelay(clinic.url, { toRelay: record, toClient: record })
  try {
    const patientStore = memoryKeystore()
    const nurseStore = await clinic.staffKeystore("nurse")
    const shredKeys: Uint8Array[] = []
    const ids: string[] = []
    {
      await using patient = await clinic.patient(patientStore, wire.url)
      await using nurse = await StaffClient.connect(clinic.options(nurseStore, wire.url))
      for (const [topic, text] of [
        ["refill", "destroy this"],
        ["question", "keep this"],
      ] as const) {
        const chat = await begin(patient, topic)
        await chat.send(text)
        const opened = await nurse.open(chat.id)
        await shows(opened, text)
        await opened.send(`answer to: ${text}`)
        ids.push(chat.id)
        shredKeys.push(shredKeyIn(clinic, chat.id))
      }
    }
    const [destroyed, neighbour] = ids as [string, string]
    const [gone, kept] = shredKeys as [Uint8Array, Uint8Array]
    await clinic.stopRelay()
    const backup = clinic.copyData()
    for (const name of readdirSync(backup)) if (SHRED_FILES.test(name)) rmSync(join(backup, name))
    await clinic.restartRelay()
    await clinic.admin.shred(destroyed, "patient-request")
    await clinic.stopRelay()

    const everywhere = [
      ...traffic,
      ...filesOf(backup, () => true),
      ...filesOf(clinic.data, () => true),
      ...(await valuesOf(patientStore)),
      ...(await valuesOf(nurseStore)),
    ]
    assert.not(
      everywhere.some((bytes) => bytes.includes(Buffer.from(gone))),
      "the key is nowhere any more",
    )
    const inShredFile = filesOf(clinic.data, (name) => SHRED_FILES.test(name))
    assert.ok(
      inShredFile.some((bytes) => bytes.includes(Buffer.from(kept))),
      "this search would have found it",
    )

    // The old records again, with what is left of the shred keys today.
    for (const name of readdirSync(clinic.data))
      if (SHRED_FILES.test(name)) copyFileSync(join(clinic.data, name), join(backup, name))
    await clinic.restartRelay({ data: backup })
    await using patient = await clinic.patient(patientStore)
    await using nurse = await StaffClient.connect(clinic.options(nurseStore))
    const survivors = [...patient.conversations, await nurse.open(destroyed), await nurse.open(neighbour)]
    for (const conversation of survivors) {
      if (conversation.id === neighbour) await shows(conversation, "answer to: keep this")
      else {
        await until(conversation, "change", () => conversation.view.live)
        assert.equal(texts(conversation), [])
      }
    }
    const listed = nurse.list.find(({ id }) => id === destroyed)
    assert.is(listed?.topic, undefined, "not even what it was about")
    assert.is(nurse.list.find(({ id }) => id === neighbour)?.topic, "question")
  } finally {
    await wire.close()
    await clinic.close()
  }
})

/** The key as the relay keeps it. */
function shredKeyIn({ data }: LiveClinic, id: string): Uint8Array {
  const db = new Sqlite(join(data, "shred.db"), { readonly: true })
  try {
    const key = db.prepare("SELECT key FROM keys WHERE conversation = ?").pluck().get(Buffer.from(id, "hex"))
    return Uint8Array.from(key as Buffer)
  } finally {
    db.close()
  }
}

test.run()
