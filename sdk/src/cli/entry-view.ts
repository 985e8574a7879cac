/** An audit entry in words. */

import { fromHex } from "../bytes.ts"
import { type DirectoryState, deviceAt } from "../directory/index.ts"
import type { AuditEntry } from "../tlog/index.ts"
import { readableEntry } from "../tlog/readable.ts"
import { inline } from "./output.ts"

/** @param clinic - 16 bytes. @param directory - to call staff by their names. */
export function entryRows(
  entry: AuditEntry,
  clinic: Uint8Array,
  leafHash: Uint8Array,
  directory: DirectoryState | undefined,
): (readonly [string, string])[] {
  const view = readableEntry(entry, { clinic, leafHash, patient: undefined, isVerified: true })
  const name =
    view.device === "" || directory === undefined
      ? undefined
      : deviceAt(directory, fromHex(view.device))?.name
  return [
    ["Entry", view.sequence.toLocaleString("en")],
    ["Time", `${view.time.slice(0, 19).replace("T", " ")} UTC, by the relay's clock`],
    ["What", view.outcome === "success" ? view.meaning : `${view.meaning} (${view.outcome})`],
    [
      "By",
      view.device === ""
        ? "the relay itself"
        : name === undefined
          ? `device ${view.device}`
          : `${inline(name)}, device ${view.device}`,
    ],
    ...(view.role === "" ? [] : [["In the role", view.role] as const]),
    ...(view.purpose === "" ? [] : [["Purpose", view.purpose] as const]),
    view.conversation === ""
      ? ["About", "the clinic itself"]
      : ["About", `conversation ${view.conversation}`],
    ...(view.position === 0 ? [] : [["Position", String(view.position)] as const]),
    ...(view.recordHash === "" ? [] : [["Record", view.recordHash] as const]),
  ]
}
