/** File names from strangers: for people to read, and for disks. */
import { utf8 } from "../bytes.ts"

/** In a payload. */
export const MAX_FILE_NAME_CHARACTERS = 255
/** What file systems take, with room for the " (1)" that browsers add. */
const MAX_SAFE_BYTES = 200
/** Longer ones are no extension but a part of the name. */
const MAX_EXTENSION_CHARACTERS = 16
const NAMELESS = "file"

/** Controls; what is invisible or turns the reading direction around (gpj.exe shown as exe.jpg); surrogates alone,
 * private and unassigned characters; line separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Variation_Selector}\u115f\u1160\u3164\uffa0]/gu
/** Folders, drives, streams, wildcards, quotes, pipes: of any system. */
const SEPARATORS = /[/\\:*?"<>|\u2044\u2215\u29f5\u29f8\ufe68\uff0f\uff3c\uff1a]/g
const SPACES = /[\p{Zs}]+/gu
/** Devices on Windows, with any extension. */
const RESERVED = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i
/** Hidden, a folder's link to itself or its parent, or dropped by Windows. */
const EDGES = /^[.\s]+|[.\s]+$/g

/** A name that can be shown and saved: of printable characters in their order, no path, no device, not empty, at most
 * 200 bytes, with its extension. */
export function safeFileName(name: string): string {
  const inert = name.normalize("NFC").replace(UNSEEN, "").replace(SEPARATORS, "_").replace(SPACES, " ")
  const short = shorten(inert).replace(EDGES, "")
  if (short === "") return NAMELESS
  return RESERVED.test(short) ? `_${short}` : short
}

/** Cuts the middle out: the extension says what it is. */
function shorten(name: string): string {
  if (utf8(name).length <= MAX_SAFE_BYTES) return name
  const dot = name.lastIndexOf(".")
  const extension = dot > 0 && name.length - dot <= MAX_EXTENSION_CHARACTERS ? name.slice(dot) : ""
  const room = MAX_SAFE_BYTES - utf8(extension).length
  let stem = ""
  let bytes = 0
  for (const character of name.slice(0, name.length - extension.length)) {
    bytes += utf8(character).length
    if (bytes > room) break
    stem += character
  }
  return stem + extension
}

/** A file's name as its sender's payload holds it: without a path, and no longer than the schema allows. */
export function sentFileName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? ""
  if (last.length <= MAX_FILE_NAME_CHARACTERS) return last === "" ? NAMELESS : last
  return shorten(last)
}
