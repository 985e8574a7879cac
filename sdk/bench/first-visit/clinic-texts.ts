/** What a clinic says in two languages: policy and consent text are the part of a first visit that it writes itself. */
import type { ClinicPolicy } from "../../src/client/clinic-policy.ts"
import { asRole, type Role } from "../../src/ids.ts"

export const ROLES: readonly Role[] = [
  "nursing",
  "scheduling",
  "billing",
  "medical",
  "pharmacy",
  "records",
].map(asRole)

const DAY_SECONDS = 86_400
const WEEKDAYS = [1, 2, 3, 4, 5]

export const POLICY: ClinicPolicy = {
  name: { en: "Juniper Street Family Clinic", es: "Juniper Street Family Clinic" },
  emergency: {
    en: "This chat isn’t watched for emergencies. Call 911. In distress, call or text 988.",
    es: "Este chat no se vigila para emergencias. Llame al 911. En una crisis, llame o escriba al 988.",
  },
  timeZone: "America/New_York",
  hours: WEEKDAYS.map((weekday) => ({ weekday, opens: 480, closes: 1080 })),
  topics: [
    {
      id: "refill",
      label: { en: "A refill", es: "Renovar una receta" },
      replyWithinMinutes: 240,
      roles: ["nursing"],
    },
    {
      id: "question",
      label: { en: "A question", es: "Una pregunta" },
      replyWithinMinutes: 120,
      roles: ["nursing", "medical"],
    },
    {
      id: "appointment",
      label: { en: "An appointment", es: "Una cita" },
      replyWithinMinutes: 480,
      roles: ["scheduling"],
    },
    { id: "bill", label: { en: "A bill", es: "Una factura" }, replyWithinMinutes: 1440, roles: ["billing"] },
  ],
  freshnessSeconds: 7 * DAY_SECONDS,
  retentionDays: 2192,
  witnesses: [],
  quorum: 0,
  roleRules: Object.fromEntries(
    ROLES.map((role) => [role, { history: "all", rotationDays: 90, mayChangeMembers: true }] as const),
  ),
}

export const CONSENT_TEXTS: Readonly<Record<string, string>> = {
  en: `This chat is between you and the care team of Juniper Street Family Clinic.

What you write is locked on your device. Only you and the team for your topic can open it. Not the company that runs the server, and not this website.

Your messages become part of your health record. We keep them for six years after your last visit. Each time somebody of the team opens the conversation, that is recorded.

The chat isn't watched around the clock. In an emergency, call 911.

You can stop at any time and call us instead.`,
  es: `Este chat es entre usted y el equipo de atención de Juniper Street Family Clinic.

Lo que usted escribe se cifra en su dispositivo. Solo usted y el equipo de su tema pueden abrirlo. No puede hacerlo la empresa que opera el servidor, ni este sitio web.

Sus mensajes pasan a formar parte de su expediente médico. Los guardamos durante seis años después de su última visita. Cada vez que alguien del equipo abre la conversación, queda registrado.

El chat no se vigila las 24 horas. En una emergencia, llame al 911.

Puede dejar de usarlo en cualquier momento y llamarnos.`,
}
