/** The store of every reference: a row and a chained audit row for each message, with the relay's durability. It has
 * less to do than the relay's: rows are only appended, without the index that reading back from a cursor would need. */
import { hash } from "node:crypto"
import Database from "better-sqlite3"

/** As long as the relay's audit entry. */
const ENTRY_BYTES = 204
/** Pages in the log before they are copied into the file; SQLite's default of 1000 does so four times as often. */
const CHECKPOINT_PAGES = 4000

export interface StoredMessage {
  conversation: number
  body: Uint8Array | string
}

/** A SQLite file in WAL mode with `synchronous=FULL`: a commit returns after its sync. */
export class ReferenceStore {
  readonly #database: Database.Database
  readonly #insertAll: (messages: readonly StoredMessage[]) => number[]
  readonly #heads: number[] = []
  #sequence = 0
  #previous: Uint8Array = new Uint8Array(32)

  constructor(path: string) {
    this.#database = new Database(path)
    this.#database.pragma("journal_mode = WAL")
    this.#database.pragma("synchronous = FULL")
    if (this.#database.pragma("synchronous", { simple: true }) !== 2) throw new Error("not synchronous=FULL")
    this.#database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    this.#database.exec(`
      CREATE TABLE message (sequence INTEGER PRIMARY KEY, conversation INTEGER, position INTEGER, body BLOB);
      CREATE TABLE audit (sequence INTEGER PRIMARY KEY, entry BLOB)`)
    const message = this.#database.prepare("INSERT INTO message VALUES (?, ?, ?, ?)")
    const audit = this.#database.prepare("INSERT INTO audit VALUES (?, ?)")
    this.#insertAll = this.#database.transaction((messages: readonly StoredMessage[]) =>
      messages.map(({ conversation, body }) => {
        const position = (this.#heads[conversation] ?? 0) + 1
        this.#heads[conversation] = position
        const entry = this.#nextEntry(conversation, position)
        message.run(this.#sequence, conversation, position, body)
        audit.run(this.#sequence, entry)
        return position
      }),
    )
  }

  /** Stores the messages in one transaction.
   * @returns their positions, each durable by now. */
  append(messages: readonly StoredMessage[]): number[] {
    return this.#insertAll(messages)
  }

  close(): void {
    this.#database.close()
  }

  #nextEntry(conversation: number, position: number): Uint8Array {
    const entry = Buffer.alloc(ENTRY_BYTES)
    entry.writeUInt32BE(++this.#sequence, 8)
    entry.writeUInt32BE(conversation, 80)
    entry.writeUInt32BE(position, 84)
    entry.set(this.#previous, ENTRY_BYTES - 32)
    this.#previous = hash("sha256", entry, "buffer")
    return entry
  }
}
