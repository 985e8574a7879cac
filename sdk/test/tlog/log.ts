/** Makes audit logs with records, as a relay would, for tests that then spoil them. */
import { randomBytes } from "node:crypto"
import { sha256 } from "../../src/crypto/index.ts"
import { clinicIdOf, nextLink, startLink, toHex } from "../../src/protocol/index.ts"
import {
  type AuditEntry,
  type ExportLine,
  encodeEntry,
  encodeExportLine,
  entryHash,
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

interface LoggedRecord {
  scope: Uint8Array
  position: number
  hash: Uint8Array
  link: Uint8Array
}

/** A clinic's log of `chats` conversations of `length` records each, taking turns. */
export function makeExport(chats = 3, length = 4): ExportLine[] {
  const rootKey = new Uint8Array(randomBytes(32))
  const clinic = clinicIdOf(sha256, rootKey)
  const scopes = Array.from({ length: chats }, () => new Uint8Array(randomBytes(16)))
  const links = scopes.map((scope) => startLink(sha256, scope))
  const records: (LoggedRecord | undefined)[] = [undefined]
  for (let position = 1; position <= length; position++)
    for (const [i, scope] of scopes.entries()) {
      const hash = sha256(randomBytes(8))
      const link = nextLink(sha256, links[i] as Uint8Array, position, hash)
      links[i] = link
      records.push({ scope, position, hash, link })
    }
  const lines: ExportLine[] = [
    { kind: "header", relay: toHex(randomBytes(16)), created: 1_790_000_000_000 },
    { kind: "clinic", clinic, rootKey },
  ]
  let previous: Uint8Array = new Uint8Array(32)
  for (const [i, record] of records.entries()) {
    const bytes = encodeEntry({ ...entryFor(i + 1, record), previous })
    previous = entryHash(sha256, bytes)
    lines.push({ kind: "entry", bytes, record: record && { hash: record.hash, link: record.link } })
  }
  for (const [i, scope] of scopes.entries())
    lines.push({ kind: "scope", scope, records: length, link: links[i] as Uint8Array })
  lines.push({ kind: "clinic-end", clinic, entries: records.length, head: previous })
  lines.push({ kind: "end", clinics: 1 })
  return lines
}

function entryFor(sequence: number, record: LoggedRecord | undefined): AuditEntry {
  const plain = plainEntry(sequence)
  if (record === undefined) return { ...plain, action: "relay-start", actor: new Uint8Array(16) }
  const { scope, position, hash, link } = record
  return { ...plain, action: "create", scope, position, recordHash: hash, link }
}

export const textOf = (lines: readonly ExportLine[]): string[] => lines.map(encodeExportLine)
