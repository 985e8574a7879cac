/** A conversation's first records: made whole and stored before the first of them is sent, so that whatever happens
 * in between it is begun once. */
import { equalBytes, fromHex, fromUtf8, utf8 } from "../bytes.ts"
import {
  applyRecord,
  type Composer,
  composeConsent,
  composeEpoch,
  composeOpen,
  headLink,
  type KnownPayload,
  type ShredKey,
  type SlotKeys,
  startTranscript,
  type Transcript,
} from "../conversation/index.ts"
import { newestRoleKey } from "../directory/index.ts"
import { WardlineError } from "../errors.ts"
import type { Role } from "../ids.ts"
import { MAX_FRAME_BYTES } from "../protocol/index.ts"
import type { Session } from "../transport/index.ts"
import { type Agreement, currentConsent } from "./clinic-info.ts"
import { type ClinicStorage, decodeStored, encodeHead, encodeStored, type StoredEntries } from "./storage.ts"

export interface StartRequest {
  readonly topic: string
  readonly consent: Agreement
  readonly language?: string | undefined
  readonly name?: string | undefined
  readonly answer?: string | undefined
}

/** The part of a conversation that its owner remembers by herself. */
export interface ConversationMeta {
  /** Unknown on a device that came later. */
  readonly topic?: string
  readonly language: string
  readonly startedAtMs: number
}

const META = "meta"
const START = "start"
/** There as long as `start` is, and no longer. */
const SHRED_KEY = "shred-key"
const SHRED_KEY_BYTES = 32
const HEAD = "head"
/** Consent and open come first, whatever else happens. */
const OPENING_RECORDS = 2

/** A conversation's first records, and the key that the relay has to keep before it takes them. */
export interface PendingStart {
  readonly records: readonly Uint8Array[]
  readonly shredKey: ShredKey
}

/** Makes consent, open and the first epoch.
 * @param shredKey - 32 fresh random bytes.
 * @throws {WardlineError} ERR_CONSENT_REQUIRED unless the agreement is to the current text; ERR_NOT_FOUND for a
 *   topic that the clinic doesn't have. */
export function composeStart(
  host: { readonly composer: Composer; readonly keys: SlotKeys },
  id: string,
  request: StartRequest,
  shredKey: ShredKey,
): PendingStart & { transcript: Transcript } {
  const composer = { ...host.composer, shredKey }
  const keys = { ...host.keys, shredKey }
  const { directory } = composer
  const conversation = fromHex(id)
  const topic = directory.policy?.topics.find((item) => item.id === request.topic)
  if (topic === undefined) throw new WardlineError("ERR_NOT_FOUND", "the clinic has no such topic")
  const consent = composeConsent(composer, conversation, agreedText(composer, request.consent))
  const summary = {
    topic: topic.id,
    language: request.language ?? request.consent.language,
    priority: "routine" as const,
  }
  const open = composeOpen(composer, conversation, summary, membersOf(composer, topic.roles))
  const records = [consent, open]
  let transcript = startTranscript(conversation)
  const take = (record: Uint8Array): void => {
    const [next, event] = applyRecord(transcript, record, { directory, keys })
    if (event.kind === "refused")
      throw new WardlineError("ERR_INTERNAL", "this device's own record is refused")
    transcript = next
  }
  for (const record of records) take(record)
  const epoch = composeEpoch(composer, transcript)
  take(epoch)
  return { records: [...records, epoch], shredKey, transcript }
}

function agreedText(
  { directory }: Composer,
  agreement: Agreement,
): { id: string; version: number; language: string; text: Uint8Array } {
  const { id, version, texts } = currentConsent(directory)
  const text = texts.find(({ language }) => language === agreement.language)
  const isCurrent = id === agreement.consentId && version === agreement.version
  if (!isCurrent || text === undefined || !equalBytes(text.hash, agreement.textHash)) {
    throw new WardlineError("ERR_CONSENT_REQUIRED", "the clinic's consent text has changed; show it again")
  }
  return { id, version, language: text.language, text: utf8(text.text) }
}

function membersOf(
  { directory }: Composer,
  roles: readonly Role[],
): { role: Role; generation: number; publicKey: Uint8Array }[] {
  return roles.map((role) => {
    const key = newestRoleKey(directory, role)
    if (key === undefined) throw new WardlineError("ERR_NOT_FOUND", "a role of this topic has no key yet")
    return { role, generation: key.generation, publicKey: key.publicKey }
  })
}

/** What the patient said of herself; undefined if nothing. It goes through the outbox: a message names what its
 * sender has seen, which isn't known before the first records are stored. */
export function profileOf({ name, answer }: StartRequest): KnownPayload | undefined {
  const given = {
    ...(name === undefined || name === "" ? {} : { name }),
    ...(answer === undefined || answer === "" ? {} : { answer }),
  }
  return Object.keys(given).length === 0 ? undefined : { v: 1, type: "profile", ...given }
}

/** What has to be stored before the first record is sent. */
export function startEntries(
  storage: ClinicStorage,
  id: string,
  meta: ConversationMeta,
  { records, shredKey }: PendingStart,
): StoredEntries {
  return {
    ...metaEntry(storage, id, meta),
    [storage.conversationKey(id, START)]: encodeStored((w) =>
      w.u8(records.length).list(records, (writer, record) => writer.lp32(record)),
    ),
    [storage.conversationKey(id, SHRED_KEY)]: encodeStored((w) => w.bytes(shredKey)),
  }
}

/** What a device has to store to find a conversation again. */
export function metaEntry(storage: ClinicStorage, id: string, meta: ConversationMeta): StoredEntries {
  return { [storage.conversationKey(id, META)]: encodeStored((w) => w.lp16(utf8(JSON.stringify(meta)))) }
}

/** What an interrupted start left; undefined once the conversation is there. */
export async function pendingStart(storage: ClinicStorage, id: string): Promise<PendingStart | undefined> {
  const stored = await storage.get(storage.conversationKey(id, START))
  const storedKey = await storage.get(storage.conversationKey(id, SHRED_KEY))
  if (stored === undefined || storedKey === undefined) return undefined
  const records = decodeStored(stored, (r) => r.list(r.u8(), (item) => item.lp32(MAX_FRAME_BYTES)))
  return { records, shredKey: decodeStored(storedKey, (r) => r.bytes(SHRED_KEY_BYTES)) }
}

export async function loadMeta(storage: ClinicStorage, id: string): Promise<ConversationMeta | undefined> {
  const stored = await storage.get(storage.conversationKey(id, META))
  if (stored === undefined) return undefined
  return decodeStored(stored, (r) => JSON.parse(fromUtf8(r.lp16())) as ConversationMeta)
}

/** Gives the shred key away and publishes the first records in order. Those that the relay has already are acked again
 * and not doubled.
 * @param transcript - as it is after them, where it was made in this run.
 * @returns what to store now that the conversation is there: the shred key is forgotten.
 * @throws {WardlineError} what the relay says; ERR_FORK if consent and open aren't the beginning, or another history
 *   is acked. */
export async function publishStart(
  session: Session,
  storage: ClinicStorage,
  id: string,
  start: PendingStart & { readonly transcript?: Transcript },
  signal: AbortSignal | undefined,
): Promise<StoredEntries> {
  const { records, shredKey, transcript } = start
  const kept = session.keep(fromHex(id), shredKey)
  let isExpected = transcript !== undefined
  for (const [i, record] of records.entries()) {
    const { position, link } = await session.publish(record, signal).catch((error: unknown) => {
      // Such as "too many requests": the consent itself isn't what is wrong.
      throw kept.refused ?? error
    })
    // After an interrupted start, staff may have been faster than the epoch.
    if (position !== i + 1 && i < OPENING_RECORDS) throw another()
    isExpected &&= position === i + 1
    if (isExpected && transcript !== undefined && !equalBytes(link, transcript.links[i + 1] as Uint8Array))
      throw another()
  }
  const done = {
    [storage.conversationKey(id, START)]: undefined,
    [storage.conversationKey(id, SHRED_KEY)]: undefined,
  }
  if (!isExpected || transcript === undefined) return done
  const { position, directoryFloor } = transcript
  const head = encodeHead({ position, link: headLink(transcript), directoryPosition: directoryFloor })
  return { ...done, [storage.conversationKey(id, HEAD)]: head }
}

function another(): WardlineError {
  return new WardlineError("ERR_FORK", "the relay began another conversation under this id")
}
