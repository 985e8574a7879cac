// "Who has read this" as plain data.
import type { AuditProblem, CheckpointInfo, Reading, WhoHasRead } from "@wardline/sdk"
import type { LoadReaders } from "../../src/frame/readers/model.ts"

const NOW = Date.now()
const MINUTE = 60_000

let counter = 0
function reading(minutesAgo: number, fields: Partial<Reading> = {}): Reading {
  counter += 1
  const from = NOW - minutesAgo * MINUTE
  return {
    who: { kind: "staff", deviceId: "d1", name: "Dana Whitfield, RN" },
    role: "nursing",
    purpose: "TREAT",
    state: "ended",
    from,
    to: from + 12 * MINUTE,
    upTo: 9,
    times: 1,
    files: 0,
    proof: "proven",
    entries: [counter],
    ...fields,
  }
}

const checkpoint: CheckpointInfo = {
  size: 12_408,
  root: "4f".repeat(32),
  at: NOW - 2 * MINUTE,
  witnesses: [
    { name: "northside.example/witness", at: NOW - 2 * MINUTE },
    { name: "wardline/device/3f9a01c2", deviceName: "Noor Haddad, RN", at: NOW - MINUTE },
  ],
  quorum: 2,
}

const readings: readonly Reading[] = [
  reading(2, { state: "open", to: NOW, proof: "pending" }),
  reading(1, {
    who: { kind: "self", deviceId: "me" },
    purpose: undefined,
    role: undefined,
    state: "open",
  } as never),
  reading(95, {
    who: { kind: "staff", deviceId: "d2", name: "Oyelaran Adebayo-Montgomery, MD" },
    role: "physician",
    files: 2,
    upTo: 4,
  }),
  reading(1500, {
    who: { kind: "staff", deviceId: "d3", name: "Iris Kwan, MD" },
    role: "archive",
    purpose: "BTG",
    upTo: 2,
  }),
  reading(1520, {
    who: { kind: "staff", deviceId: "d4", name: "Bill Owens" },
    role: "billing",
    purpose: "HPAYMT",
    upTo: 2,
  }),
  reading(1530, {
    who: { kind: "staff", deviceId: "d4", name: "Bill Owens" },
    role: "billing",
    purpose: "HPAYMT",
    state: "refused",
    upTo: 0,
  }),
  reading(9000, {
    who: { kind: "staff", deviceId: "d5", name: "Records office" },
    role: "frontdesk",
    purpose: "HLEGAL",
    state: "announced",
    upTo: 0,
  }),
  reading(9001, {
    who: { kind: "patient", deviceId: "other" },
    purpose: undefined,
    role: undefined,
  } as never),
]

const problems: readonly AuditProblem[] = [
  {
    kind: "hidden-reading",
    who: { kind: "staff", deviceId: "d2", name: "Oyelaran Adebayo-Montgomery, MD" },
    at: NOW - 95 * MINUTE,
  },
  { kind: "gap", sequence: 812 },
  { kind: "not-proven", sequence: 813 },
  { kind: "not-proven", sequence: 814 },
]

const whole: WhoHasRead = { readings, checkpoint, problems: [], entries: 32, completeTo: NOW - MINUTE }
const never = new Promise<never>(() => {})

function failing(code: string): LoadReaders {
  return () => Promise.reject(Object.assign(new Error(code), { code }))
}

/** By the case's name. */
export const readerLoads: Readonly<Record<string, LoadReaders>> = {
  readers: async () => whole,
  "readers-odd": async () => ({ ...whole, problems }),
  "readers-empty": async () => ({
    ...whole,
    readings: whole.readings.filter(({ who }) => who.kind !== "staff"),
  }),
  "readers-alone": async () => ({
    ...whole,
    readings: whole.readings.slice(2, 4),
    checkpoint: { ...checkpoint, witnesses: [], quorum: 0 },
  }),
  "readers-none": async () => ({ ...whole, checkpoint: undefined, completeTo: undefined }),
  "readers-late": async () => ({ ...whole, problems: [{ kind: "late", sequence: 7 }] }),
  "readers-looking": ({ onProgress }) => {
    onProgress?.({ done: 1200, of: 3100 })
    return never
  },
  "readers-offline": failing("ERR_OFFLINE"),
  "readers-failed": failing("ERR_FORBIDDEN"),
}
