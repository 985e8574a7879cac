import type { SystemNote } from "@wardline/sdk"

type NoteOf<T extends SystemNote["type"]> = Extract<SystemNote, { readonly type: T }>
type PatientDeviceKind = NoteOf<"device-added">["kind"]
type ReopenReason = NoteOf<"reopened">["reason"]
type ShredReason = NoteOf<"destroyed">["reason"]

/** What is said of a conversation's life and of what is more than a text. Apart from the other words: nobody needs them
 * for the first screen. `who` is a name, or "You". */
export interface LifeStrings {
  /** Somebody opened it for an emergency; why is sealed to the clinic. */
  brokeGlass(who: string, time: string): string
  roleAdded(who: string, role: string): string
  roleRemoved(who: string, role: string): string
  granted(who: string, role: string): string
  readonly deviceAdded: Readonly<Record<PatientDeviceKind, (who: string) => string>>
  readonly deviceRemoved: Readonly<Record<Exclude<PatientDeviceKind, "pairing">, (who: string) => string>>
  reopened(who: string): string
  readonly reopenReasons: Readonly<Record<Exclude<ReopenReason, "unspecified">, string>>
  archived(who: string): string
  withdrawn(who: string): string
  destroyed(reason: string): string
  readonly shredReasons: Readonly<Record<ShredReason, string>>
  readonly locked: string
  /** The server doesn't sign that it shows all there is. */
  readonly stale: string
  readonly edited: string
  readonly wordedBefore: string
  readonly changing: string
  readonly notChanged: string
  readonly formTo: string
  readonly formAnswered: string
  readonly formWaits: string
  readonly answers: string
  readonly sendAnswers: string
  readonly required: string
  readonly yes: string
  readonly no: string
  readonly choose: string
  readonly noteElsewhere: string
  /** In the composer's place, for the patient: what has happened and what one can do. */
  readonly ended: Readonly<Record<"withdrawn" | "archived" | "destroyed", string>>
  /** The same for staff. */
  readonly endedForStaff: Readonly<Record<"withdrawn" | "archived" | "destroyed", string>>
}

const EN: LifeStrings = {
  brokeGlass: (who, time) =>
    `${who} opened this conversation in an emergency at ${time} (“break the glass”). The reason is on record at the clinic.`,
  roleAdded: (who, role) => `${who} brought in ${role}`,
  roleRemoved: (who, role) => `${who} took out ${role}: nothing new can be read there`,
  granted: (who, role) => `${who} let ${role} read what was said before`,
  deviceAdded: {
    device: (who) => `${who} added a device, which can read everything here`,
    recovery: (who) => `${who} made a recovery code`,
    pairing: (who) => `${who} made a link for another phone`,
  },
  deviceRemoved: {
    device: (who) => `${who} removed a device: it can read nothing new`,
    recovery: (who) => `${who} removed a recovery code`,
  },
  reopened: (who) => `${who} opened this conversation again`,
  reopenReasons: {
    "follow-up": "follow-up",
    mistake: "closed by mistake",
    "break-glass": "emergency access",
  },
  archived: (who) => `${who} put this conversation into the clinic’s archive`,
  withdrawn: (who) => `${who} withdrew consent. Nothing more can be written here.`,
  destroyed: (reason) => `The clinic destroyed the keys to this conversation: ${reason}`,
  shredReasons: {
    retention: "it was kept as long as the law asks",
    "patient-request": "the patient asked for it",
    other: "other reasons",
  },
  locked: "Earlier messages that weren’t shared with you",
  stale:
    "The server isn’t confirming that these are all the messages. Newer ones may be missing; if it’s important, call.",
  edited: "Edited",
  wordedBefore: "Before",
  changing: "Changing…",
  notChanged: "The change wasn’t sent",
  formTo: "Questions",
  formAnswered: "Answered",
  formWaits: "Not answered yet",
  answers: "Answers",
  sendAnswers: "Send answers",
  required: "needed",
  yes: "Yes",
  no: "No",
  choose: "Choose…",
  noteElsewhere: "Note in another system",
  ended: {
    withdrawn:
      "You withdrew your consent to this conversation, so neither you nor the clinic can write here any more. You can start a new one, or call the clinic.",
    archived:
      "This conversation is closed and in the clinic’s archive. To go on, start a new one. If you need a copy, ask the clinic.",
    destroyed:
      "The keys to this conversation were destroyed, so nobody can open it any more, the clinic included. You can start a new one.",
  },
  endedForStaff: {
    withdrawn:
      "The patient withdrew consent: nothing more can be written here. Reach them another way, or wait for a new conversation.",
    archived:
      "This conversation is in the archive. The archive’s keepers can open it in an emergency, and reopen it for you.",
    destroyed: "The keys to this conversation were destroyed. Nobody can open it any more.",
  },
}

const ES: LifeStrings = {
  brokeGlass: (who, time) =>
    `${who} abrió esta conversación en una emergencia a las ${time} («romper el cristal»). El motivo consta en la clínica.`,
  roleAdded: (who, role) => `${who} incorporó a ${role}`,
  roleRemoved: (who, role) => `${who} retiró a ${role}: no podrá leer nada nuevo`,
  granted: (who, role) => `${who} permitió a ${role} leer lo anterior`,
  deviceAdded: {
    device: (who) => `${who} añadió un dispositivo, que puede leer todo lo de aquí`,
    recovery: (who) => `${who} creó un código de recuperación`,
    pairing: (who) => `${who} creó un enlace para otro teléfono`,
  },
  deviceRemoved: {
    device: (who) => `${who} quitó un dispositivo: no podrá leer nada nuevo`,
    recovery: (who) => `${who} quitó un código de recuperación`,
  },
  reopened: (who) => `${who} volvió a abrir esta conversación`,
  reopenReasons: {
    "follow-up": "seguimiento",
    mistake: "se cerró por error",
    "break-glass": "acceso de emergencia",
  },
  archived: (who) => `${who} guardó esta conversación en el archivo de la clínica`,
  withdrawn: (who) => `${who} retiró el consentimiento. Aquí ya no se puede escribir nada más.`,
  destroyed: (reason) => `La clínica destruyó las claves de esta conversación: ${reason}`,
  shredReasons: {
    retention: "se conservó el tiempo que exige la ley",
    "patient-request": "lo pidió el paciente",
    other: "otros motivos",
  },
  locked: "Mensajes anteriores que no se compartieron con usted",
  stale:
    "El servidor no confirma que estos sean todos los mensajes. Pueden faltar los más nuevos; si es importante, llame.",
  edited: "Editado",
  wordedBefore: "Antes",
  changing: "Cambiando…",
  notChanged: "El cambio no se envió",
  formTo: "Preguntas",
  formAnswered: "Respondido",
  formWaits: "Sin responder todavía",
  answers: "Respuestas",
  sendAnswers: "Enviar respuestas",
  required: "necesario",
  yes: "Sí",
  no: "No",
  choose: "Elija…",
  noteElsewhere: "Nota en otro sistema",
  ended: {
    withdrawn:
      "Usted retiró su consentimiento para esta conversación, así que ni usted ni la clínica pueden escribir aquí. Puede empezar una nueva o llamar a la clínica.",
    archived:
      "Esta conversación está cerrada y en el archivo de la clínica. Para seguir, empiece una nueva. Si necesita una copia, pídala a la clínica.",
    destroyed:
      "Las claves de esta conversación se destruyeron: nadie puede abrirla, tampoco la clínica. Puede empezar una nueva.",
  },
  endedForStaff: {
    withdrawn:
      "El paciente retiró su consentimiento: aquí ya no se puede escribir. Contáctelo por otra vía o espere una conversación nueva.",
    archived:
      "Esta conversación está en el archivo. Sus responsables pueden abrirla en una emergencia y reabrirla para usted.",
    destroyed: "Las claves de esta conversación se destruyeron. Ya nadie puede abrirla.",
  },
}

const AR: LifeStrings = {
  brokeGlass: (who, time) =>
    `${who}: فُتحت هذه المحادثة في حالة طارئة الساعة ${time} («كسر الزجاج»). السبب مسجَّل لدى العيادة.`,
  roleAdded: (who, role) => `${who}: أُضيف قسم ${role} إلى المحادثة`,
  roleRemoved: (who, role) => `${who}: أُخرج قسم ${role} من المحادثة، ولن يقرأ أي جديد`,
  granted: (who, role) => `${who}: سُمح لقسم ${role} بقراءة ما سبق`,
  deviceAdded: {
    device: (who) => `${who}: أُضيف جهاز يستطيع قراءة كل ما هنا`,
    recovery: (who) => `${who}: أُنشئ رمز استعادة`,
    pairing: (who) => `${who}: أُنشئ رابط لهاتف آخر`,
  },
  deviceRemoved: {
    device: (who) => `${who}: أُزيل جهاز، ولن يقرأ أي جديد`,
    recovery: (who) => `${who}: أُزيل رمز استعادة`,
  },
  reopened: (who) => `${who}: فُتحت هذه المحادثة من جديد`,
  reopenReasons: { "follow-up": "متابعة", mistake: "أُغلقت خطأً", "break-glass": "وصول طارئ" },
  archived: (who) => `${who}: حُفظت هذه المحادثة في أرشيف العيادة`,
  withdrawn: (who) => `${who}: سُحبت الموافقة. لا يمكن كتابة المزيد هنا.`,
  destroyed: (reason) => `أتلفت العيادة مفاتيح هذه المحادثة: ${reason}`,
  shredReasons: {
    retention: "انتهت المدة التي يشترطها القانون",
    "patient-request": "بطلب من المريض",
    other: "أسباب أخرى",
  },
  locked: "رسائل سابقة لم تُشارَك معك",
  stale: "لا يؤكد الخادم أن هذه كل الرسائل. قد تنقص رسائل أحدث؛ إذا كان الأمر مهمًا فاتصل.",
  edited: "عُدّلت",
  wordedBefore: "قبل التعديل",
  changing: "جارٍ التعديل…",
  notChanged: "لم يُرسل التعديل",
  formTo: "أسئلة",
  formAnswered: "تمت الإجابة",
  formWaits: "لم تتم الإجابة بعد",
  answers: "الإجابات",
  sendAnswers: "إرسال الإجابات",
  required: "مطلوب",
  yes: "نعم",
  no: "لا",
  choose: "اختر…",
  noteElsewhere: "ملاحظة في نظام آخر",
  ended: {
    withdrawn:
      "سحبتَ موافقتك على هذه المحادثة، فلا يمكنك أنت ولا العيادة الكتابة هنا. يمكنك بدء محادثة جديدة أو الاتصال بالعيادة.",
    archived:
      "هذه المحادثة مغلقة وفي أرشيف العيادة. للمتابعة ابدأ محادثة جديدة. وإذا احتجت إلى نسخة فاطلبها من العيادة.",
    destroyed:
      "أُتلفت مفاتيح هذه المحادثة، فلا أحد يستطيع فتحها بعد الآن، ولا العيادة. يمكنك بدء محادثة جديدة.",
  },
  endedForStaff: {
    withdrawn: "سحب المريض موافقته: لا يمكن كتابة المزيد هنا. تواصل معه بطريقة أخرى أو انتظر محادثة جديدة.",
    archived: "هذه المحادثة في الأرشيف. يستطيع أمناء الأرشيف فتحها في حالة طارئة وإعادتها إليك.",
    destroyed: "أُتلفت مفاتيح هذه المحادثة. لا أحد يستطيع فتحها بعد الآن.",
  },
}

export const LIFE_STRINGS: Readonly<Record<string, LifeStrings>> = { en: EN, es: ES, ar: AR }

/** @param language - of the other words on the screen. */
export function lifeStrings(language: string): LifeStrings {
  return LIFE_STRINGS[language] ?? EN
}
