import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { isWardlineError } from "@wardline/sdk/protocol"
import Sqlite from "better-sqlite3"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { prepareFolder } from "../../src/folder.ts"
import { SCHEMA_VERSION } from "../../src/store/schema.ts"
import { assertDurable, DATABASE_FILE, SqliteStore } from "../../src/store/sqlite.ts"
import { EMPTY, newEntries, newRecord, testStore } from "../store-conformance.ts"
import { newFolder, removeFolder } from "../support/relay.ts"

testStore("SQLite", () => {
  const folder = newFolder()
  return {
    open: async () => new SqliteStore(folder),
    remove: async () => removeFolder(folder),
  }
})

const test = suite("SQLite file")

function refusal(work: () => unknown): { code: string; message: string } {
  try {
    work()
  } catch (error) {
    if (isWardlineError(error)) return { code: error.code, message: error.message }
    throw error
  }
  return { code: "opened", message: "" }
}

async function inFolder(work: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = newFolder()
  try {
    await work(folder)
  } finally {
    removeFolder(folder)
  }
}

test("is in WAL mode with synchronous=FULL, and refuses less", () =>
  inFolder((folder) => {
    const store = new SqliteStore(folder)
    const db = new Sqlite(join(folder, DATABASE_FILE))
    assert.is(db.pragma("journal_mode", { simple: true }), "wal")
    for (const mode of ["NORMAL", "OFF"]) {
      db.pragma(`synchronous = ${mode}`)
      assert.is(refusal(() => assertDurable(db)).code, "ERR_STORE")
    }
    db.pragma("synchronous = FULL")
    assertDurable(db)
    db.close()
    store.close()
    const memory = new Sqlite(":memory:")
    assert.is(refusal(() => assertDurable(memory)).code, "ERR_STORE")
    memory.close()
  }))

test("refuses a second store on the folder, in this process and in another; and not after the first is closed", () =>
  inFolder((folder) => {
    const first = new SqliteStore(folder)
    const second = refusal(() => new SqliteStore(folder))
    assert.is(second.code, "ERR_STORE")
    assert.match(second.message, /another relay runs/)
    const script = `import { SqliteStore } from "${new URL("../../src/store/sqlite.ts", import.meta.url).pathname}"
      try { new SqliteStore(process.argv[1]); console.log("opened") } catch (error) { console.log(error.code, error.message) }`
    const run = (): string =>
      spawnSync(
        process.execPath,
        ["--conditions=source", "--import", "tsx", "--input-type=module", "-e", script, folder],
        { encoding: "utf8" },
      ).stdout
    assert.match(run(), /ERR_STORE .*another relay runs/)
    first.close()
    assert.match(run(), /opened/)
  }))

test("may be read for an audit while a relay has it, and not written", () =>
  inFolder((folder) => {
    const store = new SqliteStore(folder)
    const clinic = store.openClinic(Buffer.alloc(16, 1), Buffer.alloc(32, 2))
    store.commit({
      ...EMPTY,
      records: [newRecord(clinic, 1)],
      audit: [{ clinic, first: 1, entries: newEntries(1, 1), tiles: [] }],
    })
    const reader = new SqliteStore(folder, { isReadOnly: true })
    const known = reader.clinics()[0]
    assert.ok(known)
    if (!known) return
    assert.is(reader.read(known, 0, 10, 1e9).length, 1)
    // One view throughout, whatever comes meanwhile.
    store.commit({ ...EMPTY, records: [newRecord(clinic, 2)] })
    assert.is(reader.read(known, 0, 10, 1e9).length, 1)
    assert.is(
      refusal(() => reader.commit({ ...EMPTY, records: [newRecord(known, 3)] })).code === "opened",
      false,
    )
    reader.close()
    store.close()
  }))

test("refuses a database from before the first release", () =>
  inFolder((folder) => {
    new SqliteStore(folder).close()
    const db = new Sqlite(join(folder, DATABASE_FILE))
    db.pragma("user_version = 1")
    db.close()
    assert.match(refusal(() => new SqliteStore(folder)).message, /before the first release/)
  }))

test("refuses a database of a newer version, and leaves it as it is", () =>
  inFolder((folder) => {
    new SqliteStore(folder).close()
    const path = join(folder, DATABASE_FILE)
    const db = new Sqlite(path)
    db.pragma(`user_version = ${SCHEMA_VERSION + 1}`)
    db.close()
    const { code, message } = refusal(() => new SqliteStore(folder))
    assert.is(code, "ERR_STORE")
    assert.match(message, /newer relay/)
    const after = new Sqlite(path)
    assert.is(after.pragma("user_version", { simple: true }), SCHEMA_VERSION + 1)
    after.close()
    // The lock was given back.
    assert.match(refusal(() => new SqliteStore(folder)).message, /newer relay/)
  }))

for (const { name, make } of [
  {
    name: "another program's database",
    make: (path: string) => {
      const db = new Sqlite(path)
      db.exec("CREATE TABLE other (x)")
      db.close()
    },
  },
  {
    name: "a database with another application's id",
    make: (path: string) => {
      const db = new Sqlite(path)
      db.pragma("application_id = 7")
      db.close()
    },
  },
  {
    name: "no database at all",
    make: (path: string) =>
      writeFileSync(path, "not a database, but long enough to be read as one".repeat(100)),
  },
])
  test(`refuses ${name}`, () =>
    inFolder((folder) => {
      make(join(folder, DATABASE_FILE))
      const { code, message } = refusal(() => new SqliteStore(folder))
      assert.is(code, "ERR_STORE")
      assert.match(message, /another program's|no database/)
    }))

test("refuses a folder that is a file, or can't be made or written", () =>
  inFolder((folder) => {
    const file = join(folder, "file")
    writeFileSync(file, "")
    assert.is(refusal(() => prepareFolder(file)).code, "ERR_STORE")
    assert.is(refusal(() => prepareFolder(join(file, "below"))).code, "ERR_STORE")
    const locked = join(folder, "locked")
    mkdirSync(locked)
    chmodSync(locked, 0o500)
    // Permissions don't bind root.
    if (process.getuid?.() !== 0)
      assert.match(refusal(() => prepareFolder(locked)).message, /can't be written/)
    rmSync(locked, { recursive: true })
    const fresh = join(folder, "a", "b")
    prepareFolder(fresh)
    assert.ok(existsSync(fresh))
  }))

test("a full file refuses records with ERR_READ_ONLY, whole, and takes small things from the reserve", () =>
  inFolder((folder) => {
    const store = new SqliteStore(folder, { maxBytes: 400_000 })
    const clinic = store.openClinic(Buffer.alloc(16, 1), Buffer.alloc(32, 2))
    let position = 0
    const add = (bytes: number): string => {
      const record = { ...newRecord(clinic, position + 1), bytes: Buffer.alloc(bytes) }
      const { code } = refusal(() =>
        store.commit({ ...EMPTY, records: [record, { ...record, position: position + 2 }] }),
      )
      if (code === "opened") position += 2
      return code
    }
    let code = "opened"
    while (code === "opened") code = add(20_000)
    assert.is(code, "ERR_READ_ONLY")
    assert.is(store.read(clinic, 0, 1000, 1e9).length, position)
    assert.is(add(20_000), "ERR_READ_ONLY")
    assert.is(store.holdReserve(false), false)
    const audit = { ...EMPTY, audit: [{ clinic, first: 1, entries: newEntries(1, 50), tiles: [] }] }
    assert.is(refusal(() => store.commit(audit)).code, "opened")
    store.close()
  }))

test.run()
