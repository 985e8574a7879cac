/** The consent text that a new clinic starts with. A clinic's own adviser should read it: `init --print-setup`. */

const EN = `Before you write to us

What this is. A secure chat between you and the care team of this clinic. What you write is encrypted on your device. Only you and the staff whose job it is can read it. The company that runs the chat's computer cannot.

Not for emergencies. Nobody watches this chat around the clock. In an emergency call 911. If you are in crisis or thinking of harming yourself, call or text 988.

What we keep. Your messages become part of how we care for you, and we keep them as long as the law and our policy ask. We also keep a record of who opened your conversation, when and why. You can ask to see it.

What others can see. The chat's computer knows when messages are sent, about how long they are and which team they go to, but not what they say and not your name.

Your device. Your conversation is kept on this device. Anybody who can use this device could read it. You can delete it from here at any time. On a shared device, delete it when you have finished.

Your choice. You don't have to use this chat. You can call us or visit instead, and your care will be the same.

By agreeing you say that you have read this and want to use the chat.`

const ES = `Antes de escribirnos

Qué es esto. Un chat seguro entre usted y el equipo de atención de esta clínica. Lo que escribe se cifra en su dispositivo. Solo usted y el personal a quien le corresponde pueden leerlo. La empresa que opera la computadora del chat no puede.

No es para emergencias. Nadie vigila este chat las 24 horas. En una emergencia llame al 911. Si está en crisis o piensa en hacerse daño, llame o envíe un mensaje de texto al 988.

Qué guardamos. Sus mensajes forman parte de la atención que le damos y los guardamos el tiempo que piden la ley y nuestras normas. También guardamos un registro de quién abrió su conversación, cuándo y por qué. Puede pedir verlo.

Qué pueden ver otros. La computadora del chat sabe cuándo se envían los mensajes, su longitud aproximada y a qué equipo van, pero no lo que dicen ni su nombre.

Su dispositivo. Su conversación se guarda en este dispositivo. Cualquier persona que pueda usarlo podría leerla. Puede borrarla de aquí en cualquier momento. En un dispositivo compartido, bórrela cuando termine.

Usted decide. No tiene que usar este chat. Puede llamarnos o venir, y recibirá la misma atención.

Al aceptar, usted dice que ha leído esto y que quiere usar el chat.`

export const DEFAULT_CONSENT: { id: string; texts: Record<string, string> } = {
  id: "chat",
  texts: { en: EN, es: ES },
}
