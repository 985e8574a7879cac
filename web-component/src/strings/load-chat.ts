import type { ChatStrings } from "./chat-strings.ts"
import { pickLanguage } from "./languages.ts"

/** One chunk each: a patient's phone fetches one language. Spanish and Arabic await a clinician's review. */
const TABLES: Readonly<Record<string, () => Promise<{ chatStrings: ChatStrings }>>> = {
  en: () => import("./chat-en.ts"),
  es: () => import("./chat-es.ts"),
  ar: () => import("./chat-ar.ts"),
}

export const CHAT_LANGUAGES: readonly [string, ...string[]] = ["en", "es", "ar"]

/** Fetches the words for the first wanted language that there are words for, else English. */
export async function loadChatStrings(wanted: readonly string[]): Promise<ChatStrings> {
  const load = TABLES[pickLanguage(wanted, CHAT_LANGUAGES)] ?? TABLES.en
  return (await (load as () => Promise<{ chatStrings: ChatStrings }>)()).chatStrings
}
