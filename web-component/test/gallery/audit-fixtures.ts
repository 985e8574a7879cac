// The compliance officer's page as plain data.
import type { AuditLogEntry, CheckpointInfo } from "@wardline/sdk"
import type { Action, Outcome } from "@wardline/sdk/tlog"
import type { AuditActions, AuditModel } from "../../src/inbox/audit/model.ts"
import type { InboxStrings } from "../../src/strings/inbox-strings.ts"
import { clinic } from "./fixtures.ts"

const NOW = Date.now()
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** The same each time. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const hex = (next: () => number): string =>
  Array.from({ length: 32 }, () => Math.floor(next() * 16).toString(16)).join("")

const PEOPLE = [
  { name: "Dana Whitfield, RN", role: "nursing" },
  { name: "Oyelaran Adebayo-Montgomery, MD", role: "physician" },
  { name: "Bill Owens", role: "billing" },
  { name: "Iris Kwan, MD", role: "archive" },
] as const
const STAFF_ACTIONS: readonly Action[] = [
  "access",
  "keys-served",
  "read",
  "create",
  "delivered",
  "blob-read",
  "list",
  "login",
]
const PATIENT_ACTIONS: readonly Action[] = ["login", "create", "read", "delivered", "blob-write"]

/** A few weeks of a small clinic, newest first. */
export function logOf(count: number): AuditLogEntry[] {
  const next = random(7)
  const pick = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)] as T
  const conversations = Array.from({ length: 12 }, () => hex(next))
  const devices = PEOPLE.map(() => hex(next))
  const patients = conversations.map(() => hex(next))
  let time = NOW - MINUTE
  return Array.from({ length: count }, (_, index): AuditLogEntry => {
    const hour = new Date(time).getHours()
    time -= Math.floor(next() * (hour > 7 && hour < 19 ? 12 : 90) * MINUTE)
    const base = {
      sequence: 12_408 - index,
      time,
      position: 0,
      bytes: new Uint8Array(212),
      outcome: "success" as Outcome,
    }
    const which = Math.floor(next() * conversations.length)
    const conversation = conversations[which] as string
    const dice = next()
    if (index === 4)
      return {
        ...base,
        action: "break-glass",
        purpose: "BTG",
        conversation,
        position: 31,
        who: { kind: "staff", deviceId: devices[3] as string, name: PEOPLE[3].name },
        role: "archive",
        recordHash: hex(next) + hex(next),
      }
    if (index === 9)
      return {
        ...base,
        action: "disclosure",
        purpose: "HLEGAL",
        conversation,
        position: 40,
        who: { kind: "staff", deviceId: devices[2] as string, name: PEOPLE[2].name },
        role: "billing",
        recordHash: hex(next) + hex(next),
      }
    if (dice < 0.04)
      return {
        ...base,
        action: "refusal",
        outcome: "refused",
        conversation,
        who: { kind: "staff", deviceId: devices[2] as string, name: PEOPLE[2].name },
        role: "billing",
      }
    if (dice < 0.06)
      return {
        ...base,
        action: "login-failure",
        outcome: "failed",
        who: { kind: "unknown", deviceId: hex(next) },
      }
    if (dice < 0.07) return { ...base, action: "relay-start", who: { kind: "relay", deviceId: "" } }
    if (dice < 0.1)
      return {
        ...base,
        action: pick(["attest", "policy-change", "device-add", "role-grant"] as const),
        who: { kind: "admin", deviceId: hex(next), name: "Ada Okafor" },
        recordHash: hex(next) + hex(next),
      }
    if (dice < 0.4)
      return {
        ...base,
        action: pick(PATIENT_ACTIONS),
        conversation,
        position: Math.floor(next() * 40),
        who: { kind: "unknown", deviceId: patients[which] as string },
      }
    const person = Math.floor(next() * 3)
    const { name, role } = PEOPLE[person] as (typeof PEOPLE)[number]
    return {
      ...base,
      action: pick(STAFF_ACTIONS),
      conversation,
      purpose: "TREAT",
      position: Math.floor(next() * 40),
      who: { kind: "staff", deviceId: devices[person] as string, name },
      role,
      recordHash: hex(next) + hex(next),
    }
  })
}

const checkpoint: CheckpointInfo = {
  size: 12_408,
  root: "4f1b".repeat(16),
  at: NOW - 2 * MINUTE,
  witnesses: [
    { name: "northside.example/witness", at: NOW - 2 * MINUTE },
    {
      name: "wardline/device/3f9a01c2d4e5f60718293a4b5c6d7e8f",
      deviceName: "Dana Whitfield, RN",
      at: NOW - MINUTE,
    },
  ],
  quorum: 2,
}

const base: Omit<AuditModel, "strings"> = {
  clinic,
  nowMs: NOW,
  entries: logOf(600),
  hasOlder: true,
  loading: null,
  problem: null,
  log: { read: 12_408, provenTo: 12_408, checkpoint, problems: [] },
  witnesses: [
    { name: "northside.example/witness", signedMs: NOW - 2 * MINUTE, size: 12_408 },
    {
      name: "wardline/device/3f9a01c2d4e5f60718293a4b5c6d7e8f",
      deviceName: "Dana Whitfield, RN",
      signedMs: NOW - MINUTE,
      size: 12_408,
    },
    { name: "state-board.example/witness" },
  ],
  quorum: 2,
  verification: { kind: "none" },
}
const problems = [
  { kind: "gap", sequence: 812 },
  { kind: "not-proven", sequence: 12_408 },
] as const

/** By the case's name: what differs, and which tab is looked at. */
export const auditCases: Readonly<
  Record<string, { readonly tab?: string; readonly press?: string; readonly model?: Partial<AuditModel> }>
> = {
  audit: {},
  "audit-entry": { press: "tbody tr:not(.space)" },
  "audit-export": { press: ".head .button" },
  "audit-loading": { model: { entries: [], log: null, loading: { done: 4_200, of: 12_408 } } },
  "audit-empty": { model: { entries: [], log: null, hasOlder: false } },
  "audit-offline": { model: { problem: "ERR_OFFLINE" } },
  "audit-odd": { model: { log: { read: 811, provenTo: 0, checkpoint, problems } } },
  "audit-activity": { tab: "activity" },
  "audit-trust": { tab: "trust" },
  "audit-verifying": {
    tab: "trust",
    model: { verification: { kind: "running", work: { done: 8_000, of: 12_408 } } },
  },
  "audit-whole": {
    tab: "trust",
    model: { verification: { kind: "whole", atMs: NOW, count: 12_408, size: 12_408, isWitnessed: true } },
  },
  "audit-broken": { tab: "trust", model: { verification: { kind: "broken", atMs: NOW, problems } } },
  "audit-behind": {
    tab: "trust",
    model: {
      witnesses: [
        { name: "northside.example/witness", signedMs: NOW - 2 * DAY, size: 9_000 },
        { name: "state-board.example/witness" },
      ],
    },
  },
  "audit-unwitnessed": {
    tab: "trust",
    model: { witnesses: [], quorum: 0, log: { read: 40, provenTo: 0, checkpoint: undefined, problems: [] } },
  },
}

export function auditModelOf(name: string, strings: InboxStrings): AuditModel {
  return { ...base, strings, ...auditCases[name]?.model }
}

export const auditActions: AuditActions = {
  close: () => {},
  readSince: () => {},
  readOlder: () => {},
  stopReading: () => {},
  verify: () => {},
  stopVerifying: () => {},
  prove: async () => ({ kind: "proven", file: "c2sp.org/tlog-proof@v1\n" }),
  makeFile: async () => new Blob(),
  makeEvidence: async () => new Blob(),
}
