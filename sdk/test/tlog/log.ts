/** Plain audit entries, for tests that then spoil them. */
import { randomBytes } from "node:crypto"
import { sha256 } from "../../src/crypto/index.ts"
import { isWardlineError, WardlineError } from "../../src/errors.ts"
import {
  type AuditEntry,
  type AuditHead,
  decodeEntry,
  EMPTY_AUDIT,
  encodeEntry,
  entryHash,
  nextHead,
} from "../../src/tlog/index.ts"

export function plainEntry(sequence: number, previous: Uint8Array = new Uint8Array(32)): AuditEntry {
  return {
    action: "login",
    outcome: "success",
    purpose: 0,
    sequence,
    time: 1_790_000_000_000 + sequence,
    actor: randomBytes(16),
    actorRole: "",
    scope: randomBytes(16),
    position: 0,
    recordHash: new Uint8Array(32),
    link: new Uint8Array(32),
    salt: randomBytes(16),
    before: 0,
    previous,
  }
}

/** A chain of events without records. */
export function makeChain(length: number): Uint8Array[] {
  const chain: Uint8Array[] = []
  let previous: Uint8Array = new Uint8Array(32)
  for (let sequence = 1; sequence <= length; sequence++) {
    const bytes = encodeEntry({ ...plainEntry(sequence), previous })
    chain.push(bytes)
    previous = entryHash(sha256, bytes)
  }
  return chain
}

/** The head after these entries, each held to the one before.
 * @throws {WardlineError} as nextHead, or what decodeEntry does; its message begins with the wrong entry's number. */
export async function followChain(
  chain: readonly Uint8Array[],
  from: AuditHead = EMPTY_AUDIT,
): Promise<AuditHead> {
  let head = from
  for (const bytes of chain) {
    try {
      head = nextHead(sha256, head, bytes, decodeEntry(bytes))
    } catch (error) {
      if (!isWardlineError(error)) throw error
      throw new WardlineError(error.code, `entry ${head.sequence + 1}: ${error.message}`)
    }
  }
  return head
}
