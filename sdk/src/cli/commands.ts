/** Every command, in the order of the help. */
import { auditVerify } from "./audit-verify.ts"
import type { Command } from "./command.ts"
import { directoryAttest } from "./directory-attest.ts"
import { directoryPush } from "./directory-push.ts"
import { directoryShow } from "./directory-show.ts"
import { init } from "./init.ts"
import { keyCombine } from "./key-combine.ts"
import { keySplit } from "./key-split.ts"
import { roleList } from "./role-list.ts"
import { staffAdd } from "./staff-add.ts"
import { staffList } from "./staff-list.ts"
import { staffRevoke } from "./staff-revoke.ts"

export const COMMANDS: readonly Command[] = [
  init,
  staffAdd,
  staffList,
  staffRevoke,
  roleList,
  directoryShow,
  directoryPush,
  directoryAttest,
  keySplit,
  keyCombine,
  auditVerify,
]
