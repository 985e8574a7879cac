/** What each record changes, and the rules beside authority (docs/protocol.md, Directory). The issuer and the
 * signature have been checked. A rule that fails throws; the caller throws the draft away. */
import { equalBytes, toHex, utf8 } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { idText } from "../ids.ts"
import {
  type Attest,
  type ConsentTextBody,
  type DeviceKeys,
  type DeviceRoles,
  detachedOf,
  deviceIdOf,
  type Hash,
  isAcceptableSigningKey,
  isAcceptableWrappingKey,
  type Membership,
  type Policy,
  type RoleGrant,
  type RoleKey,
  type WireRecord,
} from "../protocol/index.ts"
import type { DirectoryRecord } from "./body.ts"
import { mayHold } from "./history-rule.ts"
import { rememberSnapshot, takeSnapshot } from "./snapshot.ts"
import {
  type DirectoryDevice,
  type Draft,
  draftDevice,
  generationOf,
  isExpired,
  judgedMs,
  type RoleMembership,
} from "./state.ts"

/** Changes `draft` as the record says.
 * @param position - the record's own.
 * @throws {WardlineError} ERR_MALFORMED for unusable keys or values, ERR_CONFLICT if another change came first,
 * ERR_FORBIDDEN, ERR_REVOKED or ERR_FORK where a rule is broken. */
export function applyBody(draft: Draft, entry: DirectoryRecord, position: number, hash: Hash): void {
  switch (entry.type) {
    case "policy":
      setPolicy(draft, entry.body, position)
      break
    case "consent-text":
      addConsentText(draft, entry.body, position, hash)
      break
    case "admin-add":
      addDevice(draft, { kind: "admin", roles: [], expires: 0, ...entry.body, position }, hash)
      break
    case "device-add":
      addDevice(
        draft,
        { kind: "staff", ...entry.body, roles: joinRoles([], entry.body.roles, position), position },
        hash,
      )
      break
    case "admin-remove":
      revoke(draft, entry.body, "admin", position)
      break
    case "device-revoke":
      revoke(draft, entry.body, "staff", position)
      break
    case "role-key":
      addRoleKey(draft, entry.body, entry.record, position, hash)
      break
    case "role-grant":
      addGrant(draft, entry.body, entry.record, position, hash)
      break
    case "attest":
      attest(draft, entry.body, entry.record, position, hash)
      break
    case "device-roles":
      changeRoles(draft, entry.body, position)
      break
    case "recovery":
      draft.recoveries.push({
        ...entry.body,
        issuer: entry.record.issuer,
        issued: entry.record.issued,
        position,
      })
      break
  }
}

function setPolicy(draft: Draft, policy: Policy, position: number): void {
  if (policy.freshnessSeconds === 0) throw malformed("a freshness limit of zero")
  if (policy.logKey && !isAcceptableSigningKey(policy.logKey)) throw malformed("unusable log key")
  if (!policy.witnesses.every(({ key }) => isAcceptableSigningKey(key)))
    throw malformed("unusable witness key")
  // One witness named twice would count twice towards the quorum.
  if (new Set(policy.witnesses.map(({ key }) => toHex(key))).size !== policy.witnesses.length)
    throw malformed("witness twice")
  if (policy.witnesses.some(({ key }) => policy.logKey && equalBytes(key, policy.logKey)))
    throw malformed("the log's own key as a witness")
  draft.policies.push({ ...policy, position })
}

function addConsentText(draft: Draft, body: ConsentTextBody, position: number, hash: Hash): void {
  const previous = draft.consentTexts.findLast(({ id }) => id === body.id)?.version ?? 0
  if (body.version !== previous + 1 && position > draft.base)
    throw conflict("the consent text's version isn't the next one")
  const texts = body.texts.map(({ language, text }) => ({ language, text, hash: hash(utf8(text)) }))
  draft.consentTexts.push({ id: body.id, version: body.version, texts, position })
}

type NewDevice = Omit<DirectoryDevice, "id" | "revokedAt" | "earlierRoles">

function addDevice(draft: Draft, device: NewDevice, hash: Hash): void {
  const { keys, kind, name, roles, expires, position } = device
  registerDeviceKeys(draft, keys, hash)
  const id = deviceIdOf(hash, keys.signing, keys.wrapping)
  const history = { position, earlierRoles: [], revokedAt: undefined }
  draft.devices.set(idText(id), { id, kind, keys, name, roles, expires, ...history })
}

/** Roles that are kept were joined when they were; the others are joined now. */
function joinRoles(
  before: readonly RoleMembership[],
  roles: readonly Membership[],
  position: number,
): RoleMembership[] {
  return roles.map(({ role, keeper }) => {
    const joined = before.find((membership) => membership.role === role)?.joined ?? position
    return { role, keeper, joined }
  })
}

function changeRoles(draft: Draft, body: DeviceRoles, position: number): void {
  const device = draftDevice(draft, body.device)
  if (device === undefined) throw forbidden("no such device")
  if (device.kind !== "staff") throw forbidden("an administrator has no roles")
  if (device.revokedAt !== undefined) throw new WardlineError("ERR_REVOKED", "the device was revoked before")
  const earlierRoles = [...device.earlierRoles, { until: position, roles: device.roles }]
  const roles = joinRoles(device.roles, body.roles, position)
  draft.devices.set(idText(body.device), { ...device, roles, earlierRoles })
}

/** Keys are registered once, ever, hence ids too: nobody revoked comes back, whatever it is paired with. */
function registerDeviceKeys(draft: Draft, keys: DeviceKeys, hash: Hash): void {
  if (!isAcceptableSigningKey(keys.signing)) throw malformed("unusable signing key")
  if (!isAcceptableWrappingKey(keys.wrapping)) throw malformed("unusable wrapping key")
  registerKey(draft, hash(keys.signing))
  registerKey(draft, hash(keys.wrapping))
}

function registerKey(draft: Draft, keyHash: Uint8Array): void {
  const text = toHex(keyHash)
  if (draft.keyHashes.has(text)) throw forbidden("the key was registered before")
  draft.keyHashes.add(text)
}

function revoke(draft: Draft, id: Uint8Array, kind: DirectoryDevice["kind"], position: number): void {
  const device = draftDevice(draft, id)
  if (device === undefined) throw forbidden("no such device")
  // An administrator falls by the root's word alone, so device-revoke can't name one.
  if (device.kind !== kind) throw forbidden("the record doesn't fit this kind of device")
  // A second revocation would move the first, and with it what history says.
  if (device.revokedAt !== undefined) throw new WardlineError("ERR_REVOKED", "the device was revoked before")
  draft.devices.set(idText(id), { ...device, revokedAt: position })
}

function addRoleKey(draft: Draft, body: RoleKey, record: WireRecord, position: number, hash: Hash): void {
  const { role, generation, publicKey, validFrom, validUntil } = body
  const generations = draft.roleKeys.get(role) ?? []
  const previous = generations.at(-1)?.generation ?? 0
  if (generation !== previous + 1 && position > draft.base)
    throw conflict("the role key's generation isn't the next one")
  if (!isAcceptableWrappingKey(publicKey)) throw malformed("unusable role key")
  if (validFrom >= validUntil) throw malformed("a role key that is never valid")
  const publicKeyHash = hash(publicKey)
  // A rotation to an old key, or to another role's, would leave those in who are meant to be out.
  registerKey(draft, publicKeyHash)
  const madeMs = judgedMs(draft, record.issued, draft.position)
  const made = { issuer: record.issuer, madeMs, position }
  generations.push({ role, generation, publicKey, publicKeyHash, validFrom, validUntil, ...made })
  draft.roleKeys.set(role, generations)
}

function addGrant(draft: Draft, body: RoleGrant, record: WireRecord, position: number, hash: Hash): void {
  const { role, generation, device: id } = body
  if (generationOf(draft.roleKeys.get(role), generation) === undefined)
    throw conflict("no such generation of the role")
  const receiver = draftDevice(draft, id)
  if (receiver === undefined) throw forbidden("the receiver isn't in the directory")
  if (receiver.revokedAt !== undefined) throw new WardlineError("ERR_REVOKED", "the receiver was revoked")
  if (isExpired(receiver, judgedMs(draft, record.issued, draft.position)))
    throw new WardlineError("ERR_REVOKED", "the receiver has expired")
  if (!mayHold(draft, receiver, role, generation))
    throw forbidden("the receiver isn't in the role, or may not read that far back")
  const grants = draft.grants.get(idText(id)) ?? []
  const wrap = detachedOf(hash, record)
  grants.push({ role, generation, issuer: record.issuer, wrap, position })
  draft.grants.set(idText(id), grants)
}

function attest(draft: Draft, seen: Attest, record: WireRecord, position: number, hash: Hash): void {
  const link = draft.links[seen.position - draft.base]
  // The attester saw another history than this one, or more of it than is being shown.
  if (link === undefined || !equalBytes(link, seen.link))
    throw new WardlineError("ERR_FORK", "an attest of another history")
  if (seen.position !== draft.position) throw conflict("the attest isn't of the newest record")
  const snapshot = takeSnapshot(draft, record.issuer, hash)
  // The attester vouches for something else to those who can't see the whole.
  if (!equalBytes(snapshot.hash, seen.snapshotHash))
    throw new WardlineError("ERR_FORK", "an attest of another snapshot")
  draft.snapshots = rememberSnapshot(draft.snapshots, snapshot)
  const { issuer, issued, bytes } = record
  draft.attested = { position, issuer, issued, record: bytes, snapshot: snapshot.bytes }
  draft.attests.push({ position, issued: record.issued })
}

function malformed(message: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", message)
}

function conflict(message: string): WardlineError {
  return new WardlineError("ERR_CONFLICT", message)
}

function forbidden(message: string): WardlineError {
  return new WardlineError("ERR_FORBIDDEN", message)
}
