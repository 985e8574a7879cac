/** Joins the officer's page to the relay: reads the clinic's log backwards in pieces, checks it whole, proves an entry. */
import type { AuditLogEntry, AuditLogReader, AuditProblem, StaffClient } from "@wardline/sdk"
import type { InboxStrings } from "../../strings/inbox-strings.ts"
import { codeOf } from "../../ui/error-code.ts"
import { EntryFiles } from "./entry-files.ts"
import type { AuditActions, AuditModel, EntryProof, Verification, WitnessLine } from "./model.ts"

/** How much is read at first, and at least with each step back; the next step back is twice as long. */
const FIRST_ENTRIES = 2_000
/** The relay signs its log's state every ten seconds. */
const FOLLOW_EVERY_MS = 15_000
/** A page that comes in is shown at most this often. */
const SHOW_EVERY_MS = 200

export interface AuditDeskHost {
  readonly client: StaffClient
  /** The relay's address. */
  readonly relay: string
  readonly strings: InboxStrings
  /** How many entries are read at first; 2,000 unless given. */
  readonly pieceEntries?: number
  /** Whether anybody can see the page. */
  isVisible(): boolean
  show(model: AuditModel): void
  close(): void
}

export class AuditDesk implements AuditActions {
  readonly #host: AuditDeskHost
  readonly #files: EntryFiles
  readonly #piece: number
  #model: AuditModel
  /** Reads what is new; also the newest piece. */
  #reader: AuditLogReader | undefined
  /** Oldest first, without a gap. */
  #entries: AuditLogEntry[] = []
  #reading: AbortController | undefined
  #verifying: AbortController | undefined
  /** What is new is being read. */
  #catchingUp: AbortController | undefined
  #follow: ReturnType<typeof setInterval> | undefined
  #shownMs = 0

  constructor(host: AuditDeskHost) {
    this.#host = host
    this.#files = new EntryFiles(host.relay)
    this.#piece = host.pieceEntries ?? FIRST_ENTRIES
    const { client } = host
    this.#model = {
      strings: host.strings,
      clinic: client.clinic,
      nowMs: Date.now(),
      entries: [],
      hasOlder: false,
      loading: null,
      problem: null,
      log: null,
      witnesses: this.#witnesses(),
      quorum: client.clinic.quorum,
      verification: { kind: "none" },
    }
  }

  begin(): void {
    this.#follow = setInterval(() => void this.#readNew(), FOLLOW_EVERY_MS)
    this.#show({})
  }

  /** Shows it in other words, or at another time. */
  update(changes: Partial<Pick<AuditModel, "strings" | "nowMs">>): void {
    this.#show(changes)
  }

  /** Stops everything; nothing more is shown. */
  end(): void {
    clearInterval(this.#follow)
    this.#follow = undefined
    this.#reading?.abort()
    this.#verifying?.abort()
    this.#catchingUp?.abort()
  }

  #show(changes: Partial<AuditModel>): void {
    if (this.#follow === undefined) return
    this.#model = { ...this.#model, ...changes }
    this.#host.show(this.#model)
  }

  /** The policy's witnesses, each with its signature on the newest signed state. */
  #witnesses(): WitnessLine[] {
    const { client } = this.#host
    const checkpoint = this.#reader?.state.checkpoint
    const signed = new Map(checkpoint?.witnesses.map((one) => [one.name, one]))
    return client.clinic.witnesses.map((name) => {
      const found = signed.get(name)
      if (found === undefined || checkpoint === undefined) return { name }
      const device = found.deviceName === undefined ? {} : { deviceName: found.deviceName }
      return { name, signedMs: found.at, size: checkpoint.size, ...device }
    })
  }

  /** Everything that was read, newest first. */
  #showEntries(changes: Partial<AuditModel> = {}): void {
    this.#shownMs = Date.now()
    const { client } = this.#host
    this.#show({
      entries: this.#entries.toReversed(),
      hasOlder: (this.#entries[0]?.sequence ?? 1) > 1,
      log: this.#reader?.state ?? null,
      clinic: client.clinic,
      witnesses: this.#witnesses(),
      quorum: client.clinic.quorum,
      nowMs: Date.now(),
      ...changes,
    })
  }

  close(): void {
    this.#host.close()
  }

  readSince(sinceMs: number): void {
    void this.#read((oldest) => oldest.time >= sinceMs)
  }

  readOlder(): void {
    const before = this.#entries[0]?.sequence ?? 0
    void this.#read((oldest) => oldest.sequence === before)
  }

  stopReading(): void {
    this.#reading?.abort()
  }

  /** Reads back until it has come far enough, or to the log's first entry. */
  async #read(wantsMore: (oldest: AuditLogEntry) => boolean): Promise<void> {
    this.#reading?.abort()
    const reading = new AbortController()
    this.#reading = reading
    const { signal } = reading
    try {
      if (this.#reader === undefined) await this.#readFirst(signal)
      for (let count = this.#piece; ; count *= 2) {
        const oldest = this.#entries[0]
        if (oldest === undefined || oldest.sequence <= 1 || !wantsMore(oldest)) break
        if ((this.#reader?.state.problems.length ?? 0) > 0) break
        await this.#readBefore(oldest, Math.max(1, oldest.sequence - count), signal)
      }
      if (reading === this.#reading) this.#showEntries({ loading: null, problem: null })
    } catch (error) {
      if (reading !== this.#reading) return
      this.#showEntries({ loading: null, problem: signal.aborted ? null : codeOf(error) })
    }
  }

  /** The newest piece, or all of a short log. How long it is turns out as soon as reading begins. */
  async #readFirst(signal: AbortSignal): Promise<void> {
    const { client } = this.#host
    this.#show({ loading: { done: 0, of: 0 } })
    this.#entries = []
    const whole = client.auditLog()
    this.#reader = whole
    const isLong = (): boolean => (whole.state.checkpoint?.size ?? 0) > this.#piece
    const long = new AbortController()
    const stop = linkAbort(signal, long)
    const onEntries = (entries: readonly AuditLogEntry[]): void => {
      if (isLong()) long.abort()
      else this.#take(entries)
    }
    try {
      await whole.read({ signal: long.signal, onEntries })
    } catch (error) {
      if (!long.signal.aborted || signal.aborted) throw error
    } finally {
      stop()
    }
    if (!long.signal.aborted) return
    const reader = client.auditLog({ from: (whole.state.checkpoint?.size ?? 0) - this.#piece + 1 })
    this.#reader = reader
    await reader.read({ signal, onEntries: (entries) => this.#take(entries) })
  }

  #take(entries: readonly AuditLogEntry[]): void {
    this.#entries.push(...entries)
    if (Date.now() - this.#shownMs > SHOW_EVERY_MS) this.#showEntries()
  }

  /** The piece from `from` to just before `oldest`. That it leads there, its reader's own check of the entries that both
   * have says: `oldest` holds the hash of the one before. */
  async #readBefore(oldest: AuditLogEntry, from: number, signal: AbortSignal): Promise<void> {
    const piece: AuditLogEntry[] = []
    const enough = new AbortController()
    const stop = linkAbort(signal, enough)
    const reader = this.#host.client.auditLog({ from })
    let joint: AuditLogEntry | undefined
    const of = oldest.sequence - from
    const onEntries = (entries: readonly AuditLogEntry[]): void => {
      piece.push(...entries.filter(({ sequence }) => sequence < oldest.sequence))
      joint ??= entries.find(({ sequence }) => sequence === oldest.sequence)
      this.#show({ loading: { done: piece.length, of } })
      if (joint !== undefined) enough.abort()
    }
    try {
      await reader.read({ signal: enough.signal, onEntries })
    } catch (error) {
      if (joint === undefined || signal.aborted) throw error
    } finally {
      stop()
    }
    const found: readonly AuditProblem[] = reader.state.problems
    if (joint === undefined || String(joint.bytes) !== String(oldest.bytes)) {
      const gap: AuditProblem = { kind: "gap", sequence: oldest.sequence }
      this.#show({ verification: broken(found.length > 0 ? found : [gap]) })
      throw Object.assign(new Error("the log contradicts itself"), { code: "ERR_FORK" })
    }
    this.#entries = [...piece, ...this.#entries]
    this.#showEntries()
  }

  async #readNew(): Promise<void> {
    const reader = this.#reader
    if (reader === undefined || this.#model.loading !== null || !this.#host.isVisible()) return
    // Without a connection it waits for one: no second one waits behind it.
    if (this.#catchingUp !== undefined) return
    const catchingUp = new AbortController()
    this.#catchingUp = catchingUp
    try {
      await reader.read({ signal: catchingUp.signal, onEntries: (entries) => this.#take(entries) })
      this.#showEntries({ problem: null })
    } catch (error) {
      this.#show({ problem: codeOf(error) })
    } finally {
      this.#catchingUp = undefined
    }
  }

  verify(): void {
    void this.#verify()
  }

  stopVerifying(): void {
    this.#verifying?.abort()
  }

  /** From the first entry on, believing nothing that was read before; what it reads isn't kept. */
  async #verify(): Promise<void> {
    this.#verifying?.abort()
    const verifying = new AbortController()
    this.#verifying = verifying
    const tell = (verification: Verification): void => {
      if (verifying === this.#verifying) this.#show({ verification })
    }
    tell({ kind: "running", work: { done: 0, of: 0 } })
    const reader = this.#host.client.auditLog()
    try {
      const { problems, read, provenTo, checkpoint } = await reader.read({
        signal: verifying.signal,
        onEntries: () => {},
        onProgress: ({ done, of = 0 }) => tell({ kind: "running", work: { done: Math.min(done, of), of } }),
      })
      // The newest signed state is shown beside it.
      void this.#readNew()
      if (problems.length > 0) tell(broken(problems))
      else
        tell({
          kind: "whole",
          atMs: Date.now(),
          count: read,
          size: provenTo,
          isWitnessed: checkpoint !== undefined && checkpoint.quorum > 0,
        })
    } catch (error) {
      tell(verifying.signal.aborted ? { kind: "none" } : { kind: "failed", code: codeOf(error) })
    }
  }

  async prove(entry: AuditLogEntry, signal: AbortSignal): Promise<EntryProof> {
    const reader = this.#reader
    const { provenTo = 0, problems = [] } = reader?.state ?? {}
    if (problems.length > 0 && entry.sequence >= (problems[0]?.sequence ?? 0)) return { kind: "unproven" }
    if (reader === undefined || entry.sequence > provenTo) return { kind: "pending" }
    try {
      const file = await reader.proofOf(entry, signal)
      return file === undefined ? { kind: "pending" } : { kind: "proven", file }
    } catch (error) {
      if (codeOf(error) === "ERR_FORK") return { kind: "unproven" }
      throw error
    }
  }

  async makeFile(format: "csv" | "fhir" | "ndjson", entries: readonly AuditLogEntry[]): Promise<Blob> {
    return this.#files.make(format, entries, this.#entries, this.#reader?.state.provenTo ?? 0)
  }

  async makeEvidence(): Promise<Blob> {
    const evidence = await this.#host.client.logEvidence()
    // Where the log only doesn't fit with itself, what was found is all there is.
    const { verification, log } = this.#model
    const problems = verification.kind === "broken" ? verification.problems : (log?.problems ?? [])
    const found = JSON.stringify(
      { foundAt: new Date().toISOString(), problems, checkpoint: log?.checkpoint },
      null,
      2,
    )
    return new Blob([evidence === undefined ? found : (evidence as BlobPart)], { type: "application/json" })
  }
}

function broken(problems: readonly AuditProblem[]): Verification {
  return { kind: "broken", atMs: Date.now(), problems }
}

/** Whoever aborts the one aborts the other too.
 * @returns what undoes it. */
function linkAbort(signal: AbortSignal, controller: AbortController): () => void {
  const abort = (): void => controller.abort()
  if (signal.aborted) abort()
  signal.addEventListener("abort", abort)
  return () => signal.removeEventListener("abort", abort)
}
