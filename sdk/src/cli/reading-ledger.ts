/** What an audit log says was read in a period: by whom, in which role, for what. */
import { toHex } from "../bytes.ts"
import { purposeOf } from "../protocol/index.ts"
import type { Action, AuditEntry } from "../tlog/index.ts"
import type { BreachQuery, BreachScope, ReadConversation } from "./breach-scope.ts"
import type { LogFacts } from "./log-facts.ts"

const READING: ReadonlySet<Action> = new Set([
  "read",
  "delivered",
  "keys-served",
  "blob-read",
  "access",
  "break-glass",
  "disclosure",
])
const ACCESSES: ReadonlySet<Action> = new Set(["access", "break-glass", "disclosure"])

/** Collects, entry by entry, what the log says was read in a period: by whom, and in which role. */
export class ReadingLedger {
  readonly #fromMs: number
  readonly #toMs: number
  /** By conversation, device and role. */
  readonly #readings = new Map<string, Reading>()

  constructor({ fromMs, toMs }: Pick<BreachQuery, "fromMs" | "toMs">) {
    this.#fromMs = fromMs
    this.#toMs = toMs
  }

  add(entry: AuditEntry): void {
    const { action, outcome, time, purpose, position, actorRole: role } = entry
    if (outcome !== "success" || time < this.#fromMs || time >= this.#toMs) return
    if (action !== "list" && !READING.has(action)) return
    const conversation = toHex(entry.scope)
    const device = toHex(entry.actor)
    const key = `${conversation} ${device} ${role}`
    const reading = this.#readings.get(key) ?? emptyReading(conversation, device, role, time)
    this.#readings.set(key, reading)
    if (purpose !== 0) reading.purposes.add(purposeOf(purpose))
    if (action === "list") reading.lists++
    if (action === "read") reading.reads++
    if (action === "blob-read") reading.files++
    if (ACCESSES.has(action)) reading.accesses++
    if (action === "delivered" || action === "read") reading.upTo = Math.max(reading.upTo, position)
    reading.lastMs = time
  }

  /** Those that were asked for, by conversation. A patient's own devices are left out unless they are named. */
  result(
    { devices, roles, conversations }: BreachQuery,
    facts: LogFacts,
    patients: ReadonlyMap<string, string>,
  ): Pick<BreachScope, "read" | "lists"> {
    const isNamed = ({ device, role }: Reading): boolean =>
      devices.size + roles.size === 0 || devices.has(device) || roles.has(role)
    const isWanted = (reading: Reading): boolean => {
      const own = facts.conversations.get(reading.conversation)?.devices
      return (
        isNamed(reading) &&
        (conversations.size === 0 || conversations.has(reading.conversation)) &&
        (devices.has(reading.device) || own?.has(reading.device) !== true)
      )
    }
    const byConversation = new Map<string, Reading[]>()
    let lists = 0
    for (const reading of this.#readings.values()) {
      if (isNamed(reading)) lists += reading.lists
      if (!facts.conversations.has(reading.conversation) || !isWanted(reading)) continue
      byConversation.set(reading.conversation, [...(byConversation.get(reading.conversation) ?? []), reading])
    }
    const read = [...byConversation].map(([conversation, readings]) =>
      joined(conversation, patients.get(conversation) ?? "", readings),
    )
    return { read, lists }
  }
}

interface Reading {
  readonly conversation: string
  readonly device: string
  readonly role: string
  readonly purposes: Set<string>
  lists: number
  reads: number
  accesses: number
  files: number
  upTo: number
  readonly firstMs: number
  lastMs: number
}

function emptyReading(conversation: string, device: string, role: string, firstMs: number): Reading {
  const counts = { lists: 0, reads: 0, accesses: 0, files: 0, upTo: 0 }
  return { conversation, device, role, purposes: new Set(), ...counts, firstMs, lastMs: firstMs }
}

function joined(conversation: string, patient: string, readings: readonly Reading[]): ReadConversation {
  const sum = (count: (reading: Reading) => number): number =>
    readings.reduce((all, one) => all + count(one), 0)
  return {
    conversation,
    patient,
    devices: [...new Set(readings.map(({ device }) => device))],
    roles: [...new Set(readings.map(({ role }) => role).filter((role) => role !== ""))],
    purposes: [...new Set(readings.flatMap(({ purposes }) => [...purposes]))],
    reads: sum(({ reads }) => reads),
    accesses: sum(({ accesses }) => accesses),
    files: sum(({ files }) => files),
    upTo: Math.max(...readings.map(({ upTo }) => upTo)),
    firstMs: Math.min(...readings.map(({ firstMs }) => firstMs)),
    lastMs: Math.max(...readings.map(({ lastMs }) => lastMs)),
  }
}
