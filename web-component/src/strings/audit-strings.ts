import type { AuditProblemKind } from "@wardline/sdk"
import type { Action, Outcome } from "@wardline/sdk/tlog"
import { auditEn } from "./audit-en.ts"
import { auditEs } from "./audit-es.ts"

/** What kinds of actions are shown and counted together. */
export type ActionGroup = "reading" | "writing" | "unusual" | "directory" | "sessions" | "relay"

export type PeriodName = "day" | "week" | "month" | "all" | "range"

/** What a whole check goes through, in this order. */
export type CheckName = "chain" | "tree" | "checkpoint" | "witnesses"

export type ExportFormat = "csv" | "fhir" | "ndjson"

/** What the compliance officer's page says. Apart from the inbox's other words: most people never open it. */
export interface AuditStrings {
  readonly title: string
  readonly back: string
  readonly loading: string
  readonly tabs: string
  readonly entriesTab: string
  readonly activityTab: string
  readonly trustTab: string
  readonly export: string
  /** Columns, and lines of an entry's detail. */
  readonly number: string
  readonly time: string
  readonly who: string
  readonly role: string
  readonly action: string
  readonly about: string
  readonly purpose: string
  readonly outcome: string
  readonly device: string
  readonly position: string
  readonly recordHash: string
  readonly clinic: string
  readonly none: string
  readonly relay: string
  readonly patient: string
  readonly unknown: string
  readonly administrator: string
  readonly filters: string
  readonly period: string
  readonly periods: Readonly<Record<PeriodName, string>>
  readonly from: string
  readonly to: string
  readonly anyone: string
  readonly whoHint: string
  readonly anyRole: string
  readonly anyAction: string
  readonly anyOutcome: string
  readonly conversation: string
  readonly conversationHint: string
  readonly clear: string
  readonly noneMatch: string
  readonly noneAtAll: string
  readonly loadOlder: string
  readonly stop: string
  readonly retry: string
  readonly groups: Readonly<Record<ActionGroup, string>>
  readonly actions: Readonly<Record<Action, string>>
  readonly outcomes: Readonly<Record<Outcome, string>>
  /** An entry’s detail. */
  readonly onlyThisDevice: string
  readonly onlyThisConversation: string
  readonly proof: string
  readonly proven: string
  readonly pending: string
  readonly unproven: string
  readonly proofWait: string
  readonly saveProof: string
  /** Verification. */
  readonly verifyTitle: string
  readonly verifyText: string
  readonly verify: string
  readonly verifyAgain: string
  readonly verifiedTitle: string
  readonly brokenTitle: string
  readonly brokenText: string
  readonly brokenSteps: readonly string[]
  readonly checks: Readonly<Record<CheckName, string>>
  readonly passed: string
  readonly failed: string
  readonly notChecked: string
  readonly problems: Readonly<Record<AuditProblemKind, string>>
  readonly saveEvidence: string
  readonly checkpointTitle: string
  readonly noCheckpoint: string
  readonly entries: string
  readonly root: string
  readonly signed: string
  readonly witnessesTitle: string
  readonly noWitnesses: string
  readonly witness: string
  readonly lastSigned: string
  readonly signedUpTo: string
  readonly state: string
  readonly fresh: string
  readonly behind: string
  readonly never: string
  readonly quorumMet: string
  readonly quorumMissed: string
  readonly quorumNone: string
  readonly behindAdvice: string
  /** Charts. */
  readonly perDay: string
  readonly perHour: string
  readonly byHour: string
  readonly byHourText: string
  readonly byAction: string
  readonly byRole: string
  readonly asTable: string
  readonly day: string
  readonly hour: string
  readonly count: string
  readonly refusedPart: string
  readonly noPhi: string
  /** Export. */
  readonly exportTitle: string
  readonly exportText: string
  readonly formats: Readonly<Record<ExportFormat, string>>
  readonly formatTexts: Readonly<Record<ExportFormat, string>>
  readonly format: string
  readonly whichEntries: string
  readonly download: string
  readonly exporting: string
  readonly exported: string
  shown(count: string, of: string): string
  onlyFiltered(count: string): string
  allLoaded(count: string): string
  loadingOf(done: string, of: string): string
  verifying(done: string, of: string): string
  verified(count: string, size: string): string
  entryNumber(number: string): string
  ago(age: string): string
  /** How many entries are signed, by how many witnesses, when. */
  signedBy(size: string, witnesses: number, ago: string): string
  quorumOf(have: string, need: string): string
  /** A chart in one sentence. */
  chartSummary(total: string, busiest: string, most: string): string
  refusals(count: number): string
}

/** @param language - of the other words on the screen. */
export function auditStrings(language: string): AuditStrings {
  return language === "es" ? auditEs : auditEn
}
