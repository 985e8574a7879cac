/** What happened to a conversation, in words. Pure. */
import type { ChatMessage, SystemNote } from "@wardline/sdk"
import type { ThreadStrings } from "../strings/chat-strings.ts"
import { lifeStrings } from "../strings/life-strings.ts"
import { roleName } from "./message-rows.ts"

export interface LifeContext {
  readonly strings: ThreadStrings
  /** Of the conversation: a removed device's line says which kind it was. */
  readonly messages: readonly ChatMessage[]
}

/** One line for one event.
 * @param who - a name, with the role in brackets where there is one.
 * @param time - of day, in words. */
export function lifeText(note: SystemNote, who: string, time: string, context: LifeContext): string {
  const { strings } = context
  const words = lifeStrings(strings.language)
  const role = (slug: string): string => `\u2068${roleName(slug, strings.roles)}\u2069`
  const because = (text: string, reason: string | undefined): string =>
    reason === undefined ? text : `${text}: ${reason}`
  switch (note.type) {
    case "access":
      if (note.purpose === "BTG") return words.brokeGlass(who, time)
      return note.purpose === "TREAT"
        ? strings.opened(who, time)
        : strings.openedFor(who, time, strings.purposes[note.purpose])
    case "role-added":
      return words.roleAdded(who, role(note.role))
    case "role-removed":
      return words.roleRemoved(who, role(note.role))
    case "granted":
      return words.granted(who, role(note.to.id))
    case "device-added":
      return words.deviceAdded[note.kind](who)
    case "device-removed":
      return words.deviceRemoved[kindOf(note.device, context.messages)](who)
    case "closed":
      return note.reason === "unspecified"
        ? strings.closedBy(who)
        : strings.closedBecause(who, strings.closeReasons[note.reason])
    case "reopened":
      return because(
        words.reopened(who),
        note.reason === "unspecified" ? undefined : words.reopenReasons[note.reason],
      )
    case "archived":
      return words.archived(who)
    case "withdrawn":
      return words.withdrawn(who)
    case "destroyed":
      return words.destroyed(words.shredReasons[note.reason])
    case "notice":
      return `${who}: ${roleName(note.event, {})}`
  }
}

function kindOf(device: string, messages: readonly ChatMessage[]): "device" | "recovery" {
  const added = messages.find(({ system }) => system?.type === "device-added" && system.device === device)
  const kind = added?.system?.type === "device-added" ? added.system.kind : "device"
  return kind === "recovery" ? "recovery" : "device"
}
