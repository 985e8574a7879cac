import { pickLanguage, pluralizer } from "../strings/languages.ts"

/** The few words that stand in the clinic's own page. */
export interface ShellStrings {
  readonly language: string
  readonly launcher: string
  readonly panel: string
  readonly close: string
  readonly loading: string
  readonly unreachable: string
  readonly retry: string
  readonly misconfigured: string
  unread(count: number): string
}

const pluralEn = pluralizer("en")
const pluralEs = pluralizer("es")
const pluralAr = pluralizer("ar")

const en: ShellStrings = {
  language: "en",
  launcher: "Message us",
  panel: "Secure messages",
  close: "Close",
  loading: "Opening secure messages…",
  unreachable: "The chat can’t be reached. Check your connection and try again.",
  retry: "Try again",
  misconfigured: "The chat isn’t set up correctly on this page. Please call the clinic.",
  unread: (count) => pluralEn(count, { one: "{n} new message", other: "{n} new messages" }),
}

const es: ShellStrings = {
  language: "es",
  launcher: "Escríbanos",
  panel: "Mensajes seguros",
  close: "Cerrar",
  loading: "Abriendo los mensajes seguros…",
  unreachable: "No se puede conectar con el chat. Revise su conexión e inténtelo de nuevo.",
  retry: "Intentar de nuevo",
  misconfigured: "El chat no está bien configurado en esta página. Por favor, llame a la clínica.",
  unread: (count) => pluralEs(count, { one: "{n} mensaje nuevo", other: "{n} mensajes nuevos" }),
}

const ar: ShellStrings = {
  language: "ar",
  launcher: "راسلنا",
  panel: "رسائل آمنة",
  close: "إغلاق",
  loading: "جارٍ فتح الرسائل الآمنة…",
  unreachable: "يتعذّر الوصول إلى المحادثة. تحقّق من اتصالك ثم حاول مرة أخرى.",
  retry: "حاول مرة أخرى",
  misconfigured: "المحادثة غير مُعدّة بشكل صحيح في هذه الصفحة. يُرجى الاتصال بالعيادة.",
  unread: (count) =>
    pluralAr(count, {
      zero: "لا رسائل جديدة",
      one: "رسالة جديدة واحدة",
      two: "رسالتان جديدتان",
      few: "{n} رسائل جديدة",
      many: "{n} رسالة جديدة",
      other: "{n} رسالة جديدة",
    }),
}

const tables: Readonly<Record<string, ShellStrings>> = { en, es, ar }

export function shellStrings(wanted: readonly string[]): ShellStrings {
  return tables[pickLanguage(wanted, ["en", "es", "ar"])] ?? en
}
