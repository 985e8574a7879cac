/** Records posted to a clinic's directory: all are taken, or none. */
import { applyRecords, type DirectoryState } from "@wardline/sdk/directory"
import {
  type DirectoryRecordType,
  decodeRecord,
  equalBytes,
  type Link,
  recordPart,
} from "@wardline/sdk/protocol"
import { NOBODY } from "../audit-chain.ts"
import type { Clinic } from "../clinic.ts"
import type { Request } from "../group-commit.ts"
import { keyOf, sha256, verify } from "../hashing.ts"
import { identify } from "../identity.ts"
import type { Store, StoredRecord } from "../store/store.ts"
import type { Transaction } from "../transaction.ts"
import { actionOfDirectory } from "./actions.ts"
import { eventWith, refusalOf } from "./note.ts"

export interface DirectoryHead {
  position: number
  link: Link
}

export class ChangeDirectory implements Request {
  readonly isRead = false
  readonly bytes: number
  readonly #store: Store
  readonly #clinic: Clinic
  readonly #records: readonly Uint8Array[]
  readonly #done: (head: DirectoryHead, isChanged: boolean) => void
  readonly #failed: (error: unknown) => void
  #tail: readonly StoredRecord[] = []
  #head: DirectoryHead = { position: 0, link: new Uint8Array(0) }
  #isChanged = false

  /** @param done - called with the head once it is durable. */
  constructor(
    store: Store,
    clinic: Clinic,
    records: readonly Uint8Array[],
    done: (head: DirectoryHead, isChanged: boolean) => void,
    failed: (error: unknown) => void,
  ) {
    this.#store = store
    this.#clinic = clinic
    this.#records = records
    this.#done = done
    this.#failed = failed
    this.bytes = records.reduce((sum, record) => sum + record.length, 0)
  }

  /** Reads as many of the newest records as were posted: an administrator who lost the answer posts again. */
  async prepare(): Promise<void> {
    const from = Math.max(0, this.#clinic.directory.position - this.#records.length)
    this.#tail = await this.#store.read(this.#clinic.ref, from, this.#records.length, Number.MAX_SAFE_INTEGER)
  }

  apply(transaction: Transaction): void {
    const clinic = this.#clinic
    const before = clinic.directory
    if (this.#isRetry(before)) {
      this.#head = { position: before.position, link: before.link }
      return
    }
    const after = applyRecords(before, this.#records, { hash: sha256, verify, nowMs: transaction.nowMs })
    for (const [i, bytes] of this.#records.entries()) {
      const position = before.position + i + 1
      const { type, issuer } = decodeRecord(bytes)
      // Applied, so that it is a directory's.
      const action = actionOfDirectory(type as DirectoryRecordType)
      const event = eventWith(
        { action, actor: keyOf(issuer), role: roleOf(clinic, keyOf(issuer)) },
        transaction.nowMs,
      )
      transaction.addToDirectory(clinic, after.links[position - 1] as Link, position, bytes, event)
    }
    this.#isChanged = true
    this.#head = { position: after.position, link: after.link }
    clinic.directory = after
    transaction.onRollBack(() => {
      clinic.directory = before
    })
  }

  #isRetry(directory: DirectoryState): boolean {
    const newest = this.#tail.at(-1)
    return (
      newest?.position === directory.position &&
      this.#tail.length === this.#records.length &&
      this.#tail.every(({ bytes }, i) => isSameRecord(bytes, this.#records[i] as Uint8Array))
    )
  }

  noteRefusal(transaction: Transaction, error: unknown): void {
    const clinic = this.#clinic
    if (!clinic.mayNoteRefusal(NOBODY, transaction.nowMs)) return
    const event = { action: "refusal", outcome: refusalOf(error) } as const
    transaction.note(clinic, eventWith(event, transaction.nowMs))
  }

  done(): void {
    this.#done(this.#head, this.#isChanged)
  }

  failed(error: unknown): void {
    this.#failed(error)
  }
}

/** Wraps that came with a record may have been dropped since. */
function isSameRecord(a: Uint8Array, b: Uint8Array): boolean {
  return equalBytes(recordPart(a), recordPart(b))
}

/** The issuer's first role, as the log names it; none for administrators and the root. */
function roleOf(clinic: Clinic, device: string): string {
  try {
    return identify(clinic, device, "", 0).roles[0] ?? ""
  } catch {
    return ""
  }
}
