/** Which conversations keys could have opened in a period: for the question that follows a stolen laptop
 * (45 CFR 164.402–414). What was read, by the log, is in reading-ledger.ts. */
import { type DirectoryDevice, type DirectoryState, grantsFor } from "../directory/index.ts"
import { idText, isSlug, type Role } from "../ids.ts"
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
