/** The little of Redis's protocol (RESP2) that the load needs: where replies end, and numbers in them. */

const INCOMPLETE = -1
const CR = 0x0d
const ARRAY = 0x2a
const BULK = 0x24
const ERROR = 0x2d

/** Reads the number of the line at `at` (after its type byte) and where the next line begins.
 * @returns undefined while the line is incomplete. */
export function readNumberLine(bytes: Buffer, at: number): { value: number; next: number } | undefined {
  const end = bytes.indexOf(CR, at)
  if (end === INCOMPLETE || end + 2 > bytes.length) return undefined
  return { value: Number(bytes.toString("latin1", at + 1, end)), next: end + 2 }
}

/** Where the reply that begins at `at` ends; -1 while it is incomplete.
 * @throws {Error} for an error reply. */
export function endOfReply(bytes: Buffer, at: number): number {
  if (at >= bytes.length) return INCOMPLETE
  const type = bytes[at]
  if (type !== ARRAY && type !== BULK) {
    const end = bytes.indexOf(CR, at)
    if (end === INCOMPLETE || end + 2 > bytes.length) return INCOMPLETE
    if (type === ERROR) throw new Error(`redis: ${bytes.toString("latin1", at, end)}`)
    return end + 2
  }
  const line = readNumberLine(bytes, at)
  if (line === undefined) return INCOMPLETE
  if (type === BULK) {
    const end = line.value < 0 ? line.next : line.next + line.value + 2
    return end <= bytes.length ? end : INCOMPLETE
  }
  let next = line.next
  for (let i = 0; i < line.value && next !== INCOMPLETE; i++) next = endOfReply(bytes, next)
  return next
}

/** The entries of a reply to XREAD of one stream that begins at `at` and is complete. */
export function readStreamReply(bytes: Buffer, at: number): { count: number; lastId: string } {
  // *1 of [ key, entries ], each entry [ id, fields ].
  const streams = line(bytes, at)
  const pair = line(bytes, streams.next)
  const entries = line(bytes, endOfReply(bytes, pair.next))
  let last = entries.next
  let next = entries.next
  for (let i = 0; i < entries.value; i++) {
    last = next
    next = endOfReply(bytes, next)
  }
  const id = line(bytes, line(bytes, last).next)
  return { count: entries.value, lastId: bytes.toString("latin1", id.next, id.next + id.value) }
}

function line(bytes: Buffer, at: number): { value: number; next: number } {
  const found = readNumberLine(bytes, at)
  if (found === undefined) throw new Error("incomplete reply")
  return found
}

/** A command as an array of bulk strings. */
export function encodeCommand(...words: string[]): Buffer {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return Buffer.from(`*${words.length}\r\n${parts.join("")}`)
}
