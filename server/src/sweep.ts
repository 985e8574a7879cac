/** What time brings: handshakes and sessions that are over, readers that never read, access that has ended. */
import { isWardlineError } from "@wardline/sdk/protocol"
import type { Clinic } from "./clinic.ts"
import type { Conversation } from "./conversation.ts"
import { checkLive } from "./identity.ts"
import { MAX_UNSENT_BYTES } from "./limits.ts"
import type { RelayCore } from "./relay-core.ts"
import { EndGlass } from "./requests/end-glass.ts"
import { Note } from "./requests/note.ts"
import type { Session } from "./session.ts"

/** Looks at every session once. */
export function sweepSessions(core: RelayCore, nowMs: number): void {
  const due = new Set<Conversation>()
  for (const session of core.sessions) {
    sweepSession(core, session, nowMs)
    for (const { conversation, isLive } of session.subscriptions)
      if (isLive && core.heads.isDue(conversation, nowMs)) due.add(conversation)
  }
  for (const conversation of due) core.heads.sign(conversation, nowMs)
  core.ephemerals.sweep(nowMs)
  core.meters.sweep(nowMs)
  if (!core.commits.isRunning) core.conversations.trim()
  core.blobs.sweep(nowMs)
  core.delivery.flush()
  noteUnnoted(core)
  for (const glass of core.breakGlass.due(nowMs)) core.commits.addOwn(new EndGlass(core, glass))
}

/** Has the audit log say how many refusals it wasn't told one by one. */
export function noteUnnoted(core: RelayCore): void {
  for (const clinic of core.clinics.values()) {
    const count = clinic.takeUnnoted()
    if (count === 0) continue
    core.log.warn("refusals not noted in the audit log", { clinic: clinic.name, count })
    const event = { action: "refusals-unnoted", outcome: "refused", position: count } as const
    core.commits.addOwn(new Note(clinic, event, { failed: () => clinic.countUnnoted(count) }))
  }
}

function sweepSession(core: RelayCore, session: Session, nowMs: number): void {
  if (session.isClosing) return
  const { limits } = core
  if (session.identity === undefined) {
    if (nowMs - session.heardMs > limits.handshakeMs) session.close("timeout", "no login in time")
    return
  }
  if (nowMs - session.heardMs > limits.idleMs) {
    session.close("timeout", "idle")
    return
  }
  if (!endIfRevoked(session, nowMs)) return
  const isFlooded = session.unsentBytes > 2 * MAX_UNSENT_BYTES
  if (isFlooded || session.isBlocked(nowMs, limits.stallMs) || isStalled(core, session, nowMs)) {
    session.close("slowReader", "nothing is read")
    return
  }
  if (session.meter?.isIdle(nowMs)) session.meter = undefined
}

/** Goes on with the session's subscriptions, or ends them; whether one of them has waited too long for credit. */
function isStalled(core: RelayCore, session: Session, nowMs: number): boolean {
  for (const subscription of [...session.subscriptions]) {
    if (!core.delivery.isAllowed(subscription, nowMs) || !subscription.isBehind) continue
    if (subscription.canSend) core.delivery.refill(subscription)
    else if (subscription.stalledSinceMs === 0) subscription.stalledSinceMs = nowMs
    else if (nowMs - subscription.stalledSinceMs > core.limits.stallMs) return true
  }
  return false
}

/** Ends a session whose device was revoked or has expired.
 * @returns whether it goes on. */
function endIfRevoked(session: Session, nowMs: number): boolean {
  try {
    checkLive(session, nowMs)
    return true
  } catch (error) {
    if (!isWardlineError(error)) throw error
    session.sendError(0, error)
    session.close("revoked", "device revoked or expired")
    return false
  }
}

/** After a directory has grown: ends the sessions of those it revoked, and what others read by a role that they have
 * lost; tells those who go on. */
export function announceDirectory(core: RelayCore, clinic: Clinic, nowMs: number): void {
  const { position, link } = clinic.directory
  for (const session of core.sessions) {
    if (session.isClosing || session.identity?.clinic !== clinic) continue
    if (!endIfRevoked(session, nowMs)) continue
    for (const subscription of [...session.subscriptions]) core.delivery.isAllowed(subscription, nowMs)
    session.sendFrame({ kind: "directory", id: 0, position, link })
  }
  core.delivery.flush()
}
