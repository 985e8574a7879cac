/** Which conversations keys could have opened in a period, and which were read by the log: for the question that follows
 * a stolen laptop (45 CFR 164.402–414). */
import { toHex } from "../bytes.ts"
import { type DirectoryDevice, type DirectoryState, grantsFor } from "../directory/index.ts"
import { idText, isSlug, type Role } from "../ids.ts"
import { purposeOf } from "../protocol/index.ts"
import type { Action, AuditEntry } from "../tlog/index.ts"
import { deviceKeyName, type KeyName, type LogFacts, roleKeyName } from "./log-facts.ts"

/** What is asked. Ids are hexadecimal; nothing named in a list is everything, but not in all three. */
export interface BreachQuery {
  readonly devices: ReadonlySet<string>
  readonly roles: ReadonlySet<string>
  readonly conversations: ReadonlySet<string>
  /** Milliseconds since 1970; the first that isn't meant any more is `toMs`. */
  readonly fromMs: number
  readonly toMs: number
}

/** A key that counts as in wrong hands. */
export interface HeldKey {
  readonly key: KeyName
  /** Who has it, hexadecimal device ids. */
  readonly holders: readonly string[]
  readonly fromMs: number
}

export interface ReachableConversation {
  readonly conversation: string
  /** What the log calls the patient: the device that consented first. */
  readonly patient: string
  readonly keys: readonly KeyName[]
  /** Stretches of the conversation that these keys open, of all that there were by the end of the period. */
  readonly epochs: number
  readonly allEpochs: number
  /** Sent in them by the end of the period. */
  readonly messages: number
  readonly firstMs: number
  readonly lastMs: number
}

export interface ReadConversation {
  readonly conversation: string
  readonly patient: string
  readonly devices: readonly string[]
  readonly roles: readonly string[]
  readonly purposes: readonly string[]
  /** How often it was served. */
  readonly reads: number
  /** How often somebody said why before. */
  readonly accesses: number
  readonly files: number
  /** Position of the newest record that was delivered, as far as it was noted. */
  readonly upTo: number
  readonly firstMs: number
  readonly lastMs: number
}

export interface BreachScope {
  readonly keys: readonly HeldKey[]
  readonly reachable: readonly ReachableConversation[]
  readonly read: readonly ReadConversation[]
  /** How often lists of conversations were shown, which tell topics and times. */
  readonly lists: number
}

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

/** What the keys in question open.
 *
 * A stretch counts if a key wraps its secret, the relay has that wrap at some time of the period, and somebody who is
 * meant has that key by its end. Keys are kept once they were given: a device that was revoked before has its old ones. */
export function reachable(
  facts: LogFacts,
  query: BreachQuery,
  patients: ReadonlyMap<string, string>,
): Pick<BreachScope, "keys" | "reachable"> {
  const held = heldKeys(facts, query)
  const used = new Set<KeyName>()
  const found = [...facts.conversations.values()].flatMap((conversation): ReachableConversation[] => {
    const { id, epochs, shreddedMs } = conversation
    if (query.conversations.size > 0 && !query.conversations.has(id)) return []
    if (shreddedMs <= query.fromMs) return []
    const isAnyKey = held === undefined
    const keys = new Set<KeyName>()
    const open = epochs.filter((epoch) => {
      const opening = epoch.wraps.filter(
        ({ key, fromMs, untilMs }) =>
          fromMs < query.toMs &&
          untilMs > query.fromMs &&
          (isAnyKey ? !isOwn(key, conversation.devices) : (held.get(key)?.fromMs ?? Infinity) < query.toMs),
      )
      for (const { key } of opening) keys.add(key)
      return opening.length > 0
    })
    if (open.length === 0) return []
    for (const key of keys) used.add(key)
    const times = open.flatMap(({ messageTimes }) => messageTimes).filter((time) => time < query.toMs)
    const startMs = open[0]?.fromMs ?? 0
    return [
      {
        conversation: id,
        patient: patients.get(id) ?? "",
        keys: [...keys].sort(),
        epochs: open.length,
        allEpochs: epochs.filter(({ fromMs }) => fromMs < query.toMs).length,
        messages: times.length,
        firstMs: times[0] ?? startMs,
        lastMs: times.at(-1) ?? startMs,
      },
    ]
  })
  const all = held ?? holdersOf(facts, used, query.toMs)
  return { keys: [...all.values()].sort((a, b) => (a.key < b.key ? -1 : 1)), reachable: found }
}

const isOwn = (key: KeyName, devices: ReadonlyMap<string, unknown>): boolean =>
  key.startsWith("device/") && devices.has(key.slice("device/".length))

/** The keys of the devices and roles that are named; undefined if none is, which means every key. */
function heldKeys(facts: LogFacts, { devices, roles, toMs }: BreachQuery): Map<KeyName, HeldKey> | undefined {
  if (devices.size + roles.size === 0) return undefined
  const { directory } = facts
  const held = new Map<KeyName, HeldKey>()
  for (const id of devices) {
    const key = deviceKeyName(id)
    held.set(key, { key, holders: [id], fromMs: 0 })
  }
  for (const [role, generations] of directory.roleKeys)
    for (const { generation, position } of generations) {
      const holders = holdersOfGeneration(facts, directory, role, generation)
      const meant = roles.has(role) ? holders : holders.filter(({ id }) => devices.has(id))
      const fromMs = roles.has(role)
        ? facts.recordMs(position)
        : Math.min(Infinity, ...meant.map((holder) => holder.fromMs))
      if (fromMs >= toMs) continue
      const key = roleKeyName(role, generation)
      held.set(key, { key, holders: meant.map(({ id }) => id), fromMs })
    }
  return held
}

/** Who has the keys by which conversations can be opened at all. */
function holdersOf(facts: LogFacts, keys: ReadonlySet<KeyName>, toMs: number): Map<KeyName, HeldKey> {
  const { directory } = facts
  const held = new Map<KeyName, HeldKey>()
  for (const key of keys) {
    const [kind, name = "", generation] = key.split("/")
    const all =
      kind === "role" && isSlug(name)
        ? holdersOfGeneration(facts, directory, name, Number(generation))
        : [{ id: name, fromMs: 0 }]
    const holders = all.filter(({ fromMs }) => fromMs < toMs)
    held.set(key, {
      key,
      holders: holders.map(({ id }) => id),
      fromMs: Math.min(...all.map(({ fromMs }) => fromMs)),
    })
  }
  return held
}

/** Devices that were given a generation's seed, or made it, and since when. */
function holdersOfGeneration(
  facts: LogFacts,
  directory: DirectoryState,
  role: Role,
  generation: number,
): { readonly id: string; readonly fromMs: number }[] {
  const made = directory.roleKeys.get(role)?.find((key) => key.generation === generation)
  return [...directory.devices.values()].flatMap((device: DirectoryDevice) => {
    const id = idText(device.id)
    if (made !== undefined && idText(made.issuer) === id)
      return [{ id, fromMs: facts.recordMs(made.position) }]
    const grant = grantsFor(directory, device.id).find(
      (one) => one.role === role && one.generation === generation,
    )
    return grant === undefined ? [] : [{ id, fromMs: facts.recordMs(grant.position) }]
  })
}
