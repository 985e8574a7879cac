import { unlink } from "node:fs/promises"
import { join, resolve } from "node:path"
import { enrolmentLink } from "../client/enrolment-code.ts"
import { randomSeeds } from "../client/storage.ts"
import { deviceFromSeeds, wipe } from "../crypto/index.ts"
import type { DirectoryState } from "../directory/index.ts"
import { isSlug } from "../ids.ts"
import { asAdmin } from "./admin-session.ts"
import { type Input, usage } from "./arguments.ts"
import { enrolmentsPath, openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { dateText } from "./directory-view.ts"
import { enrolmentText } from "./enrolment-file.ts"
import { EXIT } from "./exit-codes.ts"
import { writeNewFile } from "./files.ts"
import { inline } from "./output.ts"
import { closest } from "./suggest.ts"

interface WantedRole {
  readonly role: string
  readonly keeper: boolean
}

export const staffAdd: Command = {
  name: "staff add",
  summary: "add somebody to the staff and make their enrolment link",
  description: [
    "Makes the keys of a new staff device, adds it to the directory, gives it the keys of its roles, and writes a link. Opened in that person's browser, the link makes the browser their device.",
    "The link is a key. Whoever has it is that member of the staff, until the device is revoked with: wardline staff revoke. Opening it doesn't use it up. Hand it over in person or on a USB stick, never by mail, and delete the file afterwards.",
  ],
  options: {
    name: { value: "NAME", help: "as colleagues and patients will see it" },
    role: {
      value: "ROLE",
      multiple: true,
      help: "a role such as nursing. ROLE:keeper may also renew the role's key and vouch for\nthe directory; each role needs a keeper or two",
    },
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
          ? join(enrolmentsPath(folder.path), `${fileName(name)}-${deviceId.slice(0, 8)}.txt`)
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

function wantedRoles(input: Input): WantedRole[] {
  const roles = input.list("role").map((text) => {
    const [role = "", mark, ...rest] = text.split(":")
    if (!isSlug(role) || rest.length > 0 || (mark !== undefined && mark !== "keeper"))
      throw usage(
        `"${inline(text)}" is no role: write ROLE or ROLE:keeper, such as nursing or nursing:keeper`,
      )
    return { role, keeper: mark === "keeper" }
  })
  if (roles.length === 0) throw usage("--role is missing: what may this person read and answer?")
  if (new Set(roles.map(({ role }) => role)).size !== roles.length) throw usage("a role was given twice")
  return roles
}

/** A slip in a role's name would make a new, empty role and lock this person out of the real one.
 * @throws {WardlineError} ERR_CONFIG */
function checkRolesExist(roles: readonly WantedRole[], directory: DirectoryState): void {
  const known = [...directory.roleKeys.keys()]
  for (const { role } of roles) {
    if (directory.roleKeys.has(role)) continue
    const near = closest(role, known)
    const meant = near === undefined ? "" : `; did you mean ${near}?`
    throw usage(`there is no role ${role}${meant} Roles: ${known.join(", ")}`)
  }
}

/** The end of the given day, UTC. */
function expiryOf(input: Input, nowMs: number): number | undefined {
  const text = input.text("expires")
  if (text === undefined) return undefined
  const startMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  // Date.parse takes February 30 for March 2.
  if (Number.isNaN(startMs) || dateText(startMs) !== text)
    throw usage("--expires must be a day such as 2027-03-31")
  const endMs = startMs + 86_400_000
  if (endMs <= nowMs) throw usage("--expires is in the past")
  return endMs
}

function fileName(name: string): string {
  const ascii = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
  return ascii.replaceAll(/^-+|-+$/g, "").slice(0, 40) || "staff"
}

const roleText = ({ role, keeper }: WantedRole): string => (keeper ? `${role} (keeper)` : role)
