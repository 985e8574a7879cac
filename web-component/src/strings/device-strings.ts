/** What is said around a patient's several devices, recovery, and taking back consent. Apart from the other words: nobody
 * needs them for the first screen. */
export interface DeviceStrings {
  readonly title: string
  readonly intro: string
  readonly loading: string
  readonly thisDevice: string
  readonly otherDevice: string
  readonly recoveryDevice: string
  readonly pairingDevice: string
  readonly remove: string
  readonly removeTitle: string
  readonly removeDevice: string
  readonly removeRecovery: string
  readonly removePairing: string
  readonly removed: string
  readonly addPhone: string
  readonly addPhoneHint: string
  readonly pairTitle: string
  readonly pairSteps: readonly string[]
  readonly pairPicture: string
  readonly pairLink: string
  readonly pairWarning: string
  readonly joined: string
  readonly copy: string
  readonly copied: string
  readonly notCopied: string
  readonly makeCode: string
  readonly makeCodeHint: string
  readonly codeTitle: string
  readonly codeIntro: string
  readonly codeWarning: string
  readonly print: string
  readonly writtenDown: string
  readonly codeKept: string
  readonly working: string
  readonly back: string
  readonly restoreTitle: string
  readonly restoreIntro: string
  readonly restoreLabel: string
  readonly restoreHint: string
  readonly joinTitle: string
  readonly joinIntro: string
  readonly joinWarning: string
  readonly joinButton: string
  readonly notKept: string
  readonly wordsDontFit: string
  readonly unknownWords: string
  readonly usedLink: string
  readonly lastDevice: string
  readonly withdraw: string
  readonly withdrawTitle: string
  readonly withdrawText: readonly string[]
  readonly withdrawButton: string
  restoring(done: number, of: number): string
  wordUnknown(place: number): string
  wordCount(count: number): string
}

const EN: DeviceStrings = {
  title: "Your devices",
  intro:
    "Each of these can read your conversations and write in them. The clinic sees when one comes or goes.",
  loading: "Looking up your devices…",
  thisDevice: "This device",
  otherDevice: "Another device of yours",
  recoveryDevice: "Recovery code",
  pairingDevice: "Link for another phone, not used yet",
  remove: "Remove",
  removeTitle: "Remove it?",
  removeDevice:
    "That device can read nothing new from now on. What it has already received may stay on it. You can add it again.",
  removeRecovery: "The twelve words stop working. Make new ones if you may need them.",
  removePairing: "The link stops working. You can make another one.",
  removed: "Removed",
  addPhone: "Add another phone",
  addPhoneHint: "By scanning a picture, within 14 minutes",
  pairTitle: "Add another phone",
  pairSteps: [
    "Point the other phone’s camera at this picture and open the link.",
    "Confirm there. Your conversations then open on it.",
  ],
  pairPicture: "Picture of the link for the other phone",
  pairLink: "The same as a link",
  pairWarning:
    "It works once, for 14 minutes. Whoever opens it first can read everything here: show it to nobody, send it to nobody.",
  joined: "Your other phone is connected.",
  copy: "Copy",
  copied: "Copied",
  notCopied: "Copying isn’t allowed here. Select the text and copy it yourself.",
  makeCode: "Make a recovery code",
  makeCodeHint: "Twelve words that bring everything back if you lose this device",
  codeTitle: "Your recovery code",
  codeIntro:
    "Write these twelve words down in this order and keep the paper in a safe place. They are shown only this once, and nobody can tell them to you again.",
  codeWarning: "Whoever has them can read your conversations. The clinic will never ask you for them.",
  print: "Print",
  writtenDown: "I have written it down",
  codeKept: "Keep the paper safe. You can remove the code here at any time.",
  working: "One moment…",
  back: "Back",
  restoreTitle: "Use your recovery code",
  restoreIntro: "Type the twelve words that you wrote down. Your conversations then open on this device.",
  restoreLabel: "Twelve words",
  restoreHint: "In their order, with spaces between. Capitals and numbers don’t matter.",
  joinTitle: "Open your conversations here?",
  joinIntro: "This link is for bringing your conversations from your other device to this one.",
  joinWarning:
    "Go on only if you made the link yourself, a moment ago. Somebody else’s link would put their conversations here.",
  joinButton: "Open them here",
  notKept: "This browser keeps nothing for the chat, so they would be gone again once you leave this page.",
  wordsDontFit: "These words don’t belong together. One of them is another, or two are in the wrong order.",
  unknownWords:
    "No conversation at this clinic opens with these words. Check each one, and that this is the clinic they are for. A code that was removed doesn’t work either.",
  usedLink: "This link was used already, or its time is over. Make a new one on your other device.",
  lastDevice: "The last device can’t be removed. You can delete the conversations from it instead.",
  withdraw: "Withdraw my consent",
  withdrawTitle: "Withdraw your consent?",
  withdrawText: [
    "From then on nobody can write in this conversation any more, neither you nor the clinic.",
    "What was written until now isn’t deleted: it stays part of your health record for as long as the law requires, and the clinic can still read it.",
    "This can’t be undone. You can start a new conversation at any time, or call the clinic.",
  ],
  withdrawButton: "Withdraw",
  restoring: (done, of) => (of === 0 ? "Looking for your conversations…" : `Bringing back ${done} of ${of}…`),
  wordUnknown: (place) => `Word ${place} isn’t one that recovery codes are made of. Check its spelling.`,
  wordCount: (count) => `A recovery code has twelve words. You typed ${count}.`,
}

const ES: DeviceStrings = {
  title: "Sus dispositivos",
  intro:
    "Cada uno puede leer sus conversaciones y escribir en ellas. La clínica ve cuándo se añade o se quita alguno.",
  loading: "Buscando sus dispositivos…",
  thisDevice: "Este dispositivo",
  otherDevice: "Otro dispositivo suyo",
  recoveryDevice: "Código de recuperación",
  pairingDevice: "Enlace para otro teléfono, aún sin usar",
  remove: "Quitar",
  removeTitle: "¿Quitarlo?",
  removeDevice:
    "Ese dispositivo no podrá leer nada nuevo. Lo que ya recibió puede seguir en él. Puede volver a añadirlo.",
  removeRecovery: "Las doce palabras dejan de servir. Cree otras si puede necesitarlas.",
  removePairing: "El enlace deja de servir. Puede crear otro.",
  removed: "Quitado",
  addPhone: "Añadir otro teléfono",
  addPhoneHint: "Escaneando una imagen, en 14 minutos",
  pairTitle: "Añadir otro teléfono",
  pairSteps: [
    "Apunte la cámara del otro teléfono a esta imagen y abra el enlace.",
    "Confirme allí. Sus conversaciones se abrirán en él.",
  ],
  pairPicture: "Imagen del enlace para el otro teléfono",
  pairLink: "Lo mismo como enlace",
  pairWarning:
    "Sirve una sola vez, durante 14 minutos. Quien lo abra primero podrá leer todo: no se lo muestre ni se lo envíe a nadie.",
  joined: "Su otro teléfono está conectado.",
  copy: "Copiar",
  copied: "Copiado",
  notCopied: "Aquí no se permite copiar. Seleccione el texto y cópielo usted.",
  makeCode: "Crear un código de recuperación",
  makeCodeHint: "Doce palabras que lo recuperan todo si pierde este dispositivo",
  codeTitle: "Su código de recuperación",
  codeIntro:
    "Escriba estas doce palabras en este orden y guarde el papel en un lugar seguro. Solo se muestran esta vez y nadie podrá decírselas de nuevo.",
  codeWarning: "Quien las tenga puede leer sus conversaciones. La clínica nunca se las pedirá.",
  print: "Imprimir",
  writtenDown: "Ya las he apuntado",
  codeKept: "Guarde bien el papel. Puede quitar el código aquí cuando quiera.",
  working: "Un momento…",
  back: "Atrás",
  restoreTitle: "Use su código de recuperación",
  restoreIntro: "Escriba las doce palabras que apuntó. Sus conversaciones se abrirán en este dispositivo.",
  restoreLabel: "Doce palabras",
  restoreHint: "En su orden y separadas por espacios. No importan las mayúsculas ni los números.",
  joinTitle: "¿Abrir aquí sus conversaciones?",
  joinIntro: "Este enlace sirve para traer sus conversaciones de su otro dispositivo a este.",
  joinWarning:
    "Siga solo si usted mismo creó el enlace hace un momento. El enlace de otra persona pondría aquí las conversaciones de ella.",
  joinButton: "Abrirlas aquí",
  notKept: "Este navegador no guarda nada para el chat: desaparecerían al salir de esta página.",
  wordsDontFit: "Estas palabras no van juntas. Una de ellas es otra, o dos están en otro orden.",
  unknownWords:
    "Ninguna conversación de esta clínica se abre con estas palabras. Revise cada una y que sea la clínica correcta. Un código que se quitó tampoco sirve.",
  usedLink: "Este enlace ya se usó o su tiempo terminó. Cree otro en su otro dispositivo.",
  lastDevice: "El último dispositivo no se puede quitar. Puede borrar de él las conversaciones.",
  withdraw: "Retirar mi consentimiento",
  withdrawTitle: "¿Retirar su consentimiento?",
  withdrawText: [
    "A partir de entonces nadie podrá escribir en esta conversación, ni usted ni la clínica.",
    "Lo escrito hasta ahora no se borra: sigue en su historia clínica el tiempo que exige la ley, y la clínica puede leerlo.",
    "No se puede deshacer. Puede empezar una conversación nueva cuando quiera, o llamar a la clínica.",
  ],
  withdrawButton: "Retirar",
  restoring: (done, of) => (of === 0 ? "Buscando sus conversaciones…" : `Recuperando ${done} de ${of}…`),
  wordUnknown: (place) => `La palabra ${place} no es de un código de recuperación. Revise cómo está escrita.`,
  wordCount: (count) => `Un código de recuperación tiene doce palabras. Usted escribió ${count}.`,
}

const AR: DeviceStrings = {
  title: "أجهزتك",
  intro: "يستطيع كل جهاز منها قراءة محادثاتك والكتابة فيها. وترى العيادة متى أُضيف جهاز أو أُزيل.",
  loading: "جارٍ البحث عن أجهزتك…",
  thisDevice: "هذا الجهاز",
  otherDevice: "جهاز آخر لك",
  recoveryDevice: "رمز الاستعادة",
  pairingDevice: "رابط لهاتف آخر لم يُستخدم بعد",
  remove: "إزالة",
  removeTitle: "هل تريد إزالته؟",
  removeDevice: "لن يقرأ ذلك الجهاز أي جديد من الآن. قد يبقى عليه ما وصله من قبل. يمكنك إضافته من جديد.",
  removeRecovery: "لن تعمل الكلمات الاثنتا عشرة بعد الآن. أنشئ غيرها إن كنت قد تحتاجها.",
  removePairing: "لن يعمل الرابط بعد الآن. يمكنك إنشاء رابط آخر.",
  removed: "تمت الإزالة",
  addPhone: "إضافة هاتف آخر",
  addPhoneHint: "بمسح صورة خلال 14 دقيقة",
  pairTitle: "إضافة هاتف آخر",
  pairSteps: ["وجّه كاميرا الهاتف الآخر نحو هذه الصورة وافتح الرابط.", "أكّد هناك، فتُفتح محادثاتك عليه."],
  pairPicture: "صورة الرابط للهاتف الآخر",
  pairLink: "الرابط نفسه كنص",
  pairWarning:
    "يعمل مرة واحدة خلال 14 دقيقة. أول من يفتحه يستطيع قراءة كل شيء هنا: لا تُره أحدًا ولا ترسله إلى أحد.",
  joined: "هاتفك الآخر متصل الآن.",
  copy: "نسخ",
  copied: "تم النسخ",
  notCopied: "النسخ غير مسموح هنا. حدّد النص وانسخه بنفسك.",
  makeCode: "إنشاء رمز استعادة",
  makeCodeHint: "اثنتا عشرة كلمة تعيد كل شيء إذا فقدت هذا الجهاز",
  codeTitle: "رمز الاستعادة الخاص بك",
  codeIntro:
    "اكتب هذه الكلمات الاثنتي عشرة بهذا الترتيب واحفظ الورقة في مكان آمن. تُعرض هذه المرة فقط، ولا يستطيع أحد أن يخبرك بها مرة أخرى.",
  codeWarning: "من يملكها يستطيع قراءة محادثاتك. لن تطلبها العيادة منك أبدًا.",
  print: "طباعة",
  writtenDown: "لقد كتبتها",
  codeKept: "احفظ الورقة جيدًا. يمكنك إزالة الرمز من هنا في أي وقت.",
  working: "لحظة من فضلك…",
  back: "رجوع",
  restoreTitle: "استخدم رمز الاستعادة",
  restoreIntro: "اكتب الكلمات الاثنتي عشرة التي دوّنتها، فتُفتح محادثاتك على هذا الجهاز.",
  restoreLabel: "اثنتا عشرة كلمة",
  restoreHint: "بترتيبها وبينها مسافات. لا يهم حجم الحروف ولا الأرقام.",
  joinTitle: "هل تريد فتح محادثاتك هنا؟",
  joinIntro: "هذا الرابط لنقل محادثاتك من جهازك الآخر إلى هذا الجهاز.",
  joinWarning: "تابع فقط إذا أنشأت الرابط بنفسك قبل لحظات. رابط شخص آخر سيضع محادثاته هنا.",
  joinButton: "افتحها هنا",
  notKept: "لا يحفظ هذا المتصفح شيئًا للمحادثة، فستختفي عند مغادرة هذه الصفحة.",
  wordsDontFit: "هذه الكلمات لا تنتمي معًا. إحداها كلمة أخرى، أو أن كلمتين في غير ترتيبهما.",
  unknownWords:
    "لا توجد في هذه العيادة محادثة تُفتح بهذه الكلمات. راجع كل كلمة، وتأكد أنها لهذه العيادة. والرمز الذي أُزيل لا يعمل أيضًا.",
  usedLink: "استُخدم هذا الرابط من قبل أو انتهى وقته. أنشئ رابطًا جديدًا على جهازك الآخر.",
  lastDevice: "لا يمكن إزالة الجهاز الأخير. يمكنك حذف المحادثات منه.",
  withdraw: "سحب موافقتي",
  withdrawTitle: "هل تريد سحب موافقتك؟",
  withdrawText: [
    "بعد ذلك لا يستطيع أحد الكتابة في هذه المحادثة، لا أنت ولا العيادة.",
    "ما كُتب حتى الآن لا يُحذف: يبقى في سجلك الطبي المدة التي يشترطها القانون، وتستطيع العيادة قراءته.",
    "لا يمكن التراجع عن ذلك. يمكنك بدء محادثة جديدة في أي وقت أو الاتصال بالعيادة.",
  ],
  withdrawButton: "سحب",
  restoring: (done, of) => (of === 0 ? "جارٍ البحث عن محادثاتك…" : `جارٍ استعادة ${done} من ${of}…`),
  wordUnknown: (place) => `الكلمة رقم ${place} ليست من كلمات رموز الاستعادة. راجع كتابتها.`,
  wordCount: (count) => `رمز الاستعادة اثنتا عشرة كلمة. عدد ما كتبته: ${count}.`,
}

export const DEVICE_STRINGS: Readonly<Record<string, DeviceStrings>> = { en: EN, es: ES, ar: AR }

/** @param language - of the other words on the screen. */
export function deviceStrings(language: string): DeviceStrings {
  return DEVICE_STRINGS[language] ?? EN
}
