/** Lines for what happened to a conversation, beside what was said in it. */
import { fromUtf8, toHex } from "../bytes.ts"
import type { Participant, TranscriptEvent } from "../conversation/index.ts"
import type { SystemNote } from "./chat.ts"
import type { Content } from "./view-content.ts"

interface Line {
  readonly from: Pick<Participant, "kind" | "device"> & { readonly role?: string }
  readonly content: Content
}

/** What shows of an event that is no message; undefined for those that are only about keys.
 * @param reason - of a break-glass access, where this device can open it. */
export function lineOf(event: TranscriptEvent, reason?: string): Line | undefined {
  switch (event.kind) {
    case "access": {
      const { from, purpose, until } = event
      const note = {
        type: "access",
        purpose,
        untilMs: until,
        ...(reason === undefined ? {} : { reason }),
      } as const
      const why = reason === undefined ? "" : `: ${reason}`
      return line(from, `opened the conversation (${purpose})${why}`, note)
    }
    case "member":
      return memberLine(event)
    case "grant": {
      const { kind } = event.slot
      const id = kind === "role" ? fromUtf8(event.slot.id) : toHex(event.slot.id)
      const whom = kind === "role" ? id : "another device of the patient"
      return line(event.from, `shared what was said before with ${whom}`, {
        type: "granted",
        to: { kind, id },
      })
    }
    case "close": {
      const { from, reason } = event
      return line(from, `closed the conversation (${reason})`, { type: "closed", reason })
    }
    case "reopen": {
      const { from, reason } = event
      return line(from, `reopened the conversation (${reason})`, { type: "reopened", reason })
    }
    case "archive":
      return line(event.from, "put the conversation into the archive", { type: "archived" })
    case "withdraw":
      return line(event.from, "withdrew consent", { type: "withdrawn" })
    case "shred": {
      const { by, reason } = event
      const from = { kind: "staff", device: by } as const
      return line(from, `destroyed the conversation's keys (${reason})`, { type: "destroyed", reason })
    }
    default:
      return undefined
  }
}

function memberLine({ from, change, device }: Extract<TranscriptEvent, { kind: "member" }>): Line {
  const id = device === undefined ? "" : toHex(device)
  switch (change.change) {
    case "add-role":
      return line(from, `brought ${change.role} in`, { type: "role-added", role: change.role })
    case "remove-role":
      return line(from, `took ${change.role} out`, { type: "role-removed", role: change.role })
    case "add-device":
      return line(from, "added a device", { type: "device-added", device: id, kind: change.kind })
    case "remove-device":
      return line(from, "removed a device", { type: "device-removed", device: id })
  }
}

function line(from: Line["from"], text: string, system: SystemNote): Line {
  return { from, content: { kind: "system", text, system } }
}
