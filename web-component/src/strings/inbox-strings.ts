import type { ProblemText, ThreadStrings } from "./chat-strings.ts"
import type { Problem } from "./problems.ts"

/** Everything that the staff's inbox says by itself. */
export interface InboxStrings extends ThreadStrings {
  readonly inbox: string
  readonly auditLog: string
  readonly auditTitle: string
  readonly auditText: string
  readonly loading: string
  readonly enrolTitle: string
  readonly enrolText: string
  readonly enrolLabel: string
  readonly enrolFile: string
  readonly enrolButton: string
  readonly enrolFailed: string
  readonly replaceTitle: string
  readonly replaceText: string
  readonly replaceButton: string
  readonly replaceKeep: string
  readonly lockedTitle: string
  readonly lockedText: string
  readonly unlock: string
  readonly lock: string
  readonly signOut: string
  readonly signOutTitle: string
  readonly signOutText: string
  readonly account: string
  readonly rolesLabel: string
  readonly deviceLabel: string
  readonly languageLabel: string
  readonly shortcuts: string
  readonly shortcutNext: string
  readonly shortcutPrevious: string
  readonly shortcutOpen: string
  readonly shortcutBack: string
  readonly elsewhereTitle: string
  readonly elsewhereText: string
  readonly useHere: string
  readonly retryNow: string
  readonly codeForSupport: string
  readonly conversations: string
  readonly noTopic: string
  readonly urgent: string
  readonly closedLabel: string
  readonly overdue: string
  readonly emptyQueue: string
  readonly emptyInbox: string
  readonly chooseTitle: string
  readonly chooseText: string
  readonly opening: string
  readonly backToList: string
  readonly closeConversation: string
  readonly closeTitle: string
  readonly closeText: string
  readonly closing: string
  /** In place of `closeText` where the clinic has an archive. */
  readonly closeToArchive: string
  readonly reopen: string
  readonly reopenFromArchive: string
  readonly handOver: string
  readonly handOverTitle: string
  readonly handOverText: string
  readonly handOverTo: string
  readonly handOverHistory: string
  readonly handOverNobody: string
  readonly glassTitle: string
  readonly glassText: string
  readonly glassReason: string
  readonly glassOpen: string
  handOverLeave(role: string): string
  handedOver(role: string): string
  /** Which roles take part. */
  takingPart(roles: string): string
  readonly closedConversation: string
  readonly noMessages: string
  readonly reconnecting: string
  readonly forkedTitle: string
  readonly forkedText: string
  waitingCount(count: number): string
  waitingSince(age: string): string
  /** Staff wrote or opened it last; whether that was an answer isn't known from outside. */
  withTeam(age: string): string
  closedAgo(age: string): string
  startedAgo(age: string): string
  readonly problems: Readonly<Record<Problem, ProblemText>>
}
