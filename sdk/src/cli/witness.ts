/** A witness of one clinic's audit log: it signs a checkpoint only if it continues the last one that it signed. */
import { createHash, type KeyObject, sign } from "node:crypto"
import { equalBytes } from "../bytes.ts"
import { verify } from "../crypto/index.ts"
import { WardlineError } from "../errors.ts"
import {
  type AddCheckpoint,
  addCheckpoint,
  cosignatureLine,
  cosignatureMessage,
  formatNote,
  NOTE_ED25519,
  type NoteCrypto,
  noteKeyId,
  parseNote,
  signatureLine,
  WitnessRefusal,
} from "../tlog/index.ts"
import type { Remembered, WitnessMemory } from "./witness-memory.ts"

export const WITNESS_CRYPTO: NoteCrypto = {
  hash: (bytes) => createHash("sha256").update(bytes).digest(),
  verify,
}

/** How often a judgement is made anew because another one was faster: a request of the relay's, an own question, and a
 * process that shouldn't be there. */
const MAX_TRIES = 3

export interface WatchedLog {
  readonly origin: string
  /** 32 bytes. */
  readonly key: Uint8Array
}

/** A note that the log's key signed and that can't be reconciled with what this witness has signed. */
export interface Contradiction {
  readonly known: Remembered
  readonly shown: AddCheckpoint
  /** Whether the relay itself gave note and proof. Anybody can bring a note that it published with a proof of their own. */
  readonly isFromRelay: boolean
}

export interface Cosigned {
  /** The signature line, its newline included. */
  readonly line: string
  /** The text that it is a signature of. */
  readonly body: string
  readonly size: number
  /** Whether the log has grown since this witness's last signature. */
  readonly isNew: boolean
  /** Whether it is this witness's first. */
  readonly isFirst: boolean
}

export interface WitnessParts {
  readonly name: string
  readonly privateKey: KeyObject
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  readonly memory: WitnessMemory
  /** The log as it is known now; undefined before its key is known. */
  readonly log: () => WatchedLog | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly onContradiction: (contradiction: Contradiction) => Promise<void>
}

export class Witness {
  readonly #parts: WitnessParts

  constructor(parts: WitnessParts) {
    this.#parts = parts
  }

  /** What it signed last. */
  get known(): Remembered | undefined {
    return this.#parts.memory.known
  }

  /** Judges a checkpoint, remembers it durably, and signs it. Of several at once that go on from one state, the memory
   * takes one; the others are judged anew.
   * @param isFromRelay - whether the relay was asked for it; otherwise anybody may have brought it.
   * @throws {WitnessRefusal} as the C2SP protocol says; ERR_KEYSTORE if it can't be remembered: then nothing is signed. */
  async add(request: AddCheckpoint, isFromRelay: boolean): Promise<Cosigned> {
    const { memory, log, onContradiction } = this.#parts
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const { known } = memory
      try {
        const { size, root, body } = addCheckpoint(known, log(), request, WITNESS_CRYPTO)
        const isNew = known === undefined || size > known.size
        const note = withLogSignature(request.note, log())
        if (isNew && !(await memory.advance({ size, root, note }))) continue
        return { line: this.#sign(body), body, size, isNew, isFirst: known === undefined }
      } catch (error) {
        const isContradiction = error instanceof WitnessRefusal && error.code === "ERR_FORK"
        if (isContradiction && known !== undefined)
          await onContradiction({
            known,
            shown: { ...request, note: withLogSignature(request.note, log()) },
            isFromRelay,
          })
        throw error
      }
    }
    throw new WardlineError("ERR_CONFLICT", "others were faster each time; try again")
  }

  #sign(body: string): string {
    const { name, publicKey: key, privateKey, now } = this.#parts
    const timeSeconds = Math.floor(now() / 1000)
    const signature = sign(null, cosignatureMessage(body, timeSeconds), privateKey)
    return cosignatureLine({ name, key, hash: WITNESS_CRYPTO.hash, timeSeconds, signature })
  }
}

/** The note with the log's signature alone. Others' lines weren't checked, and a wrong one would spoil it as evidence. */
export function withLogSignature(note: string, log: WatchedLog | undefined): string {
  const { body, signatures } = parseNote(note)
  if (log === undefined) return note
  const keyId = noteKeyId(WITNESS_CRYPTO.hash, log.origin, NOTE_ED25519, log.key)
  const own = signatures.filter((line) => line.name === log.origin && equalBytes(line.keyId, keyId))
  return formatNote(body, own.map(signatureLine))
}
