/** Who may issue which record, judged at the record's own position (docs/protocol.md, the table of Record). */
import { equalBytes } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import type { Role, SigningPublicKey } from "../ids.ts"
import type { DirectoryRecordType } from "../protocol/index.ts"
import type { DirectoryRecord } from "./body.ts"
import { type DirectoryDevice, type Draft, draftDevice, isExpired, judgedMs } from "./state.ts"

const ROOT_ISSUES: ReadonlySet<DirectoryRecordType> = new Set([
  "admin-add",
  "admin-remove",
  "policy",
  "recovery",
])
const ROOT_ALONE_ISSUES: ReadonlySet<DirectoryRecordType> = new Set(["admin-add", "admin-remove"])

/** The key that the record must be signed with.
 * @param nowMs - where a new record is being accepted: the judge's clock.
 * @throws {WardlineError} ERR_FORBIDDEN if the issuer may not issue this record; ERR_REVOKED if it was removed,
 * revoked or has expired. */
export function issuerKey(draft: Draft, entry: DirectoryRecord, nowMs: number | undefined): SigningPublicKey {
  const { record, type } = entry
  if (equalBytes(record.issuer, draft.clinicId)) {
    if (!ROOT_ISSUES.has(type)) throw forbidden("the root key doesn't issue this")
    return draft.rootKey
  }
  if (ROOT_ALONE_ISSUES.has(type)) throw forbidden("only the root key may do this")
  const issuer = draftDevice(draft, record.issuer)
  if (issuer === undefined) throw forbidden("the issuer isn't in the directory")
  if (issuer.revokedAt !== undefined) throw new WardlineError("ERR_REVOKED", "the issuer was revoked")
  // By the issuer's own clock on replay, because nobody knows any more when the record was accepted; but not by one
  // that is behind what others have attested.
  if (isExpired(issuer, judgedMs(draft, record.issued, draft.position)))
    throw new WardlineError("ERR_REVOKED", "the issuer has expired")
  if (nowMs !== undefined && isExpired(issuer, nowMs))
    throw new WardlineError("ERR_REVOKED", "the issuer has expired")
  if (issuer.kind === "staff") checkKeeper(issuer, entry)
  return issuer.keys.signing
}

/** What staff may issue: a keeper's records, for its own role alone. */
function checkKeeper(issuer: DirectoryDevice, entry: DirectoryRecord): void {
  switch (entry.type) {
    case "role-key":
      if (!isKeeperOf(issuer, entry.body.role)) throw forbidden("only the role's keeper may rotate it")
      return
    case "role-grant":
      if (!isKeeperOf(issuer, entry.body.role)) throw forbidden("only the role's keeper may grant it")
      return
    case "attest":
      if (!issuer.roles.some(({ keeper }) => keeper)) throw forbidden("only a keeper may attest")
      return
    default:
      throw forbidden("only an administrator may do this")
  }
}

function isKeeperOf(device: DirectoryDevice, role: Role): boolean {
  return device.roles.some((membership) => membership.keeper && membership.role === role)
}

function forbidden(message: string): WardlineError {
  return new WardlineError("ERR_FORBIDDEN", message)
}
