// Every screen of the patient's chat as plain data, for looking at and for accessibility checks.
import type {
  ChatMessage,
  ClinicInfo,
  ConsentText,
  ConversationView,
  FormInfo,
  SystemNote,
} from "@wardline/sdk"
import type { Device, DeviceKeeper } from "../../src/frame/devices/devices-element.ts"
import type { FrameModel, Screen } from "../../src/frame/model.ts"
import { loadChatStrings } from "../../src/strings/load-chat.ts"
import { readerLoads } from "./reader-fixtures.ts"

const NOW = Date.now()
const MINUTE = 60_000

export const clinic: ClinicInfo = {
  name: {
    en: "Maple Street Family Clinic",
    es: "Clínica Familiar Maple Street",
    ar: "عيادة شارع القيقب للأسرة",
  },
  emergency: {
    en: "Not watched for emergencies. Call 911. In distress, call or text 988.",
    es: "No se vigila para emergencias. Llame al 911. En crisis, llame o escriba al 988.",
    ar: "لا تُراقَب هذه المحادثة لحالات الطوارئ. اتصل بالرقم 911. عند الضيق النفسي اتصل أو أرسل رسالة إلى 988.",
  },
  topics: [
    {
      id: "refill",
      label: { en: "Refill a prescription", es: "Renovar una receta", ar: "تجديد وصفة طبية" },
      replyWithinMinutes: 120,
      roles: ["nursing"],
    },
    {
      id: "symptoms",
      label: { en: "A question about symptoms", es: "Una pregunta sobre síntomas", ar: "سؤال عن أعراض" },
      replyWithinMinutes: 60,
      roles: ["nursing"],
    },
    {
      id: "bill",
      label: { en: "A bill or insurance", es: "Una factura o el seguro", ar: "فاتورة أو تأمين" },
      replyWithinMinutes: 2880,
      roles: ["billing"],
    },
  ],
  hours: [1, 2, 3, 4, 5].map((weekday) => ({ weekday, opens: 480, closes: 1050 })),
  timeZone: "America/Chicago",
  witnesses: [],
  quorum: 0,
}

const TEXT = {
  en: "This chat lets you write to your care team at Maple Street Family Clinic. Messages are encrypted on your device and become part of your medical record.\n\nA nurse or another member of the team answers during opening hours. Don’t use the chat for anything urgent.\n\nYou may stop at any time. Your messages stay in your record as the law requires.",
  es: "Este chat le permite escribir a su equipo de atención en la Clínica Familiar Maple Street. Los mensajes se cifran en su dispositivo y forman parte de su historia clínica.\n\nUna enfermera u otra persona del equipo responde en el horario de atención. No use el chat para nada urgente.\n\nPuede dejarlo cuando quiera. Sus mensajes quedan en su historia clínica como exige la ley.",
  ar: "تتيح لك هذه المحادثة الكتابة إلى فريق الرعاية في عيادة شارع القيقب للأسرة. تُشفَّر الرسائل على جهازك وتصبح جزءًا من سجلك الطبي.\n\nيجيب ممرض أو عضو آخر من الفريق خلال ساعات العمل. لا تستخدم المحادثة لأي أمر عاجل.\n\nيمكنك التوقف في أي وقت. تبقى رسائلك في سجلك كما يقتضي القانون.",
} as const

export function consent(language: "en" | "es" | "ar"): ConsentText {
  return {
    id: "chat",
    version: 1,
    language,
    text: TEXT[language],
    languages: ["en", "es", "ar"],
  } as unknown as ConsentText
}

let counter = 0
function message(fields: Partial<ChatMessage> & { text: string; minutesAgo: number }): ChatMessage {
  const { minutesAgo, ...rest } = fields
  counter += 1
  return {
    id: `m${counter}`,
    kind: "text",
    mine: false,
    from: { kind: "staff", deviceId: "nurse", name: "Dana Whitfield, RN", role: "nursing" },
    at: NOW - minutesAgo * MINUTE,
    state: "sent",
    ...rest,
  }
}
export const mine = { mine: true, from: { kind: "patient", deviceId: "me" } } as const

const SPOKEN = {
  en: [
    "Hi, I’m almost out of my inhaler. I have about two days left.",
    "Could you send the refill to the pharmacy on 5th Street?",
    "Hello! I can see the prescription here. One question first: how often have you needed the rescue inhaler this week?",
    "Here is a page about using it well: https://www.cdc.gov/asthma/inhaler_video/default.htm",
    "Three times. Twice at night.",
    "Thank you for telling me. I’d like the doctor to have a look before we renew it. You’ll hear from me this afternoon.",
    "Great, thank you!",
  ],
  es: [
    "Hola, casi se me acaba el inhalador. Me quedan unos dos días.",
    "¿Podrían enviar la receta a la farmacia de la calle 5?",
    "¡Hola! Aquí veo la receta. Antes una pregunta: ¿cuántas veces ha necesitado el inhalador de rescate esta semana?",
    "Aquí hay una página sobre cómo usarlo bien: https://www.cdc.gov/asthma/inhaler_video/default.htm",
    "Tres veces. Dos de noche.",
    "Gracias por decírmelo. Quiero que el médico lo vea antes de renovarla. Le escribo esta tarde.",
    "¡Muy bien, gracias!",
  ],
  ar: [
    "مرحبًا، أوشك جهاز الاستنشاق على النفاد. بقي لدي ما يكفي ليومين تقريبًا.",
    "هل يمكنكم إرسال التجديد إلى الصيدلية في شارع 5th Street؟",
    "أهلًا! أرى الوصفة أمامي. سؤال واحد أولًا: كم مرة احتجت إلى جهاز الإنقاذ هذا الأسبوع؟",
    "هذه صفحة عن استخدامه بشكل صحيح: https://www.cdc.gov/asthma/inhaler_video/default.htm",
    "ثلاث مرات. مرتان منها ليلًا.",
    "شكرًا لإخباري. أود أن يطّلع الطبيب على ذلك قبل التجديد. سأكتب لك بعد ظهر اليوم.",
    "ممتاز، شكرًا!",
  ],
} as const

export function talk(language: "en" | "es" | "ar"): ChatMessage[] {
  const [a, b, c, d, e, f, g] = SPOKEN[language]
  return [
    message({ ...mine, text: a, minutesAgo: 1445, state: "read" }),
    message({ ...mine, text: b, minutesAgo: 1444, state: "read" }),
    message({ text: c, minutesAgo: 95 }),
    message({ text: d, minutesAgo: 94 }),
    message({ ...mine, text: e, minutesAgo: 70, state: "read" }),
    message({ text: f, minutesAgo: 22 }),
    message({ ...mine, text: g, minutesAgo: 1, state: "delivered" }),
  ]
}

export const hostile: ChatMessage[] = [
  message({
    ...mine,
    text: "<img src=x onerror=alert(1)> <b>bold</b> javascript:alert(1)",
    minutesAgo: 9,
    state: "read",
  }),
  message({ text: "invoice\u202Efdp.exe and https://bank.example@evil.example/a?b=c.", minutesAgo: 8 }),
  message({ kind: "refused", text: "", minutesAgo: 7, state: "refused" }),
  message({ kind: "unknown", text: "", minutesAgo: 6 }),
  message({ text: "hidden\u200B\u2060text", minutesAgo: 5 }),
  message({
    ...mine,
    text: "This one didn’t make it because the connection broke.",
    minutesAgo: 1,
    state: "failed",
  }),
  message({ ...mine, text: "And this one is on its way.", minutesAgo: 0, state: "sending" }),
]

export function view(fields: Partial<ConversationView> = {}): ConversationView {
  return {
    id: "c1",
    status: "open",
    topic: "refill",
    messages: [],
    live: true,
    stale: false,
    unread: 0,
    ...fields,
  }
}

const nurse = { kind: "staff", deviceId: "nurse", name: "Dana Whitfield, RN", role: "nursing" } as const
const patient = { kind: "patient", deviceId: "other" } as const

function event(system: SystemNote, minutesAgo: number, more: Partial<ChatMessage> = {}): ChatMessage {
  return message({ kind: "system", text: "", minutesAgo, from: nurse, system, ...more })
}

/** Everything that can happen to a conversation, and all that is more than a text. */
export function life(language: "en" | "es" | "ar"): ChatMessage[] {
  const [a, b, c, , e] = SPOKEN[language]
  const form: FormInfo = {
    form: "inhaler",
    title: "Your inhaler",
    fields: [
      { name: "often", label: "How often this week?", kind: "number", required: true },
      { name: "night", label: "At night too?", kind: "yes-no" },
      { name: "pharmacy", label: "Which pharmacy?", kind: "choice", options: ["5th Street", "Main Street"] },
      { name: "else", label: "Anything else?", kind: "long-text" },
    ],
  }
  return [
    message({ kind: "locked", text: "", minutesAgo: 300 }),
    message({ kind: "locked", text: "", minutesAgo: 299 }),
    event({ type: "access", purpose: "TREAT", untilMs: NOW }, 290),
    message({
      ...mine,
      text: a,
      minutesAgo: 280,
      state: "read",
      edited: [{ text: "Hi, I’m almost out of my inhalr.", at: NOW - 281 * MINUTE }],
    }),
    message({
      text: c,
      minutesAgo: 270,
      reactions: [{ emoji: "👍", from: { kind: "patient", deviceId: "me" }, mine: true }],
    }),
    event({ type: "role-added", role: "billing" }, 260),
    event({ type: "granted", to: { kind: "role", id: "billing" } }, 260),
    event({ type: "role-removed", role: "billing" }, 250),
    event({ type: "device-added", device: "d1", kind: "pairing" }, 240, { from: patient }),
    event({ type: "device-added", device: "d2", kind: "device" }, 239, { from: patient }),
    event({ type: "device-removed", device: "d1" }, 238, { from: patient }),
    event({ type: "device-added", device: "d3", kind: "recovery" }, 230, { from: patient }),
    event({ type: "device-removed", device: "d3" }, 220, { from: patient }),
    message({ kind: "form", text: form.title, form, minutesAgo: 200, position: 41 }),
    message({
      ...mine,
      kind: "form-response",
      text: "",
      response: {
        of: 41,
        answers: [
          { name: "often", value: "3" },
          { name: "night", value: "yes" },
        ],
      },
      minutesAgo: 190,
    }),
    message({
      kind: "note",
      text: "",
      note: { reference: "DocumentReference/381", label: "Visit summary" },
      minutesAgo: 180,
    }),
    event({ type: "closed", reason: "resolved" }, 170),
    event({ type: "reopened", reason: "follow-up" }, 160),
    event({ type: "access", purpose: "BTG", untilMs: NOW }, 150, {
      from: { kind: "staff", deviceId: "keeper", name: "Iris Kwan, MD", role: "archive" },
    }),
    message({ ...mine, text: e, minutesAgo: 140, editing: { id: "x", text: b, state: "sending" } }),
    message({
      kind: "form",
      text: form.title,
      form: { ...form, form: "again" },
      minutesAgo: 20,
      position: 51,
    }),
  ]
}

/** The patient's devices, for looking at. */
const DEVICES: readonly Device[] = [
  { id: "d0", kind: "device", isThis: true },
  { id: "d2", kind: "device", isThis: false },
  { id: "d3", kind: "recovery", isThis: false },
  { id: "d4", kind: "pairing", isThis: false },
]
const WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow"

export const keeper: DeviceKeeper = {
  devices: async () => [...DEVICES],
  removeDevice: async () => {},
  createRecoveryCode: async () => WORDS,
  createPairingCode: async () => "00112233445566778899aabbccddeeff",
}

interface Case {
  readonly screen: Screen
  readonly more?: (language: "en" | "es" | "ar") => Partial<FrameModel>
}

const open = (fields: (language: "en" | "es" | "ar") => Partial<ConversationView>): Case => ({
  screen: { kind: "conversation", id: "c1" },
  more: (language) => ({
    conversations: [view(fields(language)), view({ id: "c2", status: "closed", topic: "bill" })],
  }),
})

const readers: Case = {
  ...open((language) => ({ messages: placed(talk(language)) })),
  screen: { kind: "readers", id: "c1" },
}

/** With their positions in the transcript. */
function placed(messages: readonly ChatMessage[]): ChatMessage[] {
  return messages.map((one, index) => ({ ...one, position: index + 2 }))
}

/** Names as the gallery's address takes them: `?case=consent&lang=ar&theme=dark`. */
export const cases: Readonly<Record<string, Case>> = {
  loading: { screen: { kind: "loading" }, more: () => ({ clinic: null, consent: null }) },
  offline: {
    screen: { kind: "problem", code: "ERR_OFFLINE" },
    more: () => ({ clinic: null, consent: null }),
  },
  untrusted: {
    screen: { kind: "problem", code: "ERR_CLINIC_KEY" },
    more: () => ({ clinic: null, consent: null }),
  },
  standalone: { screen: { kind: "standalone" }, more: () => ({ clinic: null, consent: null }) },
  elsewhere: { screen: { kind: "elsewhere" } },
  consent: { screen: { kind: "consent" } },
  topics: { screen: { kind: "topics" } },
  "topics-problem": { screen: { kind: "topics" }, more: () => ({ startProblem: "ERR_OFFLINE" }) },
  empty: open(() => ({})),
  conversation: open((language) => ({ messages: talk(language) })),
  unread: open((language) => ({ messages: talk(language).slice(0, 6), unread: 1 })),
  hostile: open(() => ({ messages: hostile })),
  reconnecting: {
    screen: { kind: "conversation", id: "c1" },
    more: (language) => ({
      conversations: [view({ messages: talk(language) })],
      connection: { kind: "offline", retryAtMs: NOW },
    }),
  },
  closed: open((language) => ({ messages: talk(language), status: "closed" })),
  life: open((language) => ({ messages: life(language) })),
  stale: open((language) => ({ messages: talk(language), stale: true })),
  withdrawn: open((language) => ({ messages: talk(language), status: "withdrawn" })),
  archived: open((language) => ({ messages: talk(language), status: "archived" })),
  destroyed: open((language) => ({ messages: talk(language), status: "destroyed" })),
  devices: { ...open((language) => ({ messages: talk(language) })), screen: { kind: "devices" } },
  restore: { screen: { kind: "restore", code: null, progress: { kind: "ready" } } },
  "restore-wrong": {
    screen: {
      kind: "restore",
      code: null,
      progress: { kind: "failed", code: "ERR_MALFORMED", reason: "word 3 isn't one of a recovery code's" },
    },
  },
  restoring: { screen: { kind: "restore", code: null, progress: { kind: "working", done: 1, of: 3 } } },
  join: {
    screen: { kind: "restore", code: "0".repeat(32), progress: { kind: "ready" } },
    more: () => ({ isEphemeral: true }),
  },
  "join-used": {
    screen: {
      kind: "restore",
      code: "0".repeat(32),
      progress: { kind: "failed", code: "ERR_NOT_FOUND", reason: "" },
    },
  },
  ...Object.fromEntries(Object.keys(readerLoads).map((name) => [name, readers])),
  forked: open((language) => ({ messages: talk(language), status: "forked" })),
  list: {
    screen: { kind: "list" },
    more: (language) => ({
      conversations: [
        view({ messages: talk(language), unread: 2 }),
        view({ id: "c2", topic: "bill", status: "closed", messages: talk(language).slice(0, 3) }),
      ],
    }),
  },
  toast: {
    screen: { kind: "conversation", id: "c1" },
    more: (language) => ({
      conversations: [view({ messages: talk(language) })],
      toast: { text: "Message discarded", undo: () => undefined },
    }),
  },
}

export async function modelOf(name: string, language: "en" | "es" | "ar"): Promise<FrameModel> {
  const chosen = cases[name]
  if (chosen === undefined) throw new Error(`no case ${name}`)
  return {
    screen: chosen.screen,
    strings: await loadChatStrings([language]),
    language,
    clinic,
    consent: consent(language),
    conversations: [],
    connection: { kind: "online" },
    starting: false,
    startProblem: null,
    toast: null,
    page: "https://clinic.example/contact",
    isEphemeral: false,
    isVisible: true,
    nowMs: NOW,
    ...chosen.more?.(language),
  }
}
