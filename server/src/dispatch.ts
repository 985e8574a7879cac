/** What a session's frames ask for. */
import { decodeFrame, type Frame, WardlineError } from "@wardline/sdk/protocol"
import type { Request } from "./group-commit.ts"
import { MAX_ENTRIES, MAX_REFUSED_FOR_HASTE, PROVED_ENTRY_COST } from "./limits.ts"
import { logIn } from "./login.ts"
import type { RelayCore } from "./relay-core.ts"
import { BlobTicket } from "./requests/blob-ticket.ts"
import { InOrder } from "./requests/in-order.ts"
import { Keep } from "./requests/keep.ts"
import { eventOf, Note } from "./requests/note.ts"
import { Publish } from "./requests/publish.ts"
import { ReadAudit } from "./requests/read-audit.ts"
import { Subscribe } from "./requests/subscribe.ts"
import { WatchList } from "./requests/watch.ts"
import type { Session } from "./session.ts"

const PUBLISH = 0x02
/** A frame's type and request id. */
const PREFIX_BYTES = 5

/** Takes one WebSocket message. */
export function receive(core: RelayCore, session: Session, data: Buffer, isBinary: boolean): void {
  if (session.isClosing) return
  const nowMs = core.now()
  if (!isBinary) session.close("malformed", "frames are binary")
  else if (session.identity === undefined) receiveFirst(core, session, data, nowMs)
  else {
    session.heardMs = nowMs
    // The hot path makes no frame object.
    if (data[0] === PUBLISH && data.length >= PREFIX_BYTES) publish(core, session, data, nowMs)
    else receiveRequest(core, session, data, nowMs)
  }
}

/** Nothing but a login comes first. */
function receiveFirst(core: RelayCore, session: Session, data: Buffer, nowMs: number): void {
  const frame = decodeOrClose(session, data)
  if (frame === undefined) return
  if (frame.kind === "auth") logIn(core, session, frame, nowMs)
  else {
    session.sendError(frame.id, new WardlineError("ERR_UNAUTHENTICATED", "log in first"))
    session.close("unauthenticated", "log in first")
  }
  core.delivery.flush()
}

function publish(core: RelayCore, session: Session, data: Buffer, nowMs: number): void {
  const requestId = data.readUInt32BE(1)
  session.meter ??= core.meters.device(session.device)
  if (!session.meter.takeRecord(data.length, nowMs) || !session.address.takeRecord(nowMs)) {
    refuseForHaste(core, session, requestId, nowMs)
    return
  }
  add(core, session, requestId, new Publish(core, session, requestId, data.subarray(PREFIX_BYTES)))
}

function receiveRequest(core: RelayCore, session: Session, data: Buffer, nowMs: number): void {
  const frame = decodeOrClose(session, data)
  if (frame === undefined) {
    noteRefused(core, session, nowMs)
    return
  }
  switch (frame.kind) {
    case "subscribe":
    case "watch":
    case "keep":
    case "upload":
    case "download":
      session.meter ??= core.meters.device(session.device)
      if (!session.meter.takeRequest(nowMs)) refuseForHaste(core, session, frame.id, nowMs)
      else add(core, session, frame.id, requestFor(core, session, frame))
      return
    case "audit":
      readAudit(core, session, frame, nowMs)
      return
    case "credit":
      core.commits.addOwn(new InOrder(() => addCredit(core, session, frame)))
      return
    case "unsubscribe":
      core.commits.addOwn(new InOrder(() => unsubscribe(core, session, frame.id)))
      return
    case "ping":
      session.sendFrame({ kind: "pong", id: frame.id, time: nowMs })
      core.delivery.flush()
      return
    default:
      noteRefused(core, session, nowMs)
      session.close("malformed", "not a client's frame now")
  }
}

/** Costs by the entries that it asks for: each has to be looked up, and most of all proved. */
function readAudit(
  core: RelayCore,
  session: Session,
  frame: Extract<Frame, { kind: "audit" }>,
  nowMs: number,
): void {
  const cost = Math.min(frame.limit, MAX_ENTRIES) * (frame.treeSize > 0 ? PROVED_ENTRY_COST : 1)
  session.meter ??= core.meters.device(session.device)
  const mayAsk =
    session.meter.takeRequest(nowMs) &&
    session.meter.takeEntries(cost, nowMs) &&
    session.address.takeEntries(cost, nowMs)
  if (!mayAsk) refuseForHaste(core, session, frame.id, nowMs)
  else add(core, session, frame.id, new ReadAudit(core, session, frame))
}

function requestFor(
  core: RelayCore,
  session: Session,
  frame: Extract<Frame, { kind: "subscribe" | "watch" | "keep" | "upload" | "download" }>,
): Request {
  switch (frame.kind) {
    case "subscribe":
      return new Subscribe(core, session, frame)
    case "watch":
      return new WatchList(core, session, frame)
    case "keep":
      return new Keep(core, session, frame)
    default:
      return new BlobTicket(core, session, frame)
  }
}

function decodeOrClose(session: Session, data: Buffer): Frame | undefined {
  try {
    return decodeFrame(data)
  } catch {
    session.close("malformed", "malformed frame")
    return undefined
  }
}

function add(core: RelayCore, session: Session, requestId: number, request: Request): void {
  try {
    core.commits.add(request)
    session.refusedForHaste = 0
  } catch (error) {
    // The log would only wait longer with another entry.
    session.clinic.countUnnoted(1)
    session.sendError(requestId, error)
    core.delivery.flush()
  }
}

/** Notes what never became a request. */
function noteRefused(core: RelayCore, session: Session, nowMs: number): void {
  if (session.clinic.mayNoteRefusal(session.device, nowMs))
    core.commits.addOwn(new Note(session.clinic, { ...eventOf(session, "refusal"), outcome: "refused" }))
}

function refuseForHaste(core: RelayCore, session: Session, requestId: number, nowMs: number): void {
  noteRefused(core, session, nowMs)
  session.sendError(
    requestId,
    new WardlineError("ERR_RATE_LIMITED", "too much at once: wait, then try again"),
  )
  if (++session.refusedForHaste > MAX_REFUSED_FOR_HASTE) session.close("rateLimited", "too many requests")
  else core.delivery.flush()
}

function addCredit(core: RelayCore, session: Session, frame: Extract<Frame, { kind: "credit" }>): void {
  // One that has ended meanwhile needs none.
  const subscription = session.subscriptions.find(({ requestId }) => requestId === frame.id)
  if (subscription === undefined) return
  subscription.addCredit(frame.more)
  if (!subscription.isLive) core.delivery.refill(subscription)
}

function unsubscribe(core: RelayCore, session: Session, requestId: number): void {
  const subscription = session.subscriptions.find((item) => item.requestId === requestId)
  if (subscription !== undefined) core.delivery.end(subscription)
  if (session.watch?.requestId === requestId) {
    session.watch = undefined
    session.clinic.watchers.delete(session)
  }
}
