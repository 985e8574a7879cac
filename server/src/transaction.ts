/** What one batch of requests adds, gathered in memory and then stored as one transaction. */
import { type Link, recordPart, WardlineError } from "@wardline/sdk/protocol"
import { type AuditEvent, type AuditScope, writeU64 } from "./audit-chain.ts"
import type { Clinic } from "./clinic.ts"
import { type Conversation, encodeSenders } from "./conversation.ts"
import { sha256Text, writeKey } from "./hashing.ts"
import { MAX_POSITION } from "./limits.ts"
import type { ShredKeys } from "./shred-keys.ts"
import type { KeptKey } from "./store/shred-database.ts"
import type {
  AuditEntries,
  Batch,
  ClinicRef,
  ConversationChange,
  GlassChange,
  NewRecord,
  ScopeRef,
} from "./store/store.ts"

/** `"wl1/link" ‖ link ‖ u64 position ‖ record hash`: the input of the next link, one buffer for all. */
const linkInput = Buffer.alloc(80)
linkInput.write("wl1/link", "latin1")

/** linkᵢ of docs/protocol.md, Record: what the SDK's nextLink answers, for a hash as text. */
export function nextLinkOf(previous: Link, position: number, recordHash: string): Buffer {
  linkInput.set(previous, 8)
  writeU64(linkInput, 40, position)
  writeKey(linkInput, recordHash, 48)
  return Buffer.from(sha256Text(linkInput), "latin1")
}

export class Transaction {
  /** One time for all that it stores. */
  readonly nowMs: number
  readonly #records: NewRecord[] = []
  readonly #newConversations: ScopeRef[] = []
  readonly #conversations: Conversation[] = []
  readonly #clinics: Clinic[] = []
  /** Those that have new entries, each once. */
  readonly #scopes: AuditScope[] = []
  readonly #undo: (() => void)[] = []
  readonly #kept: KeptKey[] = []
  readonly #shreds: ScopeRef[] = []
  readonly #drops: { clinic: ClinicRef; positions: readonly number[] }[] = []
  readonly #glass: GlassChange[] = []
  #hasDropped = false

  constructor(nowMs: number) {
    this.nowMs = nowMs
  }

  /** Conversations that grow, each once. */
  get conversations(): readonly Conversation[] {
    return this.#conversations
  }

  /** Shred keys that must be kept before anything else is stored. */
  get kept(): readonly KeptKey[] {
    return this.#kept
  }

  /** Conversations to be destroyed once everything else is stored. */
  get shreds(): readonly ScopeRef[] {
    return this.#shreds
  }

  /** Whether it removes something from what is stored. */
  get hasDropped(): boolean {
    return this.#hasDropped
  }

  /** Takes a shred key into keeping with what else is stored. */
  keep(shredKeys: ShredKeys, key: KeptKey): void {
    this.#kept.push(key)
    shredKeys.expect(key)
    this.onRollBack(() => shredKeys.unexpect(key))
  }

  /** Removes the detached parts of a directory's records; the caller has changed what is in memory. */
  dropFromDirectory(clinic: Clinic, positions: readonly number[]): void {
    this.#drops.push({ clinic: clinic.ref, positions })
    this.#hasDropped = true
  }

  /** An emergency begins or is over. */
  breakGlass(change: GlassChange): void {
    this.#glass.push(change)
  }

  /** A conversation's shred record is being stored. */
  shred(conversation: Conversation): void {
    this.#shreds.push(conversation.ref)
  }

  /** Notes an event without a record; returns the entry's sequence.
   * @param conversation - in memory, which the event is about; without one, or with another clinic's, it is about the
   *   clinic. */
  note(clinic: Clinic, event: AuditEvent, conversation?: Conversation): number {
    const scope = conversation?.clinic === clinic ? conversation : clinic
    this.#mark(clinic, scope)
    return clinic.audit.note(event, scope)
  }

  /** The conversation is to be stored with its first record. */
  addConversation(conversation: Conversation): void {
    this.#newConversations.push(conversation.ref)
  }

  /** @throws {WardlineError} ERR_TOO_LARGE when the conversation is full. */
  checkRoom(conversation: Conversation): void {
    checkPosition(conversation.position + 1)
  }

  /** Gives a conversation's record its place.
   * @param hash - of the record, as text.
   * @param event - its position is set here.
   * @throws {WardlineError} ERR_TOO_LARGE when the conversation is full; then nothing has changed. */
  addToConversation(
    conversation: Conversation,
    bytes: Uint8Array,
    hash: string,
    isControl: boolean,
    event: AuditEvent,
  ): NewRecord {
    this.checkRoom(conversation)
    const { clinic } = conversation
    const position = conversation.position + 1
    const record = this.#addRecord(clinic, conversation, conversation.link, {
      position,
      bytes,
      hash,
      isControl,
      event,
    })
    conversation.position = position
    conversation.link = record.link
    conversation.remember(position, hash)
    conversation.updatedMs = this.nowMs
    if (conversation.added.length === 0) this.#conversations.push(conversation)
    conversation.added.push(record)
    return record
  }

  /** Gives a directory's record its place; the caller has applied it. */
  addToDirectory(
    clinic: Clinic,
    previous: Link,
    position: number,
    bytes: Uint8Array,
    event: AuditEvent,
  ): NewRecord {
    checkPosition(position)
    const hash = sha256Text(recordPart(bytes))
    return this.#addRecord(clinic, clinic, previous, { position, bytes, hash, isControl: true, event })
  }

  #addRecord(
    clinic: Clinic,
    scope: AuditScope,
    previous: Link,
    item: { position: number; bytes: Uint8Array; hash: string; isControl: boolean; event: AuditEvent },
  ): NewRecord {
    const { position, bytes, isControl, event } = item
    const link = nextLinkOf(previous, position, item.hash)
    event.position = position
    this.#mark(clinic, scope)
    const auditSequence = clinic.audit.noteRecord(event, scope, item.hash, link)
    const record = { scope: scope.ref, position, auditSequence, timeMs: this.nowMs, link, bytes, isControl }
    this.#records.push(record)
    return record
  }

  #mark(clinic: Clinic, scope: AuditScope): void {
    if (!this.#clinics.includes(clinic)) this.#clinics.push(clinic)
    // Its first entry of this batch.
    if (scope.entry === scope.storedEntry) this.#scopes.push(scope)
  }

  /** Everything, for the store. */
  toBatch(): Batch {
    const audit: AuditEntries[] = []
    for (const { ref, audit: chain, tree } of this.#clinics) {
      const pending = chain.pending
      if (pending === undefined) continue
      const { first, entries, leafHashes } = pending
      audit.push({ clinic: ref, first, entries, tiles: tree.stage(leafHashes) })
    }
    const changes = this.#conversations.map(changeOf)
    const grown = new Set<AuditScope>(this.#conversations)
    const noted = this.#scopes.filter((scope) => !grown.has(scope))
    this.#hasDropped ||= changes.some(({ effects }) => effects !== undefined && effects.dropped.length > 0)
    return {
      newConversations: this.#newConversations,
      records: this.#records,
      changes,
      noted: noted.map(({ ref, entry }) => ({ scope: ref, entry })),
      audit,
      shreds: this.#shreds,
      drops: this.#drops,
      glass: this.#glass,
    }
  }

  get isEmpty(): boolean {
    return this.#clinics.length === 0 && this.#kept.length === 0 && this.#drops.length === 0
  }

  /** The batch is stored. The conversations' `added` stay, for whoever delivers them. */
  committed(): void {
    for (const { audit, tree } of this.#clinics) {
      audit.committed()
      tree.committed()
    }
    for (const scope of this.#scopes) scope.storedEntry = scope.entry
    for (const conversation of this.#conversations) {
      conversation.isStored = true
      conversation.storedMs = conversation.updatedMs
      conversation.storedLink = conversation.link
      const { listedRoles, storedRoles } = conversation
      conversation.isRelisted = !isSameList(listedRoles, storedRoles)
      conversation.storedRoles = listedRoles
      conversation.effects = undefined
      conversation.listedBeforeMs = conversation.listedMs
      conversation.listedMs = conversation.isOpen ? conversation.updatedMs : 0
    }
  }

  /** What to do if the batch can't be stored. */
  onRollBack(undo: () => void): void {
    this.#undo.push(undo)
  }

  /** The batch could not be stored. The conversations must be read anew. */
  rollBack(): void {
    for (const undo of this.#undo.reverse()) undo()
    for (const { audit, tree } of this.#clinics) {
      audit.rollBack()
      tree.rollBack()
    }
    for (const scope of this.#scopes) scope.entry = scope.storedEntry
  }
}

function changeOf(conversation: Conversation): ConversationChange {
  return {
    scope: conversation.ref,
    position: conversation.position,
    entry: conversation.entry,
    updatedMs: conversation.updatedMs,
    previousMs: conversation.storedMs,
    isClosed: conversation.isClosed || conversation.isShredded,
    lastBy: conversation.lastBy,
    roles: conversation.listedRoles,
    previousRoles: conversation.storedRoles,
    effects: effectsOf(conversation),
    senders: encodeSenders(conversation.senders),
  }
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((item, i) => item === b[i]))
}

function effectsOf({ effects }: Conversation): ConversationChange["effects"] {
  if (effects === undefined) return undefined
  const patients = effects.patients.map(({ key, untilMs, isRemoved }) => ({
    device: Buffer.from(key, "latin1"),
    untilMs,
    isRemoved,
  }))
  return { ...effects, patients }
}

function checkPosition(position: number): void {
  if (position > MAX_POSITION) throw new WardlineError("ERR_TOO_LARGE", "the chain is full")
}
