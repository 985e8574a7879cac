import type {
  ClinicInfo,
  CloseReason,
  ConnectionState,
  ConversationSummary,
  ConversationView,
  Enrolment,
  SendFileOptions,
  TransferOptions,
} from "@wardline/sdk"
import type { InboxStrings } from "../strings/inbox-strings.ts"
import type { AuditActions, AuditModel } from "./audit/model.ts"

export type InboxScreen =
  | { readonly kind: "loading" }
  /** This browser isn't a staff device yet. `failed`: the code that was given can't be used. */
  | { readonly kind: "enrol"; readonly failed: boolean }
  /** A code was given, and this browser is another device already. */
  | { readonly kind: "replace"; readonly enrolment: Enrolment }
  | { readonly kind: "locked" }
  | { readonly kind: "problem"; readonly code: string }
  | { readonly kind: "elsewhere" }
  | { readonly kind: "inbox" }
  /** The compliance officer's page. */
  | { readonly kind: "audit" }

export interface Me {
  readonly deviceId: string
  readonly name: string
  readonly roles: readonly string[]
}

export interface InboxToast {
  readonly text: string
  readonly undo?: () => void
}

/** What the open pane shows. */
export type Pane =
  | { readonly kind: "none" }
  | { readonly kind: "opening"; readonly id: string }
  | { readonly kind: "failed"; readonly id: string; readonly code: string }
  /** It lies in the archive: opened for a reason only. */
  | { readonly kind: "glass"; readonly id: string }
  | {
      readonly kind: "open"
      readonly id: string
      readonly view: ConversationView
      /** The roles that take part, and those that could be brought in. */
      readonly roles: readonly string[]
      readonly addable: readonly string[]
    }

/** Another role is brought in. */
export interface HandOver {
  readonly role: string
  /** It may read what was said before. */
  readonly history: boolean
  /** A role that leaves, or none. */
  readonly leaving: string | null
}

/** Everything that the inbox shows, as plain data. */
export interface InboxModel {
  readonly screen: InboxScreen
  readonly strings: InboxStrings
  readonly me: Me | null
  readonly clinic: ClinicInfo | null
  readonly list: readonly ConversationSummary[]
  readonly connection: ConnectionState | null
  readonly pane: Pane
  readonly toast: InboxToast | null
  /** What the compliance officer's page shows, on its screen. */
  readonly audit: { readonly model: AuditModel; readonly actions: AuditActions } | null
  /** The page is in sight. */
  readonly isVisible: boolean
  readonly nowMs: number
}

export interface InboxActions {
  enrol(code: string): void
  replaceDevice(enrolment: Enrolment): void
  retry(): void
  unlock(): void
  lock(): void
  signOut(): void
  useHere(): void
  setLanguage(tag: string): void
  open(id: string): void
  /** Leaves the open conversation. */
  back(): void
  send(text: string): void
  sendFile(file: File, options: SendFileOptions): Promise<void>
  openFile(messageId: string, options: TransferOptions): Promise<Blob>
  retryMessage(messageId: string): void
  discardMessage(messageId: string): void
  markRead(): void
  closeConversation(reason: CloseReason): void
  reopen(): void
  handOver(order: HandOver): void
  breakGlass(id: string, reason: string): void
  showAudit(): void
}

/** Whether this device may read the clinic's audit log. */
export function mayAudit({ clinic, me }: Pick<InboxModel, "clinic" | "me">): boolean {
  return clinic?.auditRole !== undefined && (me?.roles.includes(clinic.auditRole) ?? false)
}

/** Before anything is known. */
export function emptyInboxModel(strings: InboxStrings): InboxModel {
  return {
    screen: { kind: "loading" },
    strings,
    me: null,
    clinic: null,
    list: [],
    connection: null,
    pane: { kind: "none" },
    toast: null,
    audit: null,
    isVisible: document.visibilityState === "visible",
    nowMs: Date.now(),
  }
}
