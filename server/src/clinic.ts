/** One clinic: its directory, its audit chain, and who watches it. */
import { applyRecords, createDirectory, type DirectoryState } from "@wardline/sdk/directory"
import { toHex, Writer } from "@wardline/sdk/protocol"
import { AuditChain } from "./audit-chain.ts"
import { Bucket } from "./buckets.ts"
import { keyOf, sha256, verify } from "./hashing.ts"
import { PAGE_BYTES, PAGE_RECORDS, REFUSAL_NOTES } from "./limits.ts"
import type { Session } from "./session.ts"
import type { ClinicRef, Store } from "./store/store.ts"

export class Clinic {
  readonly ref: ClinicRef
  /** 16 bytes. */
  readonly id: Uint8Array
  /** The id in hexadecimal: public, and in URLs. */
  readonly name: string
  /** The id as a key. */
  readonly key: string
  readonly audit: AuditChain
  directory: DirectoryState
  /** Sessions that watch the list of conversations. */
  readonly watchers: Set<Session> = new Set()
  readonly #refusals: Bucket
  #unnoted = 0
  #served: ServedDirectory | undefined

  constructor(ref: ClinicRef, directory: DirectoryState, audit: AuditChain, nowMs: number) {
    this.ref = ref
    this.id = ref.id
    this.name = toHex(ref.id)
    this.key = keyOf(ref.id)
    this.directory = directory
    this.audit = audit
    this.#refusals = new Bucket(REFUSAL_NOTES, nowMs)
  }

  /** Whether one more refusal may be noted in the audit log; counts it if not. */
  mayNoteRefusal(nowMs: number): boolean {
    if (this.#refusals.take(REFUSAL_NOTES, 1, nowMs)) return true
    this.#unnoted++
    return false
  }

  /** How many refusals weren't noted since the last call. */
  takeUnnoted(): number {
    const count = this.#unnoted
    this.#unnoted = 0
    return count
  }

  /** The body of `GET …/directory`: `u64 from ‖ records, each lp32`. Kept, since every visitor asks for it. */
  async directoryBody(store: Store, from: number): Promise<Buffer> {
    const { position } = this.directory
    if (this.#served?.position !== position) this.#served = await serveDirectory(store, this.ref, position)
    const { body, offsets } = this.#served
    if (from === 0) return body
    const head = Buffer.from(new Writer().u64(from).done())
    return Buffer.concat([head, body.subarray(offsets[from] ?? body.length)])
  }
}

interface ServedDirectory {
  readonly position: number
  /** The whole one, from 0. */
  readonly body: Buffer
  /** Where the record after each position begins. */
  readonly offsets: readonly number[]
}

async function serveDirectory(store: Store, ref: ClinicRef, position: number): Promise<ServedDirectory> {
  const writer = new Writer().u64(0)
  let offset = 8
  const offsets = [offset]
  for await (const record of readDirectory(store, ref, position)) {
    writer.lp32(record)
    offset += 4 + record.length
    offsets.push(offset)
  }
  return { position, body: Buffer.from(writer.done()), offsets }
}

/** Reads a clinic's stored directory and replays it, every signature checked.
 * @throws {WardlineError} if the stored directory was changed. */
export async function openClinic(
  store: Store,
  id: Uint8Array,
  rootKey: Uint8Array,
  nowMs: number,
): Promise<Clinic> {
  const ref = await store.openClinic(id, rootKey)
  const records: Uint8Array[] = []
  for await (const record of readDirectory(store, ref, Number.POSITIVE_INFINITY)) records.push(record)
  const directory = applyRecords(createDirectory(rootKey, sha256), records, { hash: sha256, verify })
  return new Clinic(ref, directory, new AuditChain(await store.lastAudit(ref)), nowMs)
}

async function* readDirectory(store: Store, ref: ClinicRef, last: number): AsyncGenerator<Uint8Array> {
  let position = 0
  while (position < last) {
    const page = await store.read(ref, position, PAGE_RECORDS, PAGE_BYTES)
    for (const record of page) {
      if (record.position > last) return
      yield record.bytes
    }
    const end = page.at(-1)
    if (end === undefined) return
    position = end.position
  }
}
