/** A clinic's policy and roles over the years, with the real command against a real relay. */
import { writeFileSync } from "node:fs"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type ClinicDesk, done, openClinicDesk, refused } from "./clinic-desk.ts"

const test = suite("policy and roles")
let clinic: ClinicDesk
test.before(async () => {
  clinic = await openClinicDesk()
  await done(clinic.unlocked("staff", "add", "--name", "Ana Ruiz, RN", "--role", "nursing:keeper"))
})
test.after(() => clinic.close())

test("policy show says it in words", async () => {
  const shown = await done(clinic.onFolder("policy", "show"))
  assert.match(shown, /^Opening hours +Mon Tue Wed Thu Fri 08:00–17:00$/m)
  assert.match(shown, /^Archive +none$/m)
  assert.match(
    shown,
    /^Role nursing +newcomers read everything; new key every 90 days; may hand over to other roles$/m,
  )
})

test("policy set changes what is named, and says what that was before", async () => {
  const set = await done(
    clinic.unlocked(
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
  assert.match(await done(clinic.onFolder("policy", "show")), /^Retention|Kept for +2192 days$/m)
  assert.match(
    await done(clinic.unlocked("policy", "set", "--history", "nursing=none")),
    /Nothing to change: the policy says so already/,
  )
  const back = await done(
    clinic.unlocked(
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
  const file = JSON.parse(await done(clinic.onFolder("policy", "show", "--file"))) as {
    hours: unknown
    roles: Record<string, { history: string }>
  }
  assert.is(file.roles.nursing?.history, "2027-01-31")
  const hours = [
    { days: ["mon", "tue"], opens: "07:30", closes: "24:00" },
    { days: ["sat"], opens: "09:00", closes: "12:00" },
  ]
  writeFileSync(clinic.desk.path("policy.json"), JSON.stringify({ hours }))
  const set = await done(clinic.unlocked("policy", "set", "--file", clinic.desk.path("policy.json")))
  assert.match(set, /Opening hours: Mon Tue 07:30–24:00; Sat 09:00–12:00/)
  writeFileSync(clinic.desk.path("policy.json"), JSON.stringify({ ...file, retentionDays: 3650 }))
  const again = await done(
    clinic.unlocked("policy", "set", "--file", clinic.desk.path("policy.json"), "--freshness", "3"),
  )
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
  test(`policy set ${args.join(" ")}: 2`, () => refused(clinic.unlocked("policy", "set", ...args), 2, words))
}

test("a policy file is judged as a whole, by the names of its fields", async () => {
  const file = {
    hours: [{ days: ["monday"], opens: "8", closes: "17:00" }],
    roles: { nursing: {} },
    surprise: 1,
  }
  writeFileSync(clinic.desk.path("broken.json"), JSON.stringify(file))
  const ran = await clinic.unlocked("policy", "set", "--file", clinic.desk.path("broken.json"))
  assert.is(ran.code, 2)
  for (const field of ["hours.0.days.0: ", "roles.nursing", "surprise: "])
    assert.ok(ran.stderr.includes(field), ran.stderr)
})

test("role add makes a role with the default rule, role rotate gives it a new key", async () => {
  await done(clinic.unlocked("role", "add", "care-team"))
  assert.match(await done(clinic.onFolder("policy", "show")), /^Role care-team +newcomers read everything/m)
  assert.match(await done(clinic.unlocked("role", "rotate", "care-team")), /a new key, its generation 2/)
  await refused(clinic.unlocked("role", "add", "care-team"), 5, /exists already/)
  await refused(clinic.unlocked("role", "rotate", "care"), 2, /did you mean care-team\?/)
  await refused(clinic.unlocked("role", "add", "Care Team"), 2, /is no role's name/)
})

test("staff roles: what is named it has, what isn't it loses, and that role is renewed", async () => {
  const before = await clinic.generations()
  const changed = await done(clinic.unlocked("staff", "roles", "Ana Ruiz, RN", "--role", "billing:keeper"))
  assert.match(changed, /has these roles now: billing \(keeper\)/)
  assert.match(changed, /^No longer: nursing\.$/m)
  assert.match(changed, /^New keys for: nursing\.$/m)
  const after = await clinic.generations()
  assert.equal(after, { ...before, nursing: (before.nursing ?? 0) + 1 })
  assert.match(await done(clinic.onFolder("staff", "list")), /Ana Ruiz, RN +billing \(keeper\) +active/)
  await refused(
    clinic.unlocked("staff", "roles", "Nobody", "--role", "billing"),
    5,
    /no staff device has the id or name/,
  )
  await refused(
    clinic.unlocked("staff", "roles", "Ana Ruiz, RN", "--role", "nurssing"),
    2,
    /there is no role nurssing; did you mean nursing\?/,
  )
  await refused(clinic.unlocked("staff", "roles", "Ana Ruiz, RN"), 2, /--role is missing/)
  await refused(clinic.unlocked("staff", "roles", "Dana", "--role", "billing"), 5, /no staff device/)
})

test.run()
