import { isWardlineError, WardlineError } from "../errors.ts"
import { parseId } from "../ids.ts"
import type { ShredReason } from "../protocol/index.ts"
import { asAdmin } from "./admin-session.ts"
import { openAsker } from "./ask.ts"
import { openClinicFolder } from "./clinic-folder.ts"
import { type Command, type Context, SHARED } from "./command.ts"
import { EXIT } from "./exit-codes.ts"
import { closest } from "./suggest.ts"

const REASONS: readonly ShredReason[] = ["retention", "patient-request", "other"]

export const conversationShred: Command = {
  name: "conversation shred",
  summary: "destroy a conversation for good, in every copy",
  description: [
    "The relay destroys the conversation's shred key, drops what was wrapped under it, and deletes its files. After that nobody can open anything of it: not staff, not the patient, not with old backups, not with every key that is left. Nothing brings it back. That it was destroyed, when, by whom and for which reason stays on record.",
    "Law may ask you to keep a record for years: make sure that nothing has to be kept.",
  ],
  argument: { name: "CONVERSATION", help: "its id, 32 characters, as the inbox shows it", required: true },
  options: {
    reason: { value: "REASON", help: `${REASONS.join(", ")} (required)` },
    yes: { help: "don't ask; for scripts" },
    dir: SHARED.dir,
    relay: SHARED.relay,
    "passphrase-file": SHARED["passphrase-file"],
  },
  examples: ["wardline conversation shred 3f0c2a9be1d44c7f9a6b52d08e7c1a35 --reason patient-request"],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const id = readId(input.argument ?? "")
    const reason = readReason(input.required("reason"))
    if (!input.flag("yes")) await confirm(id, context)
    return await asAdmin(folder, input, context, async (admin) => {
      await admin.shred(id, reason).catch((error: unknown) => {
        throw explained(error)
      })
      context.output.result({ conversation: id, reason }, [
        `Conversation ${id} is destroyed.`,
        "Delete copies of the relay's shred.db that are older than now, if there are any.",
      ])
      return EXIT.done
    })
  },
}

function readId(text: string): string {
  try {
    parseId(text)
    return text
  } catch (cause) {
    throw new WardlineError("ERR_CONFIG", "a conversation's id is 32 characters of 0-9 and a-f", { cause })
  }
}

function readReason(text: string): ShredReason {
  const reason = REASONS.find((known) => known === text)
  if (reason !== undefined) return reason
  const near = closest(text, REASONS)
  const hint = near === undefined ? `one of ${REASONS.join(", ")}` : `did you mean ${near}?`
  throw new WardlineError("ERR_CONFIG", `"${text}" is no reason: ${hint}`)
}

function explained(error: unknown): unknown {
  // The relay takes a first record of a conversation that it doesn't know for a missing consent.
  if (isWardlineError(error, "ERR_CONSENT_REQUIRED") || isWardlineError(error, "ERR_NOT_FOUND"))
    return new WardlineError("ERR_NOT_FOUND", "the relay has no conversation with this id", { cause: error })
  if (isWardlineError(error, "ERR_CLOSED"))
    return new WardlineError("ERR_CLOSED", "the conversation was destroyed before", { cause: error })
  return error
}

/** What can't be undone is asked for twice, by the end of the id: "yes" is typed too easily. */
async function confirm(id: string, context: Context): Promise<void> {
  const asker = openAsker(context.signal)
  try {
    asker.say("This can't be undone, by anybody.")
    const typed = await asker.ask("Type the last four characters of the id to go on: ")
    if (typed?.trim() !== id.slice(-4))
      throw new WardlineError("ERR_CONFIG", "those aren't its last four characters; nothing was destroyed")
  } finally {
    asker.close()
  }
}
