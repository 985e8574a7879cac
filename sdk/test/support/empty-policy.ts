/** A clinic's policy for tests, as administrators write it. */
import type { NewClinic } from "../../src/client/create-clinic.ts"

export const EMPTY_POLICY: NewClinic["policy"] = {
  name: { en: "Elm Street Clinic", es: "Clínica de la calle Elm" },
  emergency: { en: "Not monitored for emergencies. Call 911." },
  timeZone: "America/New_York",
  hours: [{ weekday: 1, opens: 540, closes: 1020 }],
  topics: [
    { id: "refill", label: { en: "Refill", es: "Receta" }, replyWithinMinutes: 240, roles: ["nursing"] },
    { id: "question", label: { en: "Question" }, replyWithinMinutes: 480, roles: ["medical", "nursing"] },
    { id: "bill", label: { en: "Bill" }, replyWithinMinutes: 1440, roles: ["billing"] },
  ],
}
