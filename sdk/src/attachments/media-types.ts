/** Media types: what senders say, and what may be believed of it. */

const MAX_MEDIA_TYPE_CHARACTERS = 100
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/
export const UNKNOWN_MEDIA_TYPE = "application/octet-stream"

/** Whether text is a type and subtype in lower case, without parameters (RFC 6838, section 4.2). */
export function isMediaType(text: string): boolean {
  return text.length <= MAX_MEDIA_TYPE_CHARACTERS && MEDIA_TYPE.test(text)
}

/** What a browser calls a file's type, as payloads hold it. */
export function mediaTypeOf(text: string): string {
  const type = (text.split(";")[0] ?? "").trim().toLowerCase()
  return isMediaType(type) ? type : UNKNOWN_MEDIA_TYPE
}

/** Types that a browser may be told: it runs nothing of them in the page's origin. HTML, SVG, XML and scripts are none
 * of these, and what isn't listed is downloaded, never shown. */
const INERT: ReadonlySet<string> = new Set([
  "application/pdf",
  "audio/aac",
  "audio/mp4",
  "audio/mpeg",
  "audio/ogg",
  "audio/wav",
  "audio/webm",
  "image/gif",
  "image/jpeg",
  "image/png",
  "image/webp",
  "text/plain",
  "video/mp4",
  "video/quicktime",
  "video/webm",
])

/** The type to give a received file: the sender's where nothing of that type can run. */
export function inertMediaType(mediaType: string): string {
  return INERT.has(mediaType) ? mediaType : UNKNOWN_MEDIA_TYPE
}
