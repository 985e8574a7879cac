/** What every client is given, checked once. */
import { assertLength, fromHex } from "../bytes.ts"
import { sha256 } from "../crypto/hash.ts"
import { WardlineError } from "../errors.ts"
import type { ClinicId, SigningPublicKey } from "../ids.ts"
import type { Keystore } from "../keystore/keystore.ts"
import { clinicIdOf, SIGNING_KEY_BYTES } from "../protocol/index.ts"

export interface ClientOptions {
  /** The relay's origin, such as `https://chat.clinic.example`; plain http only on this machine. */
  readonly relay: string
  /** The clinic's root public key, 64 hexadecimal characters: the only thing that is trusted unseen. */
  readonly clinicKey: string
  readonly keystore: Keystore
  /** Aborting it closes the client. */
  readonly signal?: AbortSignal
  /** Milliseconds since 1970; the platform's clock unless given. */
  readonly now?: () => number
}

/** The options in the form that the code works with. */
export interface ClientContext {
  readonly relay: URL
  readonly clinicKey: SigningPublicKey
  readonly clinicId: ClinicId
  readonly keystore: Keystore
  readonly signal: AbortSignal | undefined
  readonly now: () => number
}

/** @throws {WardlineError} ERR_CONFIG with what is wrong. */
export function readOptions(options: ClientOptions): ClientContext {
  const { keystore, signal, now = Date.now } = options
  const relay = readRelay(options.relay)
  const clinicKey = readClinicKey(options.clinicKey)
  return { relay, clinicKey, clinicId: clinicIdOf(sha256, clinicKey), keystore, signal, now }
}

const LOCAL_HOSTS: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"])

function readRelay(text: string): URL {
  let url: URL
  try {
    url = new URL(text)
  } catch (cause) {
    throw new WardlineError("ERR_CONFIG", "relay must be an address such as https://chat.clinic.example", {
      cause,
    })
  }
  if (url.protocol === "https:") return url
  // Without TLS anybody on the way sees who talks to which clinic, and may swap the page's scripts.
  if (url.protocol === "http:" && LOCAL_HOSTS.has(url.hostname)) return url
  throw new WardlineError("ERR_CONFIG", "relay must be an https address")
}

/** @throws {WardlineError} ERR_CONFIG */
export function readClinicKey(text: string): SigningPublicKey {
  try {
    const key = fromHex(text)
    assertLength(key, SIGNING_KEY_BYTES, "clinic key")
    return key
  } catch (cause) {
    throw new WardlineError("ERR_CONFIG", "clinicKey must be 64 hexadecimal characters", { cause })
  }
}
