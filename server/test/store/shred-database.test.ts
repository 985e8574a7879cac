/** The file of shred keys: the first key stays, and a destroyed one stands nowhere in it any more. */
import { randomBytes, randomInt } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { isWardlineError } from "@wardline/sdk/protocol"
import Sqlite from "better-sqlite3"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { SHRED_FILE, ShredDatabase } from "../../src/store/shred-database.ts"
import { newFolder, removeFolder } from "../support/relay.ts"

const test = suite("shred keys' file")

function inFolder(work: (folder: string) => void): void {
  const folder = newFolder()
  try {
    work(folder)
  } finally {
    removeFolder(folder)
  }
}

const newKey = (): { conversation: Buffer; device: Buffer; keptMs: number; key: Buffer } => ({
  conversation: randomBytes(16),
  device: randomBytes(16),
  keptMs: 1_790_000_000_000,
  key: randomBytes(32),
})

/** Everything that the folder's files hold. */
function contents(folder: string): Buffer {
  const files = [SHRED_FILE, `${SHRED_FILE}-journal`, `${SHRED_FILE}-wal`].map((name) => join(folder, name))
  return Buffer.concat(files.filter((path) => existsSync(path)).map((path) => readFileSync(path)))
}

test("a conversation's first key stays, also after the file is opened again", () =>
  inFolder((folder) => {
    let keys = new ShredDatabase(folder)
    const [first, second] = [newKey(), newKey()]
    keys.keep([first, { ...first, key: randomBytes(32) }, second])
    keys.keep([{ ...second, key: randomBytes(32) }])
    for (let i = 0; i < 2; i++) {
      assert.equal(keys.get(first.conversation), first.key)
      assert.equal(keys.get(second.conversation), second.key)
      assert.is(keys.get(randomBytes(16)), undefined)
      assert.is(keys.size, 2)
      keys.close()
      keys = new ShredDatabase(folder)
    }
    keys.close()
  }))

test("those that haven't begun are known, also after the file is opened again", () =>
  inFolder((folder) => {
    let keys = new ShredDatabase(folder)
    const [first, second] = [newKey(), newKey()]
    keys.keep([first, second])
    keys.begun([first.conversation])
    keys.close()
    keys = new ShredDatabase(folder)
    assert.equal(
      keys.pending().map(({ conversation, device, keptMs }) => ({ conversation, device, keptMs })),
      [{ conversation: second.conversation, device: second.device, keptMs: second.keptMs }],
    )
    keys.destroy([second.conversation])
    assert.equal(keys.pending(), [])
    keys.close()
  }))

test("destroyed keys are in no file, whatever was kept and destroyed around them; the others are unharmed", () =>
  inFolder((folder) => {
    const keys = new ShredDatabase(folder)
    const alive = new Map<string, Buffer>()
    const dead: Buffer[] = []
    const names: Buffer[] = []
    for (let round = 0; round < 80; round++) {
      const kept = Array.from({ length: 1 + randomInt(30) }, newKey)
      keys.keep(kept)
      for (const { conversation, key } of kept) {
        alive.set(conversation.toString("hex"), key)
        names.push(conversation)
      }
      const count = Math.min(randomInt(25), names.length)
      const gone = Array.from({ length: count }, () => names.splice(randomInt(names.length), 1)[0] as Buffer)
      keys.destroy(gone)
      for (const name of gone) {
        dead.push(alive.get(name.toString("hex")) as Buffer)
        alive.delete(name.toString("hex"))
      }
    }
    // The newest batch was kept before the last destruction: nothing of the journal is from after it.
    keys.destroy([])
    const bytes = contents(folder)
    assert.ok(dead.length > 200)
    for (const key of dead) assert.is(bytes.indexOf(key.subarray(0, 16)), -1, "a destroyed key is left")
    for (const [name, key] of alive) assert.equal(keys.get(Buffer.from(name, "hex")), key)
    assert.is(keys.size, alive.size)
    // Rows are used again: the file holds little more than the most that there ever were at once.
    keys.close()
  }))

test("a destroyed conversation's key may be destroyed again, and has none", () =>
  inFolder((folder) => {
    const keys = new ShredDatabase(folder)
    const key = newKey()
    keys.keep([key])
    keys.destroy([key.conversation])
    keys.destroy([key.conversation])
    assert.is(keys.get(key.conversation), undefined)
    assert.is(keys.size, 0)
    keys.close()
  }))

test("refuses another program's database, and a newer version", () =>
  inFolder((folder) => {
    const code = (): string => {
      try {
        new ShredDatabase(folder).close()
        return "opened"
      } catch (error) {
        return isWardlineError(error) ? error.code : String(error)
      }
    }
    assert.is(code(), "opened")
    const db = new Sqlite(join(folder, SHRED_FILE))
    db.pragma("user_version = 2")
    assert.is(code(), "ERR_STORE")
    db.pragma("user_version = 1")
    assert.is(code(), "opened")
    db.pragma("application_id = 7")
    assert.is(code(), "ERR_STORE")
    db.close()
  }))

test("syncs, overwrites what it deletes, and keeps its journal to overwrite it", () =>
  inFolder((folder) => {
    const keys = new ShredDatabase(folder)
    keys.keep([newKey()])
    assert.ok(existsSync(join(folder, `${SHRED_FILE}-journal`)))
    const db = new Sqlite(join(folder, SHRED_FILE))
    assert.is(db.pragma("journal_mode", { simple: true }) === "wal", false)
    db.close()
    keys.close()
  }))

test.run()
