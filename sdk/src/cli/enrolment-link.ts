/** The link that turns a browser into somebody's staff device. The secret is in the fragment, which browsers keep to
 * themselves: it reaches no server and no log. */
import { toHex, utf8 } from "../bytes.ts"

export interface Enrolment {
  /** 64 hexadecimal characters. */
  readonly clinicKey: string
  /** 32 bytes each. */
  readonly signingSeed: Uint8Array
  readonly wrappingSeed: Uint8Array
}

/** `<relay>/staff#enrol=` and base64url of JSON `{ v: 1, clinicKey, signingSeed, wrappingSeed }`, keys and seeds in
 * hexadecimal. */
export function enrolmentLink(relay: string, enrolment: Enrolment): string {
  const json = JSON.stringify({
    v: 1,
    clinicKey: enrolment.clinicKey,
    signingSeed: toHex(enrolment.signingSeed),
    wrappingSeed: toHex(enrolment.wrappingSeed),
  })
  return `${new URL("/staff", relay).href}#enrol=${Buffer.from(utf8(json)).toString("base64url")}`
}
