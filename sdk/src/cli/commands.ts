/** Every command, in the order of the help. */
import { auditVerify } from "./audit-verify.ts"
import type { Command } from "./command.ts"
import { directoryPush } from "./directory-push.ts"
import { directoryShow } from "./directory-show.ts"
import { roleList } from "./role-list.ts"
import { staffList } from "./staff-list.ts"

export const COMMANDS: readonly Command[] = [staffList, roleList, directoryShow, directoryPush, auditVerify]
