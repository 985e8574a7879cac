import { unlink } from "node:fs/promises"
import { join, resolve } from "node:path"
import { enrolmentLink } from "../client/enrolment-code.ts"
import { randomSeeds } from "../client/storage.ts"
import { deviceFromSeeds, wipe } from "../crypto/index.ts"
import { asAdmin } from "./admin-session.ts"
import { type Input, usage } from "./arguments.ts"
import { enrolmentsPath, openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { dateText } from "./directory-view.ts"
import { enrolmentFileName, enrolmentText } from "./enrolment-file.ts"
import { EXIT } from "./exit-codes.ts"
import { writeNewFile } from "./files.ts"
import { dayStart } from "./policy-file.ts"
import { checkRolesExist, ROLE_OPTION, roleText, wantedRoles } from "./role-options.ts"

export const staffAdd: Command = {
  name: "staff add",
  summary: "add somebody to the staff and make their enrolment link",
  description: [
    "Makes the keys of a new staff device, adds it to the directory, gives it the keys of its roles, and writes a link. Opened in that person's browser, the link makes the browser their device.",
    "The link is a key. Whoever has it is that member of the staff, until the device is revoked with: wardline staff revoke. Opening it doesn't use it up. Hand it over in person or on a USB stick, never by mail, and delete the file afterwards.",
  ],
  options: {
    name: { value: "NAME", help: "as colleagues and patients will see it" },
    role: ROLE_OPTION,
    expires: {
      value: "DATE",
      help: "the last day, such as 2027-03-31, for a temp or a locum (default: never)",
    },
    out: { value: "FILE", help: "where to write the link (default: enrolments/ in the clinic's folder)" },
    dir: SHARED.dir,
    relay: SHARED.relay,
    "passphrase-file": SHARED["passphrase-file"],
  },
  examples: [
    'wardline staff add --name "Ana Ruiz, RN" --role nursing:keeper',
    'wardline staff add --name "Sam Lee" --role billing --role scheduling --expires 2027-03-31',
  ],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const name = input.required("name")
    const roles = wantedRoles(input)
    const expiresMs = expiryOf(input, context.now())
    const out = input.text("out")
    return await asAdmin(folder, input, context, async (admin, relay) => {
      checkRolesExist(roles, admin.directory)
      const seeds = randomSeeds()
      const { signing, wrapping, id } = deviceFromSeeds(seeds.signingSeed, seeds.wrappingSeed)
      const deviceId = Buffer.from(id).toString("hex")
      const file =
        out === undefined
          ? join(enrolmentsPath(folder.path), enrolmentFileName(name, deviceId))
          : resolve(out)
      const link = enrolmentLink(relay, { clinicKey: folder.clinic.clinicKey, ...seeds })
      wipe(seeds.signingSeed, seeds.wrappingSeed)
      // Before the directory names the device: a device whose link was lost could only be revoked.
      await writeNewFile(file, enrolmentText({ link, name, clinic: folder.clinic.name, deviceId }))
      context.output.progress(`Adding ${name} at ${relay} …`)
      try {
        const keys = { signing: signing.publicKey, wrapping: wrapping.publicKey }
        await admin.addStaff({ name, roles, keys, ...(expiresMs === undefined ? {} : { expiresMs }) })
      } catch (error) {
        await unlink(file).catch(() => {})
        throw error
      }
      context.output.result(
        {
          device: deviceId,
          name,
          roles,
          expires: expiresMs === undefined ? null : new Date(expiresMs).toISOString(),
          enrolmentFile: file,
        },
        [
          `${name} is staff now: ${roles.map(roleText).join(", ")}${expiresMs === undefined ? "" : `, until ${dateText(expiresMs - 1)}`}.`,
          "",
          `The enrolment link is in ${file}`,
          `  Whoever has that link is ${name}, to colleagues and to patients, until you revoke the device.`,
          "  Opening it doesn't use it up. Hand the file over in person or on a USB stick, never by mail;",
          "  once it is open in the right browser, delete every copy.",
          "",
          "If it went astray:",
          `  wardline staff revoke ${deviceId}`,
        ],
      )
      return EXIT.done
    })
  },
}

/** The end of the given day, UTC. */
function expiryOf(input: Input, nowMs: number): number | undefined {
  const text = input.text("expires")
  if (text === undefined) return undefined
  const startMs = dayStart(text)
  if (startMs === undefined) throw usage("--expires must be a day such as 2027-03-31")
  const endMs = startMs + 86_400_000
  if (endMs <= nowMs) throw usage("--expires is in the past")
  return endMs
}
