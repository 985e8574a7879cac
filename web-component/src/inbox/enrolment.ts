/** An enrolment code: what turns a browser into a staff device. It is a secret; the administrator's tool makes it. */

/** Keys and seeds in hexadecimal, 32 bytes each. */
export interface Enrolment {
  readonly clinicKey: string
  readonly signingSeed: string
  readonly wrappingSeed: string
}

const HEX_32 = /^[0-9a-f]{64}$/
/** A code is some 300 characters; anything far beyond isn't one. */
const MAX_CODE_CHARS = 4_096
const FRAGMENT = /^#enrol=(.+)$/s

/** The code for an enrolment: base64url of `{"v":1,"clinicKey","signingSeed","wrappingSeed"}`. */
export function encodeEnrolment({ clinicKey, signingSeed, wrappingSeed }: Enrolment): string {
  const base64 = btoa(JSON.stringify({ v: 1, clinicKey, signingSeed, wrappingSeed }))
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")
}

function parseJson(code: string): unknown {
  try {
    return JSON.parse(atob(code.replaceAll("-", "+").replaceAll("_", "/")))
  } catch {
    return null
  }
}

/**
 * Reads a code as pasted, loaded from a file, or from the address's fragment.
 * @returns null when it isn't a whole and valid code.
 */
export function decodeEnrolment(text: string): Enrolment | null {
  const trimmed = text.trim()
  if (trimmed.length > MAX_CODE_CHARS) return null
  const code = (/#enrol=([\w-]+)/.exec(trimmed)?.[1] ?? trimmed).replace(/\s+/g, "")
  if (!/^[\w-]+$/.test(code)) return null
  const fields = parseJson(code) as Readonly<Record<string, unknown>> | null
  if (typeof fields !== "object" || fields === null || fields.v !== 1) return null
  const { clinicKey, signingSeed, wrappingSeed } = fields
  const isKey = (value: unknown): value is string => typeof value === "string" && HEX_32.test(value)
  if (!isKey(clinicKey) || !isKey(signingSeed) || !isKey(wrappingSeed)) return null
  return { clinicKey, signingSeed, wrappingSeed }
}

/** The bytes of a seed. */
export function seedBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/**
 * Takes an enrolment code out of the page's address, so that it is in no history entry and no copied link.
 * @returns the code, or null where there is none.
 */
export function takeFromAddress(
  location: Pick<Location, "hash" | "pathname" | "search">,
  history: Pick<History, "replaceState">,
): string | null {
  const code = FRAGMENT.exec(location.hash)?.[1] ?? null
  if (code !== null) history.replaceState(null, "", location.pathname + location.search)
  return code
}
