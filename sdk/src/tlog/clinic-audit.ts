/** One clinic's audit log against the records it speaks of: entry by entry, in order, holding only the heads. */
import { equalBytes, toHex } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import {
  type AuditEntry,
  type AuditHead,
  decodeEntry,
  EMPTY_AUDIT,
  type Hash,
  isRecordAction,
  nextHead,
} from "./entry.ts"
import { firstRecordLink, recordLinker } from "./record-links.ts"

/** What the relay has stored for the record that an entry names; the hash is of the stored bytes. */
export interface StoredFacts {
  readonly hash: Uint8Array
  readonly link: Uint8Array
}

/** A record chain as far as the entries have led it. */
interface ScopeHead {
  position: number
  link: Uint8Array
}

/** Follows a clinic's entries. Every method throws WardlineError (ERR_FORK, ERR_MALFORMED, ERR_UNSUPPORTED) at the
 * first thing that is wrong; nothing may be added afterwards. */
export class ClinicAudit {
  readonly #hash: Hash
  readonly #linkOf: ReturnType<typeof recordLinker>
  #head: AuditHead = EMPTY_AUDIT
  /** Chains with more entries than the store has confirmed; keyed by the scope's bytes as text. */
  readonly #scopes = new Map<string, ScopeHead>()
  #records = 0
  #chains = 0
  #added = 0

  constructor(hash: Hash) {
    this.#hash = hash
    this.#linkOf = recordLinker(hash)
  }

  get head(): AuditHead {
    return this.#head
  }

  /** How many entries were given, the wrong one included. */
  get added(): number {
    return this.#added
  }

  /** How many records the entries so far have named. */
  get records(): number {
    return this.#records
  }

  /** How many record chains they belong to. */
  get chains(): number {
    return this.#chains
  }

  /** Takes the next entry.
   * @param bytes - 204 bytes, as stored.
   * @param stored - what the store holds for the entry's record; undefined if nothing. */
  add(bytes: Uint8Array, stored: StoredFacts | undefined): AuditEntry {
    this.#added++
    const entry = decodeEntry(bytes)
    this.#head = nextHead(this.#hash, this.#head, bytes, entry)
    if (isRecordAction(entry.action)) this.#addRecord(entry, stored)
    return entry
  }

  #addRecord(entry: AuditEntry, stored: StoredFacts | undefined): void {
    const key = keyOf(entry.scope)
    let chain = this.#scopes.get(key)
    if (chain === undefined) {
      chain = { position: 0, link: firstRecordLink(this.#hash, entry.scope) }
      this.#scopes.set(key, chain)
      this.#chains++
    }
    if (entry.position !== chain.position + 1)
      throw wrong(`names position ${entry.position}; ${chain.position + 1} comes next in its chain`)
    if (stored === undefined) throw wrong("its record is missing")
    if (!equalBytes(stored.hash, entry.recordHash)) throw wrong("its record was changed")
    if (!equalBytes(stored.link, entry.link)) throw wrong("the link stored with its record was changed")
    const link = this.#linkOf(chain.link, entry.position, entry.recordHash)
    if (!equalBytes(link, entry.link)) throw wrong("its link doesn't continue its chain")
    chain.position = entry.position
    chain.link = link
    this.#records++
  }

  /** Compares a chain as stored with what the entries said; each stored chain once, after the last entry.
   * @param records - how many records the store has in that scope.
   * @param link - of the last of them. */
  confirmChain(scope: Uint8Array, records: number, link: Uint8Array): void {
    const key = keyOf(scope)
    const chain = this.#scopes.get(key) ?? { position: 0, link: firstRecordLink(this.#hash, scope) }
    if (records > chain.position)
      throw wrong(`chain ${toHex(scope)}: the record at position ${chain.position + 1} has no entry`)
    if (records < chain.position)
      throw wrong(`chain ${toHex(scope)}: the record at position ${records + 1} is missing`)
    if (!equalBytes(link, chain.link)) throw wrong(`chain ${toHex(scope)}: its head isn't the one logged`)
    this.#scopes.delete(key)
  }

  /** Says that every stored chain was confirmed. */
  finish(): void {
    const left = this.#scopes.size
    if (left > 0) throw wrong(`${left} chains of the log are missing from the store`)
  }
}

function keyOf(scope: Uint8Array): string {
  return String.fromCharCode(...scope)
}

function wrong(message: string): WardlineError {
  return new WardlineError("ERR_FORK", message)
}
