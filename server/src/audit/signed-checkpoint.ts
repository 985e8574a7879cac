/** A checkpoint and the cosignatures under it, as values. */
import type { Policy } from "@wardline/sdk/protocol"
import {
  type Cosignature,
  formatNote,
  type NoteCrypto,
  parseNote,
  readCosignatures,
  type Witness,
} from "@wardline/sdk/tlog"
import { sha256, verify } from "../hashing.ts"

export const CRYPTO: NoteCrypto = { hash: sha256, verify }

/** A checkpoint that was signed here. */
export interface SignedCheckpoint {
  readonly size: number
  /** 32 bytes. */
  readonly root: Uint8Array
  /** What is signed. */
  readonly body: string
  /** The log key's line. */
  readonly logLine: string
  /** Of the policy's witnesses, each once. */
  readonly cosigned: readonly Cosignature[]
}

/** A checkpoint as it is served: a signed note. */
export function noteOf({ body, logLine, cosigned }: SignedCheckpoint): string {
  return formatNote(body, [logLine, ...cosigned.map(({ line }) => line)])
}

export function witnessesOf(policy: Policy | undefined): readonly Witness[] {
  return policy?.witnesses ?? []
}

export function quorumOf(policy: Policy | undefined): number {
  return policy?.quorum ?? 0
}

export function hasQuorum({ cosigned }: SignedCheckpoint, policy: Policy | undefined): boolean {
  return cosigned.length >= quorumOf(policy)
}

/** With those cosignatures only that count under a policy. */
export function recounted(checkpoint: SignedCheckpoint, policy: Policy | undefined): SignedCheckpoint {
  const cosigned = readCosignatures(parseNote(noteOf(checkpoint)), witnessesOf(policy), CRYPTO)
  return { ...checkpoint, cosigned }
}

/** Of each witness the newest cosignature. */
export function withCosignatures(
  checkpoint: SignedCheckpoint,
  added: readonly Cosignature[],
): SignedCheckpoint {
  const byName = new Map(checkpoint.cosigned.map((item) => [item.name, item]))
  for (const item of added) {
    const known = byName.get(item.name)
    if (known === undefined || item.timeSeconds > known.timeSeconds) byName.set(item.name, item)
  }
  return { ...checkpoint, cosigned: [...byName.values()] }
}
