/** Whoever may write the relay's database, without the log's key and with it, against `wardline-relay audit verify`. */
import { cpSync } from "node:fs"
import { join } from "node:path"
import {
  type AuditReport,
  auditOrigin,
  checkpointLine,
  ENTRY_BYTES,
  entryHash,
  formatCheckpoint,
  formatNote,
  parseCheckpoint,
  parseNote,
  perfectRoot,
  RightEdge,
} from "@wardline/sdk/tlog"
import Sqlite from "better-sqlite3"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { verifyStore } from "../../src/audit/verify.ts"
import { sha256 } from "../../src/hashing.ts"
import { openLogKey } from "../../src/log-key.ts"
import { DATABASE_FILE, SqliteStore } from "../../src/store/sqlite.ts"
import { TestLog, TestWitness } from "../support/audit-log.ts"
import { TestChat } from "../support/chat.ts"
import { logIn } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { newFolder, removeFolder, start } from "../support/relay.ts"

const test = suite("attacks on a relay's folder")
const witness = new TestWitness("witness.example")
const clinic = new TestClinic()
const LEFT = newFolder()
/** What the witness kept. */
let kept = ""
let size = 0

test.before(async () => {
  clinic.setPolicy({ logKey: openLogKey(LEFT).publicKey, witnesses: [witness], quorum: 1 })
  const limits = { recordsBurst: 10_000, recordsPerSecond: 10_000, checkpointMs: 50 }
  const relay = await start(clinic, { data: LEFT, limits })
  const device = newDevice()
  const chat = new TestChat(clinic, device)
  const patient = await logIn(relay.url, clinic, device)
  await patient.publishAll([...chat.beginning(), ...Array.from({ length: 600 }, () => chat.message())])
  await patient.close()
  const log = new TestLog(relay, clinic)
  const checkpoint = await log.grownTo(605)
  assert.is((await log.post(witness.cosigned(checkpoint.body))).status, 200)
  kept = (await log.fetch("witnessed")).text
  await relay.close()
  size = parseCheckpoint(parseNote(newestNote(LEFT)).body).size
})
test.after(() => removeFolder(LEFT))

function newestNote(folder: string): string {
  const db = new Sqlite(join(folder, DATABASE_FILE), { readonly: true })
  const note = db.prepare<[], string>("SELECT note FROM checkpoints WHERE kind = 'newest'").pluck().get()
  db.close()
  return note ?? ""
}

/** A log as somebody holds it who writes to the database by hand. */
class Database {
  readonly db: Sqlite.Database
  readonly entries: Buffer[]
  readonly #base: number

  constructor(folder: string) {
    this.db = new Sqlite(join(folder, DATABASE_FILE))
    const rows = this.db
      .prepare<[], { key: number; entries: Buffer }>("SELECT * FROM audit ORDER BY key")
      .all()
    this.#base = (rows[0]?.key ?? 1) - 1
    const all = Buffer.concat(rows.map(({ entries }) => entries))
    this.entries = Array.from({ length: all.length / ENTRY_BYTES }, (_, i) =>
      all.subarray(i * ENTRY_BYTES, (i + 1) * ENTRY_BYTES),
    )
  }

  get leafHashes(): Uint8Array[] {
    return this.entries.map((entry) => entryHash(sha256, entry))
  }

  /** Stores the entries, each continuing the one before it. */
  putEntries(): void {
    let previous: Uint8Array = new Uint8Array(32)
    for (const entry of this.entries) {
      entry.set(previous, ENTRY_BYTES - 32)
      previous = entryHash(sha256, entry)
    }
    this.db.prepare("DELETE FROM audit").run()
    this.db.prepare("INSERT INTO audit VALUES (?, ?)").run(this.#base + 1, Buffer.concat(this.entries))
  }

  /** Makes the tiles fit the entries. */
  putTiles(): void {
    const leaves = this.leafHashes
    const tiles = this.db
      .prepare<[], { key: number; hashes: Buffer }>("SELECT * FROM tiles ORDER BY key")
      .all()
    const roots: Uint8Array[] = []
    for (const { key, hashes } of tiles) {
      const first = roots.length * 256
      if (hashes.length === 256 * 32 && first + 256 <= leaves.length) {
        const tile = Buffer.concat(leaves.slice(first, first + 256))
        roots.push(perfectRoot(sha256, tile))
        this.#putTile(key, tile)
      } else this.#putTile(key, Buffer.concat(roots))
    }
  }

  #putTile(key: number, hashes: Buffer): void {
    this.db.prepare("UPDATE tiles SET hashes = ? WHERE key = ?").run(hashes, key)
  }

  /** Signs the tree anew, as whoever has the folder can. */
  sign(folder: string): void {
    const tree = new RightEdge(sha256)
    for (const leafHash of this.leafHashes) tree.append(leafHash)
    const origin = auditOrigin(clinic.id)
    const { publicKey: key, sign } = openLogKey(folder)
    const body = formatCheckpoint({ origin, size: tree.size, root: tree.root() })
    const line = checkpointLine({ origin, key, hash: sha256, signature: sign(Buffer.from(body)) })
    const note = formatNote(body, [line])
    this.db.prepare("UPDATE checkpoints SET note = ? WHERE kind = 'newest'").run(note)
  }
}

async function verifyFolder(folder: string, checkpoints: readonly string[] = []): Promise<AuditReport> {
  const store = new SqliteStore(folder, { isReadOnly: true })
  try {
    return await verifyStore(store, () => {}, checkpoints)
  } finally {
    store.close()
  }
}

/** What the check says of a copy of the folder after an attack. */
async function after(
  attack: (database: Database, folder: string) => void,
  checkpoints?: readonly string[],
): Promise<NonNullable<AuditReport["fault"]>> {
  const folder = newFolder()
  cpSync(LEFT, folder, { recursive: true })
  const database = new Database(folder)
  attack(database, folder)
  database.db.close()
  const { fault } = await verifyFolder(folder, checkpoints)
  removeFolder(folder)
  return fault ?? { message: "nothing is wrong" }
}

/** Half a minute later than it was. */
function delay(database: Database, sequence: number): void {
  const entry = database.entries[sequence - 1] as Buffer
  entry.writeUIntBE(entry.readUIntBE(14, 6) + 30_000, 14, 6)
}

test("a folder that nobody touched is whole, and contains what the witness kept", async () => {
  const report = await verifyFolder(LEFT, [kept])
  assert.is(report.fault, undefined)
  assert.ok(size > 605)
  assert.match(report.checked.join("\n"), /cosigned by witness.example/)
})

for (const sequence of [2, 256, 257, 500])
  test(`entry ${sequence} edited and the whole chain made anew is named by the stored tree`, async () => {
    const fault = await after((database) => {
      delay(database, sequence)
      database.putEntries()
    })
    assert.is(fault.sequence, sequence)
    assert.match(fault.message, /stored tree/)
  })

test("chain and tree made anew, without the log's key: the witnessed checkpoint is of other entries", async () => {
  const fault = await after((database) => {
    delay(database, 300)
    database.putEntries()
    database.putTiles()
  })
  assert.ok((fault.from ?? 0) <= 300 && (fault.sequence ?? 0) >= 300)
  assert.match(fault.message, /witnessed checkpoint is of other entries/)
})

test("chain, tree and signature made anew by whoever has the folder: what witnesses signed is of other entries, and dropping it shows", async () => {
  const attack = (database: Database, folder: string): void => {
    delay(database, 300)
    database.putEntries()
    database.putTiles()
    database.sign(folder)
  }
  assert.match((await after(attack)).message, /witnessed checkpoint is of other entries/)
  const dropped = await after((database, folder) => {
    attack(database, folder)
    database.db.prepare("DELETE FROM checkpoints WHERE kind = 'witnessed'").run()
  })
  assert.match(dropped.message, /asks for 1 witness/)
})

test("the newest entries cut and the rest signed anew by whoever has the folder: missed by whoever kept a checkpoint", async () => {
  const attack = (database: Database, folder: string): void => {
    database.entries.splice(size - 1)
    database.putEntries()
    database.sign(folder)
  }
  assert.is((await after(attack)).message, "nothing is wrong")
  const fault = await after(attack, [newestNote(LEFT)])
  assert.is(fault.sequence, size)
  assert.match(fault.message, /the checkpoint that was kept is of/)
})

test("a tile's hash changed, so that proofs would fail or lie, is named by its entry", async () => {
  const fault = await after(({ db }) => {
    const [{ key, hashes }] = db
      .prepare<[], { key: number; hashes: Buffer }>("SELECT * FROM tiles ORDER BY key")
      .all() as [{ key: number; hashes: Buffer }]
    hashes[32 * 76] = (hashes[32 * 76] as number) ^ 1
    db.prepare("UPDATE tiles SET hashes = ? WHERE key = ?").run(hashes, key)
  })
  assert.is(fault.sequence, 77)
})

test("a tile that is missing, or too short, is found", async () => {
  assert.match(
    (await after(({ db }) => db.exec("DELETE FROM tiles WHERE key = (SELECT min(key) FROM tiles)"))).message,
    /tile 0 of level 0 is missing/,
  )
  assert.match(
    (
      await after(({ db }) =>
        db.exec(
          "UPDATE tiles SET hashes = CAST(substr(hashes, 1, 32) AS BLOB) WHERE key = (SELECT max(key) FROM tiles)",
        ),
      )
    ).message,
    /isn't in the stored tree/,
  )
})

test("a tile of a level above the leaves that is missing is found", async () => {
  const fault = await after(({ db }) => db.exec("DELETE FROM tiles WHERE key = (SELECT max(key) FROM tiles)"))
  assert.match(fault.message, /tile 0 of level 1 is too short/)
})

test("the newest entry made to continue nothing is named, though no tile holds it", async () => {
  const fault = await after(({ db, entries }) => {
    entries.at(-1)?.fill(0, ENTRY_BYTES - 32)
    const key = db.prepare<[], number>("SELECT min(key) FROM audit").pluck().get()
    db.exec("DELETE FROM audit")
    db.prepare("INSERT INTO audit VALUES (?, ?)").run(key, Buffer.concat(entries))
  })
  assert.is(fault.sequence, size)
  assert.match(fault.message, /doesn't continue/)
})

test("a tail cut to before the last full tile is missed at the first entry that is gone", async () => {
  const fault = await after((database) => {
    database.entries.splice(400)
    database.putEntries()
  })
  assert.is(fault.sequence, 401)
  assert.match(fault.message, /stored tree holds more/)
})

test("a tail cut after the last full tile is missed at the first entry that is gone", async () => {
  const fault = await after((database) => {
    database.entries.splice(603)
    database.putEntries()
  })
  assert.is(fault.sequence, 604)
  assert.match(fault.message, /checkpoint is of \d+ entries/)
})

test.run()
