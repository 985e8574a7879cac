/** The SDK's verifier and docs/verify-audit.mjs, which share no code, on the same bytes. */
import * as assert from "uvu/assert"
import { ExportVerifier } from "../../src/tlog/index.ts"
import { crypto } from "./audit-log.ts"

/** Where something is wrong; undefined fields are unknown, and nothing is wrong if all are. */
export interface Place {
  readonly line: number | undefined
  readonly clinic: string | undefined
  readonly sequence: number | undefined
  readonly from: number | undefined
}

export interface Judgement {
  readonly ok: boolean
  readonly place: Place
  readonly message: string
}

interface OtherReport {
  readonly ok: boolean
  readonly fault?: Partial<Place> & { readonly message: string }
}

/** docs/verify-audit.mjs, as it is imported. */
export interface OtherVerifier {
  verifyAudit(
    pieces: Iterable<Uint8Array>,
    options?: { checkpoints?: readonly string[]; clinicKey?: string },
  ): OtherReport
  beginCheck(options?: { checkpoints?: readonly string[] }): object
  takeLine(state: object, line: Uint8Array): boolean
  endCheck(state: object): OtherReport
}

// By an address that the compiler can't follow: the file has no types, as an auditor should read it without any.
const address = new URL("../../../docs/verify-audit.mjs", import.meta.url).href
export const other = (await import(address)) as OtherVerifier

export function judgementOf(report: {
  ok: boolean
  fault?: Partial<Place> & { message: string }
}): Judgement {
  const { line, clinic, sequence, from, message = "" } = report.fault ?? {}
  return { ok: report.ok, place: { line, clinic, sequence, from }, message }
}

/** The SDK's judgement. */
export function judge(pieces: readonly Uint8Array[], kept: readonly string[] = []): Judgement {
  const verifier = new ExportVerifier({ ...crypto, kept })
  for (const piece of pieces) if (!verifier.take(piece)) break
  return judgementOf(verifier.report())
}

/** What both say, who must agree on whether and where.
 * @param pieces - of the file. */
export function judgeByBoth(pieces: readonly Uint8Array[], kept: readonly string[] = []): Judgement {
  const judged = judge(pieces, kept)
  const second = judgementOf(other.verifyAudit(pieces, { checkpoints: kept }))
  assert.equal(
    { ok: second.ok, ...second.place },
    { ok: judged.ok, ...judged.place },
    `the SDK says "${judged.message}", the other "${second.message}"`,
  )
  return judged
}
