/** A clinic's policy as a JSON file that a person edits, checked as a whole: in a setup for `init`, or for
 * `policy set --file`. */
import * as v from "valibot"
import type { ClinicPolicy, ClinicRoleRule } from "../client/clinic-policy.ts"
import { isSlug } from "../ids.ts"
import { MAX_TEXT_BYTES, MAX_WITNESSES } from "../protocol/index.ts"
import { usage } from "./arguments.ts"
import { readIfThere } from "./files.ts"
import { isWitnessKey, readWitnessKey, witnessKeyText } from "./witness-key.ts"

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const
export const DAY_SECONDS = 86_400
const DAY_MS = 86_400_000

export type Texts = Readonly<Record<string, string>>

export interface PolicyFile {
  readonly name?: Texts
  readonly emergency: Texts
  /** IANA name. */
  readonly timeZone: string
  /** Times such as 08:30. */
  readonly hours: readonly {
    readonly days: readonly (typeof DAYS)[number][]
    readonly opens: string
    readonly closes: string
  }[]
  readonly topics: readonly {
    readonly id: string
    readonly label: Texts
    readonly replyWithinMinutes: number
    readonly roles: readonly string[]
  }[]
  readonly retentionDays: number
  readonly freshnessDays: number
  /** The role that closed conversations are archived to; none unless given. */
  readonly archiveRole?: string
  /** The relay's log key, 64 hexadecimal characters. */
  readonly logKey?: string
  /** Who signs for the audit log beside the relay, as verifier keys: name+id+key. */
  readonly witnesses?: readonly string[]
  /** How many of them must have signed. */
  readonly quorum?: number
  /** The role whose staff may read the audit log; none unless given. */
  readonly auditRole?: string
  /** By role; one that isn't here has the default rule. */
  readonly roles?: Readonly<Record<string, RoleRuleFile>>
}

/** What a new clinic is set up with. The clinic's name isn't in it: that is an option of `init`. */
export interface Setup extends Omit<PolicyFile, "name"> {
  readonly consent: { readonly id: string; readonly texts: Texts }
}

interface RoleRuleFile {
  /** "all", "none" or a day such as 2027-01-31, from its beginning in UTC. */
  readonly history: string
  readonly rotationDays: number
  readonly mayChangeMembers: boolean
}

/** What a history may be, for messages. */
export const HISTORY_WORDS: string = 'must be "all", "none" or a day such as 2027-01-31'

const slug = v.pipe(
  v.string(),
  v.check(isSlug, "must be 1–32 characters of a–z, 0–9 and -, beginning with a letter"),
)
const text = v.pipe(
  v.string(),
  v.check((value) => value.trim() !== "", "is empty"),
  v.maxBytes(MAX_TEXT_BYTES, `is over ${MAX_TEXT_BYTES} bytes`),
)
const localized = v.pipe(
  v.record(v.pipe(v.string(), v.check(isLanguage, "is no language tag such as en or es-US")), text),
  v.check((texts) => Object.keys(texts).length > 0, "needs at least one language"),
)
const wholeNumber = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))
const timeOfDay = v.pipe(
  v.string(),
  v.regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, "must be a time such as 08:30"),
)
const history = v.pipe(
  v.string(),
  v.check((value) => historyOf(value) !== undefined, HISTORY_WORDS),
)

const POLICY_FIELDS = {
  name: v.exactOptional(localized),
  emergency: localized,
  timeZone: v.pipe(v.string(), v.check(isTimeZone, "is no time zone such as America/Chicago")),
  hours: v.array(
    v.pipe(
      v.strictObject({ days: v.array(v.picklist(DAYS)), opens: timeOfDay, closes: timeOfDay }),
      v.check(({ opens, closes }) => opens < closes, "opens after it closes"),
    ),
  ),
  topics: v.pipe(
    v.array(
      v.strictObject({
        id: slug,
        label: localized,
        replyWithinMinutes: wholeNumber(1, 65_535),
        roles: v.pipe(v.array(slug), v.minLength(1, "needs at least one role")),
      }),
    ),
    v.minLength(1, "needs at least one topic"),
  ),
  retentionDays: wholeNumber(1, 36_500),
  freshnessDays: wholeNumber(1, 365),
  archiveRole: v.exactOptional(slug),
  logKey: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal characters"))),
  witnesses: v.exactOptional(
    v.array(
      v.pipe(
        v.string(),
        v.check(isWitnessKey, "is no witness's key: it reads name+8 hexadecimal digits+base64"),
      ),
    ),
  ),
  quorum: v.exactOptional(wholeNumber(0, MAX_WITNESSES)),
  auditRole: v.exactOptional(slug),
  roles: v.exactOptional(
    v.record(
      slug,
      v.strictObject({
        history,
        rotationDays: wholeNumber(1, 3650),
        mayChangeMembers: v.boolean(),
      }),
    ),
  ),
}

/** What is to be changed. */
type PolicyChanges = { readonly [Field in keyof PolicyFile]?: PolicyFile[Field] | undefined }

const PART: v.GenericSchema<unknown, PolicyChanges> = v.partial(v.strictObject(POLICY_FIELDS))

const SETUP: v.GenericSchema<unknown, Setup> = v.strictObject({
  ...v.omit(v.strictObject(POLICY_FIELDS), ["name"]).entries,
  consent: v.strictObject({ id: slug, texts: localized }),
})

/** @throws {WardlineError} ERR_CONFIG that names everything that is wrong with the file, at once. */
export function readSetup(path: string): Promise<Setup> {
  return readJsonFile(path, SETUP, "setup file")
}

/** Reads the fields that a policy file gives; the others stay as they are.
 * @throws {WardlineError} ERR_CONFIG that names everything that is wrong with the file, at once. */
export async function readPolicyFile(path: string): Promise<Partial<ClinicPolicy>> {
  return changesOf(await readJsonFile(path, PART, "policy file"))
}

/** @throws {WardlineError} ERR_CONFIG */
async function readJsonFile<T>(path: string, schema: v.GenericSchema<unknown, T>, what: string): Promise<T> {
  const file = await readIfThere(path)
  if (file === undefined) throw usage(`there is no ${what} at ${path}`)
  let value: unknown
  try {
    value = JSON.parse(file.toString("utf8"))
  } catch (error) {
    throw usage(`${path} is not JSON: ${error instanceof Error ? error.message : "unreadable"}`)
  }
  const checked = v.safeParse(schema, value)
  if (checked.success) return checked.output
  const problems = checked.issues.map((issue) => `  ${v.getDotPath(issue) ?? "the file"}: ${issue.message}`)
  throw usage(`${path} can't be used:\n${problems.join("\n")}`)
}

/** The given fields as AdminClient takes them. */
export function changesOf(file: PolicyChanges): Partial<ClinicPolicy> {
  const { hours, freshnessDays, roles, name, emergency, timeZone, topics, retentionDays, archiveRole } = file
  const { logKey, witnesses, quorum, auditRole } = file
  return {
    ...(name && { name }),
    ...(emergency && { emergency }),
    ...(timeZone && { timeZone }),
    ...(topics && { topics }),
    ...(retentionDays && { retentionDays }),
    ...(archiveRole && { archiveRole }),
    ...(logKey && { logKey }),
    ...(witnesses && { witnesses: witnesses.map(readWitnessKey) }),
    ...(quorum !== undefined && { quorum }),
    ...(auditRole && { auditRole }),
    ...(freshnessDays && { freshnessSeconds: freshnessDays * DAY_SECONDS }),
    ...(hours && { hours: hoursOf(hours) }),
    ...(roles && {
      roleRules: Object.fromEntries(Object.entries(roles).map(([role, rule]) => [role, ruleOf(rule)])),
    }),
  }
}

function hoursOf(hours: PolicyFile["hours"]): ClinicPolicy["hours"] {
  return hours.flatMap(({ days, opens, closes }) =>
    days.map((day) => ({
      weekday: DAYS.indexOf(day),
      opens: minutesOfDay(opens),
      closes: minutesOfDay(closes),
    })),
  )
}

function ruleOf({ history: word, ...rule }: RoleRuleFile): ClinicRoleRule {
  return { ...rule, ...(historyOf(word) ?? { history: "none" }) }
}

/** What a word for a history means; undefined for one that means nothing. */
export function historyOf(word: string): Pick<ClinicRoleRule, "history" | "sinceMs"> | undefined {
  if (word === "all" || word === "none") return { history: word }
  const sinceMs = dayStart(word)
  return sinceMs === undefined ? undefined : { history: "since", sinceMs }
}

/** A rule's history as `historyOf` takes it. */
export function historyWord({ history: rule, sinceMs = 0 }: ClinicRoleRule): string {
  return rule === "since" ? new Date(sinceMs).toISOString().slice(0, 10) : rule
}

/** The beginning of a day such as 2027-01-31, UTC; undefined for anything else. */
export function dayStart(day: string): number | undefined {
  const startMs = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN
  // Date.parse takes February 30 for March 2.
  if (Number.isNaN(startMs) || new Date(startMs).toISOString().slice(0, 10) !== day) return undefined
  return startMs
}

/** A policy as a file that `readPolicyFile` takes again. */
export function policyFileOf(policy: ClinicPolicy): PolicyFile {
  const { name, emergency, timeZone, retentionDays, archiveRole, logKey, witnesses, quorum, auditRole } =
    policy
  return {
    name,
    emergency,
    timeZone,
    hours: groupHours(policy.hours),
    topics: policy.topics,
    retentionDays,
    freshnessDays: Math.max(1, Math.round((policy.freshnessSeconds * 1000) / DAY_MS)),
    ...(archiveRole === undefined ? {} : { archiveRole }),
    ...(logKey === undefined ? {} : { logKey }),
    witnesses: witnesses.map(witnessKeyText),
    quorum,
    ...(auditRole === undefined ? {} : { auditRole }),
    roles: Object.fromEntries(
      Object.entries(policy.roleRules).map(([role, rule]) => [
        role,
        {
          history: historyWord(rule),
          rotationDays: rule.rotationDays,
          mayChangeMembers: rule.mayChangeMembers,
        },
      ]),
    ),
  }
}

/** Days with the same hours together, in the order of the week from Monday. */
export function groupHours(hours: ClinicPolicy["hours"]): PolicyFile["hours"] {
  const groups = new Map<string, { days: (typeof DAYS)[number][]; opens: string; closes: string }>()
  const fromMonday = [...hours].sort((a, b) => ((a.weekday + 6) % 7) - ((b.weekday + 6) % 7))
  for (const { weekday, opens, closes } of fromMonday) {
    const key = `${opens}-${closes}`
    const group = groups.get(key) ?? { days: [], opens: timeText(opens), closes: timeText(closes) }
    group.days.push(DAYS[weekday] as (typeof DAYS)[number])
    groups.set(key, group)
  }
  return [...groups.values()]
}

function minutesOfDay(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number)
  return hours * 60 + minutes
}

function timeText(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name })
    return true
  } catch {
    return false
  }
}

function isLanguage(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag)[0] === tag
  } catch {
    return false
  }
}
