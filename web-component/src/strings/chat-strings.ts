import type { CloseReason, Purpose } from "@wardline/sdk"
import type { Direction } from "./languages.ts"
import type { Problem } from "./problems.ts"

export interface ProblemText {
  readonly title: string
  /** What happened and what to do, in one or two sentences. */
  readonly advice: string
}

/** What both the patient's chat and the staff's inbox say around messages. */
export interface ThreadStrings {
  readonly language: string
  readonly direction: Direction
  readonly messages: string
  readonly you: string
  readonly patient: string
  readonly formerStaff: string
  readonly today: string
  readonly yesterday: string
  readonly newMessages: string
  readonly toNewest: string
  readonly showEarlier: string
  readonly sending: string
  readonly sent: string
  readonly delivered: string
  readonly read: string
  readonly failed: string
  readonly retry: string
  readonly discard: string
  readonly refused: string
  readonly unknown: string
  readonly nameShared: string
  readonly hiddenCharacter: string
  readonly loadingMessages: string
  readonly writeMessage: string
  readonly send: string
  readonly enterHint: string
  readonly tooLong: string
  readonly linkTitle: string
  readonly linkAdvice: string
  readonly linkOpen: string
  readonly cancel: string
  readonly close: string
  readonly undo: string
  readonly discarded: string
  /** Role slugs that we know; others are shown as the slug itself, made readable. */
  readonly roles: Readonly<Record<string, string>>
  readonly purposes: Readonly<Record<Purpose, string>>
  readonly closeReasons: Readonly<Record<CloseReason, string>>
  /** Somebody of the clinic opened the conversation in the normal course of care. */
  opened(who: string, time: string): string
  openedFor(who: string, time: string, purpose: string): string
  closedBy(who: string): string
  closedBecause(who: string, reason: string): string
}

/** Everything that the patient's chat says by itself. */
export interface ChatStrings extends ThreadStrings {
  readonly emergencyLabel: string
  /** Shown until the clinic's own text is known. */
  readonly emergencyFallback: string
  readonly quickExit: string
  readonly quickExitHint: string
  readonly escapeAgain: string
  readonly encrypted: string
  readonly encryptedTitle: string
  readonly encryptedText: readonly string[]
  readonly menu: string
  readonly back: string
  readonly closePanel: string
  readonly languageLabel: string
  readonly loading: string
  readonly retryNow: string
  readonly codeForSupport: string
  readonly standaloneTitle: string
  readonly standaloneText: string
  readonly elsewhereTitle: string
  readonly elsewhereText: string
  readonly useHere: string
  readonly consentTitle: string
  readonly consentNothingYet: string
  readonly consentOnlyIn: string
  readonly agree: string
  readonly notNow: string
  /** A recovery code, on a device that has no conversation. */
  readonly haveCode: string
  readonly topicTitle: string
  readonly topicLegend: string
  readonly topicMissing: string
  readonly nameLabel: string
  readonly nameHint: string
  readonly answerLabel: string
  readonly answerHint: string
  readonly optional: string
  readonly start: string
  readonly starting: string
  readonly openNow: string
  readonly closedNow: string
  readonly hours: string
  readonly closedThatDay: string
  readonly conversations: string
  readonly newConversation: string
  readonly closedConversation: string
  readonly forkedTitle: string
  readonly forkedText: string
  readonly emptyTitle: string
  readonly emptyText: string
  readonly waiting: string
  readonly reconnecting: string
  readonly forget: string
  readonly forgetTitle: string
  readonly forgetText: string
  readonly forgetAll: string
  readonly forgetAllText: string
  readonly forgetConfirm: string
  readonly forgotten: string
  readonly thisConversation: string
  /** The browser stores nothing for this frame. */
  readonly notKept: string
  until(time: string): string
  opens(when: string): string
  opensToday(time: string): string
  opensTomorrow(time: string): string
  repliesWithin(duration: string): string
  unread(count: number): string
  readonly problems: Readonly<Record<Problem, ProblemText>>
}
