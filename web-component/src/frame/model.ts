import type {
  ClinicInfo,
  ConnectionState,
  ConsentText,
  Conversation,
  ConversationView,
  PatientClient,
} from "@wardline/sdk"
import type { ChatState } from "../bridge/messages.ts"
import type { ChatStrings } from "../strings/chat-strings.ts"
import { baseOf } from "../strings/languages.ts"
import { CHAT_LANGUAGES } from "../strings/load-chat.ts"

/** Where bringing conversations to this device stands. */
export type RestoreState =
  | { readonly kind: "ready" }
  | { readonly kind: "working"; readonly done: number; readonly of: number }
  /** An error's code, and its message: for wrong words it says which. */
  | { readonly kind: "failed"; readonly code: string; readonly reason: string }

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
  | { readonly kind: "devices" }
  /** Who has read one conversation. */
  | { readonly kind: "readers"; readonly id: string }
  /** `code`: a link's from another device; null where the words of a recovery code are typed. */
  | { readonly kind: "restore"; readonly code: string | null; readonly progress: RestoreState }

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
  /** The address of the clinic's page around the chat, without its fragment; empty where it isn't known. */
  readonly page: string
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
  showDevices(): void
  /** Who has read one conversation. */
  showReaders(id: string): void
  /** Asks for a recovery code's words. */
  showRestore(): void
  /** Back to where the patient lands. */
  home(): void
  /** Brings conversations here by a recovery code's words or a link's code. */
  restore(code: string): void
  withdraw(id: string): void
  startNew(): void
  openConversation(id: string): void
  send(id: string, text: string): void
  /** For its files, which the first screen has no code for. */
  conversation(id: string): Conversation | undefined
  /** For her devices, likewise; null before she is connected. */
  patient(): PatientClient | null
  answerForm(id: string, messageId: string, answers: { name: string; value: string }[]): void
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
    case "readers":
      return "conversation"
    case "topics":
    case "list":
    case "devices":
    case "restore":
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
    page: "",
    isEphemeral: false,
    isVisible: false,
    nowMs: Date.now(),
  }
}
