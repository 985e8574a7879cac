/** The demo clinic and its people. */
import type { Localized, NewClinic, NewStaff, OpeningHours } from "@wardline/sdk"

const WEEKDAYS = [1, 2, 3, 4, 5]
const HOURS: OpeningHours[] = WEEKDAYS.map((weekday) => ({ weekday, opens: 8 * 60, closes: 18 * 60 }))

const CONSENT: Localized = {
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

export const DEMO_CLINIC: NewClinic = {
  adminName: "Ada Okafor",
  policy: {
    name: { en: "Juniper Street Family Clinic", es: "Juniper Street Family Clinic" },
    emergency: {
      en: "This chat isn’t watched for emergencies. Call 911. In distress, call or text 988.",
      es: "Este chat no se vigila para emergencias. Llame al 911. En una crisis, llame o escriba al 988.",
    },
    timeZone: "America/New_York",
    hours: HOURS,
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
        roles: ["nursing", "scheduling"],
      },
      {
        id: "appointment",
        label: { en: "An appointment", es: "Una cita" },
        replyWithinMinutes: 480,
        roles: ["scheduling"],
      },
      {
        id: "bill",
        label: { en: "A bill", es: "Una factura" },
        replyWithinMinutes: 1440,
        roles: ["billing"],
      },
    ],
  },
  consent: { id: "chat", texts: CONSENT },
}

export const DEMO_NURSE: NewStaff = {
  name: "Noor Haddad, RN",
  roles: [{ role: "nursing", keeper: true }, { role: "scheduling" }],
}

/** The role that reads the audit log. */
export const AUDIT_ROLE = "compliance"

export const DEMO_OFFICER: NewStaff = { name: "Imani Cole", roles: [{ role: AUDIT_ROLE, keeper: true }] }

export const DEMO_BILLER: NewStaff = { name: "Bo Lindqvist", roles: [{ role: "billing", keeper: true }] }
