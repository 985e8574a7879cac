/** A ticket says what was allowed when it was issued; whether it still is, is asked again at every turn. */
import { WardlineError } from "@wardline/sdk/protocol"
import type { Access } from "../conversation.ts"
import { judgeDownload, judgeUpload } from "../gates/blob.ts"
import { type Identity, identify } from "../identity.ts"
import type { RelayCore } from "../relay-core.ts"
import { Note } from "../requests/note.ts"
import type { Ticket } from "./tickets.ts"

export interface Authority {
  readonly identity: Identity
  readonly access: Access | undefined
}

/** Checks the ticket's device against the newest directory, its access record and the conversation.
 * @throws {WardlineError} ERR_REVOKED, ERR_FORBIDDEN, ERR_ACCESS_REQUIRED, ERR_CLOSED, ERR_NOT_FOUND */
export async function loadTicket(core: RelayCore, ticket: Ticket): Promise<Authority> {
  const { conversations } = core
  await conversations.load(ticket.conversation)
  const clinic = core.clinics.get(ticket.clinic)
  if (clinic === undefined) throw new WardlineError("ERR_NOT_FOUND", "this relay doesn't serve that clinic")
  const nowMs = core.now()
  try {
    const identity = identify(clinic, ticket.device, "", nowMs)
    const actor = { ...identity, clinicKey: clinic.key }
    const judge = ticket.kind === "upload" ? judgeUpload : judgeDownload
    return { identity, access: judge(conversations.get(ticket.conversation), actor, nowMs) }
  } catch (error) {
    const event = { action: "refusal", outcome: "refused", actor: ticket.device } as const
    const about = { conversations, key: ticket.conversation }
    if (clinic.mayNoteRefusal(ticket.device, nowMs)) core.commits.addOwn(new Note(clinic, event, { about }))
    throw error
  }
}
