/** The enrolment code: what turns a browser into a staff device. It is a secret; an administrator's tool makes it. */
import { fromHex, fromUtf8, toHex, utf8 } from "../bytes.ts"
import type { DeviceSeeds } from "./storage.ts"

export interface Enrolment extends DeviceSeeds {
  /** 64 hexadecimal characters. */
  readonly clinicKey: string
}

const HEX_32 = /^[0-9a-f]{64}$/
/** A code is some 300 characters; anything far beyond isn't one. */
const MAX_CODE_CHARS = 4096

/** base64url of JSON `{ v: 1, clinicKey, signingSeed, wrappingSeed }`, keys and seeds in hexadecimal. */
export function encodeEnrolment({ clinicKey, signingSeed, wrappingSeed }: Enrolment): string {
  const fields = { v: 1, clinicKey, signingSeed: toHex(signingSeed), wrappingSeed: toHex(wrappingSeed) }
  const base64 = btoa(String.fromCharCode(...utf8(JSON.stringify(fields))))
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")
}

/** The inbox's address with the code in its fragment, which browsers keep to themselves: it reaches no server and no
 * log. */
export function enrolmentLink(relay: string, enrolment: Enrolment): string {
  return `${new URL("/staff", relay).href}#enrol=${encodeEnrolment(enrolment)}`
}

/** Reads a code as pasted, from a file that holds its link, or from an address's fragment.
 * @returns undefined when it isn't a whole and valid code. */
export function decodeEnrolment(text: string): Enrolment | undefined {
  const trimmed = text.trim()
  if (trimmed.length > MAX_CODE_CHARS) return undefined
  const code = (/#enrol=([\w-]+)/.exec(trimmed)?.[1] ?? trimmed).replace(/\s+/g, "")
  if (!/^[\w-]+$/.test(code)) return undefined
  const fields = parseJson(code) as Readonly<Record<string, unknown>> | undefined
  if (typeof fields !== "object" || fields === null || fields.v !== 1) return undefined
  const { clinicKey, signingSeed, wrappingSeed } = fields
  const isKey = (value: unknown): value is string => typeof value === "string" && HEX_32.test(value)
  if (!isKey(clinicKey) || !isKey(signingSeed) || !isKey(wrappingSeed)) return undefined
  return { clinicKey, signingSeed: fromHex(signingSeed), wrappingSeed: fromHex(wrappingSeed) }
}

function parseJson(code: string): unknown {
  try {
    const binary = atob(code.replaceAll("-", "+").replaceAll("_", "/"))
    return JSON.parse(fromUtf8(Uint8Array.from(binary, (char) => char.charCodeAt(0))))
  } catch {
    return undefined
  }
}
