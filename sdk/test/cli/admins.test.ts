/** Administrators come, go and are lost, with the real command against a real relay. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type ClinicDesk, done, openClinicDesk, refused } from "./clinic-desk.ts"
import { type Ran, wardline } from "./wardline.ts"

const test = suite("administrators")
let clinic: ClinicDesk
let graceFile: string
test.before(async () => {
  clinic = await openClinicDesk()
})
test.after(() => clinic.close())

test("admin add writes a file with which another machine joins, and works", async () => {
  const added = JSON.parse(
    await done(clinic.unlocked("admin", "add", "--name", "Grace Park", ...clinic.rootKey, "--json")),
  ) as {
    enrolmentFile: string
  }
  graceFile = added.enrolmentFile
  assert.match(graceFile, /enrolments\/admin-grace-park-[0-9a-f]{8}\.txt$/)
  if (process.platform !== "win32") assert.is(statSync(graceFile).mode & 0o777, 0o600)
  const joined = await done(
    wardline(["admin", "join", graceFile, "--dir", clinic.desk.path("grace"), ...clinic.passphrase]),
  )
  assert.match(joined, /You are Grace Park, an administrator of Juniper Street/)
  const asGrace = ["--dir", clinic.desk.path("grace"), ...clinic.passphrase]
  await done(wardline(["staff", "add", "--name", "By Grace", "--role", "nursing", ...asGrace]))
  assert.match(await done(clinic.onFolder("admin", "list")), /Dana +active.*Grace Park +active/s)
})

test("admin join refuses what is no administrator's file, and leaves nothing behind", async () => {
  const join = (file: string): Promise<Ran> =>
    wardline(["admin", "join", file, "--dir", clinic.desk.path("nobody"), ...clinic.passphrase])
  await refused(join(clinic.desk.path("root.txt")), 2, /is not a file that admin add wrote/)
  await refused(join(clinic.desk.path("missing.txt")), 2, /there is no file/)
  const text = readFileSync(graceFile, "utf8")
  writeFileSync(clinic.desk.path("cut.txt"), text.slice(0, text.indexOf("#enrol=") + 60))
  await refused(join(clinic.desk.path("cut.txt")), 2, /or it is cut short/)
  const staff = JSON.parse(
    await done(clinic.unlocked("staff", "add", "--name", "Sam", "--role", "billing", "--json")),
  ) as { enrolmentFile: string }
  await refused(join(staff.enrolmentFile), 5, /not that of an administrator/)
  assert.not(existsSync(clinic.desk.path("nobody")))
})

test("admin remove takes the root key, shuts the other out and renews every role", async () => {
  await refused(clinic.unlocked("admin", "remove", "Dana", ...clinic.rootKey), 2, /you can't remove yourself/)
  await refused(clinic.unlocked("admin", "remove", "Grace Park"), 2, /--root-key is missing/)
  const before = await clinic.generations()
  const removed = await done(clinic.unlocked("admin", "remove", "Grace Park", ...clinic.rootKey))
  assert.match(removed, /Grace Park is no administrator any more/)
  const after = await clinic.generations()
  for (const [role, generation] of Object.entries(before)) assert.is(after[role], generation + 1, role)
  const asGrace = ["--dir", clinic.desk.path("grace"), ...clinic.passphrase]
  await refused(wardline(["directory", "attest", ...asGrace]), 5, /isn't an administrator's/)
  await refused(clinic.unlocked("admin", "remove", "Grace Park", ...clinic.rootKey), 5, /was revoked before/)
})

test("another clinic's root key, or none: nothing is changed", async () => {
  const other = [
    "--name",
    "Other",
    "--root-key",
    clinic.desk.path("other-root.txt"),
    "--dir",
    clinic.desk.path("other"),
  ]
  await done(wardline(["init", ...other, ...clinic.passphrase]))
  const wrong = ["--root-key", clinic.desk.path("other-root.txt")]
  await refused(clinic.unlocked("admin", "add", "--name", "Eve", ...wrong), 1, /another clinic's root key/)
  await refused(
    clinic.unlocked("admin", "add", "--name", "Eve", "--root-key", clinic.desk.path("no.txt")),
    2,
    /no root key file/,
  )
  assert.not.match(await done(clinic.onFolder("admin", "list")), /Eve/)
})

test("admin recover: with the root key alone, every role renewed, and the lost administrator removed", async () => {
  const recover = (...more: string[]): Promise<Ran> =>
    wardline([
      "admin",
      "recover",
      "--name",
      "Heir",
      "--relay",
      `http://localhost:${clinic.relay.port}`,
      "--dir",
      clinic.desk.path("heir"),
      ...clinic.passphrase,
      ...more,
    ])
  await refused(recover("--root-key", clinic.desk.path("other-root.txt")), 5, /doesn't serve this clinic/)
  assert.not(existsSync(clinic.desk.path("heir")))
  const before = await clinic.generations()
  assert.match(await done(recover(...clinic.rootKey)), /You are Heir, an administrator of Juniper Street/)
  const after = await clinic.generations()
  for (const [role, generation] of Object.entries(before)) assert.is(after[role], generation + 1, role)
  const asHeir = ["--dir", clinic.desk.path("heir"), ...clinic.passphrase]
  await done(wardline(["admin", "remove", "Dana", ...clinic.rootKey, ...asHeir]))
  await refused(clinic.unlocked("directory", "attest"), 5, /isn't an administrator's/)
  await done(wardline(["staff", "add", "--name", "By the heir", "--role", "nursing", ...asHeir]))
})

test.run()
