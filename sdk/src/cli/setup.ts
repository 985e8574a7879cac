/** What a new clinic starts with. */
import {
  DEFAULT_FRESHNESS_SECONDS,
  DEFAULT_RETENTION_DAYS,
  DEFAULT_ROLE_RULE,
} from "../client/clinic-policy.ts"
import type { NewClinic } from "../client/create-clinic.ts"
import { DEFAULT_CONSENT } from "./consent-texts.ts"
import { changesOf, DAY_SECONDS, historyWord, type Setup } from "./policy-file.ts"

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
    roles: Object.fromEntries(
      ["nursing", "scheduling", "billing"].map((role) => [
        role,
        { ...DEFAULT_ROLE_RULE, history: historyWord(DEFAULT_ROLE_RULE) },
      ]),
    ),
    consent: DEFAULT_CONSENT,
    retentionDays: DEFAULT_RETENTION_DAYS,
    freshnessDays: DEFAULT_FRESHNESS_SECONDS / DAY_SECONDS,
  }
}

/** The setup as AdminClient takes it; roles that it has no rule for get the default one. */
export function policyOf(setup: Setup, clinicName: string): NewClinic["policy"] {
  const { consent, ...file } = setup
  const name = { [Object.keys(consent.texts)[0] ?? "en"]: clinicName }
  return { ...(changesOf(file) as Omit<NewClinic["policy"], "name">), name }
}
