import { unlink } from "node:fs/promises"
import { join, resolve } from "node:path"
import { enrolmentLink } from "../client/enrolment-code.ts"
import { randomSeeds } from "../client/storage.ts"
import { deviceFromSeeds, wipe } from "../crypto/index.ts"
import { asAdmin } from "./admin-session.ts"
import { enrolmentsPath, openClinicFolder } from "./clinic-folder.ts"
import { type Command, SHARED } from "./command.ts"
import { adminEnrolmentText, enrolmentFileName } from "./enrolment-file.ts"
import { EXIT } from "./exit-codes.ts"
import { writeNewFile } from "./files.ts"
import { readRootKey } from "./root-key-file.ts"

export const ROOT_KEY_OPTION = {
  value: "FILE",
  help: "the root key's file, from where it is locked away; it is read and not kept",
} as const

export const adminAdd: Command = {
  name: "admin add",
  summary: "make somebody an administrator, with the root key",
  description: [
    "Makes the keys of another administrator, adds them to the directory with the root key, gives them every role's key, and writes a file. On that person's machine the file becomes a clinic's folder of their own, under their own passphrase: wardline admin join FILE.",
    "The file is a key: whoever has it administers the clinic. Hand it over in person or on a USB stick, never by mail.",
    "A clinic should have two administrators: if the only one loses the folder or forgets the passphrase, nobody can add or revoke staff until the root key makes a new one (wardline admin recover).",
  ],
  options: {
    name: { value: "NAME", help: "as staff will see it" },
    "root-key": ROOT_KEY_OPTION,
    out: { value: "FILE", help: "where to write the file (default: enrolments/ in the clinic's folder)" },
    dir: SHARED.dir,
    relay: SHARED.relay,
    "passphrase-file": SHARED["passphrase-file"],
  },
  examples: ['wardline admin add --name "Grace Park" --root-key /media/usb1/juniper-root.txt'],
  async run(input, context) {
    const folder = await openClinicFolder(input.text("dir"))
    const name = input.required("name")
    const { clinicKey } = folder.clinic
    const rootSeed = await readRootKey(resolve(input.required("root-key")), clinicKey)
    const out = input.text("out")
    return await asAdmin(folder, input, context, async (admin, relay) => {
      const seeds = randomSeeds()
      const { signing, wrapping, id } = deviceFromSeeds(seeds.signingSeed, seeds.wrappingSeed)
      const deviceId = Buffer.from(id).toString("hex")
      const path = join(enrolmentsPath(folder.path), enrolmentFileName(`admin ${name}`, deviceId))
      const file = out === undefined ? path : resolve(out)
      const link = enrolmentLink(relay, { clinicKey, ...seeds })
      wipe(seeds.signingSeed, seeds.wrappingSeed)
      // Before the directory names the device: an administrator whose file was lost could only be removed.
      await writeNewFile(file, adminEnrolmentText({ link, name, clinic: folder.clinic.name, deviceId }))
      context.output.progress(`Adding ${name} at ${relay} …`)
      try {
        const keys = { signing: signing.publicKey, wrapping: wrapping.publicKey }
        await admin.addAdmin({ rootSeed, name, keys })
      } catch (error) {
        await unlink(file).catch(() => {})
        throw error
      } finally {
        wipe(rootSeed)
      }
      context.output.result({ device: deviceId, name, enrolmentFile: file }, [
        `${name} is an administrator now.`,
        "",
        `Their file is ${file}`,
        `  Whoever has it is ${name} and administers the clinic. Hand it over in person or on a USB stick;`,
        "  on their own machine they run, and then delete every copy:",
        "",
        "  wardline admin join FILE",
        "",
        "If it went astray:",
        `  wardline admin remove ${deviceId} --root-key FILE`,
      ])
      return EXIT.done
    })
  },
}
