/** Who may send or fetch a blob of a conversation: the gates of messages and of subscriptions. Pure. */
import type { Access, Conversation } from "../conversation.ts"
import { type Actor, checkAccess, checkConcerns, notFound } from "./authority.ts"
import { openRequired, over, shredded } from "./message.ts"

/** As for a message.
 * @param conversation - undefined if nothing is stored under its id.
 * @returns the sender's access record; undefined for the patient.
 * @throws {WardlineError} saying why it is refused. */
export function judgeUpload(
  conversation: Conversation | undefined,
  actor: Actor,
  nowMs: number,
): Access | undefined {
  if (conversation === undefined) throw notFound()
  checkConcerns(conversation, actor, nowMs)
  if (!conversation.isOpen) throw openRequired()
  if (!conversation.isTalking) throw over(conversation)
  return checkAccess(conversation, actor, nowMs)
}

/** As for reading: a closed conversation is read on.
 * @throws {WardlineError} saying why it is refused. */
export function judgeDownload(
  conversation: Conversation | undefined,
  actor: Actor,
  nowMs: number,
): Access | undefined {
  if (conversation === undefined) throw notFound()
  checkConcerns(conversation, actor, nowMs)
  if (conversation.isShredded) throw shredded()
  return checkAccess(conversation, actor, nowMs)
}
