/** Policy, roles and administrators over the years, with the real command against a real relay. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { type Relay, startRelay } from "@wardline/relay"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cryptoReady } from "../../src/crypto/index.ts"
import { type Desk, makeDesk, type Ran, wardline } from "./wardline.ts"

const test = suite("policy, roles and administrators")
let desk: Desk
let relay: Relay
let clinicKey: string
let graceFile: string

const passphrase = (): string[] => ["--passphrase-file", desk.passphraseFile]
const unlocked = (...args: string[]): Promise<Ran> =>
  wardline([...args, "--dir", desk.path("clinic"), ...passphrase()])
const onFolder = (...args: string[]): Promise<Ran> => wardline([...args, "--dir", desk.path("clinic")])
const rootKey = (): string[] => ["--root-key", desk.path("root.txt")]

async function done(ran: Promise<Ran>): Promise<string> {
  const { code, stdout, stderr } = await ran
  assert.is(code, 0, `${stdout}\n${stderr}`)
  return stdout
}

async function refused(ran: Promise<Ran>, code: number, words: RegExp): Promise<void> {
  const { code: actual, stdout, stderr } = await ran
  assert.is(actual, code, `${stdout}\n${stderr}`)
  assert.match(stderr, words)
}

async function generations(): Promise<Record<string, number>> {
  const { roles } = JSON.parse(await done(onFolder("role", "list", "--json"))) as {
    roles: { role: string; generation: number }[]
  }
  return Object.fromEntries(roles.map(({ role, generation }) => [role, generation]))
}

test.before(async () => {
  await cryptoReady()
  desk = makeDesk()
  const made = await done(
    unlocked(
      "init",
      "--name",
      "Juniper Street",
      "--admin",
      "Dana",
      "--time-zone",
      "America/Chicago",
      ...rootKey(),
    ),
  )
  clinicKey = /\b[0-9a-f]{64}\b/.exec(made)?.[0] ?? ""
  relay = await startRelay({
    data: desk.path("relay"),
    clinicKeys: [clinicKey],
    port: 0,
    webRoot: desk.path("none"),
  })
  await done(onFolder("directory", "push", "--relay", `http://localhost:${relay.port}`))
  await done(unlocked("staff", "add", "--name", "Ana Ruiz, RN", "--role", "nursing:keeper"))
})

test.after(async () => {
  await relay?.close()
  desk.clear()
})

test("policy show says it in words", async () => {
  const shown = await done(onFolder("policy", "show"))
  assert.match(shown, /^Opening hours +Mon Tue Wed Thu Fri 08:00–17:00$/m)
  assert.match(shown, /^Archive +none$/m)
  assert.match(
    shown,
    /^Role nursing +newcomers read everything; new key every 90 days; may hand over to other roles$/m,
  )
})

test("policy set changes what is named, and says what that was before", async () => {
  const set = await done(
    unlocked(
      "policy",
      "set",
      "--history",
      "nursing=none",
      "--rotate",
      "nursing=30",
      "--archive-role",
      "vault",
    ),
  )
  assert.match(set, /Role nursing: newcomers read nothing from before; new key every 30 days/)
  assert.match(set, /before: newcomers read everything; new key every 90 days/)
  assert.match(set, /Archive: closed conversations go to the role vault/)
  assert.match(set, /New keys for: vault\./)
  assert.match(await done(onFolder("policy", "show")), /^Retention|Kept for +2192 days$/m)
  assert.match(
    await done(unlocked("policy", "set", "--history", "nursing=none")),
    /Nothing to change: the policy says so already/,
  )
  const back = await done(
    unlocked(
      "policy",
      "set",
      "--archive-role",
      "none",
      "--history",
      "nursing=2027-01-31",
      "--hand-over",
      "billing=no",
    ),
  )
  assert.match(back, /Archive: none/)
  assert.match(back, /newcomers read from 2027-01-31 on/)
  assert.match(back, /Role billing: .*may not hand over/)
})

test("policy show --file, edited, is set again", async () => {
  const file = JSON.parse(await done(onFolder("policy", "show", "--file"))) as {
    hours: unknown
    roles: Record<string, { history: string }>
  }
  assert.is(file.roles.nursing?.history, "2027-01-31")
  const hours = [
    { days: ["mon", "tue"], opens: "07:30", closes: "24:00" },
    { days: ["sat"], opens: "09:00", closes: "12:00" },
  ]
  writeFileSync(desk.path("policy.json"), JSON.stringify({ hours }))
  const set = await done(unlocked("policy", "set", "--file", desk.path("policy.json")))
  assert.match(set, /Opening hours: Mon Tue 07:30–24:00; Sat 09:00–12:00/)
  writeFileSync(desk.path("policy.json"), JSON.stringify({ ...file, retentionDays: 3650 }))
  const again = await done(unlocked("policy", "set", "--file", desk.path("policy.json"), "--freshness", "3"))
  assert.match(again, /Opening hours: Mon Tue Wed Thu Fri 08:00–17:00/)
  assert.match(again, /Kept for: 3650 days/)
  assert.match(again, /Must be vouched for: every 3 days/)
})

for (const { args, words } of [
  { args: [], words: /what should change\?/ },
  { args: ["--history", "nursing=some"], words: /must be "all", "none" or a day such as/ },
  { args: ["--history", "nursing=2027-02-30"], words: /must be "all", "none" or a day such as/ },
  { args: ["--history", "nursing"], words: /write ROLE=…/ },
  { args: ["--rotate", "nursing=0"], words: /from 1 to 3650/ },
  { args: ["--hand-over", "nursing=maybe"], words: /yes or no/ },
  { args: ["--retention", "long"], words: /from 1 to 36500/ },
  { args: ["--history", "nurssing=all"], words: /there is no role nurssing; did you mean nursing\?/ },
  { args: ["--file", "none.json"], words: /there is no policy file/ },
]) {
  test(`policy set ${args.join(" ")}: 2`, () => refused(unlocked("policy", "set", ...args), 2, words))
}

test("a policy file is judged as a whole, by the names of its fields", async () => {
  const file = {
    hours: [{ days: ["monday"], opens: "8", closes: "17:00" }],
    roles: { nursing: {} },
    surprise: 1,
  }
  writeFileSync(desk.path("broken.json"), JSON.stringify(file))
  const ran = await unlocked("policy", "set", "--file", desk.path("broken.json"))
  assert.is(ran.code, 2)
  for (const field of ["hours.0.days.0: ", "roles.nursing", "surprise: "])
    assert.ok(ran.stderr.includes(field), ran.stderr)
})

test("role add makes a role with the default rule, role rotate gives it a new key", async () => {
  await done(unlocked("role", "add", "care-team"))
  assert.match(await done(onFolder("policy", "show")), /^Role care-team +newcomers read everything/m)
  assert.match(await done(unlocked("role", "rotate", "care-team")), /a new key, its generation 2/)
  await refused(unlocked("role", "add", "care-team"), 5, /exists already/)
  await refused(unlocked("role", "rotate", "care"), 2, /did you mean care-team\?/)
  await refused(unlocked("role", "add", "Care Team"), 2, /is no role's name/)
})

test("staff roles: what is named it has, what isn't it loses, and that role is renewed", async () => {
  const before = await generations()
  const changed = await done(unlocked("staff", "roles", "Ana Ruiz, RN", "--role", "billing:keeper"))
  assert.match(changed, /has these roles now: billing \(keeper\)/)
  assert.match(changed, /^No longer: nursing\.$/m)
  assert.match(changed, /^New keys for: nursing\.$/m)
  const after = await generations()
  assert.equal(after, { ...before, nursing: (before.nursing ?? 0) + 1 })
  assert.match(await done(onFolder("staff", "list")), /Ana Ruiz, RN +billing \(keeper\) +active/)
  await refused(
    unlocked("staff", "roles", "Nobody", "--role", "billing"),
    5,
    /no staff device has the id or name/,
  )
  await refused(unlocked("staff", "roles", "Ana Ruiz, RN"), 2, /--role is missing/)
  await refused(unlocked("staff", "roles", "Dana", "--role", "billing"), 5, /no staff device/)
})

test("admin add writes a file with which another machine joins, and works", async () => {
  const added = JSON.parse(
    await done(unlocked("admin", "add", "--name", "Grace Park", ...rootKey(), "--json")),
  ) as {
    enrolmentFile: string
  }
  graceFile = added.enrolmentFile
  assert.match(graceFile, /enrolments\/admin-grace-park-[0-9a-f]{8}\.txt$/)
  if (process.platform !== "win32") assert.is(statSync(graceFile).mode & 0o777, 0o600)
  const joined = await done(
    wardline(["admin", "join", graceFile, "--dir", desk.path("grace"), ...passphrase()]),
  )
  assert.match(joined, /You are Grace Park, an administrator of Juniper Street/)
  const asGrace = ["--dir", desk.path("grace"), ...passphrase()]
  await done(wardline(["staff", "add", "--name", "By Grace", "--role", "nursing", ...asGrace]))
  assert.match(await done(onFolder("admin", "list")), /Dana +active.*Grace Park +active/s)
})

test("admin join refuses what is no administrator's file, and leaves nothing behind", async () => {
  const join = (file: string): Promise<Ran> =>
    wardline(["admin", "join", file, "--dir", desk.path("nobody"), ...passphrase()])
  await refused(join(desk.path("root.txt")), 2, /is not a file that admin add wrote/)
  await refused(join(desk.path("missing.txt")), 2, /there is no file/)
  const text = readFileSync(graceFile, "utf8")
  writeFileSync(desk.path("cut.txt"), text.slice(0, text.indexOf("#enrol=") + 60))
  await refused(join(desk.path("cut.txt")), 2, /or it is cut short/)
  const staff = JSON.parse(
    await done(unlocked("staff", "add", "--name", "Sam", "--role", "billing", "--json")),
  ) as { enrolmentFile: string }
  await refused(join(staff.enrolmentFile), 5, /not that of an administrator/)
  assert.not(existsSync(desk.path("nobody")))
})

test("admin remove takes the root key, shuts the other out and renews every role", async () => {
  await refused(unlocked("admin", "remove", "Dana", ...rootKey()), 2, /you can't remove yourself/)
  await refused(unlocked("admin", "remove", "Grace Park"), 2, /--root-key is missing/)
  const before = await generations()
  const removed = await done(unlocked("admin", "remove", "Grace Park", ...rootKey()))
  assert.match(removed, /Grace Park is no administrator any more/)
  const after = await generations()
  for (const [role, generation] of Object.entries(before)) assert.is(after[role], generation + 1, role)
  const asGrace = ["--dir", desk.path("grace"), ...passphrase()]
  await refused(wardline(["directory", "attest", ...asGrace]), 5, /isn't an administrator's/)
  await refused(unlocked("admin", "remove", "Grace Park", ...rootKey()), 5, /was revoked before/)
})

test("another clinic's root key, or none: nothing is changed", async () => {
  const other = ["--name", "Other", "--root-key", desk.path("other-root.txt"), "--dir", desk.path("other")]
  await done(wardline(["init", ...other, ...passphrase()]))
  const wrong = ["--root-key", desk.path("other-root.txt")]
  await refused(unlocked("admin", "add", "--name", "Eve", ...wrong), 1, /another clinic's root key/)
  await refused(
    unlocked("admin", "add", "--name", "Eve", "--root-key", desk.path("no.txt")),
    2,
    /no root key file/,
  )
  assert.not.match(await done(onFolder("admin", "list")), /Eve/)
})

test("admin recover: with the root key alone, every role renewed, and the lost administrator removed", async () => {
  const recover = (...more: string[]): Promise<Ran> =>
    wardline([
      "admin",
      "recover",
      "--name",
      "Heir",
      "--relay",
      `http://localhost:${relay.port}`,
      "--dir",
      desk.path("heir"),
      ...passphrase(),
      ...more,
    ])
  await refused(recover("--root-key", desk.path("other-root.txt")), 5, /doesn't serve this clinic/)
  assert.not(existsSync(desk.path("heir")))
  const before = await generations()
  assert.match(await done(recover(...rootKey())), /You are Heir, an administrator of Juniper Street/)
  const after = await generations()
  for (const [role, generation] of Object.entries(before)) assert.is(after[role], generation + 1, role)
  const asHeir = ["--dir", desk.path("heir"), ...passphrase()]
  await done(wardline(["admin", "remove", "Dana", ...rootKey(), ...asHeir]))
  await refused(unlocked("directory", "attest"), 5, /isn't an administrator's/)
  await done(wardline(["staff", "add", "--name", "By the heir", "--role", "nursing", ...asHeir]))
})

test.run()
