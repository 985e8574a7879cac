/** What the shell in the clinic's page and the chat frame say to each other. Nothing here is readable content. */

/** Posted by the frame to its parent when it is ready to be configured. */
export const HELLO = "wardline:hello"
/** Posted by the shell to the frame, once, with one end of a MessageChannel. */
export const CONNECT = "wardline:connect"

export type ThemeChoice = "auto" | "light" | "dark"

export interface ThemeTokens {
  readonly scheme: ThemeChoice
  /** A CSS colour, empty for the frame's own. */
  readonly accent: string
}

export interface FrameConfig {
  readonly clinicKey: string
  /** A language tag, or "auto". */
  readonly language: string
  readonly theme: ThemeTokens
  /** The address of the page around the chat, without its fragment: where another phone of the patient goes too. Empty
   * where it is none that a link could lead to. */
  readonly page: string
}

export type ToFrame =
  | ({ readonly type: "configure" } & FrameConfig)
  | { readonly type: "visible"; readonly visible: boolean }
  /** The page was opened with a link from another device of the patient. */
  | { readonly type: "pair"; readonly code: string }

/** Where the chat is, without saying anything about what is in it. */
export const CHAT_STATES = ["loading", "consent", "start", "conversation", "elsewhere", "error"] as const
export type ChatState = (typeof CHAT_STATES)[number]

export type ToShell =
  | { readonly type: "unread"; readonly count: number }
  | { readonly type: "state"; readonly state: ChatState }
  | { readonly type: "error"; readonly code: string }
  | { readonly type: "language"; readonly language: string }
  | { readonly type: "close" }
  | { readonly type: "exit" }

/** What still fits into a picture that a phone's camera reads easily. */
const MAX_PAGE_CHARS = 400
const KEY = /^[0-9a-f]{64}$/
const LANGUAGE = /^(auto|[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3})$/
const PAIRING = /^[0-9a-f]{32}$/
const CODE = /^ERR_[A-Z_]{1,40}$/
/** Keywords, hex and the sRGB functions: no `url()`, no `var()`, nothing that could load or escape. */
const COLOR = /^(#[0-9a-f]{3,8}|[a-z]{3,24}|(rgb|hsl)a?\([0-9a-z%.,/ -]{1,60}\))$/i

type Fields = Readonly<Record<string, unknown>>

function asFields(data: unknown): Fields | null {
  return typeof data === "object" && data !== null && !Array.isArray(data) ? (data as Fields) : null
}

const isText = (value: unknown, shape: RegExp): value is string =>
  typeof value === "string" && shape.test(value)

export function isClinicKey(value: unknown): value is string {
  return isText(value, KEY)
}

/** Reads a pairing link's code out of an address's fragment; null where there is none. */
export function pairingCodeOf(fragment: string): string | null {
  const code = /^#pair=(.*)$/s.exec(fragment)?.[1]
  return isText(code, PAIRING) ? code : null
}

/** Reads the address of the page around the chat; empty for one that no other device could open. */
export function pageAddressOf(address: unknown): string {
  if (typeof address !== "string" || address.length > MAX_PAGE_CHARS || !URL.canParse(address)) return ""
  const url = new URL(address)
  url.hash = ""
  return url.protocol === "https:" || url.protocol === "http:" ? url.href : ""
}

/** Reads theme tokens; anything that isn't a plain colour or a known scheme becomes the default. */
export function parseTheme(data: unknown): ThemeTokens {
  const fields = asFields(data)
  const scheme = fields?.scheme
  const accent = fields?.accent
  return {
    scheme: scheme === "light" || scheme === "dark" ? scheme : "auto",
    accent: isText(accent, COLOR) ? accent : "",
  }
}

/** Reads a message that claims to come from the shell; null when it isn't one. */
export function parseToFrame(data: unknown): ToFrame | null {
  const fields = asFields(data)
  if (fields?.type === "visible" && typeof fields.visible === "boolean") {
    return { type: "visible", visible: fields.visible }
  }
  if (fields?.type === "pair" && isText(fields.code, PAIRING)) return { type: "pair", code: fields.code }
  if (fields?.type !== "configure") return null
  const { clinicKey, language } = fields as { clinicKey?: unknown; language?: unknown }
  if (!isClinicKey(clinicKey) || !isText(language, LANGUAGE)) return null
  const page = pageAddressOf(fields.page)
  return { type: "configure", clinicKey, language, theme: parseTheme(fields.theme), page }
}

/** Reads a message that claims to come from the frame; null when it isn't one. */
export function parseToShell(data: unknown): ToShell | null {
  const fields = asFields(data)
  if (fields === null) return null
  const { type, count, state, code, language } = fields
  if (type === "close" || type === "exit") return { type }
  if (type === "unread" && Number.isSafeInteger(count) && (count as number) >= 0) {
    return { type, count: count as number }
  }
  if (type === "state" && CHAT_STATES.includes(state as ChatState)) return { type, state: state as ChatState }
  if (type === "error" && isText(code, CODE)) return { type, code }
  if (type === "language" && isText(language, LANGUAGE)) return { type, language }
  return null
}

/** Whether the window message is the frame's greeting: from this very frame and from the relay's origin. */
export function isHello(event: MessageEvent, frame: Window | null, relayOrigin: string): boolean {
  if (event.origin !== relayOrigin) return false
  if (frame === null || event.source !== frame) return false
  return asFields(event.data)?.type === HELLO
}

/** Whether the window message is the parent's offer of a channel. */
export function isConnect(event: MessageEvent, parent: Window): boolean {
  if (event.source !== parent) return false
  if (!/^https?:\/\//.test(event.origin)) return false
  return asFields(event.data)?.type === CONNECT && event.ports.length === 1
}

/**
 * Reads the relay's address as an element's attribute gives it.
 * @returns its origin, or null unless it is https, or http on this very machine.
 */
export function relayOriginOf(address: string | null): string | null {
  if (address === null || !URL.canParse(address)) return null
  const url = new URL(address)
  const isLocal = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname)
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLocal)) return null
  return url.username === "" && url.password === "" ? url.origin : null
}

/** Where quick exit goes: an http(s) address or about:blank; anything else becomes about:blank. */
export function exitAddress(wanted: string | null): string {
  if (wanted === null || !URL.canParse(wanted)) return "about:blank"
  const { protocol, href } = new URL(wanted)
  return protocol === "https:" || protocol === "http:" ? href : "about:blank"
}
