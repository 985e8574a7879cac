/** Records that carry epoch secrets: epoch, grant and archive (docs/protocol.md, Epoch and Grant). */
import { toHex } from "../bytes.ts"
import { sha256 } from "../crypto/index.ts"
import { archiveRoleAt } from "../directory/index.ts"
import {
  decodeEpoch,
  decodeGrant,
  detachedOf,
  type EpochBody,
  type GrantBody,
  slotKey,
  type WireRecord,
} from "../protocol/index.ts"
import { type EpochSecrets, isSameMembers, isSameSlot, openEpoch, roleMember, unmaskEpoch } from "./epoch.ts"
import { openGrant } from "./grant.ts"
import { openLocked } from "./judge-message.ts"
import {
  type At,
  checkNamed,
  checkParticipant,
  checkReference,
  checkStaff,
  membersOfTranscript,
  type Outcome,
  refusal,
  refused,
  type TranscriptContext,
  unlessRefused,
} from "./judging.ts"
import { isVault, participantOf } from "./participants.ts"
import { currentEpoch, type EpochEntry, raisedBy, type Transcript } from "./state.ts"

/** An epoch's place in the chain is judged by what everybody can see, alike for all. Whether this device may use it
 * depends on its keys and on the directory that it knows. An epoch that it can't use keeps its place: otherwise its
 * children would be refused too, and this device would be cut off from the others for good. */
export function judgeEpoch(
  state: Transcript,
  record: WireRecord,
  at: At,
  context: TranscriptContext,
): Outcome {
  const body = decodeEpoch(record.body)
  checkReference(context.directory, body.directory)
  checkParticipant(state, record, context.directory, body.directory.position)
  if (state.epochs.has(toHex(at.hash))) throw refused("the same epoch again")
  const parent = state.epochs.get(toHex(body.parent))
  const first = state.epochs.size === 0 && body.parent.every((byte) => byte === 0)
  if (!parent && !first) throw refused("unknown parent")
  if (body.number !== (parent?.number ?? 0) + 1) throw refused("not the parent's next number")
  const isSound = unlessRefused(() => checkMembers(state, record, body, context)) === true
  const secrets = isSound ? ownSecrets(state, record, body, context) : "refused"
  const { key, masked } = typeof secrets === "object" ? secrets : { key: undefined, masked: undefined }
  const entry: EpochEntry = {
    hash: at.hash,
    number: body.number,
    position: at.position,
    issued: record.issued,
    issuer: record.issuer,
    slots: body.slots,
    headHash: sha256(body.head),
    commitment: body.commitment,
    isSound,
    key,
    masked,
  }
  // Of two epochs with one parent the earlier position is current; the other stays readable.
  const current = parent === currentEpoch(state)
  const chain = {
    epochs: new Map(state.epochs).set(toHex(at.hash), entry),
    ...(current ? { currents: [...state.currents, entry], epochMessages: 0 } : {}),
  }
  if (secrets === "refused") return [chain, refusal(at)]
  const { number } = body
  return [
    { ...chain, ...raisedBy(state, body.directory.position) },
    { ...at, kind: "epoch", number, current, issuer: record.issuer, isOpen: key !== undefined },
  ]
}

/** The issuer and the members must be right by the newest directory that a record has named: what everybody sees alike.
 * By what this device alone knows, an epoch that crossed a rotation would part it from the others; and nobody sends
 * under one whose members aren't the newest ones. */
function checkMembers(
  state: Transcript,
  record: WireRecord,
  body: EpochBody,
  { directory }: TranscriptContext,
): true {
  const position = Math.max(body.directory.position, state.namedFloor)
  if (!participantOf(state, record, directory, position)) throw refused("epoch by a former participant")
  if (!isSameMembers(body.slots, membersOfTranscript(state, directory, position)))
    throw refused("not the members")
  return true
}

/** @returns undefined where this device has no slot or lacks what opens it; "refused" where its own wrap is wrong. */
function ownSecrets(
  state: Transcript,
  record: WireRecord,
  body: EpochBody,
  { keys }: TranscriptContext,
): EpochSecrets | "refused" | undefined {
  const opened = unlessRefused(() => ({
    secrets: openEpoch(body, detachedOf(sha256, record), state.conversation, keys),
  }))
  return opened === undefined ? "refused" : opened.secrets
}

/** Past epochs for a member, by a participant; from the vault by its keepers. */
export function judgeGrant(
  state: Transcript,
  record: WireRecord,
  at: At,
  context: TranscriptContext,
): Outcome {
  const { directory } = context
  const body = decodeGrant(record.body)
  const position = checkNamed(state, directory, body.directory)
  const from = checkParticipant(state, record, directory, position)
  const members = membersOfTranscript(state, directory, position)
  if (!members.some((member) => isSameSlot(member, body.slot))) throw refused("a grant to no member")
  // What is closed can still be handed back out of the vault, and stay readable on the patient's devices.
  const isFromVault = from.kind === "staff" && isVault(state, directory, position, from.role)
  const isToPatient = body.slot.kind === "device"
  if (state.closedAt !== undefined && !isFromVault && !isToPatient)
    throw refused("a grant in a closed conversation")
  const [change, opened] = takeSecrets("grant", state, record, body, context)
  const granted = new Set(state.granted).add(toHex(slotKey(body.slot)))
  return [
    { ...change, granted, ...raisedBy(state, body.directory.position) },
    { ...at, kind: "grant", from, slot: body.slot, opened },
  ]
}

/** Everything to the vault: from now on only its keepers open what was said before. */
export function judgeArchive(
  state: Transcript,
  record: WireRecord,
  at: At,
  context: TranscriptContext,
): Outcome {
  const { directory } = context
  const body = decodeGrant(record.body)
  const position = checkNamed(state, directory, body.directory)
  const from = checkStaff(state, record, directory, position)
  const role = archiveRoleAt(directory, position)
  if (role === undefined || !isSameSlot(roleMember(directory, position, role), body.slot))
    throw refused("not to the archive role")
  const [change, opened] = takeSecrets("archive", state, record, body, context)
  return [
    { ...change, archivedAt: at.position, ...raisedBy(state, body.directory.position) },
    { ...at, kind: "archive", from, opened },
  ]
}

/** Takes what a grant holds for this device, if it does: keys for epochs, and the messages that waited for them. */
function takeSecrets(
  type: "grant" | "archive",
  state: Transcript,
  record: WireRecord,
  body: GrantBody,
  { keys }: TranscriptContext,
): [change: Partial<Transcript>, opened: ReturnType<typeof openLocked>["events"]] {
  const { conversation } = state
  for (const hash of body.epochs)
    if (!state.epochs.has(toHex(hash))) throw refused("a grant of an unknown epoch")
  const secrets = openGrant(type, body, detachedOf(sha256, record), conversation, keys)
  const { shredKey } = keys
  if (secrets === undefined || shredKey === undefined) return [{}, []]
  const epochs = new Map(state.epochs)
  for (const [i, hash] of body.epochs.entries()) {
    const entry = epochs.get(toHex(hash)) as EpochEntry
    // One that was wrongly made isn't made right by a grant.
    if (!entry.isSound || entry.key !== undefined) continue
    epochs.set(toHex(hash), {
      ...entry,
      ...unmaskEpoch(entry, conversation, secrets[i] as Uint8Array, shredKey),
    })
  }
  const currents = state.currents.map((entry) => epochs.get(toHex(entry.hash)) as EpochEntry)
  const { locked, events } = openLocked(state.locked.slice(0, state.lockedCount), epochs)
  return [{ epochs, currents, locked, lockedCount: locked.length }, events]
}
