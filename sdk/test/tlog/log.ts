/** Plain audit entries, for tests that then spoil them. */
import { randomBytes } from "node:crypto"
import { sha256 } from "../../src/crypto/index.ts"
import { type AuditEntry, encodeEntry, entryHash } from "../../src/tlog/index.ts"

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
