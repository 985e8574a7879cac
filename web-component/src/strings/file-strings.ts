/** What is said around files. Apart from the other words: nobody needs them for the first screen. */
export interface FileStrings {
  readonly attach: string
  readonly show: string
  readonly save: string
  readonly saved: string
  readonly stop: string
  /** The picture may say where and with what it was taken. */
  readonly notCleaned: string
  readonly sendAnyway: string
  readonly dontSend: string
  readonly tooLarge: string
  readonly notSent: string
  readonly notShown: string
  readonly notTrusted: string
  readonly gone: string
  readonly notFetched: string
  sending(name: string): string
  fetching(name: string): string
}

const EN: FileStrings = {
  attach: "Attach a file",
  show: "Show picture",
  save: "Save file",
  saved: "Saved on this device",
  stop: "Stop",
  notCleaned:
    "This picture may say where and with what it was taken, and that can’t be removed here. Send it as it is?",
  sendAnyway: "Send as it is",
  dontSend: "Don’t send",
  tooLarge: "This file is larger than the clinic takes.",
  notSent: "The file couldn’t be sent.",
  notShown: "This picture is too large to be shown here. It can be saved.",
  notTrusted: "This file was changed or cut on its way and isn’t opened.",
  gone: "This file isn’t there any more.",
  notFetched: "The file couldn’t be fetched.",
  sending: (name) => `Sending ${name}`,
  fetching: (name) => `Fetching ${name}`,
}

const ES: FileStrings = {
  attach: "Adjuntar un archivo",
  show: "Mostrar la imagen",
  save: "Guardar el archivo",
  saved: "Guardado en este dispositivo",
  stop: "Detener",
  notCleaned:
    "Esta imagen puede decir dónde y con qué se tomó, y aquí no se puede borrar. ¿Enviarla tal como está?",
  sendAnyway: "Enviar tal como está",
  dontSend: "No enviar",
  tooLarge: "Este archivo es más grande de lo que la clínica acepta.",
  notSent: "No se pudo enviar el archivo.",
  notShown: "Esta imagen es demasiado grande para mostrarla aquí. Se puede guardar.",
  notTrusted: "Este archivo se cambió o se cortó en el camino y no se abre.",
  gone: "Este archivo ya no está.",
  notFetched: "No se pudo obtener el archivo.",
  sending: (name) => `Enviando ${name}`,
  fetching: (name) => `Obteniendo ${name}`,
}

const AR: FileStrings = {
  attach: "إرفاق ملف",
  show: "عرض الصورة",
  save: "حفظ الملف",
  saved: "حُفظ على هذا الجهاز",
  stop: "إيقاف",
  notCleaned: "قد تذكر هذه الصورة مكان التقاطها والجهاز المستخدم، ولا يمكن إزالة ذلك هنا. هل تُرسل كما هي؟",
  sendAnyway: "إرسال كما هي",
  dontSend: "عدم الإرسال",
  tooLarge: "هذا الملف أكبر مما تقبله العيادة.",
  notSent: "تعذّر إرسال الملف.",
  notShown: "هذه الصورة أكبر من أن تُعرض هنا. يمكن حفظها.",
  notTrusted: "تغيّر هذا الملف أو انقطع في الطريق ولن يُفتح.",
  gone: "لم يعد هذا الملف موجودًا.",
  notFetched: "تعذّر جلب الملف.",
  sending: (name) => `جارٍ إرسال ${name}`,
  fetching: (name) => `جارٍ جلب ${name}`,
}

export const FILE_STRINGS: Readonly<Record<string, FileStrings>> = { en: EN, es: ES, ar: AR }

/** @param language - of the other words on the screen. */
export function fileStrings(language: string): FileStrings {
  return FILE_STRINGS[language] ?? EN
}
