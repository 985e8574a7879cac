import type { DirectoryState } from "../directory/index.ts"
import { idText } from "../ids.ts"
import { type Input, usage } from "./arguments.ts"
import { EXPORT_ARGUMENT, EXPORT_CLINIC_KEY, readLog, vouchedText } from "./audit-source.ts"
import { type BreachQuery, type BreachScope, ReadingLedger, reachable } from "./breach-scope.ts"
import type { Command } from "./command.ts"
import { timeText } from "./directory-view.ts"
import { EXIT } from "./exit-codes.ts"
import { wrap } from "./help.ts"
import { LogFacts } from "./log-facts.ts"
import { inline, table } from "./output.ts"
import { parseTime } from "./period.ts"

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

export const auditBreachScope: Command = {
  name: "audit breach-scope",
  summary: "list the conversations that keys in wrong hands could open in a period, and those that were read",
  description: [
    "For a laptop that was stolen, an account that was misused, a key that leaked. From the export alone it works out which role keys a device had been given, what these open, and until when the relay had it; and, apart from that, what the log says was served. The export holds no content and neither does the answer: conversations and patients are ids.",
    "Name a device for all its keys, a role for all that the role's keys open, or a conversation for everybody who could have read it and who did; together they must all fit. It is the technical part of a risk assessment (45 CFR 164.402), not the assessment.",
  ],
  argument: EXPORT_ARGUMENT,
  options: {
    device: {
      value: "DEVICE",
      multiple: true,
      help: "the device whose keys were in wrong hands, by its id\nor by the name of whose it is",
    },
    role: { value: "ROLE", multiple: true, help: "the role whose keys were" },
    conversation: { value: "ID", multiple: true, help: "only this conversation" },
    from: {
      value: "TIME",
      help: "from when on: a day (UTC) or a time, such as 2026-11-01 or 2026-11-01T09:00-05:00",
    },
    to: {
      value: "TIME",
      help: "until when, the day included; until the export's end unless given. Take the time at\nwhich the device was revoked and the keys were renewed",
    },
    "clinic-key": EXPORT_CLINIC_KEY,
  },
  examples: [
    'wardline audit breach-scope audit.ndjson --device "Sam Lee" --from 2026-11-01T18:00-06:00 --to 2026-11-03',
    "wardline audit breach-scope audit.ndjson --role billing --from 2026-11-01",
    "wardline audit breach-scope audit.ndjson --conversation 41aa… --json",
  ],
  async run(input, context) {
    const period = readPeriod(input)
    const conversations = new Set(input.list("conversation").map((id) => readId(id, "conversation")))
    const wanted = input.list("device")
    const roles = new Set(input.list("role"))
    if (wanted.length + roles.size + conversations.size === 0)
      throw usage("whose keys are in question? name --device, --role or --conversation")
    const ledger = new ReadingLedger(period)
    const facts = new LogFacts((entry) => ledger.add(entry))
    const report = await readLog(input, context, facts)
    const devices = new Set(wanted.flatMap((text) => devicesOf(text, facts)))
    checkRoles(roles, facts.directory)
    for (const id of conversations)
      if (!facts.conversations.has(id)) throw usage(`the log has no conversation ${id}`)
    const query: BreachQuery = { devices, roles, conversations, ...period }
    const patients = facts.patients()
    const scope: BreachScope = {
      ...reachable(facts, query, patients),
      ...ledger.result(query, facts, patients),
    }
    context.output.result(jsonOf(scope, query, facts), [
      ...headLines(query, facts),
      vouchedText(report, facts.clinic),
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
      ...CANNOT_KNOW.flatMap((line) =>
        wrap(line, 90).map((part, i) => `${i === 0 ? "  - " : "    "}${part}`),
      ),
    ])
    return EXIT.done
  },
}

/** @throws {WardlineError} ERR_CONFIG */
function readPeriod(input: Input): { readonly fromMs: number; readonly toMs: number } {
  const from = input.text("from")
  const to = input.text("to")
  const fromMs = from === undefined ? 0 : parseTime(from, "from", false)
  const toMs = to === undefined ? Number.POSITIVE_INFINITY : parseTime(to, "to", true)
  if (fromMs >= toMs) throw usage("--from is after --to")
  return { fromMs, toMs }
}

/** @throws {WardlineError} ERR_CONFIG */
export function readId(text: string, option: string): string {
  if (!/^[0-9a-fA-F]{32}$/.test(text)) throw usage(`--${option} must be 32 hexadecimal characters`)
  return text.toLowerCase()
}

/** A person's devices may be several, revoked ones included: all of them are meant.
 * @throws {WardlineError} ERR_CONFIG */
function devicesOf(text: string, { directory, conversations }: LogFacts): string[] {
  const named = [...directory.devices.values()].filter(
    ({ id, name }) => name === text || idText(id) === text.toLowerCase(),
  )
  if (named.length > 0) return named.map(({ id }) => idText(id))
  const id = text.toLowerCase()
  const isPatients = [...conversations.values()].some(({ devices }) => devices.has(id))
  if (!isPatients)
    throw usage(`no device of this clinic or its patients has the id or name "${inline(text)}"`)
  return [id]
}

/** @throws {WardlineError} ERR_CONFIG */
function checkRoles(roles: ReadonlySet<string>, directory: DirectoryState): void {
  const known: readonly string[] = [...directory.roleKeys.keys()]
  for (const role of roles)
    if (!known.includes(role)) throw usage(`there is no role ${inline(role)}. Roles: ${known.join(", ")}`)
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

function jsonOf(
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
