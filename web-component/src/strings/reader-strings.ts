import type { AuditProblemKind } from "@wardline/sdk"
import { pluralizer } from "./languages.ts"

/** What is said of a problem: `who` is a name with the role, `when` a time or nothing. */
type ProblemText = (who: string, when: string) => string

/** What is said around "who has read this". Apart from the other words: nobody needs them for the first screen. Times and
 * names come in as words of the reader's language. */
export interface ReaderStrings {
  readonly title: string
  readonly intro: string
  readonly emptyTitle: string
  readonly empty: string
  readonly looking: string
  readonly lookAgain: string
  readonly earlier: string
  readonly checkedTitle: string
  /** The clinic names nobody who watches its log. */
  readonly checkedAlone: string
  readonly lateTitle: string
  readonly late: string
  readonly notCheckedTitle: string
  readonly notChecked: string
  readonly whatTitle: string
  readonly what: readonly string[]
  readonly pending: string
  readonly oddTitle: string
  readonly oddIntro: string
  readonly oddAdvice: string
  readonly oddSteps: readonly string[]
  readonly saveProof: string
  readonly saved: string
  readonly problems: Readonly<Record<AuditProblemKind, ProblemText>>
  readonly somebody: string
  readonly emergency: string
  readonly refused: string
  readonly announced: string
  readonly stillOpen: string
  readonly upToNow: string
  readonly own: string
  readonly thisDevice: string
  readonly otherDevice: string
  readonly witnessesTitle: string
  readonly noWitnesses: string
  lookingAt(done: string, of: string): string
  people(count: number): string
  /** Whoever watches the log, as a list in words. */
  checked(witnesses: string): string
  /** Nothing is missing up to then. */
  completeTo(when: string): string
  pendingCount(count: number): string
  purpose(purpose: string): string
  upTo(when: string): string
  asOf(when: string): string
  confirmed(age: string): string
  files(count: number): string
  quorum(need: number): string
}

const pluralEn = pluralizer("en")
const pluralEs = pluralizer("es")
const pluralAr = pluralizer("ar")

const EN: ReaderStrings = {
  title: "Who has read this",
  intro: "Everyone who opened this conversation, when, and for what.",
  emptyTitle: "Nobody yet",
  empty: "Nobody at the clinic has opened this conversation so far. Whoever does is listed here.",
  looking: "Looking it up in the clinic’s log…",
  lookAgain: "Look again",
  earlier: "Show earlier ones",
  checkedTitle: "Checked on your device",
  checkedAlone:
    "Your device has checked that this list is whole and unchanged. Nobody independent has confirmed the log, since the clinic doesn’t ask for that.",
  lateTitle: "Waiting for the witnesses",
  late: "Some entries are over an hour old, and those who watch the log haven’t confirmed them. If it stays like this, ask the clinic.",
  notCheckedTitle: "Not confirmed yet",
  notChecked:
    "This is what the clinic’s server says. There is no confirmed state of the log yet that your device could check it against. Usually there is one within a minute.",
  whatTitle: "What does that mean?",
  what: [
    "Before the clinic’s server hands this conversation to anyone, it has to write that into a log. What is in the log can’t be changed or taken out later without it showing.",
    "Your device follows this conversation’s entries back to the first one and calculates by itself that each of them is in the log.",
    "Witnesses are others, who don’t run the server. They sign the state of the log, and don’t sign one that something was taken out of. That way you can’t be shown another log than everybody else.",
    "It shows which device the conversation was given to. It can’t show who else looked at that screen.",
  ],
  pending: "Being confirmed",
  oddTitle: "Something here doesn’t fit",
  oddIntro:
    "Your messages are still there, and still encrypted. But you can’t rely on the clinic’s record of who opened them:",
  oddAdvice: "What you can do",
  oddSteps: [
    "Call the clinic and ask for the person responsible for privacy.",
    "Tell them what it says here. They can look into it.",
    "There is no hurry, and you can go on writing. If it’s about your health, call.",
  ],
  saveProof: "Save the proof as a file",
  saved: "Saved. The clinic, or anyone you trust, can check this file.",
  problems: {
    "hidden-reading": (who, when) =>
      `${who} has confirmed reading your messages${when}, but the log has no entry for it.`,
    "reading-without-access": (who, when) =>
      `${who} was given this conversation${when} without having opened it with a purpose.`,
    "log-forked": () => "The log contradicts what it said before: something was changed or taken out.",
    "log-unexplained": () =>
      "The server doesn’t show that its log continues the one that this device saw before.",
    "log-older": () => "The log that the server shows is older than the one that this device saw before.",
    "checkpoint-refused": () => "The state that the server shows of its log isn’t validly signed.",
    gap: () => "An entry about this conversation was left out.",
    "end-missing": () =>
      "The newest entries may have been cut off: your own reading of just now isn’t among them.",
    unreadable: () => "An entry can’t be read, or is about something else.",
    "not-proven": () => "The server can’t prove that an entry is in the log.",
    late: () => "An entry is over an hour old and hasn’t been confirmed yet.",
    "missing-entry": (who, when) =>
      `Something by ${who}${when} is in this conversation and in no entry of the log.`,
    "doubled-entry": () => "Something in this conversation is in the log twice.",
    "unknown-record": (who, when) =>
      `The log tells of something by ${who}${when} that your device was never given.`,
    "wrong-entry": () => "An entry says something else than what happened here.",
  },
  somebody: "Somebody at the clinic",
  emergency: "Opened for an emergency. The reason is on record at the clinic.",
  refused: "Tried to open it and was refused",
  announced: "Was about to open it; nothing was handed out",
  stillOpen: "still open",
  upToNow: "Was given everything so far",
  own: "Your own devices",
  thisDevice: "This device",
  otherDevice: "Another device of yours",
  witnessesTitle: "Who watches the log",
  noWitnesses: "The clinic hasn’t named anybody who watches its log.",
  lookingAt: (done, of) => `Looking it up in the clinic’s log: ${done} of ${of}`,
  people: (count) =>
    pluralEn(count, {
      one: "{n} person at the clinic has opened this conversation.",
      other: "{n} people at the clinic have opened this conversation.",
    }),
  checked: (witnesses) =>
    `Your device has checked that this list is whole and unchanged, and ${witnesses} confirmed the log independently of the server.`,
  completeTo: (when) => `Nothing is missing up to ${when}.`,
  pendingCount: (count) =>
    pluralEn(count, {
      one: "The newest entry is still being confirmed. That usually takes less than a minute.",
      other: "The newest {n} entries are still being confirmed. That usually takes less than a minute.",
    }),
  purpose: (purpose) => `For ${purpose}`,
  upTo: (when) => `Was given everything up to ${when}`,
  asOf: (when) => `As of ${when}. Without a connection it can’t be looked up again.`,
  confirmed: (age) => `confirmed ${age} ago`,
  files: (count) => pluralEn(count, { one: "{n} file opened", other: "{n} files opened" }),
  quorum: (need) =>
    pluralEn(need, {
      one: "The clinic asks for {n} of those that it names to sign each state of the log.",
      other: "The clinic asks for {n} of those that it names to sign each state of the log.",
    }),
}

const ES: ReaderStrings = {
  title: "Quién ha leído esto",
  intro: "Quién abrió esta conversación, cuándo y para qué.",
  emptyTitle: "Nadie todavía",
  empty: "Nadie de la clínica ha abierto esta conversación hasta ahora. Quien lo haga aparecerá aquí.",
  looking: "Consultando el registro de la clínica…",
  lookAgain: "Volver a consultar",
  earlier: "Mostrar anteriores",
  checkedTitle: "Comprobado en su dispositivo",
  checkedAlone:
    "Su dispositivo comprobó que esta lista está completa y sin cambios. Nadie independiente confirmó el registro, porque la clínica no lo pide.",
  lateTitle: "A la espera de los testigos",
  late: "Algunas anotaciones tienen más de una hora y quienes vigilan el registro no las han confirmado. Si sigue así, pregunte a la clínica.",
  notCheckedTitle: "Aún sin confirmar",
  notChecked:
    "Esto es lo que dice el servidor de la clínica. Aún no hay un estado confirmado del registro con el que su dispositivo pueda comprobarlo. Suele haberlo en un minuto.",
  whatTitle: "¿Qué significa eso?",
  what: [
    "Antes de entregar esta conversación a alguien, el servidor de la clínica tiene que anotarlo en un registro. Lo anotado no puede cambiarse ni quitarse después sin que se note.",
    "Su dispositivo sigue las anotaciones de esta conversación hasta la primera y calcula por sí mismo que cada una está en el registro.",
    "Los testigos son otros, que no manejan el servidor. Firman el estado del registro y no firman uno del que se haya quitado algo. Así no se le puede mostrar a usted un registro distinto del que ven los demás.",
    "Muestra a qué dispositivo se entregó la conversación. No puede mostrar quién más miró esa pantalla.",
  ],
  pending: "En confirmación",
  oddTitle: "Aquí algo no encaja",
  oddIntro:
    "Sus mensajes siguen ahí y siguen cifrados. Pero no puede fiarse de lo que la clínica registró sobre quién los abrió:",
  oddAdvice: "Qué puede hacer",
  oddSteps: [
    "Llame a la clínica y pregunte por la persona responsable de la privacidad.",
    "Dígale lo que pone aquí. Podrá investigarlo.",
    "No hay prisa, y puede seguir escribiendo. Si se trata de su salud, llame.",
  ],
  saveProof: "Guardar la prueba en un archivo",
  saved: "Guardado. La clínica, o quien usted quiera, puede comprobar este archivo.",
  problems: {
    "hidden-reading": (who, when) =>
      `${who} confirmó haber leído sus mensajes${when}, pero el registro no lo dice.`,
    "reading-without-access": (who, when) =>
      `${who} recibió esta conversación${when} sin haberla abierto con un motivo.`,
    "log-forked": () => "El registro contradice lo que decía antes: algo se cambió o se quitó.",
    "log-unexplained": () =>
      "El servidor no muestra que su registro continúe el que este dispositivo vio antes.",
    "log-older": () =>
      "El registro que muestra el servidor es más antiguo que el que este dispositivo vio antes.",
    "checkpoint-refused": () => "El estado que el servidor muestra de su registro no está firmado como debe.",
    gap: () => "Falta una anotación sobre esta conversación.",
    "end-missing": () =>
      "Pueden faltar las anotaciones más recientes: su propia lectura de ahora no está entre ellas.",
    unreadable: () => "Una anotación no se puede leer o trata de otra cosa.",
    "not-proven": () => "El servidor no puede probar que una anotación esté en el registro.",
    late: () => "Una anotación tiene más de una hora y aún no se ha confirmado.",
    "missing-entry": (who, when) =>
      `Hay algo de ${who}${when} en esta conversación que el registro no menciona.`,
    "doubled-entry": () => "Algo de esta conversación está dos veces en el registro.",
    "unknown-record": (who, when) =>
      `El registro menciona algo de ${who}${when} que su dispositivo nunca recibió.`,
    "wrong-entry": () => "Una anotación dice algo distinto de lo que ocurrió aquí.",
  },
  somebody: "Alguien de la clínica",
  emergency: "Se abrió por una emergencia. El motivo consta en la clínica.",
  refused: "Intentó abrirla y se le negó",
  announced: "Iba a abrirla; no se entregó nada",
  stillOpen: "aún abierta",
  upToNow: "Recibió todo hasta ahora",
  own: "Sus propios dispositivos",
  thisDevice: "Este dispositivo",
  otherDevice: "Otro dispositivo suyo",
  witnessesTitle: "Quién vigila el registro",
  noWitnesses: "La clínica no ha nombrado a nadie que vigile su registro.",
  lookingAt: (done, of) => `Consultando el registro de la clínica: ${done} de ${of}`,
  people: (count) =>
    pluralEs(count, {
      one: "{n} persona de la clínica ha abierto esta conversación.",
      other: "{n} personas de la clínica han abierto esta conversación.",
    }),
  checked: (witnesses) =>
    `Su dispositivo comprobó que esta lista está completa y sin cambios, y el registro lo confirmó, con independencia del servidor: ${witnesses}.`,
  completeTo: (when) => `No falta nada hasta ${when}.`,
  pendingCount: (count) =>
    pluralEs(count, {
      one: "La anotación más reciente aún se está confirmando. Suele tardar menos de un minuto.",
      other: "Las {n} anotaciones más recientes aún se están confirmando. Suele tardar menos de un minuto.",
    }),
  purpose: (purpose) => `Motivo: ${purpose}`,
  upTo: (when) => `Recibió todo hasta ${when}`,
  asOf: (when) => `Situación: ${when}. Sin conexión no se puede volver a consultar.`,
  confirmed: (age) => `confirmó hace ${age}`,
  files: (count) => pluralEs(count, { one: "{n} archivo abierto", other: "{n} archivos abiertos" }),
  quorum: (need) =>
    pluralEs(need, {
      one: "La clínica pide que firme cada estado del registro {n} de los que nombró.",
      other: "La clínica pide que firmen cada estado del registro {n} de los que nombró.",
    }),
}

const AR: ReaderStrings = {
  title: "من قرأ هذه المحادثة",
  intro: "كل من فتح هذه المحادثة، ومتى، ولأي غرض.",
  emptyTitle: "لا أحد حتى الآن",
  empty: "لم يفتح أحد في العيادة هذه المحادثة حتى الآن. وكل من يفتحها يظهر هنا.",
  looking: "جارٍ البحث في سجل العيادة…",
  lookAgain: "ابحث مرة أخرى",
  earlier: "عرض ما قبلها",
  checkedTitle: "تم التحقق على جهازك",
  checkedAlone:
    "تحقق جهازك من أن هذه القائمة كاملة ولم تتغير. ولم تؤكد السجل جهة مستقلة، لأن العيادة لا تطلب ذلك.",
  lateTitle: "بانتظار الشهود",
  late: "مضى على بعض القيود أكثر من ساعة ولم يؤكدها من يراقب السجل. إذا بقي الأمر كذلك فاسأل العيادة.",
  notCheckedTitle: "لم يُؤكَّد بعد",
  notChecked:
    "هذا ما يقوله خادم العيادة. لا يوجد بعد ختم مؤكد للسجل يستطيع جهازك التحقق بحسبه. عادةً يتوفر خلال دقيقة.",
  whatTitle: "ماذا يعني ذلك؟",
  what: [
    "قبل أن يسلّم خادم العيادة هذه المحادثة إلى أي شخص، عليه أن يدوّن ذلك في سجل. وما دُوّن لا يمكن تغييره أو حذفه لاحقًا دون أن يظهر ذلك.",
    "يتتبع جهازك قيود هذه المحادثة حتى أولها، ويحسب بنفسه أن كل قيد موجود في السجل.",
    "الشهود جهات أخرى لا تدير الخادم. يوقّعون حالة السجل، ولا يوقّعون سجلًا حُذف منه شيء. وهكذا لا يمكن أن يُعرض عليك سجل غير الذي يراه الآخرون.",
    "يُظهر السجل الجهاز الذي سُلّمت إليه المحادثة، ولا يستطيع أن يُظهر من نظر أيضًا إلى تلك الشاشة.",
  ],
  pending: "قيد التأكيد",
  oddTitle: "هناك شيء لا يتطابق",
  oddIntro: "رسائلك ما زالت موجودة ومشفَّرة. لكن لا يمكنك الاعتماد على ما سجلته العيادة عمّن فتحها:",
  oddAdvice: "ماذا يمكنك أن تفعل",
  oddSteps: [
    "اتصل بالعيادة واطلب المسؤول عن الخصوصية.",
    "أخبره بما هو مكتوب هنا، فيمكنه التحقيق في الأمر.",
    "لا داعي للعجلة، ويمكنك مواصلة الكتابة. إذا كان الأمر يخص صحتك فاتصل.",
  ],
  saveProof: "حفظ الدليل في ملف",
  saved: "تم الحفظ. تستطيع العيادة، أو أي شخص تثق به، التحقق من هذا الملف.",
  problems: {
    "hidden-reading": (who, when) => `${who}: تأكيد بقراءة رسائلك${when}، ولا يوجد قيد بذلك في السجل.`,
    "reading-without-access": (who, when) => `${who}: سُلّمت هذه المحادثة${when} دون فتحها لغرض محدد.`,
    "log-forked": () => "يناقض السجل ما كان يقوله من قبل: غُيّر فيه شيء أو حُذف.",
    "log-unexplained": () => "لا يُظهر الخادم أن سجله تكملة للسجل الذي رآه هذا الجهاز من قبل.",
    "log-older": () => "السجل الذي يعرضه الخادم أقدم من الذي رآه هذا الجهاز من قبل.",
    "checkpoint-refused": () => "الختم الذي يعرضه الخادم لسجله غير صالح.",
    gap: () => "حُذف قيد يخص هذه المحادثة.",
    "end-missing": () => "ربما قُطعت أحدث القيود: قراءتك قبل قليل ليست بينها.",
    unreadable: () => "هناك قيد لا يمكن قراءته، أو يخص شيئًا آخر.",
    "not-proven": () => "لا يستطيع الخادم إثبات وجود أحد القيود في السجل.",
    late: () => "مضى على أحد القيود أكثر من ساعة ولم يُؤكَّد بعد.",
    "missing-entry": (who, when) => `${who}: شيء${when} في هذه المحادثة لا يوجد له قيد في السجل.`,
    "doubled-entry": () => "شيء في هذه المحادثة مقيَّد في السجل مرتين.",
    "unknown-record": (who, when) => `${who}: يذكر السجل شيئًا${when} لم يُسلَّم إلى جهازك.`,
    "wrong-entry": () => "يقول أحد القيود غير ما حدث هنا.",
  },
  somebody: "شخص في العيادة",
  emergency: "فُتحت لحالة طارئة. السبب مسجَّل لدى العيادة.",
  refused: "محاولة فتح رُفضت",
  announced: "أُعلن عن فتحها ولم يُسلَّم شيء",
  stillOpen: "ما زالت مفتوحة",
  upToNow: "سُلّم إليه كل شيء حتى الآن",
  own: "أجهزتك",
  thisDevice: "هذا الجهاز",
  otherDevice: "جهاز آخر لك",
  witnessesTitle: "من يراقب السجل",
  noWitnesses: "لم تعيّن العيادة أحدًا يراقب سجلها.",
  lookingAt: (done, of) => `جارٍ البحث في سجل العيادة: ${done} من ${of}`,
  people: (count) =>
    pluralAr(count, {
      zero: "لم يفتح أحد في العيادة هذه المحادثة.",
      one: "فتح شخص واحد في العيادة هذه المحادثة.",
      two: "فتح شخصان في العيادة هذه المحادثة.",
      few: "فتح {n} أشخاص في العيادة هذه المحادثة.",
      many: "فتح {n} شخصًا في العيادة هذه المحادثة.",
      other: "فتح {n} شخص في العيادة هذه المحادثة.",
    }),
  checked: (witnesses) =>
    `تحقق جهازك من أن هذه القائمة كاملة ولم تتغير، وأكد السجلَّ بشكل مستقل عن الخادم: ${witnesses}.`,
  completeTo: (when) => `لا ينقص شيء حتى ${when}.`,
  pendingCount: (count) =>
    pluralAr(count, {
      one: "أحدث قيد ما زال قيد التأكيد. يستغرق ذلك عادةً أقل من دقيقة.",
      two: "أحدث قيدين ما زالا قيد التأكيد. يستغرق ذلك عادةً أقل من دقيقة.",
      few: "أحدث {n} قيود ما زالت قيد التأكيد. يستغرق ذلك عادةً أقل من دقيقة.",
      other: "أحدث {n} قيدًا ما زالت قيد التأكيد. يستغرق ذلك عادةً أقل من دقيقة.",
    }),
  purpose: (purpose) => `الغرض: ${purpose}`,
  upTo: (when) => `سُلّم إليه كل شيء حتى ${when}`,
  asOf: (when) => `الحالة في ${when}. لا يمكن البحث مرة أخرى دون اتصال.`,
  confirmed: (age) => `أكد قبل ${age}`,
  files: (count) =>
    pluralAr(count, {
      one: "فُتح ملف واحد",
      two: "فُتح ملفان",
      few: "فُتحت {n} ملفات",
      many: "فُتح {n} ملفًا",
      other: "فُتح {n} ملف",
    }),
  quorum: (need) =>
    pluralAr(need, {
      one: "تطلب العيادة أن توقّع جهة واحدة ممن عيّنتهم كل حالة من السجل.",
      two: "تطلب العيادة أن توقّع جهتان ممن عيّنتهم كل حالة من السجل.",
      few: "تطلب العيادة أن توقّع {n} جهات ممن عيّنتهم كل حالة من السجل.",
      other: "تطلب العيادة أن توقّع {n} جهة ممن عيّنتهم كل حالة من السجل.",
    }),
}

export const READER_STRINGS: Readonly<Record<string, ReaderStrings>> = { en: EN, es: ES, ar: AR }

/** @param language - of the other words on the screen. */
export function readerStrings(language: string): ReaderStrings {
  return READER_STRINGS[language] ?? EN
}
