/** The gates of a message: the hot path, so that nothing is decoded or made but what is compared. Signature, seen link
 * and sequence are the recipients' to check (docs/protocol.md, Message). */
import { SIGNATURE_BYTES, signatureInput, WardlineError } from "@wardline/sdk/protocol"
import type { Access, Conversation } from "../conversation.ts"
import { verify } from "../hashing.ts"
import { MAX_CLOCK_SKEW_MS } from "../limits.ts"
import { type Actor, checkAccess, checkConcerns } from "./authority.ts"
import { checkDated } from "./recipients.ts"
import { issuedMs, messageEpoch, messageSeenPosition } from "./shape.ts"

/** Judges a message of the actor's that passed checkMessageShape and is no retry.
 * @param conversation - undefined if nothing is stored for its scope.
 * @returns the sender's access record; undefined for the patient.
 * @throws {WardlineError} saying why it is refused. */
export function judgeMessage(
  conversation: Conversation | undefined,
  bytes: Buffer,
  actor: Actor,
  nowMs: number,
): Access | undefined {
  checkClock(issuedMs(bytes), nowMs)
  if (conversation === undefined) throw consentRequired()
  checkConcerns(conversation, actor, nowMs)
  if (!conversation.isOpen) throw openRequired()
  if (!conversation.isTalking) throw over(conversation)
  const access = checkAccess(conversation, actor, nowMs)
  checkDated(conversation, actor, issuedMs(bytes))
  const control = conversation.controls.get(messageEpoch(bytes))
  if (control === undefined || control.epoch === 0)
    throw new WardlineError("ERR_CONFLICT", "the message's epoch isn't in this conversation")
  if (control.position < conversation.memberPosition)
    throw new WardlineError("ERR_CONFLICT", "the message's epoch is of other members")
  if (messageSeenPosition(bytes) > conversation.position)
    throw new WardlineError("ERR_CONFLICT", "the message has seen what isn't there")
  return access
}

/** Where message signatures are checked too: an option, since it costs more than everything else together.
 * @throws {WardlineError} ERR_SIGNATURE */
export function checkMessageSignature(bytes: Buffer, signingKey: Uint8Array): void {
  const input = signatureInput("wl1/message", bytes.subarray(0, -SIGNATURE_BYTES))
  if (!verify(signingKey, input, bytes.subarray(-SIGNATURE_BYTES)))
    throw new WardlineError("ERR_SIGNATURE", "the record's signature is wrong")
}

/** A session speaks for its own device alone.
 * @throws {WardlineError} ERR_FORBIDDEN */
export function checkIssuer(issuer: string, actor: Actor): void {
  if (issuer !== actor.device)
    throw new WardlineError("ERR_FORBIDDEN", "a record is published by its issuer's own session")
}

/** @throws {WardlineError} ERR_CLOCK */
export function checkClock(issued: number, nowMs: number): void {
  if (Math.abs(issued - nowMs) > MAX_CLOCK_SKEW_MS)
    throw new WardlineError("ERR_CLOCK", "the record's time is more than a day from the relay's")
}

export function consentRequired(): WardlineError {
  return new WardlineError("ERR_CONSENT_REQUIRED", "a conversation begins with the patient's consent")
}

export function openRequired(): WardlineError {
  return new WardlineError("ERR_CONSENT_REQUIRED", "the consent is followed by the patient's open record")
}

/** Why a conversation takes no messages any more. */
export function over(conversation: Conversation): WardlineError {
  if (conversation.isShredded) return shredded()
  return conversation.isWithdrawn ? withdrawn() : closed()
}

export function shredded(): WardlineError {
  return new WardlineError("ERR_CLOSED", "the conversation was destroyed")
}

export function withdrawn(): WardlineError {
  return new WardlineError("ERR_CONSENT_REQUIRED", "consent was withdrawn")
}

export function closed(): WardlineError {
  return new WardlineError("ERR_CLOSED", "the conversation is closed")
}
