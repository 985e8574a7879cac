/** The transcript's one transition: `apply(state, record) → [state, event]` (docs/protocol.md, Transcript). A record
 * that fails any check changes nothing but the chain of links. */
import { equalBytes } from "../bytes.ts"
import { sha256 } from "../crypto/index.ts"
import { isWardlineError } from "../errors.ts"
import {
  decodeAccess,
  decodeConsent,
  decodeEpoch,
  decodeGrant,
  decodeMember,
  decodeOpen,
  decodeRecord,
  decodeShred,
  IN_CLOSED,
  IN_WITHDRAWN,
  nextLink,
  ONLY_IN_CLOSED,
  type RecordType,
  recordHash,
  type WireRecord,
} from "../protocol/index.ts"
import { judgeConsent, judgeOpen } from "./judge-begin.ts"
import { judgeArchive, judgeEpoch, judgeGrant } from "./judge-keys.ts"
import {
  judgeAccess,
  judgeClose,
  judgeMember,
  judgeReopen,
  judgeShred,
  judgeWithdraw,
} from "./judge-members.ts"
import { judgeMessage } from "./judge-message.ts"
import {
  type At,
  ForkError,
  type Outcome,
  refusal,
  refused,
  type TranscriptContext,
  type TranscriptEvent,
} from "./judging.ts"
import { appendLink, headLink, type Transcript } from "./state.ts"

type Judge = (state: Transcript, record: WireRecord, at: At, context: TranscriptContext) => Outcome

const JUDGES: { readonly [T in RecordType]?: Judge } = {
  epoch: judgeEpoch,
  message: judgeMessage,
  member: judgeMember,
  access: judgeAccess,
  grant: judgeGrant,
  close: judgeClose,
  reopen: judgeReopen,
  archive: judgeArchive,
  withdraw: judgeWithdraw,
  shred: judgeShred,
}

/** Takes the record that the relay delivered next.
 * @returns the new state and what the record meant. The chain goes on over a refused record, so that no forged
 *   one can stop a conversation. */
export function applyRecord(
  state: Transcript,
  bytes: Uint8Array,
  context: TranscriptContext,
): [Transcript, TranscriptEvent] {
  const position = state.position + 1
  const hash = recordHash(sha256, bytes)
  const links = appendLink(state, nextLink(sha256, headLink(state), position, hash))
  const advanced = { ...state, position, links }
  try {
    const record = decodeRecord(bytes)
    const [change, event] = judge(state, record, { position, hash, issued: record.issued }, context)
    return [{ ...advanced, ...change }, event]
  } catch (error) {
    if (!isWardlineError(error)) throw error
    const code = error.code === "ERR_FORK" ? "ERR_FORK" : "ERR_OPEN_FAILED"
    const event = refusal({ position, hash }, code)
    if (error instanceof ForkError) return [{ ...advanced, fork: error.evidence }, event]
    return [advanced, event]
  }
}

function judge(state: Transcript, record: WireRecord, at: At, context: TranscriptContext): Outcome {
  if (!equalBytes(record.scope, state.conversation)) throw refused("another conversation's record")
  if (at.position === 1) return judgeConsent(state, record, at, context)
  if (at.position === 2) return judgeOpen(state, record, at, context)
  checkStage(state, record.type)
  const judgeType = JUDGES[record.type]
  if (judgeType === undefined) throw refused("no such record here")
  return judgeType(state, record, at, context)
}

/** What is accepted as long as a conversation is open, closed, withdrawn or shredded. */
function checkStage(state: Transcript, type: RecordType): void {
  if (state.shreddedAt !== undefined) throw refused("the conversation was destroyed")
  if (state.withdrawnAt !== undefined && !IN_WITHDRAWN.has(type)) throw refused("consent was withdrawn")
  if (state.closedAt !== undefined && !IN_CLOSED.has(type)) throw refused("the conversation is closed")
  if (state.closedAt === undefined && ONLY_IN_CLOSED.has(type)) throw refused("the conversation is open")
}

/** The directory position that a record names, so that the directory can be fetched first; 0 if none. */
export function namedDirectoryPosition(bytes: Uint8Array): number {
  try {
    return directoryOf(decodeRecord(bytes))?.directory.position ?? 0
  } catch {
    return 0
  }
}

function directoryOf({ type, body }: WireRecord): { directory: { position: number } } | undefined {
  switch (type) {
    case "consent":
      return decodeConsent(body)
    case "open":
      return decodeOpen(body)
    case "epoch":
      return decodeEpoch(body)
    case "member":
      return decodeMember(body)
    case "access":
      return decodeAccess(body)
    case "grant":
    case "archive":
      return decodeGrant(body)
    case "shred":
      return decodeShred(body)
    default:
      return undefined
  }
}
