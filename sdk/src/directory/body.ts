/** A directory record with its body decoded. */
import { copyBytes } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import {
  type AdminAdd,
  type Attest,
  type ConsentTextBody,
  type DeviceAdd,
  type DeviceRoles,
  decodeAdminAdd,
  decodeAttest,
  decodeConsentText,
  decodeDeviceAdd,
  decodeDeviceReference,
  decodeDeviceRoles,
  decodePolicy,
  decodeRecord,
  decodeRecovery,
  decodeRoleGrant,
  decodeRoleKey,
  isDirectoryType,
  type Policy,
  type Recovery,
  type RoleGrant,
  type RoleKey,
  type WireRecord,
} from "../protocol/index.ts"

export type DirectoryBody =
  | { readonly type: "policy"; readonly body: Policy }
  | { readonly type: "consent-text"; readonly body: ConsentTextBody }
  | { readonly type: "admin-add"; readonly body: AdminAdd }
  | { readonly type: "admin-remove"; readonly body: Uint8Array }
  | { readonly type: "device-add"; readonly body: DeviceAdd }
  | { readonly type: "device-revoke"; readonly body: Uint8Array }
  | { readonly type: "role-key"; readonly body: RoleKey }
  | { readonly type: "role-grant"; readonly body: RoleGrant }
  | { readonly type: "attest"; readonly body: Attest }
  | { readonly type: "device-roles"; readonly body: DeviceRoles }
  | { readonly type: "recovery"; readonly body: Recovery }

export type DirectoryRecord = { readonly record: WireRecord } & DirectoryBody

/** Decodes a directory record and its body. Checks the shape, nothing else.
 * @param bytes - copied, so that the state doesn't change when the caller's buffer does.
 * @throws {WardlineError} ERR_MALFORMED, ERR_TOO_LARGE or ERR_UNSUPPORTED. */
export function decodeDirectoryRecord(bytes: Uint8Array): DirectoryRecord {
  const record = decodeRecord(copyBytes(bytes))
  return { record, ...decodeBody(record) }
}

function decodeBody({ type, body }: WireRecord): DirectoryBody {
  if (!isDirectoryType(type)) throw new WardlineError("ERR_MALFORMED", "not a directory record")
  switch (type) {
    case "policy":
      return { type, body: decodePolicy(body) }
    case "consent-text":
      return { type, body: decodeConsentText(body) }
    case "admin-add":
      return { type, body: decodeAdminAdd(body) }
    case "admin-remove":
    case "device-revoke":
      return { type, body: decodeDeviceReference(body) }
    case "device-add":
      return { type, body: decodeDeviceAdd(body) }
    case "role-key":
      return { type, body: decodeRoleKey(body) }
    case "role-grant":
      return { type, body: decodeRoleGrant(body) }
    case "attest":
      return { type, body: decodeAttest(body) }
    case "device-roles":
      return { type, body: decodeDeviceRoles(body) }
    case "recovery":
      return { type, body: decodeRecovery(body) }
  }
}
