/** A breach's scope in words, and for programs. */
import type { DirectoryState } from "../directory/index.ts"
import type { BreachQuery, BreachScope } from "./breach-scope.ts"
import { timeText } from "./directory-view.ts"
import { wrap } from "./help.ts"
import type { LogFacts } from "./log-facts.ts"
import { inline, table } from "./output.ts"

/** What stays open whatever the log says; an officer reads this before a letter is written. */
const CANNOT_KNOW: readonly string[] = [
  "What was done with what could be read: keys that open a conversation say nothing of whether anybody looked, and what was read may have been copied, photographed or told on.",
  "What a device that was revoked did after that: the relay gives it nothing any more, and its keys open what somebody else brings it.",
  "Copies outside the relay. Whoever has an old copy of the relay's data, or recorded its traffic, and one of these keys, may open conversations that the relay had archived before.",
  "Keys that were handed on outside the directory, and what a device still held in memory of conversations that had left it.",
  "Which message was sealed under which key, exactly: messages count to the key that was the newest when they came.",
  "When exactly: readings have the time of the relay's clock alone. For keys and what they open, whichever is the earlier of its time and the signed one counts as the beginning, and the later one as the end.",
  "What came after this export was made. Make it anew once keys are renewed.",
]

/** @param vouched - how far anybody vouches for the log. */
export function breachLines(
  scope: BreachScope,
  query: BreachQuery,
  facts: LogFacts,
  vouched: string,
): string[] {
  return [
    ...headLines(query, facts),
    vouched,
    ...(facts.refused === 0
      ? []
      : [
          `Left out, as clients do: ${count(facts.refused, "record")} of conversations that can't be read, or that nobody signed who might.`,
        ]),
    "",
    ...keyLines(scope, facts.directory),
    "",
    ...reachableLines(scope),
    "",
    ...readLines(scope, facts.directory),
    "",
    "What this can't know:",
    ...CANNOT_KNOW.flatMap((line) => wrap(line, 90).map((part, i) => `${i === 0 ? "  - " : "    "}${part}`)),
  ]
}

function headLines({ devices, roles, conversations, fromMs, toMs }: BreachQuery, facts: LogFacts): string[] {
  const until = Number.isFinite(toMs) ? timeText(toMs) : "the export's end"
  return table([
    ...[...devices].map((id) => ["Device", deviceText(id, facts)]),
    ...[...roles].map((role) => ["Role", role]),
    ...[...conversations].map((id) => ["Conversation", id]),
    ["Period", `${fromMs === 0 ? "the log's beginning" : timeText(fromMs)} to ${until}`],
  ])
}

function keyLines({ keys }: BreachScope, directory: DirectoryState): string[] {
  if (keys.length === 0) return ["Keys: none."]
  return [
    "Keys:",
    ...table([
      ["  KEY", "SINCE", "HELD BY"],
      ...keys.map(({ key, holders, fromMs }) => [
        `  ${keyText(key)}`,
        fromMs === 0 ? "" : timeText(fromMs),
        holders.map((id) => holderText(id, directory)).join(", ") || "nobody by then",
      ]),
    ]),
  ]
}

function reachableLines({ reachable: found }: BreachScope): string[] {
  if (found.length === 0) return ["Could be opened with these keys: no conversation."]
  const patients = new Set(found.map(({ patient }) => patient)).size
  const messages = found.reduce((sum, one) => sum + one.messages, 0)
  return [
    `Could be opened with these keys: ${count(found.length, "conversation")} of ${count(patients, "patient")}, ${count(messages, "message")}.`,
    ...table([
      ["  CONVERSATION", "PATIENT", "MESSAGES", "FROM", "TO", "WITH"],
      ...found.map((one) => [
        `  ${one.conversation}`,
        one.patient.slice(0, 12),
        `${one.messages}${one.epochs < one.allEpochs ? " (a part)" : ""}`,
        timeText(one.firstMs),
        timeText(one.lastMs),
        one.keys.map(keyText).join(", "),
      ]),
    ]),
  ]
}

function readLines({ read, lists }: BreachScope, directory: DirectoryState): string[] {
  const listed =
    lists === 0
      ? []
      : [`Lists of conversations, with their topics and times, were shown ${count(lists, "time")}.`]
  if (read.length === 0) return ["Was read, by the log: nothing.", ...listed]
  return [
    `Was read, by the log: ${count(read.length, "conversation")}.`,
    ...table([
      ["  CONVERSATION", "PATIENT", "SERVED", "FILES", "FIRST", "LAST", "PURPOSE", "BY"],
      ...read.map((one) => [
        `  ${one.conversation}`,
        one.patient.slice(0, 12),
        one.reads === 0 ? "never" : count(one.reads, "time"),
        String(one.files),
        timeText(one.firstMs),
        timeText(one.lastMs),
        one.purposes.join(", "),
        one.devices.map((id) => holderText(id, directory)).join(", "),
      ]),
    ]),
    ...listed,
  ]
}

export function breachJson(
  { keys, reachable: found, read, lists }: BreachScope,
  { devices, roles, conversations, fromMs, toMs }: BreachQuery,
  facts: LogFacts,
): Record<string, unknown> {
  const iso = (ms: number): string | null =>
    ms === 0 || !Number.isFinite(ms) ? null : new Date(ms).toISOString()
  const times = <T extends { readonly firstMs: number; readonly lastMs: number }>({
    firstMs,
    lastMs,
    ...rest
  }: T) => ({
    ...rest,
    first: iso(firstMs),
    last: iso(lastMs),
  })
  return {
    clinicKey: facts.clinicKey,
    devices: [...devices],
    roles: [...roles],
    conversations: [...conversations],
    from: iso(fromMs),
    to: iso(toMs),
    keys: keys.map(({ fromMs: since, ...key }) => ({ ...key, since: iso(since) })),
    couldBeOpened: found.map(times),
    wereRead: read.map(times),
    lists,
    refused: facts.refused,
    cannotKnow: CANNOT_KNOW,
  }
}

function keyText(key: string): string {
  const [kind, name, generation] = key.split("/")
  return kind === "role" ? `${name}, key ${generation}` : `device ${(name ?? "").slice(0, 12)}`
}

/** With its end, for a device that was revoked keeps the keys that it had. */
function deviceText(id: string, facts: LogFacts): string {
  const device = facts.directory.devices.get(id)
  if (device === undefined) return `${id}, a patient's`
  const revoked =
    device.revokedAt === undefined ? "" : `, revoked ${timeText(facts.recordMs(device.revokedAt))}`
  return `${id}, ${inline(device.name)}${revoked}`
}

function holderText(id: string, directory: DirectoryState): string {
  const device = directory.devices.get(id)
  if (device === undefined) return `device ${id.slice(0, 12)}`
  return device.kind === "admin" ? `${inline(device.name)} (administrator)` : inline(device.name)
}

const count = (n: number, what: string): string => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`
