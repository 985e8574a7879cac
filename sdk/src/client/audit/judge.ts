/** A conversation's entries of the audit log against the conversation itself: pure. What one side says and the other
 * doesn't know becomes a problem. */
import { equalBytes, isAllZero, toHex } from "../../bytes.ts"
import { purposeCode } from "../../protocol/index.ts"
import { type AuditEntry, isRecordAction } from "../../tlog/index.ts"
import type { RecordFact } from "./facts.ts"
import type { AuditProblem } from "./types.ts"
import type { TrailEntry } from "./walk.ts"

export interface Judged {
  /** Ascending, without gaps. */
  readonly entries: readonly TrailEntry[]
  /** From position 1. */
  readonly facts: readonly RecordFact[]
  /** Link by position. */
  readonly links: readonly Uint8Array[]
  /** Whether the entries begin with the conversation's first. */
  readonly isWhole: boolean
  /** Records up to here were there before the entries were asked for. */
  readonly mustHave: number
}

/** A problem whose device is named later. */
export type Finding = Omit<AuditProblem, "who"> & { readonly device?: Uint8Array }

/** Being given the conversation, its keys or its files. */
const SERVED: ReadonlySet<AuditEntry["action"]> = new Set(["read", "keys-served", "blob-read"])
/** A hostile log must not fill a screen, or memory, with what is wrong in it. */
const MAX_FINDINGS = 200

/** How far a device was given the conversation, by the log. */
interface Served {
  open: number
  upTo: number
}

interface Granted {
  readonly role: string
  readonly purpose: number
  readonly untilMs: number
}

export function judgeTrail(judged: Judged): Finding[] {
  const judge = new Judge(judged)
  for (const { entry } of judged.entries) judge.take(entry)
  if (judged.isWhole) judge.finish()
  return judge.findings.slice(0, MAX_FINDINGS)
}

class Judge {
  readonly findings: Finding[] = []
  readonly #judged: Judged
  /** Positions that an entry has named. */
  readonly #named = new Set<number>()
  readonly #served = new Map<string, Served>()
  readonly #accesses = new Map<string, Granted[]>()
  /** The patient's devices, and until when. */
  readonly #patients = new Map<string, number>()

  constructor(judged: Judged) {
    this.#judged = judged
  }

  take(entry: AuditEntry): void {
    if (isRecordAction(entry.action)) this.#takeRecord(entry)
    else if (entry.outcome !== "success") return
    else if (SERVED.has(entry.action)) this.#takeServed(entry)
    else if (entry.action === "delivered") this.#takeDelivered(entry)
  }

  finish(): void {
    for (const { position } of this.#judged.facts.slice(0, this.#judged.mustHave))
      if (!this.#named.has(position)) this.findings.push({ kind: "missing-entry", position })
  }

  #takeRecord(entry: AuditEntry): void {
    const { position } = entry
    const fact = this.#judged.facts[position - 1]
    if (fact === undefined) {
      this.#find("unknown-record", entry)
      return
    }
    if (this.#named.has(position)) {
      this.#find("doubled-entry", entry)
      return
    }
    this.#named.add(position)
    if (!this.#isOf(entry, fact)) {
      this.#find("wrong-entry", entry)
      return
    }
    this.#follow(entry, fact)
  }

  #isOf(entry: AuditEntry, fact: RecordFact): boolean {
    const link = this.#judged.links[fact.position]
    if (link === undefined || !equalBytes(entry.link, link)) return false
    if (!equalBytes(entry.recordHash, fact.hash)) return false
    if (fact.issuer !== undefined && toHex(entry.actor) !== fact.issuer) return false
    if (fact.action !== undefined && entry.action !== fact.action) return false
    if (fact.access === undefined) return true
    return entry.actorRole === fact.access.role && entry.purpose === purposeCode(fact.access.purpose)
  }

  #follow(entry: AuditEntry, { issuer, seen, access, added, removed }: RecordFact): void {
    if (added !== undefined) this.#patients.set(added.device, added.until)
    if (removed !== undefined) this.#patients.delete(removed)
    if (issuer === undefined) return
    if (access !== undefined) {
      const granted = this.#accesses.get(issuer) ?? []
      const { role, purpose, lastsMs } = access
      granted.push({ role, purpose: purposeCode(purpose), untilMs: entry.time + lastsMs })
      this.#accesses.set(issuer, granted)
    }
    // Before the first entry that is known, a reading may be as well.
    if (seen === 0 || !this.#judged.isWhole) return
    const served = this.#served.get(issuer)
    if (served === undefined || (served.open === 0 && seen > served.upTo)) this.#find("hidden-reading", entry)
  }

  #takeServed(entry: AuditEntry): void {
    const device = toHex(entry.actor)
    if (entry.action === "read") {
      const served = this.#served.get(device) ?? { open: 0, upTo: 0 }
      this.#served.set(device, { open: served.open + 1, upTo: Math.max(served.upTo, entry.position) })
    }
    if (!this.#isAllowed(device, entry)) this.#find("reading-without-access", entry)
  }

  #takeDelivered({ actor, position }: AuditEntry): void {
    const device = toHex(actor)
    const served = this.#served.get(device)
    if (served === undefined) return
    this.#served.set(device, { open: Math.max(0, served.open - 1), upTo: Math.max(served.upTo, position) })
  }

  #isAllowed(device: string, { time, actorRole, purpose }: AuditEntry): boolean {
    const until = this.#patients.get(device)
    if (until !== undefined) return until === 0 || time <= until
    if (!this.#judged.isWhole) return true
    const granted = this.#accesses.get(device) ?? []
    return granted.some(
      (access) => access.role === actorRole && access.purpose === purpose && time <= access.untilMs,
    )
  }

  #find(kind: Finding["kind"], { sequence, actor, position, time, action }: AuditEntry): void {
    this.findings.push({
      kind,
      sequence,
      at: time,
      ...(isRecordAction(action) ? { position } : {}),
      ...(isAllZero(actor) ? {} : { device: actor }),
    })
  }
}
