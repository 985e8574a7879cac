/** Every command, in the order of the help. */

import { adminAdd } from "./admin-add.ts"
import { adminJoin } from "./admin-join.ts"
import { adminList } from "./admin-list.ts"
import { adminRecover } from "./admin-recover.ts"
import { adminRemove } from "./admin-remove.ts"
import { auditBreachScope } from "./audit-breach-scope.ts"
import { auditCheck } from "./audit-check.ts"
import { auditDisclosures } from "./audit-disclosures.ts"
import { auditExport } from "./audit-export.ts"
import { auditProve } from "./audit-prove.ts"
import { auditVerify } from "./audit-verify.ts"
import type { Command } from "./command.ts"
import { conversationShred } from "./conversation-shred.ts"
import { directoryAttest } from "./directory-attest.ts"
import { directoryPush } from "./directory-push.ts"
import { directoryShow } from "./directory-show.ts"
import { evidence } from "./evidence.ts"
import { init } from "./init.ts"
import { keyCombine } from "./key-combine.ts"
import { keySplit } from "./key-split.ts"
import { policySet } from "./policy-set.ts"
import { policyShow } from "./policy-show.ts"
import { roleAdd } from "./role-add.ts"
import { roleList } from "./role-list.ts"
import { roleRotate } from "./role-rotate.ts"
import { staffAdd } from "./staff-add.ts"
import { staffList } from "./staff-list.ts"
import { staffRevoke } from "./staff-revoke.ts"
import { staffRoles } from "./staff-roles.ts"
import { witnessInit } from "./witness-init.ts"
import { witnessRun } from "./witness-run.ts"
import { witnessShow } from "./witness-show.ts"

export const COMMANDS: readonly Command[] = [
  init,
  staffAdd,
  staffList,
  staffRoles,
  staffRevoke,
  roleList,
  roleAdd,
  roleRotate,
  policyShow,
  policySet,
  adminAdd,
  adminJoin,
  adminList,
  adminRemove,
  adminRecover,
  directoryShow,
  directoryPush,
  directoryAttest,
  conversationShred,
  keySplit,
  keyCombine,
  auditVerify,
  auditProve,
  auditCheck,
  auditDisclosures,
  auditBreachScope,
  auditExport,
  witnessInit,
  witnessRun,
  witnessShow,
  evidence,
]
