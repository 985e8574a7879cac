/** A clinic's audit log as a relay would write it, with a real directory, signed checkpoints and cosignatures: for tests
 * that then spoil it. */
import { createPrivateKey, type KeyObject, hash as nodeHash, randomBytes, sign } from "node:crypto"
import { verify } from "../../src/crypto/index.ts"
import { nextLink, type RecordType, startLink } from "../../src/protocol/index.ts"
import {
  type Action,
  type AuditEntry,
  auditOrigin,
  checkpointLine,
  cosignatureLine,
  cosignatureMessage,
  type ExportLine,
  encodeEntry,
  encodeExportLine,
  entryHash,
  formatCheckpoint,
  formatNote,
  type Hash,
  type NoteCrypto,
  type Outcome,
  RightEdge,
  type StoredFacts,
  type Witness,
} from "../../src/tlog/index.ts"
import { type Clinic, makeClinic, policy } from "../directory/clinic.ts"

export const fastHash: Hash = (bytes) => Buffer.from(nodeHash("sha256", bytes, "binary"), "latin1")
export const crypto: NoteCrypto = { hash: fastHash, verify }
const T0 = 1_800_000_000_000
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex")

/** A key that signs notes: bytes as they are, no tag. */
export class NoteKey {
  readonly #key: KeyObject
  readonly publicKey: Uint8Array

  constructor() {
    this.#key = createPrivateKey({
      key: Buffer.concat([PKCS8_PREFIX, randomBytes(32)]),
      format: "der",
      type: "pkcs8",
    })
    this.publicKey = new Uint8Array(Buffer.from(this.#key.export({ format: "jwk" }).x as string, "base64url"))
  }

  sign(message: Uint8Array): Uint8Array {
    return new Uint8Array(sign(null, message, this.#key))
  }
}

export interface Logged {
  readonly bytes: Uint8Array
  readonly record: StoredFacts | undefined
}

interface EventFields {
  readonly actor?: Uint8Array
  readonly role?: string
  readonly purpose?: number
  readonly position?: number
  /** Of a time and an outcome of their own. */
  readonly time?: number
  readonly outcome?: Outcome
}

const DIRECTORY_ACTIONS: Readonly<Record<number, Action>> = {
  1: "policy-change",
  2: "consent-text",
  3: "admin-change",
  4: "admin-change",
  5: "device-add",
  6: "device-revoke",
  7: "role-key",
  8: "role-grant",
  9: "attest",
  10: "device-roles",
  11: "key-recovery",
}
const TRANSCRIPT_TYPES: { readonly [K in RecordType]?: number } = {
  consent: 0x20,
  open: 0x21,
  epoch: 0x22,
  message: 0x23,
  access: 0x25,
  close: 0x27,
}

/** What an entry is made of, beside its place. */
interface Input {
  readonly action: Action
  readonly scope: Uint8Array
  readonly fields: EventFields
  readonly record: Uint8Array | undefined
  readonly salt: Uint8Array
  /** What the entry says in the place of what would be true. */
  readonly lie?: Partial<AuditEntry> | undefined
}

/** Entries, and whatever of them is asked for. */
export class AuditLog {
  readonly clinic: Clinic
  readonly rootKey: Uint8Array
  readonly logKey = new NoteKey()
  readonly witnessKeys = [new NoteKey(), new NoteKey()]
  readonly witnesses: Witness[]
  readonly entries: Logged[] = []
  readonly #heads = new Map<
    string,
    { newest: number; position: number; link: Uint8Array; scope: Uint8Array }
  >()
  #leafHash: Uint8Array = new Uint8Array(32)
  readonly #inputs: Input[] = []

  /** @param quorum - how many of the two witnesses must sign; null: the policy names no log key.
   * @param clinic - one whose log is still empty, and stays so. */
  constructor(n = 0, quorum: number | null = 1, clinic?: Clinic) {
    this.clinic = clinic ?? makeClinic(n)
    this.rootKey = this.clinic.state.rootKey
    this.witnesses = this.witnessKeys.map(({ publicKey: key }, i) => ({ name: `witness.example/${i}`, key }))
    if (clinic !== undefined) return
    const { witnesses, logKey } = this
    this.event("relay-start", this.clinic.id)
    for (const record of this.clinic.records) this.directory(record)
    if (quorum !== null)
      this.directory(
        this.clinic.issue(
          this.clinic.admin,
          "policy",
          policy({ logKey: logKey.publicKey, witnesses, quorum }),
        ),
      )
  }

  directory(record: Uint8Array): void {
    this.#add(
      DIRECTORY_ACTIONS[record[3] as number] as Action,
      this.clinic.id,
      { actor: record.slice(20, 36) },
      record,
    )
  }

  event(action: Action, scope: Uint8Array, fields: EventFields = {}): void {
    this.#add(action, scope, fields, undefined)
  }

  /** Somebody's own record. */
  signed(action: Action, record: Uint8Array, fields: EventFields = {}): void {
    this.#add(action, record.slice(4, 20), { ...fields, actor: record.slice(20, 36) }, record)
  }

  /** A transcript's record: of its bytes the log's check reads the header alone, and of an access the beginning. */
  transcript(action: Action, type: RecordType, scope: Uint8Array, fields: EventFields = {}): void {
    const role = Buffer.from(fields.role ?? "")
    const body = Buffer.concat([
      Buffer.from([0, role.length]),
      role,
      Buffer.from([fields.purpose ?? 0]),
      randomBytes(30),
    ])
    const header = Buffer.alloc(48)
    header.write("WL\u0001", "latin1")
    header[3] = TRANSCRIPT_TYPES[type] as number
    header.set(scope, 4)
    header.set(fields.actor ?? new Uint8Array(16), 20)
    header.writeUInt32BE(body.length, 44)
    this.#add(action, scope, fields, new Uint8Array(Buffer.concat([header, body, randomBytes(64)])))
  }

  #add(
    action: Action,
    scope: Uint8Array,
    fields: EventFields,
    record: Uint8Array | undefined,
    salt: Uint8Array = new Uint8Array(randomBytes(16)),
    lie: Partial<AuditEntry> = {},
  ): void {
    this.#inputs.push({ action, scope, fields, record, salt, lie })
    const key = Buffer.from(scope).toString("hex")
    const head = this.#heads.get(key) ?? { newest: 0, position: 0, link: startLink(fastHash, scope), scope }
    this.#heads.set(key, head)
    const sequence = this.entries.length + 1
    const zeros = new Uint8Array(32)
    let facts: StoredFacts | undefined
    if (record !== undefined) {
      const hash = fastHash(record)
      head.position++
      head.link = nextLink(fastHash, head.link, head.position, hash)
      facts = { hash, link: head.link, bytes: action === "create" ? undefined : record }
    }
    const bytes = encodeEntry({
      action,
      outcome: fields.outcome ?? (action === "refusal" ? "refused" : "success"),
      purpose: fields.purpose ?? 0,
      sequence,
      time: fields.time ?? T0 + sequence * 1000,
      actor: fields.actor ?? new Uint8Array(16),
      actorRole: fields.role ?? "",
      scope,
      position: facts === undefined ? (fields.position ?? 0) : head.position,
      recordHash: facts?.hash ?? zeros,
      link: facts?.link ?? zeros,
      salt,
      before: head.newest,
      previous: this.#leafHash,
      ...lie,
    })
    head.newest = sequence
    this.#leafHash = entryHash(fastHash, bytes)
    this.entries.push({ bytes, record: facts })
  }

  /** Patients, staff and the relay at work until there are `entries`, in `chats` conversations. */
  work(entries: number, chats: number): this {
    const { nurse } = this.clinic
    const ids = Array.from({ length: chats }, () => new Uint8Array(randomBytes(16)))
    const patients = Array.from({ length: chats }, () => new Uint8Array(randomBytes(16)))
    const staff = { actor: nurse.id, role: "nursing" }
    for (let i = 0; this.entries.length < entries; i++) {
      const id = ids[i % chats] as Uint8Array
      const patient = { actor: patients[i % chats] as Uint8Array }
      switch (Math.floor(i / chats) % 12) {
        case 0:
          this.transcript("consent", "consent", id, patient)
          break
        case 1:
          this.transcript("open", "open", id, patient)
          break
        case 2:
          this.transcript("epoch", "epoch", id, patient)
          break
        case 3:
          this.event("login", this.clinic.id, { actor: nurse.id, role: "nursing" })
          break
        case 4: {
          const kind = i % 5
          if (kind === 0) this.transcript("break-glass", "access", id, { ...staff, purpose: 3 })
          else if (kind === 1) this.transcript("disclosure", "access", id, { ...staff, purpose: 8 })
          else this.transcript("access", "access", id, { ...staff, purpose: 1 })
          break
        }
        case 5:
          this.event("read", id, { ...staff, purpose: 1, position: 2 })
          break
        case 6:
          this.event("refusal", this.clinic.id, { actor: nurse.id })
          break
        default:
          this.transcript("create", "message", id, i % 2 === 0 ? patient : { ...staff, purpose: 1 })
      }
    }
    return this
  }

  /** The same relay's keys over another history: everything before entry `from` is as it was, `from` is left out, and
   * what follows is chained and numbered anew, so that nothing in it contradicts itself. */
  without(from: number): AuditLog {
    return this.#rewritten((input, sequence) => (sequence === from ? undefined : input))
  }

  /** Likewise, where one entry calls its record something else. */
  renamed(of: number, action: Action, purpose: number): AuditLog {
    return this.#rewritten((input, sequence) =>
      sequence === of ? { ...input, action, fields: { ...input.fields, purpose } } : input,
    )
  }

  /** Likewise, where one entry says something that isn't so; the entries after it are as if it were. */
  lying(of: number, lie: Partial<AuditEntry>): AuditLog {
    return this.#rewritten((input, sequence) => (sequence === of ? { ...input, lie } : input))
  }

  /** Likewise, where one entry has another record. */
  carrying(of: number, record: Uint8Array, lie: Partial<AuditEntry>): AuditLog {
    return this.#rewritten((input, sequence) => (sequence === of ? { ...input, record, lie } : input))
  }

  /** Likewise, where one record's signature is another. */
  forged(of: number): AuditLog {
    return this.#rewritten((input, sequence) => {
      if (sequence !== of || input.record === undefined) return input
      return { ...input, record: new Uint8Array([...input.record.subarray(0, -64), ...randomBytes(64)]) }
    })
  }

  #rewritten(change: (input: Input, sequence: number) => Input | undefined): AuditLog {
    const fork = Object.assign(new AuditLog(0, null, this.clinic), {
      rootKey: this.rootKey,
      logKey: this.logKey,
      witnessKeys: this.witnessKeys,
      witnesses: this.witnesses,
    })
    for (const [i, input] of this.#inputs.entries()) {
      const changed = change(input, i + 1)
      if (changed === undefined) continue
      const { action, scope, fields, record, salt, lie } = changed
      fork.#add(action, scope, fields, record, salt, lie)
    }
    return fork
  }

  rootAt(size: number): Uint8Array {
    const tree = new RightEdge(fastHash)
    for (const { bytes } of this.entries.slice(0, size)) tree.append(entryHash(fastHash, bytes))
    return tree.root()
  }

  bodyAt(size: number): string {
    return formatCheckpoint({ origin: auditOrigin(this.clinic.id), size, root: this.rootAt(size) })
  }

  /** The log's word for its first `size` entries, with the cosignatures of the first `witnesses` witnesses. */
  noteAt(size: number, witnesses = 0): string {
    return this.sign(this.bodyAt(size), witnesses)
  }

  /** Whatever the keys are made to sign.
   * @param atSeconds - by the first witness's clock. */
  sign(body: string, witnesses = 0, atSeconds = 1_800_000_500): string {
    const origin = auditOrigin(this.clinic.id)
    const { publicKey: key } = this.logKey
    const lines = [
      checkpointLine({ origin, key, hash: fastHash, signature: this.logKey.sign(Buffer.from(body)) }),
    ]
    for (const [i, { name, key: witnessKey }] of this.witnesses.slice(0, witnesses).entries()) {
      const timeSeconds = atSeconds + i
      const signature = (this.witnessKeys[i] as NoteKey).sign(cosignatureMessage(body, timeSeconds))
      lines.push(cosignatureLine({ name, key: witnessKey, hash: fastHash, timeSeconds, signature }))
    }
    return formatNote(body, lines)
  }

  get leafHash(): Uint8Array {
    return this.#leafHash
  }

  /** The clinic's part of an export.
   * @param sizes - of the checkpoint and of the witnessed one; the whole log's if not given, none if 0. */
  section(sizes: { checkpoint?: number; witnessed?: number } = {}): ExportLine[] {
    const count = this.entries.length
    const { checkpoint = count, witnessed = count } = sizes
    return [
      {
        kind: "clinic",
        clinic: this.clinic.id,
        rootKey: this.rootKey,
        checkpoint: checkpoint === 0 ? undefined : this.noteAt(checkpoint),
        witnessed: witnessed === 0 ? undefined : this.noteAt(witnessed, 2),
      },
      ...this.entries.map(({ bytes, record }): ExportLine => ({ kind: "entry", bytes, record })),
      { kind: "log", entries: count, head: this.#leafHash },
      ...[...this.#heads.values()]
        .filter(({ position }) => position > 0)
        .map(({ scope, position, link }): ExportLine => ({ kind: "scope", scope, records: position, link })),
      { kind: "clinic-end", clinic: this.clinic.id },
    ]
  }

  lines(sizes?: { checkpoint?: number; witnessed?: number }): ExportLine[] {
    return wrapped([this.section(sizes)])
  }
}

/** A whole export of these clinics. */
export function wrapped(sections: readonly (readonly ExportLine[])[]): ExportLine[] {
  return [
    { kind: "header", relay: "ab".repeat(16), created: T0 },
    ...sections.flat(),
    { kind: "end", clinics: sections.length },
  ]
}

export const textOf = (lines: readonly ExportLine[]): string[] => lines.map(encodeExportLine)
export const fileOf = (lines: readonly string[]): Uint8Array => Buffer.from(`${lines.join("\n")}\n`)
/** An entry's line with some bits of one byte flipped. */
export function editedEntry(line: string, offset: number, flip: number): string {
  const fields = JSON.parse(line) as { entry: string }
  const bytes = Buffer.from(fields.entry, "base64")
  bytes[offset] = (bytes[offset] as number) ^ flip
  return JSON.stringify({ ...fields, entry: bytes.toString("base64") })
}
