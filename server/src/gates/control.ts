/** The gates of every transcript record but messages (docs/protocol.md, Transcript). Pure: what a record would change is
 * answered, and records.ts changes it. The rules are those that clients check again, in the same order. */
import { isConsentToCurrentText, newestRoleKey } from "@wardline/sdk/directory"
import {
  decodeConsent,
  decodeOpen,
  decodeSummaries,
  deviceIdOf,
  equalBytes,
  IN_CLOSED,
  IN_WITHDRAWN,
  ONLY_IN_CLOSED,
  type RecordType,
  WardlineError,
  type WireRecord,
} from "@wardline/sdk/protocol"
import type { Conversation } from "../conversation.ts"
import { sha256 } from "../hashing.ts"
import { checkConcerns, notFound } from "./authority.ts"
import {
  type ControlChange,
  checkDetached,
  checkReference,
  checkSignature,
  conflict,
  forbidden,
  type Judged,
  type SigningActor,
} from "./judging.ts"
import { judgeArchive, judgeEpoch, judgeGrant } from "./keys.ts"
import {
  judgeAccess,
  judgeClose,
  judgeMember,
  judgeReopen,
  judgeShred,
  judgeWithdraw,
  patientDevice,
} from "./members.ts"
import { checkClock, closed, consentRequired, openRequired, shredded, withdrawn } from "./message.ts"
import { checkDated, checkNamed } from "./recipients.ts"

const JUDGES: { readonly [T in RecordType]?: (judged: Judged) => ControlChange } = {
  epoch: judgeEpoch,
  member: judgeMember,
  access: judgeAccess,
  grant: judgeGrant,
  close: judgeClose,
  reopen: judgeReopen,
  archive: judgeArchive,
  withdraw: judgeWithdraw,
  shred: judgeShred,
}

/** Judges a record of the actor's that is no retry.
 * @param conversation - undefined if nothing is stored for its scope.
 * @throws {WardlineError} saying why it is refused. */
export function judgeControl(
  conversation: Conversation | undefined,
  record: WireRecord,
  actor: SigningActor,
  nowMs: number,
): ControlChange {
  checkClock(record.issued, nowMs)
  checkDetached(record)
  if (conversation === undefined) {
    if (record.type !== "consent") throw consentRequired()
    const change = judgeConsent(record, actor)
    checkSignature(record, actor)
    return change
  }
  const judged = { conversation, record, actor, nowMs }
  checkConcernsOthersToo(judged)
  const change = judgeNext(judged)
  if (change.kind !== "access") checkDated(conversation, actor, record.issued)
  checkNamed(judged, "access" in change ? change.access : undefined)
  checkSignature(record, actor)
  return change
}

/** As checkConcerns; but before the open record no role is known, so that staff are told what is missing, and an
 * administrator may destroy a conversation without taking part in it. */
function checkConcernsOthersToo({ conversation, record, actor, nowMs }: Judged): void {
  const isAdminsTask = actor.kind === "admin" && record.type === "shred"
  const isOutsider = isAdminsTask || (!conversation.isOpen && actor.kind !== "patient")
  if (!isOutsider) checkConcerns(conversation, actor, nowMs)
  else if (conversation.clinic.key !== actor.clinicKey) throw notFound()
}

function judgeNext(judged: Judged): ControlChange {
  const { conversation, record, actor } = judged
  if (!conversation.isOpen) {
    if (record.type !== "open") throw openRequired()
    if (actor.kind !== "patient") throw forbidden("the patient opens the conversation")
    return judgeOpen(record, actor)
  }
  const judge = JUDGES[record.type]
  if (judge === undefined) throw forbidden("the conversation has begun already")
  checkStage(conversation, record.type)
  return judge(judged)
}

/** What is accepted as long as a conversation is open, closed, withdrawn or destroyed. */
function checkStage(conversation: Conversation, type: RecordType): void {
  if (conversation.isShredded) throw shredded()
  if (conversation.isWithdrawn && !IN_WITHDRAWN.has(type)) throw withdrawn()
  if (conversation.isClosed && !IN_CLOSED.has(type)) throw closed()
  if (!conversation.isClosed && ONLY_IN_CLOSED.has(type)) throw conflict("the conversation is open")
}

function judgeConsent(record: WireRecord, actor: SigningActor): ControlChange {
  if (actor.kind !== "patient") throw forbidden("a patient's device gives consent")
  const body = decodeConsent(record.body)
  const { directory, id } = actor.clinic
  if (!equalBytes(body.clinic, id)) throw forbidden("consent to another clinic")
  const { signing, wrapping } = body.keys
  if (!equalBytes(deviceIdOf(sha256, signing, wrapping), record.issuer))
    throw forbidden("the consent shows other keys than its issuer's")
  checkReference(actor, body.directory)
  if (!isConsentToCurrentText(directory, body))
    throw new WardlineError("ERR_CONSENT_REQUIRED", "the consent isn't to the clinic's current text")
  return { kind: "consent", patient: patientDevice(body.keys, "device") }
}

function judgeOpen(record: WireRecord, actor: SigningActor): ControlChange {
  const body = decodeOpen(record.body)
  checkReference(actor, body.directory)
  for (const { role, generation, keyHash } of body.roles) {
    const key = newestRoleKey(actor.clinic.directory, role)
    if (key === undefined) throw forbidden("the clinic has no such role")
    if (key.generation !== generation || !equalBytes(key.publicKeyHash, keyHash))
      throw conflict("a role's key isn't the newest")
  }
  decodeSummaries(record.detached, body.roles.length)
  return { kind: "open", roles: body.roles.map(({ role }) => role), slots: body.roles }
}
