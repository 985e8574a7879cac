import type { ChatStrings } from "./chat-strings.ts"
import { pluralizer } from "./languages.ts"
import { threadEs } from "./thread-es.ts"

const plural = pluralizer("es")

export const chatStrings: ChatStrings = {
  ...threadEs,
  emergencyLabel: "Emergencias",
  emergencyFallback:
    "Este chat no se vigila para emergencias. En una emergencia, llame al número de emergencias de su país (911 en EE. UU.).",
  quickExit: "Salida rápida",
  quickExitHint: "Borra la pantalla y sale de esta página. También puede pulsar Escape dos veces.",
  escapeAgain: "Pulse Escape otra vez para salir de esta página",
  encrypted: "Cifrado de extremo a extremo",
  encryptedTitle: "Quién puede leer esto",
  encryptedText: [
    "Sus mensajes se cierran con llave en este dispositivo. Solo pueden abrirlos usted y el equipo de la clínica que atiende su tema.",
    "La empresa que opera los servidores no puede leerlos. Tampoco la página web que rodea este chat.",
    "Cada vez que alguien de la clínica abre esta conversación, primero queda registrado.",
    "Quien pueda usar este dispositivo podría abrir el chat aquí. Puede borrarlo de este dispositivo cuando quiera.",
  ],
  menu: "Más opciones",
  back: "Todas las conversaciones",
  closePanel: "Cerrar el chat",
  languageLabel: "Idioma",
  loading: "Comprobando las claves de la clínica…",
  retryNow: "Intentar de nuevo",
  codeForSupport: "Si llama para pedir ayuda, mencione",
  standaloneTitle: "Ábralo desde la página de su clínica",
  standaloneText:
    "Por su seguridad, este chat solo funciona dentro de la página de su clínica. Vaya a la página web de su clínica y abra el chat allí.",
  elsewhereTitle: "Su chat está abierto en otra pestaña",
  elsewhereText: "Para mantener sus mensajes en orden, puede estar abierto en un solo lugar a la vez.",
  useHere: "Usarlo aquí",
  consentTitle: "Antes de empezar",
  consentNothingYet: "No se guarda ni se envía nada hasta que usted acepte.",
  consentOnlyIn: "La clínica ofrece este texto solo en otro idioma.",
  agree: "Acepto",
  notNow: "Ahora no",
  haveCode: "Tengo un código de recuperación",
  topicTitle: "¿En qué podemos ayudarle?",
  topicLegend: "Elija de qué se trata",
  topicMissing: "Por favor, elija de qué se trata.",
  nameLabel: "Su nombre",
  nameHint: "Para que el equipo sepa cómo dirigirse a usted.",
  answerLabel: "¿De qué se trata?",
  answerHint: "Una o dos frases bastan.",
  optional: "opcional",
  start: "Empezar conversación",
  starting: "Empezando…",
  openNow: "Abierto ahora",
  closedNow: "Cerrado ahora",
  hours: "Horario",
  closedThatDay: "Cerrado",
  conversations: "Sus conversaciones",
  newConversation: "Nueva conversación",
  closedConversation: "Esta conversación está cerrada.",
  forkedTitle: "Algo no cuadra",
  forkedText:
    "Lo que muestra el servidor no coincide con lo que este dispositivo vio antes. No confíe en esta conversación y llame a la clínica.",
  emptyTitle: "Ya está en contacto",
  emptyText: "Escriba su mensaje. Puede cerrar esta ventana y volver más tarde para ver la respuesta.",
  waiting: "El equipo ya tiene su mensaje.",
  reconnecting: "Sin conexión. Sus mensajes se guardan aquí y se enviarán cuando vuelva.",
  forget: "Borrar de este dispositivo",
  forgetTitle: "¿Borrar de este dispositivo?",
  forgetText:
    "La conversación desaparece de este dispositivo y no se puede recuperar aquí. La clínica conserva su registro.",
  forgetAll: "Borrar todas las conversaciones de este dispositivo",
  forgetAllText:
    "Todas las conversaciones desaparecen de este dispositivo y no se pueden recuperar aquí. La clínica conserva sus registros.",
  forgetConfirm: "Borrar",
  forgotten: "Borrado de este dispositivo",
  thisConversation: "Conversación",
  notKept:
    "Este navegador no permite que el chat guarde nada. Quédese en esta página hasta tener su respuesta: al salir, la conversación desaparece de aquí.",
  until: (time) => `hasta las ${time}`,
  opens: (when) => `abre el ${when}`,
  opensToday: (time) => `abre hoy a las ${time}`,
  opensTomorrow: (time) => `abre mañana a las ${time}`,
  repliesWithin: (duration) => `Suele responder en ${duration}`,
  unread: (count) => plural(count, { one: "{n} mensaje nuevo", other: "{n} mensajes nuevos" }),
  problems: {
    offline: {
      title: "No se puede conectar con el chat",
      advice: "Revise su conexión a internet e inténtelo de nuevo. Si es urgente, llame a la clínica.",
    },
    busy: {
      title: "El chat está muy ocupado ahora",
      advice: "Espere un minuto e inténtelo de nuevo. Si es urgente, llame a la clínica.",
    },
    update: {
      title: "Esta página está desactualizada",
      advice: "Recargue la página para obtener la versión más nueva e inténtelo de nuevo.",
    },
    untrusted: {
      title: "No podemos asegurar que esta sea su clínica",
      advice:
        "Algo en la conexión no es de confianza y el chat se ha detenido. Por favor, llame a la clínica y avise.",
    },
    stale: {
      title: "El chat de la clínica no está al día",
      advice:
        "La clínica debe confirmar su lista de personal antes de enviar mensajes nuevos. Inténtelo más tarde o llame a la clínica.",
    },
    clock: {
      title: "El reloj de este dispositivo está mal",
      advice: "Ponga la fecha y la hora en automático en los ajustes e inténtelo de nuevo.",
    },
    storage: {
      title: "No se puede abrir su chat guardado",
      advice:
        "El navegador no puede leer lo que guardó. Puede deberse a la navegación privada o a falta de espacio. Cierre otras pestañas e inténtelo de nuevo, o llame a la clínica.",
    },
    random: {
      title: "Este dispositivo no es seguro",
      advice:
        "No puede generar los números aleatorios que protegen sus mensajes. Use otro dispositivo o navegador.",
    },
    setup: {
      title: "El chat no está bien configurado",
      advice: "No es culpa suya. Por favor, llame a la clínica y avise.",
    },
    revoked: {
      title: "Este dispositivo ya no puede conectarse",
      advice: "Por favor, llame a la clínica para continuar.",
    },
    forbidden: {
      title: "Eso no está permitido aquí",
      advice: "Llame a la clínica si cree que debería estarlo.",
    },
    consent: {
      title: "Lea de nuevo el consentimiento",
      advice: "La clínica ha cambiado su texto. Lea y acepte el nuevo para continuar.",
    },
    closed: { title: "Esta conversación está cerrada", advice: "Empiece una nueva para volver a escribir." },
    tooLong: { title: "El mensaje es demasiado largo", advice: "Divídalo en mensajes más cortos." },
    internal: {
      title: "Algo salió mal",
      advice: "Cierre el chat y ábralo de nuevo. Si sigue ocurriendo, llame a la clínica.",
    },
  },
}
