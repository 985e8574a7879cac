import type { ChatStrings } from "../../strings/chat-strings.ts"
import { deviceStrings } from "../../strings/device-strings.ts"
import { problemOf } from "../../strings/problems.ts"

/** How many words of a code were typed: numbers and signs don't count. Pure. */
export function countWords(typed: string): number {
  return typed.match(/[a-z]+/gi)?.length ?? 0
}

/** Why a code or link didn't work, and what to do. Pure.
 * @param reason - the SDK's message: for a malformed code it says which word is wrong. */
export function restoreProblem(
  { code, reason }: { readonly code: string; readonly reason: string },
  strings: Pick<ChatStrings, "language" | "problems">,
  isLink: boolean,
): string {
  const words = deviceStrings(strings.language)
  if (isLink && (code === "ERR_NOT_FOUND" || code === "ERR_MALFORMED")) return words.usedLink
  if (code === "ERR_NOT_FOUND") return words.unknownWords
  if (code === "ERR_MALFORMED") {
    const place = /^word (\d+) /.exec(reason)?.[1]
    return place === undefined ? words.wordsDontFit : words.wordUnknown(Number(place))
  }
  const { title, advice } = strings.problems[problemOf(code)]
  return `${title}. ${advice}`
}
