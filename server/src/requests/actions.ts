/** What the audit log calls the records that it names (docs/protocol.md, Audit entry). */
import { type DirectoryRecordType, isDisclosure, isEmergency, purposeOf } from "@wardline/sdk/protocol"
import type { Action } from "@wardline/sdk/tlog"
import type { ControlChange } from "../gates/judging.ts"

const ACTION_OF_DIRECTORY: { readonly [T in DirectoryRecordType]: Action } = {
  policy: "policy-change",
  "consent-text": "consent-text",
  "admin-add": "admin-change",
  "admin-remove": "admin-change",
  "device-add": "device-add",
  "device-revoke": "device-revoke",
  "role-key": "role-key",
  "role-grant": "role-grant",
  attest: "attest",
  "device-roles": "device-roles",
  recovery: "key-recovery",
}

export function actionOfDirectory(type: DirectoryRecordType): Action {
  return ACTION_OF_DIRECTORY[type]
}

/** Of a transcript's record that isn't a message: that is "create". */
export function actionOfChange(change: ControlChange): Action {
  switch (change.kind) {
    case "member":
      return "member-change"
    case "access":
      return actionOfAccess(change.access.purpose)
    default:
      return change.kind
  }
}

/** @param code - of the purpose. */
function actionOfAccess(code: number): Action {
  const purpose = purposeOf(code)
  if (isEmergency(purpose)) return "break-glass"
  return isDisclosure(purpose) ? "disclosure" : "access"
}
