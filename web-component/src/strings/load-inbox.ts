import type { InboxStrings } from "./inbox-strings.ts"
import { pickLanguage } from "./languages.ts"

export const INBOX_LANGUAGES: readonly [string, ...string[]] = ["en", "es"]

/** Fetches the inbox's words for the first wanted language that there are words for, else English. */
export async function loadInboxStrings(wanted: readonly string[]): Promise<InboxStrings> {
  const table = await (pickLanguage(wanted, INBOX_LANGUAGES) === "es"
    ? import("./inbox-es.ts")
    : import("./inbox-en.ts"))
  return table.inboxStrings
}
