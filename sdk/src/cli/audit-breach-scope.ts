import type { DirectoryState } from "../directory/index.ts"
import { idText } from "../ids.ts"
import { type Input, usage } from "./arguments.ts"
import { EXPORT_ARGUMENT, EXPORT_CLINIC_KEY, readLog, vouchedText } from "./audit-source.ts"
import { type BreachQuery, type BreachScope, reachable } from "./breach-scope.ts"
import { breachJson, breachLines } from "./breach-scope-view.ts"
import type { Command } from "./command.ts"
import { EXIT } from "./exit-codes.ts"
import { LogFacts } from "./log-facts.ts"
import { inline } from "./output.ts"
import { parseTime } from "./period.ts"
import { ReadingLedger } from "./reading-ledger.ts"

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
    const vouched = vouchedText(report, facts.clinic)
    context.output.result(breachJson(scope, query, facts), breachLines(scope, query, facts, vouched))
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
