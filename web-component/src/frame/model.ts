import type { ClinicInfo, ConnectionState, ConsentText, Conversation, ConversationView } from "@wardline/sdk"
import type { ChatState } from "../bridge/messages.ts"
import type { ChatStrings } from "../strings/chat-strings.ts"
import { baseOf } from "../strings/languages.ts"
import { CHAT_LANGUAGES } from "../strings/load-chat.ts"

/** Which screen the patient sees. */
export type Screen =
  | { readonly kind: "loading" }
  /** The page was opened by itself and not in a clinic's page. */
  | { readonly kind: "standalone" }
  | { readonly kind: "problem"; readonly code: string }
  | { readonly kind: "elsewhere" }
  | { readonly kind: "consent" }
  | { readonly kind: "topics" }
  | { readonly kind: "list" }
  | { readonly kind: "conversation"; readonly id: string }

export interface Toast {
  readonly text: string
  readonly undo?: () => void
}

/** Everything that the screens show: plain data, so that they can be looked at without a relay. */
export interface FrameModel {
  readonly screen: Screen
  readonly strings: ChatStrings
  /** What the patient reads: of the clinic's languages and ours, so `strings` may be in another one. */
  readonly language: string
  readonly clinic: ClinicInfo | null
  readonly consent: ConsentText | null
  readonly conversations: readonly ConversationView[]
  readonly connection: ConnectionState | null
  /** A conversation is being started. */
  readonly starting: boolean
  /** Why starting failed: an error code. */
  readonly startProblem: string | null
  readonly toast: Toast | null
  /** Nothing can be kept on this device: the browser forbids it. */
  readonly isEphemeral: boolean
  /** The panel and its page are in sight. */
  readonly isVisible: boolean
  readonly nowMs: number
}

export interface StartAnswers {
  readonly topic: string
  readonly name: string
  readonly answer: string
}

export interface FrameActions {
  retry(): void
  /** Hides the panel; everything goes on. */
  close(): void
  /** Clears the screen and leaves the clinic's page. */
  exit(): void
  useHere(): void
  setLanguage(tag: string): void
  agree(): void
  start(answers: StartAnswers): void
  showList(): void
  startNew(): void
  openConversation(id: string): void
  send(id: string, text: string): void
  /** For its files, which the first screen has no code for. */
  conversation(id: string): Conversation | undefined
  retryMessage(id: string, messageId: string): void
  discardMessage(id: string, messageId: string): void
  markRead(id: string): void
  /** Deletes one conversation from this device, or all. */
  forget(id: string | null): void
}

/** What the clinic's page may know about the screen. */
export function chatStateOf(screen: Screen): ChatState {
  switch (screen.kind) {
    case "loading":
    case "elsewhere":
    case "consent":
    case "conversation":
      return screen.kind
    case "topics":
    case "list":
      return "start"
    case "standalone":
    case "problem":
      return "error"
  }
}

/** Where a patient lands: in the open conversation, else among the old ones, else at the beginning. */
export function firstScreen(conversations: readonly ConversationView[]): Screen {
  const open = conversations.find((conversation) => conversation.status === "open")
  if (open !== undefined) return { kind: "conversation", id: open.id }
  return conversations.length > 0 ? { kind: "list" } : { kind: "consent" }
}

export function unreadCount(conversations: readonly ConversationView[]): number {
  return conversations.reduce((sum, conversation) => sum + conversation.unread, 0)
}

/** What the language picker offers: what the clinic's text or our own words exist in; ours first without a clinic. */
export function offeredLanguages(consent: Pick<ConsentText, "languages"> | null): [string, ...string[]] {
  const [first, ...rest] = consent?.languages ?? []
  if (first === undefined) return [...CHAT_LANGUAGES]
  const clinic = [first, ...rest]
  return [first, ...rest, ...CHAT_LANGUAGES.filter((tag) => !clinic.some((other) => baseOf(other) === tag))]
}

/** Before anything is known. */
export function emptyModel(strings: ChatStrings): FrameModel {
  return {
    screen: { kind: "loading" },
    strings,
    language: strings.language,
    clinic: null,
    consent: null,
    conversations: [],
    connection: null,
    starting: false,
    startProblem: null,
    toast: null,
    isEphemeral: false,
    isVisible: false,
    nowMs: Date.now(),
  }
}
