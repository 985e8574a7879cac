import type { InboxStrings } from "./inbox-strings.ts"
import { pluralizer } from "./languages.ts"
import { threadEs } from "./thread-es.ts"

const plural = pluralizer("es")

export const inboxStrings: InboxStrings = {
  ...threadEs,
  refused: "Un mensaje no se pudo verificar y no se muestra. Avise a su administrador.",
  inbox: "Bandeja de entrada",
  auditLog: "Auditoría",
  loading: "Abriendo la bandeja…",
  enrolTitle: "Configurar este dispositivo",
  enrolText:
    "Pegue el código de inscripción que le dio su administrador, o elija el archivo que lo contiene. Se queda en este dispositivo.",
  enrolLabel: "Código de inscripción",
  enrolFile: "Elegir un archivo",
  enrolButton: "Configurar",
  enrolFailed: "No es un código de inscripción completo. Cópielo otra vez de principio a fin.",
  replaceTitle: "¿Reemplazar las claves de este dispositivo?",
  replaceText:
    "Este navegador ya está configurado para una bandeja. El código que abrió borraría esas claves y lo configuraría como otro dispositivo. Siga solo si se lo pidió su administrador.",
  replaceButton: "Reemplazar",
  replaceKeep: "Conservar lo que hay",
  lockedTitle: "Bandeja bloqueada",
  lockedText: "Sus claves ya no están en la memoria de esta página. Siguen guardadas en este dispositivo.",
  unlock: "Desbloquear",
  lock: "Bloquear",
  signOut: "Cerrar sesión",
  signOutTitle: "¿Cerrar sesión y borrar las claves?",
  signOutText:
    "Se borran las claves de este dispositivo. Para volver a usar la bandeja aquí necesitará un código de inscripción nuevo de su administrador.",
  account: "Su cuenta",
  rolesLabel: "Funciones",
  deviceLabel: "Dispositivo",
  languageLabel: "Idioma",
  shortcuts: "Atajos de teclado",
  shortcutNext: "Conversación siguiente",
  shortcutPrevious: "Conversación anterior",
  shortcutOpen: "Abrir",
  shortcutBack: "Volver a la lista",
  elsewhereTitle: "La bandeja está abierta en otra pestaña",
  elsewhereText: "En este dispositivo puede estar abierta en un solo lugar a la vez.",
  useHere: "Usarla aquí",
  retryNow: "Intentar de nuevo",
  codeForSupport: "Código para soporte:",
  conversations: "Conversaciones",
  noTopic: "Conversación nueva",
  urgent: "Urgente",
  closedLabel: "Cerrada",
  overdue: "Fuera de plazo",
  emptyQueue: "Nada por aquí.",
  emptyInbox: "Todo tranquilo. Las conversaciones nuevas aparecen aquí solas.",
  chooseTitle: "Elija una conversación",
  chooseText: "Abrirla queda registrado y el paciente puede verlo.",
  opening: "Abriendo…",
  backToList: "Volver a la lista",
  closeConversation: "Cerrar conversación",
  closeTitle: "¿Cerrar esta conversación?",
  closeText: "El paciente podrá leerla, pero ya no escribir en ella, y podrá empezar una nueva.",
  closing: "Cerrando la conversación…",
  closeToArchive:
    "Pasa al archivo: el paciente podrá empezar una conversación nueva, y solo los responsables del archivo podrán abrir esta otra vez, en una emergencia.",
  reopen: "Abrir de nuevo",
  reopenFromArchive: "Devolver al equipo",
  handOver: "Traspasar",
  handOverTitle: "Traspasar a otra función",
  handOverText: "El paciente y todos los de aquí ven a quién se incorpora.",
  handOverTo: "¿A quién?",
  handOverHistory: "Permitir que lean lo anterior",
  handOverNobody: "No hay otra función a la que traspasarla.",
  glassTitle: "¿Abrir desde el archivo?",
  glassText:
    "Es para emergencias. El paciente ve enseguida que usted la abrió; su motivo queda sellado para los responsables del archivo.",
  glassReason: "¿Por qué hace falta?",
  glassOpen: "Abrir en una emergencia",
  handOverLeave: (role) => `Retirar a ${role}: no leeremos nada nuevo`,
  handedOver: (role) => `Traspasada a ${role}`,
  takingPart: (roles) => `Participan: ${roles}`,
  closedConversation: "Esta conversación está cerrada.",
  noMessages: "Todavía no hay mensajes.",
  reconnecting: "Sin conexión. Lo que escriba se guarda en este dispositivo y se enviará cuando vuelva.",
  forkedTitle: "Algo no cuadra",
  forkedText:
    "El servidor muestra un historial que no coincide con lo que este dispositivo vio antes. No responda aquí; avise a su administrador.",
  waitingCount: (count) => plural(count, { one: "{n} en espera", other: "{n} en espera" }),
  waitingSince: (age) => `Espera desde hace ${age}`,
  withTeam: (age) => `Con su equipo, hace ${age}`,
  closedAgo: (age) => `Cerrada hace ${age}`,
  startedAgo: (age) => `Empezó hace ${age}`,
  problems: {
    offline: {
      title: "No se puede conectar con el servidor",
      advice: "Revise la conexión de red e inténtelo de nuevo.",
    },
    busy: {
      title: "El servidor está ocupado o en solo lectura",
      advice: "Espere un minuto e inténtelo de nuevo. Si continúa, avise al operador.",
    },
    update: {
      title: "Esta página está desactualizada",
      advice: "Recárguela para obtener la versión más nueva.",
    },
    untrusted: {
      title: "El directorio de la clínica no es de confianza",
      advice:
        "Lo que sirve el servidor no coincide con la clave de la clínica o con lo que este dispositivo vio antes. Deténgase y avise a su administrador.",
    },
    stale: {
      title: "El directorio no está al día",
      advice: "Un responsable o administrador debe confirmarlo antes de poder enviar.",
    },
    clock: {
      title: "El reloj de este dispositivo está mal",
      advice: "Ponga fecha y hora en automático e inténtelo de nuevo.",
    },
    storage: {
      title: "No se pueden abrir las claves guardadas",
      advice: "Cierre otras pestañas e inténtelo de nuevo. Si continúa, pida una inscripción nueva.",
    },
    random: {
      title: "Este dispositivo no es seguro",
      advice: "Su generador de números aleatorios está dañado. Use otro dispositivo.",
    },
    setup: {
      title: "Este dispositivo no está configurado para esta clínica",
      advice: "Compruebe con su administrador que el dispositivo fue añadido.",
    },
    revoked: {
      title: "Este dispositivo fue revocado o ha caducado",
      advice: "Pida a su administrador una inscripción nueva.",
    },
    forbidden: {
      title: "No tiene permiso para eso",
      advice: "Pregunte a su administrador si debería tenerlo.",
    },
    consent: {
      title: "Falta el consentimiento del paciente",
      advice: "No se puede enviar nada hasta que el paciente acepte de nuevo.",
    },
    closed: { title: "Esta conversación está cerrada", advice: "El paciente puede empezar una nueva." },
    tooLong: { title: "El mensaje es demasiado largo", advice: "Divídalo en mensajes más cortos." },
    internal: {
      title: "Algo salió mal",
      advice: "Recargue la página. Si sigue ocurriendo, infórmelo con el código de abajo.",
    },
  },
}
