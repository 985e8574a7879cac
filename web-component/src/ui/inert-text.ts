/** Turns what somebody wrote into parts that are safe to show: nothing here becomes HTML or a live link. */

export type Segment =
  | { readonly kind: "text"; readonly text: string }
  /** Shown as text; a tap asks before anything opens. `href` is absolute http(s). */
  | { readonly kind: "link"; readonly text: string; readonly href: string }
  /** A character that would reorder or hide text; shown as a mark with its code point. */
  | { readonly kind: "mark"; readonly codePoint: number }

/** A flag of a region (England, Scotland …) is spelled with tag characters: the one honest use of them. */
const FLAG = "\\u{1F3F4}[\\u{E0020}-\\u{E007E}]+\\u{E007F}"
/** Bidi embeddings, overrides and isolates; zero-width and invisible characters; tags; C0 and C1 controls. */
const HIDDEN =
  "[\\u202A-\\u202E\\u2066-\\u2069\\u200B\\u2060-\\u2064\\uFEFF\\u00AD\\u180E\\uFFF9-\\uFFFB\\u{E0000}-\\u{E007F}" +
  "\\u0000-\\u0008\\u000B-\\u001F\\u007F-\\u009F]"
const LINK = "https?:\\/\\/[^\\s<>\"'`\\u202A-\\u202E\\u2066-\\u2069\\u200B-\\u200D\\u2060-\\u2064\\uFEFF]+"
const PARTS = new RegExp(`(?<flag>${FLAG})|(?<link>${LINK})|(?<hidden>${HIDDEN})`, "giu")
const TRAILING = /[.,;:!?)\]}»”’…،؟]+$/u

/** As the browser will read it: names in punycode, so that a lookalike shows. */
function webAddress(text: string): string | null {
  return URL.canParse(text) ? new URL(text).href : null
}

/** Splits a message into text, links that wait for a tap, and marks for characters that hide or reorder text. */
export function segmentsOf(message: string): Segment[] {
  const segments: Segment[] = []
  const addText = (text: string): void => {
    const last = segments.at(-1)
    if (text === "") return
    if (last?.kind === "text") segments[segments.length - 1] = { kind: "text", text: last.text + text }
    else segments.push({ kind: "text", text })
  }
  let from = 0
  for (const match of message.replaceAll("\r\n", "\n").matchAll(PARTS)) {
    const found = match[0]
    addText(match.input.slice(from, match.index))
    from = match.index + found.length
    if (match.groups?.hidden !== undefined) {
      segments.push({ kind: "mark", codePoint: found.codePointAt(0) ?? 0 })
    } else if (match.groups?.link !== undefined) {
      const text = found.replace(TRAILING, "")
      const href = webAddress(text)
      if (href === null) addText(found)
      else {
        segments.push({ kind: "link", text, href })
        addText(found.slice(text.length))
      }
    } else addText(found)
  }
  addText(message.replaceAll("\r\n", "\n").slice(from))
  return segments
}

/** A name on one line, without anything that hides or reorders text, at most `maxChars` characters. */
export function plainName(name: string, maxChars = 60): string {
  const visible = name.replace(new RegExp(`${HIDDEN}|[\\u200C-\\u200F\\u061C]`, "gu"), "")
  const line = [...visible.replace(/\s+/gu, " ").trim()]
  return line.length > maxChars ? `${line.slice(0, maxChars - 1).join("")}…` : line.join("")
}

/** How a mark is written: "U+202E". */
export function codePointName(codePoint: number): string {
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`
}
