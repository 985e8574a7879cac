/** What a new clinic is set up with: a JSON file that a person edits, checked as a whole. */
import * as v from "valibot"
import {
  type ClinicPolicy,
  DEFAULT_FRESHNESS_SECONDS,
  DEFAULT_RETENTION_DAYS,
} from "../client/clinic-policy.ts"
import { isSlug } from "../ids.ts"
import { MAX_TEXT_BYTES } from "../protocol/index.ts"
import { usage } from "./arguments.ts"
import { DEFAULT_CONSENT } from "./consent-texts.ts"
import { readIfThere } from "./files.ts"

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const
const DAY_SECONDS = 86_400

type Texts = Readonly<Record<string, string>>

export interface Setup {
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
  readonly consent: { readonly id: string; readonly texts: Texts }
  readonly retentionDays: number
  readonly freshnessDays: number
}

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

const SETUP: v.GenericSchema<unknown, Setup> = v.strictObject({
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
  consent: v.strictObject({ id: slug, texts: localized }),
  retentionDays: wholeNumber(1, 36_500),
  freshnessDays: wholeNumber(1, 365),
})

/** What a small clinic in the United States can start with. */
export function defaultSetup(timeZone: string): Setup {
  return {
    emergency: {
      en: "This chat is not for emergencies. In an emergency call 911. In crisis, call or text 988.",
      es: "Este chat no es para emergencias. En una emergencia llame al 911. En crisis, llame o escriba al 988.",
    },
    timeZone,
    hours: [{ days: ["mon", "tue", "wed", "thu", "fri"], opens: "08:00", closes: "17:00" }],
    topics: [
      {
        id: "question",
        label: { en: "Question for my care team", es: "Pregunta para mi equipo de atención" },
        replyWithinMinutes: 240,
        roles: ["nursing", "scheduling"],
      },
      {
        id: "refill",
        label: { en: "Prescription refill", es: "Resurtido de receta" },
        replyWithinMinutes: 240,
        roles: ["nursing"],
      },
      {
        id: "appointment",
        label: { en: "Appointment", es: "Cita" },
        replyWithinMinutes: 120,
        roles: ["scheduling"],
      },
      {
        id: "billing",
        label: { en: "Bill or insurance", es: "Factura o seguro" },
        replyWithinMinutes: 1440,
        roles: ["billing"],
      },
    ],
    consent: DEFAULT_CONSENT,
    retentionDays: DEFAULT_RETENTION_DAYS,
    freshnessDays: DEFAULT_FRESHNESS_SECONDS / DAY_SECONDS,
  }
}

/** @throws {WardlineError} ERR_CONFIG that names everything that is wrong with the file, at once. */
export async function readSetup(path: string): Promise<Setup> {
  const file = await readIfThere(path)
  if (file === undefined) throw usage(`there is no setup file at ${path}`)
  let value: unknown
  try {
    value = JSON.parse(file.toString("utf8"))
  } catch (error) {
    throw usage(`${path} is not JSON: ${error instanceof Error ? error.message : "unreadable"}`)
  }
  const checked = v.safeParse(SETUP, value)
  if (checked.success) return checked.output
  const problems = checked.issues.map((issue) => `  ${v.getDotPath(issue) ?? "the file"}: ${issue.message}`)
  throw usage(`${path} can't be used:\n${problems.join("\n")}`)
}

/** The setup as AdminClient takes it. */
export function policyOf(setup: Setup, clinicName: string): ClinicPolicy {
  return {
    name: { [Object.keys(setup.consent.texts)[0] ?? "en"]: clinicName },
    emergency: setup.emergency,
    timeZone: setup.timeZone,
    hours: setup.hours.flatMap(({ days, opens, closes }) =>
      days.map((day) => ({
        weekday: DAYS.indexOf(day),
        opens: minutesOfDay(opens),
        closes: minutesOfDay(closes),
      })),
    ),
    topics: setup.topics,
    retentionDays: setup.retentionDays,
    freshnessSeconds: setup.freshnessDays * DAY_SECONDS,
  }
}

function minutesOfDay(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number)
  return hours * 60 + minutes
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
